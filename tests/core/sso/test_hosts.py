"""Start URLs and API hosts of every partition, and hosts that aren't AWS's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.sso.sign_in import SESSION
from support.sso.start_urls import NOT_AWS, REGIONS, START_URLS
from xswitch.core.errors import SignInError
from xswitch.core.model import Endpoint
from xswitch.core.sso.hosts import (
    check_start_url,
    is_api_host,
    next_start_url,
    start_url_partitions,
)


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


def test_two_configured_endpoints_take_any_start_url_and_one_leaves_the_other_to_aws() -> None:
    own = Endpoint("cn-north-1", "http://127.0.0.1:1")
    for url in ("http://127.0.0.1/start", "https://corp.awsapps.com/start"):
        session = replace(SESSION, start_url=url, region="cn-north-1")
        check_start_url(replace(session, oidc=own, portal=own))
        for one in (session, replace(session, oidc=own), replace(session, portal=own)):
            with pytest.raises(SignInError):
                check_start_url(one)


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
