"""The picker's portals: state, line, marks, and rows that appear as pages arrive."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Literal

import pytest

from support.tui.fake_actions import NOW, Driven, driven, sample_listing, session
from support.tui.fake_sso import CORP, FakePortals, FakeSso, SignInActions, sso_actions, sso_role
from xswitch.actions.sso.discovery import DiscoveryUpdate
from xswitch.core.errors import NetworkError
from xswitch.core.errors.sso import sign_in_needed
from xswitch.core.model import PortalRole, SessionState, SsoSession
from xswitch.tui.picker import portals
from xswitch.tui.picker import state as states
from xswitch.tui.picker.portals import PortalStage, PortalState, portals_line
from xswitch.tui.render.text import Line, width_of

ADDRESS = CORP.start_url
OLD = NOW - timedelta(days=2)
PORTAL = PortalState("corp", OLD, is_due=True, signed_in=True)


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


def told(*given: PortalState, width: int = 100) -> str:
    return text(portals_line({str(at): one for at, one in enumerate(given)}, NOW, width))


def listing(done: int, known: int, roles: int = 0, *, throttled: bool = False) -> PortalState:
    update = DiscoveryUpdate((), done, known, roles, throttled)
    return portals.with_update(portals.started(PORTAL), update)


def test_a_portal_is_told_only_if_there_is_something_to_tell() -> None:
    assert told() == ""
    assert told(PORTAL) == ""
    assert told(replace(PORTAL, is_due=False, signed_in=False)) == ""
    assert told(PortalState("corp", None, is_due=True, signed_in=True)) == ""
    first = told(PortalState("corp", None, is_due=True))
    assert first == "◎ corp  not signed in   s signs in and lists it"
    signs_in = "◎ corp  listed 48 h 00 m ago   s signs in and lists it"
    assert told(replace(PORTAL, signed_in=False)) == signs_in


def test_the_progress_of_a_listing() -> None:
    assert told(portals.started(PORTAL)) == "◎ corp  listing accounts and roles …"
    assert told(listing(120, 500, 361)) == "◎ corp  accounts 120 of 500, 361 roles"
    slowed = told(listing(1, 2, 1, throttled=True))
    assert slowed.endswith("1 role   the portal slows it down; it goes on by itself")
    assert told(portals.finished(listing(2, 2, 4), NOW)) == ""


def test_how_a_listing_failed() -> None:
    broken = portals.failed(listing(1, 2), "AWS didn't answer.", sign_in_ended=False)
    assert told(broken) == "◎ corp  AWS didn't answer."
    assert broken.signed_in
    ended = portals.failed(listing(1, 2), "You aren't signed in.", sign_in_ended=True)
    assert told(ended) == "◎ corp  the sign-in has ended   s signs in and lists it"
    assert not ended.signed_in
    assert told(portals.started(ended)) == "◎ corp  listing accounts and roles …"


def test_the_most_urgent_portal_is_told() -> None:
    old = replace(PORTAL, label="old", signed_in=False)
    failed = portals.failed(replace(PORTAL, label="bad"), "No.", sign_in_ended=False)
    assert told(old, failed) == "◎ bad  No.   and 1 more"
    assert told(old, failed, listing(1, 2, 3)).startswith("◎ corp  accounts 1 of 2")


@pytest.mark.parametrize("width", [1, 10, 40, 80])
def test_the_line_never_exceeds_its_width_and_hides_control_characters(width: int) -> None:
    hostile = replace(listing(1, 2, 3, throttled=True), label="co\x1b[2Jrp" * 5)
    line = portals_line({"x": hostile}, NOW, width)
    assert width_of(line) <= width
    assert "\x1b" not in text(line)


@pytest.mark.parametrize(
    "portal",
    [
        PortalState("corp", None, is_due=True),
        replace(PORTAL, signed_in=False),
        portals.failed(portals.started(PORTAL), "No.", sign_in_ended=True),
    ],
)
def test_the_key_is_offered_only_where_it_signs_in_to_that_portal(portal: PortalState) -> None:
    def line(row_session: str) -> str:
        return text(portals_line({"corp": portal}, NOW, 100, row_session=row_session))

    assert "s signs in" in line("")
    assert "s signs in" in line("corp")
    assert line("acme")
    assert "s signs in" not in line("acme")


def test_the_empty_list_offers_the_sign_in_itself() -> None:
    portal = PortalState("corp", None, is_due=True)
    assert portals_line({"corp": portal}, NOW, 100, offers=False) == []
    assert portals_line({"corp": portals.started(portal)}, NOW, 100, offers=False)


@pytest.mark.parametrize(
    ("portal", "note"),
    [
        (None, ""),
        (PortalState("corp"), "not signed in"),
        (PORTAL, "signed in, listed 48 h 00 m ago"),
        (replace(PORTAL, signed_in=False), "not signed in, listed 48 h 00 m ago"),
        (replace(PORTAL, label="other"), "listed 48 h 00 m ago"),
    ],
)
def test_the_note_about_a_sign_in(portal: PortalState | None, note: str) -> None:
    assert portals.sign_in_note(portal, CORP, NOW) == note


def test_the_age_of_a_list() -> None:
    ages = {0: "just now", 59: "just now", 90: "90 s ago", 3 * 3600: "3 h 00 m ago"}
    for seconds, age in ages.items():
        assert portals.format_age(NOW - timedelta(seconds=seconds), NOW) == age


# -- in the picker

DEV = sso_role("dev-admin", "222222222222", "Admin")


def pages(*names: str) -> list[tuple[PortalRole, ...]]:
    return [(PortalRole("corp", CORP.start_url, "333333333333", "hub", name),) for name in names]


class Arriving:
    """Actions whose listing has the roles of the pages that arrived, as the state folder has."""

    def __init__(self, *names: str, gate: int = 0, **more: Any) -> None:
        self.portals = FakePortals(
            pages(*names), arrived=self._arrived, gate=threading.Semaphore(gate), **more
        )
        sso = FakeSso(labels=frozenset({"corp"}))
        self.actions: SignInActions = sso_actions(DEV, sso=sso, portals=self.portals)

    def _arrived(self, roles: tuple[PortalRole, ...]) -> None:
        made = [
            sso_role(f"hub/{role.role_name}", role.account_id, role.role_name, listed=True)
            for role in roles
        ]
        before = self.actions.answer
        # They come first, so that the cursor's row moves
        after = sample_listing(roles=(*made, *before.roles))
        self.actions.answer = replace(after, sign_ins=(CORP,))

    def let(self, count: int) -> None:
        for _ in range(count):
            self.portals.gate.release()


def names(ui: Driven) -> list[str]:
    return [role.name for role in ui.state.roles]


async def test_a_list_that_is_due_is_refreshed_and_rows_appear_as_pages_arrive() -> None:
    arriving = Arriving("A", "B", "C")
    async with driven(arriving.actions, size=(80, 24)) as ui:
        await ui.until(lambda: "accounts 0 of 3" in ui.text())
        ui.app.picker.update(partial(states.select_role, name="hub"))
        await ui.type("hub")
        await ui.until(lambda: ui.selected() == "hub")
        arriving.let(1)
        await ui.until(lambda: "hub/A" in names(ui))
        await ui.until(lambda: "accounts 1 of 3, 1 role" in ui.text())
        assert ui.selected() == "hub"
        assert ui.app.picker.filter.value == "hub"
        arriving.let(2)
        await ui.until(lambda: {"hub/A", "hub/B", "hub/C"} <= set(names(ui)))
        await ui.until(lambda: "accounts" not in ui.text())
        assert ui.selected() == "hub"
        assert ui.state.portals[ADDRESS].stage is PortalStage.IDLE


async def test_rows_that_appear_keep_failures_and_sessions() -> None:
    arriving = Arriving("A")
    arriving.actions.errors["switch"] = NetworkError("AWS didn't answer.", next_step="Again.")
    async with driven(arriving.actions) as ui:
        ui.app.picker.update(partial(states.select_role, name="sandbox-dev"))
        await ui.press("enter")
        await ui.until(lambda: "sandbox-dev" in ui.state.failures)
        arriving.let(1)
        await ui.until(lambda: "hub/A" in names(ui))
        assert "sandbox-dev" in ui.state.failures
        assert ui.selected() == "sandbox-dev"


async def test_the_cursor_stays_on_its_row_of_the_screen() -> None:
    arriving = Arriving(*(f"R{number:02}" for number in range(12)))
    async with driven(arriving.actions, size=(80, 16)) as ui:
        ui.app.picker.update(partial(states.select_role, name="audit-read"))
        await ui.pilot.pause()

        def row() -> int:
            return ui.state.cursor - ui.app.picker.list.scroll_offset.y

        before = row()
        arriving.let(12)
        await ui.until(lambda: len(names(ui)) == 15 + 12)
        await ui.pilot.pause()
        assert row() == before


async def test_leaving_stops_a_listing() -> None:
    arriving = Arriving("A", "B")
    async with driven(arriving.actions) as ui:
        arriving.let(1)
        await ui.until(lambda: "hub/A" in names(ui))
        await ui.press("ctrl+c")
    assert arriving.portals.stopped.wait(20)


@pytest.mark.parametrize(
    ("labels", "due"), [(frozenset(), True), (frozenset({"corp"}), False)], ids=["out", "fresh"]
)
async def test_nothing_is_asked_without_a_sign_in_or_for_a_fresh_list(
    labels: frozenset[str], *, due: bool
) -> None:
    portal = FakePortals(listed_at=OLD if due else NOW, is_due=due)
    actions = sso_actions(DEV, sso=FakeSso(labels=labels), portals=portal)
    async with driven(actions) as ui:
        await ui.until(lambda: ADDRESS in ui.state.portals)
        await ui.pilot.pause()
        assert portal.asked == []
        assert ("signs in and lists it" in ui.text()) is due


async def test_an_ended_sign_in_is_told_calmly() -> None:
    arriving = Arriving("A", gate=1, error=sign_in_needed("corp"))
    async with driven(arriving.actions) as ui:
        await ui.until(lambda: "the sign-in has ended" in ui.text())
        await ui.until(lambda: "hub/A" in names(ui))
        assert ui.app.picker_on_top


async def test_a_portal_that_was_never_listed_is_offered_above_the_rows() -> None:
    other = SsoSession("acme", "https://acme.awsapps.com/start", "us-east-1")
    actions = sso_actions(DEV, portals=FakePortals())
    actions.answer = replace(actions.answer, sign_ins=(other,))
    async with driven(actions, size=(80, 24)) as ui:
        ui.app.picker.update(partial(states.select_role, name="payments-read"))
        await ui.until(lambda: "◎ acme  not signed in   s signs in and lists it" in ui.text())
        # There, the key signs in to the row's session
        ui.app.picker.update(partial(states.select_role, name="dev-admin"))
        await ui.until(lambda: "s signs in" not in ui.text())
        assert "◎ acme  not signed in" in ui.text()


async def test_a_config_without_a_sign_in_asks_nothing() -> None:
    async with driven() as ui:
        await ui.pilot.pause()
        assert ui.state.portals == {}


async def test_new_and_gone_roles_are_marked_by_sign_and_word() -> None:
    new = sso_role("hub/New", "333333333333", "New", listed=True)
    gone = sso_role("mine", "444444444444", "Gone")
    actions = sso_actions(new, gone, portals=FakePortals(listed_at=OLD, is_due=False))
    assert new.sso is not None
    assert gone.sso is not None
    changes: dict[tuple[str, str, str], Literal["new", "gone"]] = {
        new.sso.address: "new",
        gone.sso.address: "gone",
    }
    actions.answer = replace(actions.answer, portal_changes=changes)
    async with driven(actions, size=(120, 40)) as ui:
        assert any("New" in line and "+ new" in line for line in ui.lines())
        assert any("Gone" in line and "- gone" in line for line in ui.lines())
        await ui.until(lambda: ADDRESS in ui.state.portals)
        for name, said in (("hub/New", "+ new since the list before"), ("mine", "- gone from")):
            ui.app.picker.update(partial(states.select_role, name=name))
            await ui.pilot.pause()
            assert said in ui.text()
            assert "listed    48 h 00 m ago" in ui.text()


async def test_a_session_is_shown_before_a_mark() -> None:
    gone = sso_role("mine", "444444444444", "Gone")
    actions = sso_actions(gone)
    assert gone.sso is not None
    live = session(SessionState.LIVE, 3000, "g1")
    actions.answer = replace(
        actions.answer,
        portal_changes={gone.sso.address: "gone"},
        sessions={**actions.answer.sessions, "mine": live},
    )
    async with driven(actions) as ui:
        [line] = [line for line in ui.lines() if "Gone" in line[:75]]
        assert "● 50 m" in line
