from __future__ import annotations

from collections.abc import Mapping

import pytest

from support.roles import KEYS, Sections, arn, codes, role, roles, view
from xswitch.core.model import Endpoint, Role
from xswitch.core.roles.endpoints import EndpointResolver, parse_nested

URL = "https://sts.example.com"
SERVICES = {
    "local": {
        "s3": "\nendpoint_url = https://s3.example.com",
        "sts": "\nendpoint_url = https://services.example.com\nother = x",
    }
}


def resolve(
    properties: Mapping[str, str],
    env: Mapping[str, str] | None = None,
    services: Sections | None = None,
) -> Role:
    config = {
        "dev": {"region": "sa-east-1", "endpoint_url": "https://of-the-source.example.com"},
        "r": role("dev", **properties),
    }
    return roles(view(config, {"dev": KEYS}, services=services), env=env)["r"]


def url(properties: Mapping[str, str], env: Mapping[str, str] | None = None) -> str | None:
    return resolve(properties, env, SERVICES).endpoint.url


def test_the_precedence_of_endpoints() -> None:
    everything = {"services": "local", "endpoint_url": URL}
    env = {
        "AWS_ENDPOINT_URL": "https://env.example.com",
        "AWS_ENDPOINT_URL_STS": "https://env-sts.example.com",
    }
    assert url(everything, env) == "https://env-sts.example.com"
    assert (
        url(everything, {"AWS_ENDPOINT_URL": "https://env.example.com"})
        == "https://env.example.com"
    )
    assert url(everything) == "https://services.example.com"
    assert url({"endpoint_url": URL}) == URL
    assert url({}) is None


def test_ignoring_configured_endpoints_drops_all_of_them() -> None:
    env = {
        "AWS_ENDPOINT_URL": "https://env.example.com",
        "AWS_ENDPOINT_URL_STS": "https://env-sts.example.com",
    }
    assert (
        url(
            {"services": "local", "endpoint_url": URL, "ignore_configured_endpoint_urls": "true"},
            env,
        )
        is None
    )
    assert url({"endpoint_url": URL}, env | {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS": "TRUE"}) is None
    assert url({"endpoint_url": URL, "ignore_configured_endpoint_urls": "false"}) == URL


def test_a_services_section_without_sts_leaves_the_profiles_url() -> None:
    resolved = resolve(
        {"services": "other", "endpoint_url": URL}, services={"other": {"s3": "\nendpoint_url = x"}}
    )
    assert (resolved.endpoint.url, codes(resolved)) == (URL, [])


def test_a_missing_services_section_is_reported() -> None:
    resolved = resolve({"services": "gone", "endpoint_url": URL})
    assert (resolved.endpoint.url, codes(resolved)) == (URL, ["services_missing"])


@pytest.mark.parametrize(
    "bad",
    [
        "sts.example.com",
        "ftp://sts.example.com",
        "https://",
        "https://[::1",
        "https://host:port",
        "x y",
    ],
)
def test_an_invalid_url_is_an_error(bad: str) -> None:
    resolved = resolve({"endpoint_url": bad})
    assert codes(resolved) == ["endpoint_invalid"]
    assert resolved.problems[0].severity == "error"


@pytest.mark.parametrize(
    "fine",
    [
        "http://127.0.0.1:4566",
        "http://localhost:80",
        "http://[::1]:1",
        "http://aws.localhost",
        "https://x.example",
    ],
)
def test_urls_that_are_fine(fine: str) -> None:
    assert codes(resolve({"endpoint_url": fine})) == []


def test_plain_http_is_a_warning() -> None:
    assert codes(resolve({"endpoint_url": "http://sts.example.com"})) == ["endpoint_insecure"]


def test_the_region_is_the_selected_profiles_then_the_environments_then_the_partitions() -> None:
    env = {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-2"}
    assert resolve({"region": "ap-south-1"}, env).region == "ap-south-1"
    assert resolve({}, env).region == "eu-west-1"
    assert resolve({}, {"AWS_DEFAULT_REGION": "eu-west-2"}).region == "eu-west-2"
    assert resolve({}).region == "us-east-1"
    assert resolve({"region": ""}, env).region == "eu-west-1"


def test_an_environment_region_of_another_partition_is_ignored() -> None:
    gov = {"role_arn": arn("A").replace(":aws:", ":aws-us-gov:")}
    assert (
        resolve(gov, {"AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "us-gov-east-1"}).region
        == "us-gov-east-1"
    )
    assert resolve(gov, {"AWS_REGION": "eu-west-1"}).region == "us-gov-west-1"
    assert resolve({"role_arn": arn("A").replace(":aws:", ":aws-cn:")}).region == "cn-northwest-1"


def test_a_profile_region_of_another_partition_is_used_with_a_warning() -> None:
    resolved = resolve({"region": "cn-north-1"})
    assert (resolved.region, codes(resolved)) == ("cn-north-1", ["region_partition"])


def test_a_region_that_would_change_the_host_is_an_error() -> None:
    resolved = resolve({"region": "eu-west-1.evil.example/#"})
    assert codes(resolved)[0] == "region_invalid"
    assert resolved.problems[0].severity == "error"


def test_flags_and_the_ca_bundle() -> None:
    properties = {
        "use_fips_endpoint": "true",
        "use_dualstack_endpoint": "True",
        "ca_bundle": "/ca.pem",
        "region": "us-east-2",
    }
    assert resolve(properties).endpoint == Endpoint(
        "us-east-2", None, use_fips=True, use_dualstack=True, ca_bundle="/ca.pem"
    )
    env = {
        "AWS_USE_FIPS_ENDPOINT": "false",
        "AWS_USE_DUALSTACK_ENDPOINT": "false",
        "AWS_CA_BUNDLE": "/env.pem",
    }
    assert resolve(properties, env).endpoint == Endpoint("us-east-2", None, ca_bundle="/env.pem")
    assert resolve({}).endpoint == Endpoint("us-east-1")


def test_nested_values() -> None:
    assert parse_nested("\nEndpoint_URL = a=b\n\nrubbish\n x=") == {"endpoint_url": "a=b", "x": ""}
    assert parse_nested("") == {}


@pytest.mark.parametrize(
    ("properties", "env", "expected"),
    [
        ({}, {}, None),
        ({"endpoint_url": URL}, {}, URL),
        ({"endpoint_url": URL, "services": "iam"}, {}, "https://iam.example.com"),
        ({"endpoint_url": URL, "services": "local"}, {}, URL),
        (
            {"services": "iam"},
            {"AWS_ENDPOINT_URL": "https://env.example.com"},
            "https://env.example.com",
        ),
        (
            {},
            {
                "AWS_ENDPOINT_URL_IAM": "https://i",
                "AWS_ENDPOINT_URL_STS": "https://s",
                "AWS_ENDPOINT_URL": "https://e",
            },
            "https://i",
        ),
        ({}, {"AWS_ENDPOINT_URL_STS": "https://s"}, None),
        (
            {"endpoint_url": URL, "ignore_configured_endpoint_urls": "true"},
            {"AWS_ENDPOINT_URL_IAM": "https://i"},
            None,
        ),
    ],
)
def test_iam_has_its_own_endpoints(
    properties: Mapping[str, str], env: Mapping[str, str], expected: str | None
) -> None:
    services = {
        **SERVICES,
        "iam": {
            "iam": "\nendpoint_url = https://iam.example.com",
            "sts": "\nendpoint_url = https://s.example.com",
        },
    }
    read = view({"p": properties}, services=services)
    assert (
        EndpointResolver(read, env, "iam").endpoint_for(read.profiles["p"], "aws")[0].url
        == expected
    )
