"""New sessions, and listings in the background, for both front ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from support.actions import NOW
from support.sso.sign_in import SsoWorld
from xswitch.actions.sso.discovery import DiscoveryPorts
from xswitch.actions.sso.portals import PortalActions, PortalPorts
from xswitch.core.errors import UsageError
from xswitch.core.model import SsoSession
from xswitch.core.sso.portal_list import PortalList

URL = "https://corp.awsapps.com/start"
CONFIG = f"""\
[sso-session corp]
sso_start_url = {URL}
sso_region = eu-west-1

[sso-session scoped]
sso_start_url = {URL}
sso_region = eu-west-1
sso_registration_scopes = sso:account:access, codewhisperer:completions

[sso-session 'quoted']
sso_start_url = {URL}
sso_region = eu-west-1

[profile older]
sso_start_url = {URL}
sso_region = eu-west-1
"""


class Lists:
    """Lists of a test; each portal may be tried once."""

    def __init__(self, *lists: PortalList) -> None:
        self.lists = lists

    def all(self) -> tuple[PortalList, ...]:
        return self.lists

    def claim_attempt(self, *_: object) -> bool:
        return True


class Portals:
    """The use cases over a config, and what they started."""

    def __init__(self, config: str = CONFIG, *lists: PortalList) -> None:
        self.world = SsoWorld(config)
        self.started: list[str] = []
        unused: Any = None
        discovery = DiscoveryPorts(unused, unused, unused, self.world.clock, unused)
        stored: Any = Lists(*lists)
        self.actions = PortalActions(
            PortalPorts(
                discovery=replace(discovery, lists=stored),
                config=self.world.ports.config,
                token=unused,
                resolve_start_url=lambda session: session.start_url,
                regions=lambda: ("eu-west-1", "us-east-1", "cn-north-1"),
                start_in_background=self.started.append,
                remove_leftovers=lambda: None,
            )
        )


def test_a_session_is_added_once() -> None:
    portals = Portals()
    adding = portals.actions.plan_session("new", URL, "eu-west-1")
    assert adding.diff[-4:] == (
        "+[sso-session new]",
        f"+sso_start_url = {URL}",
        "+sso_region = eu-west-1",
        "+sso_registration_scopes = sso:account:access",
    )
    portals.actions.add_session(adding)
    assert portals.world.config.config.startswith(CONFIG)
    assert portals.actions.plan_session("new", URL, "eu-west-1").edits == ()


@pytest.mark.parametrize(
    ("name", "url", "scopes", "same"),
    [
        ("corp", URL, (), True),  # without scopes it has the default ones
        ("corp", URL, ("sso:account:access",), True),
        ("corp", URL, ("codewhisperer:completions",), False),
        ("corp", "https://other.awsapps.com/start", (), False),
        ("scoped", URL, (), False),
        ("scoped", URL, ("sso:account:access", "codewhisperer:completions"), True),
        ("quoted", URL, (), True),
    ],
)
def test_a_session_that_is_there_is_the_same_or_an_error(
    name: str,
    url: str,
    scopes: tuple[str, ...],
    same: bool,  # noqa: FBT001
) -> None:
    portals = Portals()
    if same:
        assert portals.actions.plan_session(name, url, "eu-west-1", scopes).edits == ()
        return
    with pytest.raises(UsageError) as caught:
        portals.actions.plan_session(name, url, "eu-west-1", scopes)
    assert caught.value.code == "profile_exists"


@pytest.mark.parametrize("label", ["corp", "scoped", URL])
def test_an_old_list_is_refreshed_by_the_session_that_made_it(label: str) -> None:
    old = PortalList(label, f"{URL}/", NOW - timedelta(days=1), NOW, ())
    gone = PortalList("gone", "https://gone.awsapps.com/start", old.listed_at, NOW, ())
    portals = Portals(CONFIG, old, gone, replace(old, listed_at=NOW))
    assert portals.actions.refresh_stale() == (label,)
    assert portals.started == [label]


def test_a_portals_session_that_is_gone_is_replaced_by_another_one_of_it() -> None:
    old = PortalList("renamed", URL, NOW - timedelta(days=1), NOW, ())
    assert Portals(CONFIG, old).actions.refresh_stale() == ("corp",)


def test_the_session_of_a_target() -> None:
    found = Portals().actions.find("older")
    assert isinstance(found, SsoSession)
    assert (found.name, found.start_url) == ("", URL)
