"""Adding an Identity Center session on the screen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from support.tui.fake_actions import Driven, driven
from support.tui.fake_sso import (
    CORP,
    DEVICE_PROMPT,
    FakePortals,
    FakeSso,
    SignInActions,
    sso_actions,
)
from xswitch.actions.sso.portals import AddingSession
from xswitch.core.errors import ConfigError, ErrorCode, UsageError
from xswitch.core.errors.sso import sign_in_error
from xswitch.qr_code import qr_rows
from xswitch.tui.errors import from_error
from xswitch.tui.sso import session_form as states
from xswitch.tui.sso.session_form import DEFAULTS, SessionFormState, SessionStage
from xswitch.tui.sso.session_screen import SessionScreen

VALUES = {"name": "corp", "start_url": CORP.start_url, "region": "eu-west-1", "scopes": ""}


def screen_of(ui: Driven) -> SessionScreen:
    screen = ui.app.screen
    assert isinstance(screen, SessionScreen)
    return screen


async def filled(ui: Driven, **more: str) -> SessionScreen:
    await ui.press("N")
    await ui.dialog("SessionScreen")
    await ui.pilot.pause()
    for value in {**VALUES, **more}.values():
        await ui.type(value)
        await ui.press("tab")
    return screen_of(ui)


@pytest.mark.parametrize("size", [(80, 24), (120, 34)])
async def test_from_the_form_to_the_sign_in(size: tuple[int, int]) -> None:
    actions = sso_actions()
    async with driven(actions, size=size) as ui:
        screen = await filled(ui)
        assert screen.state.values == VALUES
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SessionStage.REVIEW)
        for line in ("+ [sso-session corp]", f"+ sso_start_url = {CORP.start_url}"):
            assert line in ui.text()
        assert "⏎ write, and sign in" in ui.text()
        assert ("add", "corp") not in actions.portals.asked
        await ui.press("enter")
        await ui.dialog("SignInDialog")
        assert actions.portals.asked[-1] == ("add", "corp")
        actions.sso.approved.put(True)
        await ui.closed()
        await ui.until(lambda: ("refresh", "corp") in actions.portals.asked)
    assert ("find", "corp") in actions.sso.asked


async def test_the_sign_in_after_it_has_its_qr_code_too() -> None:
    actions = sso_actions(sso=FakeSso(DEVICE_PROMPT))
    async with driven(actions, size=(80, 24)) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SessionStage.REVIEW)
        await ui.press("enter")
        await ui.dialog("SignInDialog")
        await ui.until(lambda: "code  WXYZ-ABCD" in ui.text())
        for row in qr_rows(DEVICE_PROMPT.url):
            assert row in ui.text()


async def test_errors_are_shown_at_their_fields() -> None:
    actions = sso_actions()
    async with driven(actions) as ui:
        await ui.press("N")
        await ui.dialog("SessionScreen")
        await ui.press("enter")
        await ui.pilot.pause()
        assert set(screen_of(ui).state.field_errors) == {"name", "start_url", "region"}
        assert "Choose a name" in ui.text()
        await ui.type("corp")
        await ui.pilot.pause()
        assert "Choose a name" not in ui.text()
    assert actions.portals.asked == []


@pytest.mark.parametrize(
    ("error", "field"),
    [
        (UsageError("eu-west-9 isn't a region.", code=ErrorCode.BAD_REGION), "region"),
        (UsageError("There is one.", code=ErrorCode.PROFILE_EXISTS), "name"),
        (sign_in_error("corp", ErrorCode.SSO_START_URL, detail="no"), "start_url"),
        (ConfigError("The config can't be read."), ""),
    ],
)
async def test_what_the_lookup_finds_is_shown_where_it_belongs(
    error: UsageError, field: str
) -> None:
    actions = sso_actions(portals=FakePortals(is_due=False, plan_error=error))
    async with driven(actions) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: error.what in ui.text())
        assert screen.state.stage is SessionStage.FORM
        assert set(screen.state.field_errors) == ({field} if field else set())


async def test_escape_leads_back_one_step_at_a_time() -> None:
    actions = sso_actions()
    async with driven(actions) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SessionStage.REVIEW)
        await ui.press("escape")
        assert screen.state.stage is SessionStage.FORM
        assert screen.state.values == VALUES
        await ui.press("escape")
        await ui.closed()
    assert [name for name, _ in actions.portals.asked] == ["plan"]


async def test_a_config_that_changed_is_told_and_nothing_is_written() -> None:
    changed = ConfigError("The AWS config has changed.", next_step="Again.")
    actions = sso_actions(portals=FakePortals(is_due=False, write_error=changed))
    async with driven(actions) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SessionStage.REVIEW)
        await ui.press("enter")
        await ui.until(lambda: "The AWS config has changed." in ui.text())
        assert screen.state.stage is SessionStage.FORM


def no_roles(*, sessions: bool) -> SignInActions:
    actions = sso_actions()
    signed = (CORP,) if sessions else ()
    actions.answer = replace(actions.answer, roles=(), sessions={}, sign_ins=signed)
    return actions


async def test_an_empty_picker_offers_it() -> None:
    async with driven(no_roles(sessions=False)) as ui:
        assert "sign in with IAM Identity Center" in ui.text()
        await ui.press("N")
        await ui.dialog("SessionScreen")


async def test_an_empty_picker_with_a_session_offers_to_sign_in() -> None:
    async with driven(no_roles(sessions=True)) as ui:
        assert "s signs in, and lists its accounts and roles" in ui.text()
        assert "xswitch login corp" in ui.text()
        await ui.press("s")
        await ui.dialog("SignInDialog")


async def test_it_is_in_the_command_palette() -> None:
    async with driven(sso_actions()) as ui:
        await ui.press("ctrl+p")
        await ui.until(lambda: "Add an IAM Identity Center session" in ui.text())


# -- the state


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("name", "two words"),
        ("name", ""),
        ("start_url", "http://corp.awsapps.com/start"),
        ("start_url", "corp"),
        ("start_url", ""),
        ("region", " "),
        ("scopes", "sso:account:access,naïve"),
    ],
)
def test_a_form_with_an_invalid_field_isnt_looked_up(key: str, value: str) -> None:
    state = states.start_checking(SessionFormState({**VALUES, key: value}))
    assert state.stage is SessionStage.FORM
    assert set(state.field_errors) == {key}
    fixed = states.with_value(state, key, VALUES[key])
    assert fixed.field_errors == {}
    assert states.start_checking(fixed).stage is SessionStage.CHECKING


def test_scopes_are_separated_by_commas_or_blanks() -> None:
    assert states.scopes({**DEFAULTS, "scopes": " a:b, c:d  e"}) == ("a:b", "c:d", "e")


def test_a_session_that_is_there_needs_no_change() -> None:
    adding = AddingSession(CORP, "https://d-1.awsapps.com/start", (), ())
    state = states.with_plan(SessionFormState(VALUES), adding)
    text = "\n".join("".join(part for part, _ in line) for line in states.review_lines(state, 90))
    assert "The sso-session corp is already there." in text
    assert f"{CORP.start_url} leads to https://d-1.awsapps.com/start" in text


def test_a_failure_that_is_no_fields_stays_above_the_form() -> None:
    error = ConfigError("No.", next_step="Yes.")
    state = states.with_failure(SessionFormState(VALUES), error, from_error(error))
    assert state.failure is not None
    assert states.with_value(state, "name", "x").failure is None
