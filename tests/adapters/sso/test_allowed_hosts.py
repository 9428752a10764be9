"""Each request that carries a secret of a sign-in goes to a host that the start URL allows.

Every operation is tried with every start URL and region, on a network that only takes notes. What
a host may be is read from botocore's partitions, not from xswitch's own table.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import botocore
import pytest

from support.aws.servers import ONCE, reply, serve
from support.reliability.soak import SOAK
from support.sso.network import Network, network
from support.sso.start_urls import NOT_AWS, ODD_REGIONS, REGIONS, START_URLS
from xswitch.adapters.sso.oidc import BotoOidc
from xswitch.adapters.sso.portal_clients import PortalClient
from xswitch.adapters.sso.portal_pages import PortalPages
from xswitch.adapters.sso.shared_tokens import SharedTokenFiles
from xswitch.adapters.sso.start_urls import HttpStartUrls
from xswitch.core.errors import SignInError, XswitchError
from xswitch.core.model import Endpoint, Secret, SsoRegistration, SsoRole, SsoSession, SsoToken
from xswitch.core.sso.portal_list import PageRequest

__all__ = ["network"]

MARK = "CANARY"
END = datetime(2036, 6, 1, tzinfo=UTC)
TOKEN = SsoToken(
    Secret(f"{MARK}-access-token"),
    END,
    "client",
    Secret(f"{MARK}-client-secret"),
    END,
    Secret(f"{MARK}-refresh-token"),
)


@dataclass(frozen=True)
class Services:
    """The adapters of a sign-in; their clients are kept, as making them takes most of the time."""

    oidc: BotoOidc
    portal: PortalClient
    pages: PortalPages


@cache
def services() -> Services:
    return Services(
        BotoOidc(lambda: datetime.now(UTC), ONCE), PortalClient(ONCE), PortalPages(ONCE)
    )


def registration(session: SsoSession, grant: Any = "authorization_code") -> SsoRegistration:
    secret = Secret(f"{MARK}-client-secret")
    return SsoRegistration(grant, "client", secret, END, session.start_url, session.scopes)


Operation = Callable[[SsoSession], object]
OPERATIONS: dict[str, Operation] = {
    "RegisterClient": lambda one: services().oidc.register(
        one, "authorization_code", one.start_url
    ),
    "authorize": lambda one: services().oidc.authorization_base(one),  # noqa: PLW0108 -- made late
    "CreateToken by code": lambda one: services().oidc.token_by_code(
        one,
        registration(one),
        Secret(f"{MARK}-code"),
        Secret(f"{MARK}-verifier".ljust(64, "v")),
        "http://127.0.0.1:1/oauth/callback",
    ),
    "StartDeviceAuthorization": lambda one: services().oidc.start_device(
        one, registration(one, "device_code"), one.start_url
    ),
    "CreateToken by device code": lambda one: services().oidc.token_by_device_code(
        one, registration(one, "device_code"), Secret(f"{MARK}-device-code")
    ),
    "CreateToken by refresh token": lambda one: services().oidc.refresh(one, TOKEN),
    "ListAccounts": lambda one: services().pages.page(one, TOKEN.access_token, PageRequest()),
    "ListAccountRoles": lambda one: services().pages.page(
        one, TOKEN.access_token, PageRequest("111111111111")
    ),
    "GetRoleCredentials": lambda one: services().portal.role_credentials(
        SsoRole(one, "111111111111", "Admin"), TOKEN
    ),
    "Logout": lambda one: services().portal.sign_out(one, TOKEN),
}
WITHOUT_SECRETS = {"RegisterClient", "authorize"}


@cache
def suffixes() -> dict[str, set[str]]:
    """Return the DNS suffixes of each partition, as botocore has them."""
    folder = Path(botocore.__file__).parent / "data"
    data = json.loads((folder / "partitions.json").read_text())
    return {
        one["id"]: {one["outputs"]["dnsSuffix"], one["outputs"]["dualStackDnsSuffix"]}
        for one in data["partitions"]
    }


def partition_in_botocore(region: str) -> str:
    """Return the partition that botocore's own data give a region."""
    folder = Path(botocore.__file__).parent / "data"
    data = json.loads((folder / "partitions.json").read_text())
    return next(str(one["id"]) for one in data["partitions"] if region in one["regions"])


def test_regions_are_of_the_partitions_that_botocore_knows() -> None:
    assert set(REGIONS) == set(suffixes())
    assert {name: partition_in_botocore(region) for name, region in REGIONS.items()} == {
        name: name for name in REGIONS
    }


def attempts(session: SsoSession) -> Iterator[tuple[str, Exception | None, object]]:
    """Try each operation; yield its name, and how it ended."""
    for name, operation in OPERATIONS.items():
        try:
            result = operation(session)
        except Exception as error:  # noqa: BLE001 -- GetRoleCredentials raises as botocore does
            yield name, error, None
        else:
            yield name, None, result


VARIANTS = list(product((False, True), (False, True)))
"""FIPS, and dual stack. Not every partition has all of these endpoints."""


