from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from support.aws.emulator import aws_server
from support.aws.identity_center import endpoint_variables, generated_state, sign_in
from support.aws.servers import json_reply, serve
from xswitch.adapters.sso.portal_pages import PortalPages, retry_after
from xswitch.core.errors import (
    ErrorCode,
    NetworkError,
    SourceCredentialsError,
    ThrottledError,
    XswitchError,
)
from xswitch.core.model import Endpoint, Secret, SsoSession
from xswitch.core.sso.portal_list import AccountsPage, PageRequest, RolesPage
from xswitch.emulator.server import EmbeddedAws

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(generated_state(accounts=130, roles=1)) as started:
        yield started


@pytest.fixture
def session(aws: EmbeddedAws) -> SsoSession:
    url = endpoint_variables(aws)["AWS_ENDPOINT_URL_SSO"]
    portal = Endpoint("eu-west-1", url)
    return SsoSession("corp", "https://corp.awsapps.com/start", "eu-west-1", portal=portal)


def test_accounts_and_roles_come_in_pages(aws: EmbeddedAws, session: SsoSession) -> None:
    pages, token = PortalPages(), Secret(sign_in(aws).access_token)
    first = pages.page(session, token, PageRequest())
    assert isinstance(first, AccountsPage)
    assert len(first.accounts) == 100
    second = pages.page(session, token, PageRequest("", first.next_token))
    assert isinstance(second, AccountsPage)
    assert (len(second.accounts), second.next_token) == (30, "")
    account = first.accounts[0]
    assert account == ("100000000000", "team-0000")
    roles = pages.page(session, token, PageRequest(account[0]))
    assert roles == RolesPage(account[0], ("Role00",))


def test_a_429_is_asked_once_and_has_its_retry_after(aws: EmbeddedAws, session: SsoSession) -> None:
    pages, token = PortalPages(), Secret(sign_in(aws).access_token)
    aws.faults.add("throttling", "ListAccounts", times=5, seconds=7)
    with pytest.raises(ThrottledError) as error:
        pages.page(session, token, PageRequest())
    assert error.value.retry_after == 7
    assert aws.count("ListAccounts", service="sso") == 1


def test_a_token_that_isnt_accepted_is_told_apart_and_not_shown(session: SsoSession) -> None:
    with pytest.raises(SourceCredentialsError) as error:
        PortalPages().page(session, Secret("SECRET-token"), PageRequest())
    assert error.value.code == ErrorCode.SSO_LOGIN
    assert "SECRET" not in f"{error.value} {error.value.next_step} {error.value!r}"


def test_a_portal_that_isnt_there_is_a_network_error() -> None:
    nowhere = Endpoint("eu-west-1", "http://127.0.0.1:9")
    session = SsoSession("corp", "https://corp.awsapps.com/start", "eu-west-1", portal=nowhere)
    with pytest.raises(NetworkError):
        PortalPages().page(session, Secret("SECRET-token"), PageRequest())


@pytest.mark.parametrize("account", ["", "111111111111"])
def test_a_page_that_leads_to_itself_ends_a_listing(account: str) -> None:
    pages = {"accountList": [], "roleList": [], "nextToken": "again"}
    with serve(lambda _: json_reply(200, pages)) as server:
        portal = Endpoint("eu-west-1", f"http://127.0.0.1:{server.port}")
        session = SsoSession("corp", "https://corp.awsapps.com/start", "eu-west-1", portal=portal)
        asked = PortalPages()
        first = asked.page(session, Secret("SECRET-token"), PageRequest(account))
        assert first.next_token == "again"
        with pytest.raises(NetworkError) as caught:
            asked.page(session, Secret("SECRET-token"), PageRequest(account, "again"))
    assert caught.value.code == ErrorCode.NOT_AWS


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("", None),
        ("3", 3.0),
        (" 2.5 ", 2.5),
        ("-1", None),
        ("soon", None),
        ("Sun, 01 Mar 2026 12:00:09 GMT", 9.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", 0.0),
        ("99 Foo 99999", None),
        (7, None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: object, seconds: float | None) -> None:
    assert retry_after(header, NOW) == seconds
    assert retry_after(header, NOW + timedelta()) == seconds


def test_an_error_of_the_portal_is_an_xswitch_error(aws: EmbeddedAws, session: SsoSession) -> None:
    token = Secret(sign_in(aws).access_token)
    with pytest.raises(XswitchError):
        PortalPages().page(session, token, PageRequest("", "no-such-page"))
