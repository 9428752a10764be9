"""Signing in and out on the screen: the dialog, its keys, and what goes on after it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from support.config.checks import view as view_of
from support.tui.fake_actions import Driven, driven
from support.tui.fake_sso import (
    BROWSER_PROMPT,
    CORP,
    DEVICE_PROMPT,
    FakeSso,
    SignInActions,
    sso_actions,
    sso_role,
)
from xswitch.actions.sso.sign_in import SignInOptions
from xswitch.actions.sso.sign_out import SignOutResult
from xswitch.core.errors import ErrorCode, NetworkError, TargetError, UsageError
from xswitch.core.errors.sso import SIGN_IN_MESSAGES, sign_in_error
from xswitch.core.model import Guard, Settings, SsoSession
from xswitch.core.roles.resolve import resolve_all
from xswitch.qr_code import qr_rows
from xswitch.tui.picker import state as states
from xswitch.tui.render.text import width_of
from xswitch.tui.sso.session_choice import SessionRow, choice_lines
from xswitch.tui.sso.sign_in_flow import sign_in_target

DEV = sso_role("dev-admin", "222222222222", "Admin")
LISTED = sso_role("payments/Reader", "222222222222", "Reader", listed=True)
SIZES = [(80, 24), (120, 34)]


def actions(**more: Any) -> SignInActions:
    return sso_actions(DEV, LISTED, steps=(), **more)


def select(ui: Driven, name: str) -> None:
    ui.app.picker.update(partial(states.select_role, name=name))
    assert ui.selected() == name


async def sign_in_asked(ui: Driven, name: str, key: str) -> None:
    """Select a row, and press a key that asks for its sign-in."""
    select(ui, name)
    await ui.press(key)
    await ui.dialog("SignInDialog")


async def left(ui: Driven) -> str:
    await ui.until(lambda: ui.app._exit)
    switched = ui.app.return_value
    return switched.role.name if switched is not None else ""


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", ["dev-admin", "payments/Reader"])
async def test_a_switch_that_needs_a_sign_in_goes_on_after_it(
    name: str, size: tuple[int, int]
) -> None:
    async with driven(actions(), size=size) as ui:
        await sign_in_asked(ui, name, "enter")
        await ui.until(lambda: " left" in ui.text())
        assert f"for {name}" in ui.text()
        assert "which has been opened at:" in ui.text()
        ui.actions.sso.approved.put(True)
        assert await left(ui) == name
    assert ("find", "corp") in ui.actions.sso.asked
    assert ("start refresh", "corp") in ui.actions.portals.asked


async def test_a_guarded_switch_asks_its_confirmation_once() -> None:
    guarded = DEV._replace(guard=Guard("prod", "red", "yes"))
    async with driven(sso_actions(guarded, steps=())) as ui:
        select(ui, "dev-admin")
        await ui.press("enter")
        await ui.dialog("GuardDialog")
        await ui.type("yes")
        await ui.press("enter")
        await ui.dialog("SignInDialog")
        ui.actions.sso.approved.put(True)
        assert await left(ui) == "dev-admin"
        assert ui.actions.asked[-1] == ("switch", ("dev-admin", "yes"))


async def test_a_second_refusal_is_a_failure_and_not_another_sign_in() -> None:
    given = actions(denies=True)
    async with driven(given) as ui:
        await sign_in_asked(ui, "dev-admin", "enter")
        given.sso.approved.put(True)
        await ui.closed()
        await ui.until(lambda: "dev-admin" in ui.state.failures)
        assert "xswitch login corp" in ui.text()
        assert ui.state.busy == {}


async def test_escape_cancels_the_switch_and_nothing_listens() -> None:
    given = actions()
    async with driven(given) as ui:
        await sign_in_asked(ui, "dev-admin", "enter")
        await ui.until(lambda: given.sso.listening == 1)
        assert ui.state.busy == {"dev-admin": "sign-in"}
        await ui.press("escape")
        await ui.closed()
        await ui.until(lambda: given.sso.listening == 0)
        assert "Stopped." in ui.text()
        assert ui.state.busy == {}
        assert not ui.app._exit
        await ui.press("enter")
        await ui.dialog("SignInDialog")


async def test_leaving_the_picker_ends_a_sign_in() -> None:
    given = actions()
    async with driven(given) as ui:
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: given.sso.listening == 1)
        await ui.press("ctrl+c")
        assert await left(ui) == ""
    assert given.sso.ended.wait(20)


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("dev-admin", "corp"),
        ("payments/Reader", "corp"),
        ("payments-read", "corp"),  # it needs none, and the config has one session
        ("", "corp"),
    ],
)
async def test_the_key_signs_in_to_the_session_of_the_row_and_lists_its_portal(
    name: str, target: str
) -> None:
    given = actions()
    if not name:
        given.answer = replace(given.answer, roles=(), sessions={})
    async with driven(given) as ui:
        if name:
            select(ui, name)
        await ui.press("f11")
        await ui.dialog("SignInDialog")
        given.sso.approved.put(True)
        await ui.closed()
        await ui.until(lambda: ("refresh", "corp") in given.portals.asked)
    assert ("find", target) in given.sso.asked
    assert ("start refresh", "corp") not in given.portals.asked


async def test_a_config_without_a_session_says_how_to_add_one() -> None:
    given = actions()
    given.answer = replace(given.answer, sign_ins=())
    async with driven(given) as ui:
        for key in ("f11", "S"):
            select(ui, "payments-read")
            await ui.press(key)
            await ui.until(lambda: "N adds one" in ui.text())
        assert given.sso.asked == []


ACME = SsoSession("acme", "https://acme.awsapps.com/start", "us-east-1")
LEGACY = SsoSession("", "https://old.awsapps.com/start", "us-east-1")


@pytest.mark.parametrize(
    ("key", "keys", "label"),
    [
        ("f11", (), "corp"),
        ("f11", ("down",), "acme"),
        ("f11", ("end", "home", "end"), LEGACY.start_url),
        ("S", ("down", "up", "down"), "acme"),
    ],
)
async def test_several_sessions_are_there_to_choose_from(
    key: str, keys: tuple[str, ...], label: str
) -> None:
    given = actions()
    given.answer = replace(given.answer, sign_ins=(CORP, ACME, LEGACY))
    async with driven(given, size=(80, 24)) as ui:
        select(ui, "payments-read")
        await ui.until(lambda: bool(ui.state.portals))
        await ui.press(key)
        await ui.dialog("SessionChoiceDialog")
        text = ui.text()
        for session in (CORP, ACME, LEGACY):
            assert session.label in text
        assert text.count("not signed in") >= 3
        for one in keys:
            await ui.press(one)
        await ui.press("enter")
        if key == "S":
            await ui.until(lambda: ("sign out", label) in given.sso.asked)
        else:
            await ui.dialog("SignInDialog")
            await ui.until(lambda: ("find", label) in given.sso.asked)


async def test_no_session_needs_to_be_chosen() -> None:
    given = actions()
    given.answer = replace(given.answer, sign_ins=(CORP, ACME))
    async with driven(given) as ui:
        select(ui, "payments-read")
        await ui.press("f11")
        await ui.dialog("SessionChoiceDialog")
        await ui.press("escape")
        await ui.closed()
        # A row that needs a session chooses it
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: ("find", "corp") in given.sso.asked)


@pytest.mark.parametrize("width", [1, 12, 40, 80])
def test_the_lines_of_sessions_never_exceed_their_width(width: int) -> None:
    rows = [SessionRow("co\x1b[2Jrp" * 9, "signed in, listed just now"), SessionRow("x")]
    for line in choice_lines(rows, 1, width):
        assert width_of(line) <= width
        assert "\x1b" not in "".join(part for part, _ in line)


async def test_many_sessions_scroll() -> None:
    many = tuple(replace(ACME, name=f"session-{number:02}") for number in range(40))
    given = actions()
    given.answer = replace(given.answer, sign_ins=many)
    async with driven(given, size=(80, 24)) as ui:
        select(ui, "payments-read")
        await ui.press("f11")
        await ui.dialog("SessionChoiceDialog")
        await ui.pilot.pause()
        assert "session-39" not in ui.text()
        await ui.press("end")
        await ui.until(lambda: "▌ session-39" in ui.text())
        await ui.press("home")
        await ui.until(lambda: "▌ session-00" in ui.text())


@pytest.mark.parametrize("size", SIZES)
async def test_by_a_code_with_a_qr_code_beside_it(size: tuple[int, int]) -> None:
    given = actions(sso=FakeSso(DEVICE_PROMPT))
    async with driven(given, size=size) as ui:
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: "WXYZ-ABCD" in ui.text())
        text = ui.text()
        assert text.count("█") > 100
        assert "Copied the URL." in text
        assert "code  WXYZ-ABCD" in text
        assert ui.app._clipboard == DEVICE_PROMPT.url


@pytest.mark.parametrize(
    "url",
    [
        "https://corp.awsapps.com/start/#/device?user_code=WXYZ-ABCD",
        "https://device.sso.ap-southeast-2.amazonaws.com/?user_code=WXYZ-ABCD",
        "https://ssoins-1234567890abcdef.portal.eu-west-1.app.aws/#/device?user_code=WXYZ-ABCD",
        (
            "https://start.us-gov-west-1.us-gov-home.awsapps.com/directory/d-1234567890/#/device"
            "?user_code=WXYZ-ABCD"
        ),
    ],
)
async def test_the_qr_code_of_every_form_of_url_fits_into_the_smallest_usual_screen(
    url: str,
) -> None:
    given = actions(sso=FakeSso(replace(DEVICE_PROMPT, url=url)))
    async with driven(given, size=(80, 24)) as ui:
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: "WXYZ-ABCD" in ui.text())
        drawn = ui.lines()
        for row in qr_rows(url):
            assert any(row in line for line in drawn), row
        for words in ("code  WXYZ-ABCD", "left", "Copied the URL."):
            assert any(words in line for line in drawn), words


async def test_a_small_screen_gets_the_url_without_a_qr_code() -> None:
    async with driven(actions(sso=FakeSso(DEVICE_PROMPT)), size=(60, 18)) as ui:
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: "WXYZ-ABCD" in ui.text())
        assert "█" not in ui.text().replace("█ ", "")
        assert "device.sso.eu-west-1" in ui.text()


async def test_the_url_is_copied_whole() -> None:
    async with driven(actions(), size=(80, 24)) as ui:
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: " left" in ui.text())
        assert ui.app._clipboard == ""
        await ui.press("y")
        assert ui.app._clipboard == BROWSER_PROMPT.url
        assert "Copied the URL." in ui.text()


async def test_in_the_demo_a_key_approves() -> None:
    given, approved = actions(), []

    def approve(url: str) -> str:
        approved.append(url)
        given.sso.approved.put(True)
        return "dana"

    async with driven(given, approve_sign_in=approve) as ui:
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: "a approve (demo)" in ui.text())
        await ui.press("a")
        await ui.closed()
    assert approved == [BROWSER_PROMPT.url]


async def test_an_approval_that_fails_is_told_and_the_sign_in_goes_on() -> None:
    def approve(_url: str) -> str:
        raise UsageError("The sign-in can't be approved.")

    async with driven(actions(), approve_sign_in=approve) as ui:
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: "a approve (demo)" in ui.text())
        await ui.press("a")
        await ui.until(lambda: "✗ The sign-in can't be approved." in ui.text())
        await ui.until(lambda: " left" in ui.text())


async def test_outside_of_the_demo_no_key_approves() -> None:
    given = actions()
    async with driven(given) as ui:
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: " left" in ui.text())
        assert "approve (demo)" not in ui.text()
        await ui.press("a")
        assert given.sso.listening == 1


async def test_a_code_instead_of_the_browser() -> None:
    given = actions()
    async with driven(given) as ui:
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: " left" in ui.text())
        await ui.press("d")
        await ui.until(lambda: "WXYZ-ABCD" in ui.text())
        assert given.sso.listening == 1
        given.sso.approved.put(True)
        await ui.closed()
    ways = [what for name, what in given.sso.asked if name == "sign in"]
    assert ways == [SignInOptions(), SignInOptions(device_code=True)]


@pytest.mark.parametrize("code", SIGN_IN_MESSAGES)
async def test_each_failure_is_a_sentence_with_its_next_step_and_can_be_tried_again(
    code: ErrorCode,
) -> None:
    error = sign_in_error("corp", code, detail="access_denied")
    given = actions(sso=FakeSso(errors=[error]))
    async with driven(given, size=(80, 24)) as ui:
        await sign_in_asked(ui, "dev-admin", "enter")
        given.sso.approved.put(True)
        await ui.until(lambda: "✗ " in ui.text() and "next  " in ui.text())
        shown = " ".join(ui.text().replace("│", " ").split())
        assert error.what in shown
        assert error.next_step in shown
        assert "⏎ try again" in ui.text()
        assert given.sso.listening == 0
        await ui.press("enter")
        await ui.until(lambda: " left" in ui.text())
        given.sso.approved.put(True)
        assert await left(ui) == "dev-admin"


async def test_a_session_that_cant_be_found_is_told_in_the_dialog() -> None:
    missing = TargetError("There are several sessions.", next_step="xswitch login corp")
    async with driven(actions(sso=FakeSso(find_error=missing))) as ui:
        select(ui, "dev-admin")
        await ui.press("f11")
        await ui.until(lambda: "There are several sessions." in ui.text())


async def test_a_failed_sign_in_that_is_closed_leaves_the_row_alone() -> None:
    given = actions(sso=FakeSso(errors=[sign_in_error("corp", ErrorCode.SSO_NOT_APPROVED)]))
    async with driven(given) as ui:
        await sign_in_asked(ui, "dev-admin", "enter")
        given.sso.approved.put(True)
        await ui.until(lambda: "was denied" in ui.text())
        await ui.press("escape")
        await ui.closed()
        assert ui.state.busy == {}


async def test_renewing_one_role_signs_in_too_and_goes_on() -> None:
    given = actions()
    async with driven(given) as ui:
        await sign_in_asked(ui, "dev-admin", "f2")
        given.sso.approved.put(True)
        await ui.until(lambda: "Renewed 1 session." in ui.text())
        assert ("refresh", "corp") in given.portals.asked


async def test_renewing_all_opens_no_dialog() -> None:
    given = actions()
    async with driven(given) as ui:
        await ui.press("R")
        await ui.until(lambda: bool(ui.state.failures))
        assert ui.app.picker_on_top


async def test_signing_out() -> None:
    network = NetworkError("AWS didn't answer.", next_step="Try again.")
    given = actions()
    async with driven(given) as ui:
        select(ui, "dev-admin")
        for outcome, said in (
            (SignOutResult("corp", was_signed_in=True), "Signed out of corp."),
            (SignOutResult("corp", was_signed_in=False), "You weren't signed in to corp."),
            (SignOutResult("corp", was_signed_in=True, error=network), "AWS didn't answer."),
        ):
            given.sso.sign_outs = (outcome,)
            await ui.press("S")
            await ui.until(lambda said=said: said in ui.text())  # type: ignore[misc]
    assert [target for name, target in given.sso.asked if name == "sign out"] == ["corp"] * 3


async def test_hostile_labels_and_urls_are_sanitized_and_not_copied() -> None:
    prompt = replace(
        DEVICE_PROMPT, url="https://x/\x1b[2J\u202e", user_code="A\x07B", short_url="https://\x9b"
    )
    async with driven(actions(sso=FakeSso(prompt))) as ui:
        await sign_in_asked(ui, "dev-admin", "f11")
        await ui.until(lambda: "Not copied" in ui.text())
        text = ui.text()
        assert not set("\x1b\x07\x9b\u202e") & set(text)
        assert ui.app._clipboard == ""


CONFIG = """\
[sso-session corp]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1

[sso-session other]
sso_start_url = https://other.awsapps.com/start
sso_region = eu-west-1

[profile other]
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Admin

[profile of-other]
role_arn = arn:aws:iam::111111111111:role/Of
source_profile = other

[profile older]
sso_start_url = https://corp.awsapps.com/start
sso_region = eu-west-1
sso_account_id = 111111111111
sso_role_name = Reader

[profile laptop]
login_session = arn:aws:iam::111111111111:user/dana

[profile keys]
aws_access_key_id = AKIAIOSFODNN7EXAMPLE
aws_secret_access_key = x
"""


def test_a_row_signs_in_to_its_own_session() -> None:
    """Also where another session has the profile's name, or the same portal."""
    found = resolve_all(view_of(CONFIG), Settings(), {}).roles
    assert {role.name: sign_in_target(role) for role in found} == {
        "other": "corp",
        "of-other": "corp",
        "older": "https://corp.awsapps.com/start",
        "laptop": "laptop",
        "keys": None,
    }