@pytest.mark.parametrize("partition", REGIONS)
def test_every_operation_with_every_start_url(partition: str, network: Network) -> None:
    region = REGIONS[partition]
    for variant in VARIANTS if SOAK else VARIANTS[:1]:
        fips, dual = variant
        endpoint = Endpoint(region, use_fips=fips, use_dualstack=dual)
        for url in (*START_URLS, "https://sso.corp.example/start", *NOT_AWS):
            session = SsoSession("corp", url, region, oidc=endpoint, portal=endpoint)
            allowed = START_URLS.get(url, {partition})
            refused = url in NOT_AWS and not url.startswith("https://")
            for name, error, result in attempts(session):
                about = (name, url, variant, error)
                if partition not in allowed or refused:
                    assert isinstance(error, SignInError), about
                    assert error.code == "sso_start_url"
                    assert not network.sent, about
                    continue
                if error is not None and not any(variant):
                    assert url in NOT_AWS, about
                    assert isinstance(error, SignInError), about
                    assert error.code == "sso_start_url", about
                for sent in network.sent:
                    assert sent.url.startswith("https://"), about
                    assert of_partition(sent.host, partition, region), (about, sent.host)
                if error is None:
                    carried = bool(network.with_secrets(MARK))
                    assert carried == (name not in WITHOUT_SECRETS), about
                if name == "authorize" and result is not None:
                    assert of_partition(str(result).split("/")[2], partition, region), about
                network.sent.clear()


def of_partition(host: str, partition: str, region: str) -> bool:
    first, _, rest = host.partition(f".{region}.")
    return rest in suffixes()[partition] and first.removesuffix("-fips") in {"oidc", "portal.sso"}


@pytest.mark.parametrize("region", ODD_REGIONS)
def test_a_region_leads_to_no_other_host(region: str, network: Network) -> None:
    """xswitch doesn't accept most of them in a config; the adapters don't trust that."""
    for url in ("https://corp.awsapps.com/start", "https://sso.corp.example/"):
        for name, error, _ in attempts(SsoSession("corp", url, region)):
            for sent in network.sent:
                ends = tuple(f".{one}" for found in suffixes().values() for one in found)
                assert sent.host.endswith(ends), (name, sent.url, error)
            network.sent.clear()


@pytest.mark.parametrize("configured", ["oidc", "portal"])
def test_one_configured_endpoint_leaves_the_rules_for_the_other(
    configured: str, network: Network
) -> None:
    """The token of a server of one's own isn't sent to another partition of AWS's."""
    own = Endpoint("eu-west-1", "http://127.0.0.1:1")
    session = SsoSession("corp", "https://start.home.awsapps.cn/directory/d-1", "eu-west-1")
    mixed = replace(session, **{configured: own})  # type: ignore[arg-type]
    for name, error, _ in attempts(mixed):
        assert isinstance(error, SignInError), name
    assert not network.sent
    both = replace(session, oidc=own, portal=own)
    assert {error for _, error, _ in attempts(both)} == {None}
    assert {sent.url.split("/")[2] for sent in network.sent} == {"127.0.0.1:1"}


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:1/some/path",
        "http://LOCALHOST:1",
        "http://localhost:80",
        "https://localhost:443/",
        "http://[::1]:1/",
        "https://sso.corp.example",
        "https://Sso.Corp.Example./x/",
    ],
)
def test_a_configured_endpoint_in_any_form_gets_the_requests(url: str, network: Network) -> None:
    own = Endpoint("eu-west-1", url)
    session = SsoSession(
        "corp", "https://corp.awsapps.com/start", "eu-west-1", oidc=own, portal=own
    )
    for name, error, _ in attempts(session):
        assert error is None, (name, error)
    assert {sent.url.split("/")[2].lower() for sent in network.sent} == {url.split("/")[2].lower()}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(status: int) -> None:
    with serve(lambda _: reply(200, "{}", kind="application/json")) as other:

        def respond(_: object) -> bytes:
            location = f"{other.url}/elsewhere"
            return reply(status, "{}", headers={"Location": location}, kind="application/json")

        with serve(respond) as server:
            session = SsoSession(
                "corp",
                "https://corp.awsapps.com/start",
                "eu-west-1",
                oidc=server.endpoint,
                portal=server.endpoint,
            )
            for name, error, _ in attempts(session):
                assert (error is None) == (name == "authorize"), name
            assert len(server.requests) >= len(OPERATIONS) - 1
        assert not other.requests


def test_a_shared_token_of_another_partition_isnt_taken(tmp_path: Path) -> None:
    """Two configs may have sessions of one name and start URL, but of different regions."""
    files = SharedTokenFiles(str(tmp_path))
    sessions = {
        partition: SsoSession("corp", "https://sso.corp.example/", region)
        for partition, region in REGIONS.items()
    }
    for partition, session in sessions.items():
        files.store(session, TOKEN)
        for other, one in sessions.items():
            found = files.load(one)
            assert (found.token is not None) == (other == partition)
            assert not found.damaged


def test_a_start_url_is_followed_without_a_secret(network: Network) -> None:
    """The hosts of a company, and those it redirects to, get the request for the page alone."""
    for url in ("https://sso.corp.example/start", "https://evilawsapps.com/start"):
        with pytest.raises(XswitchError):
            HttpStartUrls().resolve(SsoSession("corp", url, "eu-west-1"))
    assert network.sent
    assert not network.with_secrets(MARK)
    assert not any("x-amz-sso_bearer_token" in sent.text.lower() for sent in network.sent)
