"""Start URLs and API hosts of every partition, and hosts that aren't AWS's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.sso.sign_in import SESSION
from xswitch.core.errors import SignInError
from xswitch.core.model import Endpoint
from xswitch.core.sso.hosts import (
    check_start_url,
    is_api_host,
    next_start_url,
    start_url_partitions,
)

_BOTH = {"aws", "aws-us-gov"}
START_URLS = {
    "https://corp.awsapps.com/start": _BOTH,
    "https://d-1234567890.awsapps.com/start/#/": _BOTH,
    "https://CORP.AWSAPPS.COM/start": _BOTH,
    "https://ssoins-1.eu-west-1.portal.amazonaws.com": _BOTH,
    "https://ssoins-1.portal.eu-west-1.app.aws": _BOTH,
    "https://identitycenter.amazonaws.com/ssoins-1": _BOTH,
    "https://start.us-gov-home.awsapps.com/directory/d-1": {"aws-us-gov"},
    "https://start.us-gov-west-1.us-gov-home.awsapps.com/directory/d-1": {"aws-us-gov"},
    "https://identitycenter.us-gov.amazonaws.com/ssoins-1": {"aws-us-gov"},
    "https://start.home.awsapps.cn/directory/d-1": {"aws-cn"},
    "https://ssoins-1.cn-north-1.portal.amazonaws.com.cn": {"aws-cn"},
    "https://ssoins-1.portal.cn-north-1.app.amazonwebservices.com.cn": {"aws-cn"},
    "https://identitycenter.amazonaws.com.cn/ssoins-1": {"aws-cn"},
    "https://ssoins-1.eusc-de-east-1.portal.amazonaws.eu": {"aws-eusc"},
    "https://ssoins-1.portal.eusc-de-east-1.api.amazonwebservices.eu": {"aws-eusc"},
    "https://identitycenter.amazonaws.eu/ssoins-1": {"aws-eusc"},
    "https://start.home.c2s.ic.gov/x": {"aws-iso"},
}
NOT_AWS = [
    "https://awsapps.com.evil.example/start",
    "https://evilawsapps.com/start",
    "https://evil.example/.awsapps.com",
    "https://evil.example#.awsapps.com",
    "https://user@corp.awsapps.com/start",
    "https://corp.awsapps.com\\.evil.example/start",
    "https://corp.awsapps.com\n.evil.example/start",
    "http://corp.awsapps.com/start",
    "ftp://corp.awsapps.com/start",
    "https://identitycenter.amazonaws.com.evil.example/x",
    "https://xidentitycenter.amazonaws.com/x",
    "https://[bad",
]
REGIONS = {
    "aws": "eu-west-1",
    "aws-us-gov": "us-gov-west-1",
    "aws-cn": "cn-north-1",
    "aws-eusc": "eusc-de-east-1",
    "aws-iso": "us-iso-east-1",
    "aws-iso-b": "us-isob-east-1",
    "aws-iso-e": "eu-isoe-west-1",
    "aws-iso-f": "us-isof-south-1",
}


@pytest.mark.parametrize("url", START_URLS)
def test_a_start_url_goes_with_regions_of_its_partition_only(url: str) -> None:
    assert start_url_partitions(url) == START_URLS[url]
    for partition, region in REGIONS.items():
        session = replace(SESSION, start_url=url, region=region)
        if partition in START_URLS[url]:
            check_start_url(session)
            continue
        with pytest.raises(SignInError) as caught:
            check_start_url(session)
        assert caught.value.code == "sso_start_url"


@pytest.mark.parametrize("url", NOT_AWS)
def test_a_host_that_isnt_awss(url: str) -> None:
    assert not start_url_partitions(url)
    with pytest.raises(SignInError):
        next_start_url(SESSION, "https://sso.corp.example/", url)


def test_a_configured_endpoint_takes_any_start_url() -> None:
    session = replace(SESSION, start_url="http://127.0.0.1/start", region="cn-north-1")
    check_start_url(replace(session, oidc=Endpoint("cn-north-1", "http://127.0.0.1:1")))
    with pytest.raises(SignInError):
        check_start_url(session)


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        ("https://corp.awsapps.com/start", "https://corp.awsapps.com/start"),
        ("/sso/", "https://sso.corp.example/sso/"),
        ("https://sso.corp.example/x", "https://sso.corp.example/x"),
        ("https://start.home.awsapps.cn/directory/d-1", None),
        ("https://evil.example/start", None),
        ("http://sso.corp.example/x", None),
        ("//evil.example/x", None),
    ],
)
def test_redirects(location: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(SignInError):
            next_start_url(SESSION, "https://sso.corp.example/", location)
    else:
        assert next_start_url(SESSION, "https://sso.corp.example/", location) == expected


def test_hosts_of_the_services_are_those_of_botocore_and_of_one_region() -> None:
    from botocore import UNSIGNED  # noqa: PLC0415 -- it takes 160 ms
    from botocore.config import Config  # noqa: PLC0415
    from botocore.exceptions import EndpointVariantError  # noqa: PLC0415
    from botocore.session import Session  # noqa: PLC0415

    session = Session()
    operations = {"sso-oidc": "register_client", "sso": "logout"}
    parameters = {
        "sso-oidc": {"clientName": "x", "clientType": "public"},
        "sso": {"accessToken": "x"},
    }
    client: Any
    seen = set()
    for service, operation in operations.items():
        for region in REGIONS.values():
            for fips in (False, True):
                for dual_stack in (False, True):
                    options: dict[str, Any] = {
                        "signature_version": UNSIGNED,
                        "use_fips_endpoint": fips,
                        "use_dualstack_endpoint": dual_stack,
                    }
                    try:
                        client = session.create_client(
                            service, region_name=region, config=Config(**options)
                        )
                    except EndpointVariantError:
                        continue
                    url = client.generate_presigned_url(operation, Params=parameters[service])
                    host = url.split("/")[2].partition("?")[0]
                    assert is_api_host(host, service, region), (service, region, host)
                    others = set(REGIONS.values()) - {region}
                    assert not any(is_api_host(host, service, other) for other in others)
                    assert not is_api_host(f"{host}.evil.example", service, region)
                    assert not is_api_host(f"evil-{host}", service, region)
                    seen.add(host)
    assert len(seen) > 40
