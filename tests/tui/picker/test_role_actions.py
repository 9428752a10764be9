"""Actions on roles: switch (MFA, guard, progress, failure), renew, forget, pin, and copy."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta

import pytest
from textual import events

from conftest import FixedClock
from support.tui.fake_actions import (
    DEVICE,
    NOW,
    Driven,
    FakeActions,
    driven,
    make_role,
    sample_listing,
    session,
)
from xswitch.core.errors import (
    AwsDeniedError,
    CancelledError,
    MfaNeededError,
    SourceCredentialsError,
    TargetError,
    VaultLockedError,
)
from xswitch.core.model import Guard, MfaChallenge, SessionState
from xswitch.tui.dialogs.screens import AnswerInput, GuardDialog, MfaDialog
from xswitch.tui.jobs import Job

CODE = "123456"


async def left(ui: Driven) -> str:
    await ui.until(lambda: ui.app._exit)
    switched = ui.app.return_value
    return switched.role.name if switched is not None else ""


async def test_enter_switches_to_the_selected_role() -> None:
    async with driven() as ui:
        await ui.type("lake read")
        await ui.press("enter")
        assert await left(ui) == "lake-read"
        assert ui.actions.asked == [("switch", ("lake-read", None))]


async def test_a_switch_asks_for_a_code_and_uses_it() -> None:
    async with driven(
        FakeActions(code=CODE), totp_hint=lambda serial: CODE if serial == DEVICE else ""
    ) as ui:
        await ui.type("read 2222")
        await ui.press("enter")
        await ui.dialog("MfaDialog")
        text = ui.text()
        for part in (
            DEVICE,
            "payments-prod / ReadOnly",
            "profile  dev",
            f"{CODE}  is the current code",
            "for 12 h",
        ):
            assert part in text
        await ui.type(CODE)
        await ui.press("enter")
        assert await left(ui) == "payments-read"
        assert ui.actions.codes == [CODE]


async def test_after_a_wrong_code_the_dialog_shows_the_attempt() -> None:
    async with driven(FakeActions(code=CODE)) as ui:
        await ui.press("down", "enter")
        await ui.dialog("MfaDialog")
        await ui.type("000000")
        await ui.press("enter")
        await ui.until(lambda: "Attempt 2." in ui.text())
        assert "invalid MFA one time" in ui.text()
        await ui.type(CODE)
        await ui.press("enter")
        assert await left(ui) == "payments-read"


async def test_three_wrong_codes_fail_with_the_reason_in_the_detail() -> None:
    async with driven(FakeActions(code=CODE, steps=())) as ui:
        await ui.press("down", "enter")
        for attempt in (1, 2, 3):
            await ui.until(lambda wanted=attempt: len(ui.actions.codes) == wanted - 1)  # type: ignore[misc]
            await ui.dialog("MfaDialog")
            await ui.type("999999")
            await ui.press("enter")
        await ui.until(lambda: "AWS refused three codes." in ui.text())
        assert "✗ failed" in ui.text()


async def test_canceling_the_code_stops_the_switch() -> None:
    async with driven(FakeActions(code=CODE)) as ui:
        await ui.press("down", "enter")
        await ui.dialog("MfaDialog")
        await ui.press("escape")
        await ui.until(lambda: "Stopped." in ui.text())
        await ui.closed()
        assert ui.state.busy == {}
        assert ui.state.failures == {}
        assert ui.actions.codes == []
        await ui.press("enter")
        await ui.dialog("MfaDialog")


async def test_only_six_digits_are_sent_and_pasted_ones_may_have_blanks() -> None:
    async with driven(FakeActions(code=CODE)) as ui:
        await ui.press("down", "enter")
        await ui.dialog("MfaDialog")
        await ui.press("enter")
        assert "Type the six digits" in ui.text()
        await ui.type("12a4")
        await ui.press("enter")
        assert "this has 3" in ui.text()
        await ui.press("5")
        assert "six digits;" not in ui.text()
        ui.app.screen.query_one(AnswerInput).post_message(events.Paste("123 456\n"))
        await ui.until(lambda: ui.app.screen.query_one(AnswerInput).value == CODE)
        await ui.press("enter")
        assert await left(ui) == "payments-read"


async def test_the_code_dialog_counts_the_seconds() -> None:
    clock = FixedClock(NOW)
    async with driven(FakeActions(code=CODE), clock=clock) as ui:
        await ui.press("down", "enter")
        await ui.dialog("MfaDialog")
        assert "next code in 30 s" in ui.text()
        clock.advance(12)
        ui.app._tick()
        await ui.pilot.pause()
        assert "next code in 18 s" in ui.text()


async def test_hostile_mfa_challenges_are_sanitized() -> None:
    async with driven() as ui:
        challenge = MfaChallenge("arn\x1b[2J[b]", "d\x07", 2, "AWS\x9b says \u202eno")
        role = make_role("x", "1" * 12, "R\x1b")
        ui.app.push_screen(
            MfaDialog(
                challenge, role, ui.app.clock, session_seconds=900, hint=lambda _serial: "1\x1b2"
            )
        )
        await ui.dialog("MfaDialog")
        assert all(line.replace("\ufffd", "").isprintable() for line in ui.lines())
        assert "[b]" in ui.text()


async def test_a_guarded_role_requires_its_typed_confirmation() -> None:
    async with driven() as ui:
        await ui.press("enter")
        await ui.dialog("GuardDialog")
        assert ui.app.screen.query_one("#frame").has_class("guard-red")
        assert "Type payments-prod to switch:" in ui.text()
        await ui.press("enter")
        assert "Type the confirmation." in ui.text()
        await ui.type("Payments-Prod")
        await ui.press("enter")
        assert "Doesn't match." in ui.text()
        assert ui.actions.asked == []
        await ui.press("ctrl+u")
        await ui.type("payments-prod")
        await ui.press("enter")
        assert await left(ui) == "payments-admin"
        assert ui.actions.asked == [("switch", ("payments-admin", "payments-prod"))]


async def test_leaving_the_guard_does_nothing() -> None:
    async with driven() as ui:
        await ui.press("enter")
        await ui.dialog("GuardDialog")
        await ui.press("escape")
        await ui.closed()
        assert ui.actions.asked == []


async def test_a_guard_without_confirmation_only_sets_the_color() -> None:
    async with driven() as ui:
        await ui.press("down", "down", "enter")
        assert await left(ui) == "payments-dr"


async def test_the_guard_dialog_mentions_its_session_policy() -> None:
    async with driven() as ui:
        guard = Guard(
            "limits", "cyan", "yes", policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",)
        )
        ui.app.push_screen(GuardDialog(make_role("x", "1" * 12, "R", guard=guard), guard))
        await ui.dialog("GuardDialog")
        assert "this guard's session policy applies" in ui.text()


async def test_progress_is_shown_step_by_step_and_escape_stops_it_at_once() -> None:
    clock = FixedClock(NOW)
    async with driven(FakeActions(gate=threading.Event()), clock=clock) as ui:
        await ui.type("lake read")
        await ui.press("enter")
        assert "↻ switching" in ui.text()
        await ui.dialog("BusyDialog")
        await ui.until(lambda: "↻ Assuming payments-prod / Admin" in ui.text())
        assert "✓ Asking STS for an MFA session" in ui.text()
        clock.advance(3)
        ui.app._tick()
        await ui.pilot.pause()
        assert "Admin  3 s" in ui.text()
        await ui.press("escape")
        await ui.closed()
        assert "Stopped." in ui.text()
        assert ui.state.busy == {}
        assert ui.actions.gate is not None
        ui.actions.gate.set()
        await ui.pilot.pause(0.1)
        assert not ui.app._exit


async def test_another_switch_can_begin_after_a_stop() -> None:
    async with driven(FakeActions(gate=threading.Event())) as ui:
        await ui.type("lake read")
        await ui.press("enter")
        await ui.dialog("BusyDialog")
        await ui.press("escape")
        await ui.closed()
        assert ui.actions.gate is not None
        ui.actions.gate.set()
        await ui.press("enter")
        assert await left(ui) == "lake-read"


async def test_leaving_during_a_switch_is_immediate() -> None:
    async with driven(FakeActions(gate=threading.Event())) as ui:
        await ui.type("lake read")
        await ui.press("enter")
        await ui.dialog("BusyDialog")
        await ui.press("ctrl+c")
        assert await left(ui) == ""


async def test_a_denied_switch_opens_the_detail_with_the_reason_and_next_step() -> None:
    error = AwsDeniedError(
        "AWS refused.", why="User is not authorized.", next_step="xswitch access check lake-read"
    )
    async with driven(FakeActions(errors={"switch": error}), size=(80, 24)) as ui:
        await ui.type("lake read")
        await ui.press("enter")
        await ui.until(lambda: "AWS refused." in ui.text())
        assert "User is not authorized." in ui.text()
        assert "next  xswitch access check lake-read" in ui.text()
        await ui.press("escape")
        assert "✗ failed" in ui.text()
        await ui.press("f4")
        assert "AWS refused." in ui.text()
        ui.actions.errors.clear()
        await ui.press("enter")
        assert await left(ui) == "lake-read"


async def test_every_kind_of_error_has_a_message() -> None:
    for error in (
        VaultLockedError("The keyring is locked.", next_step="unlock it"),
        SourceCredentialsError("dev has no credentials."),
        MfaNeededError("A code is needed."),
        RuntimeError("canary-secret-value"),
    ):
        async with driven(FakeActions(errors={"switch": error})) as ui:
            await ui.type("lake read")
            await ui.press("enter")
            wanted = "This is a bug in xswitch." if isinstance(error, RuntimeError) else str(error)
            await ui.until(lambda wanted=wanted: wanted in ui.text())  # type: ignore[misc]
            assert "canary" not in ui.text()
            assert "Traceback" not in ui.text()


async def test_switching_to_a_misconfigured_role_explains_it() -> None:
    async with driven() as ui:
        await ui.type("legacy")
        for key in ("enter", "f2"):
            await ui.press(key)
            assert "legacy-ops is misconfigured." in ui.text()
        assert ui.actions.asked == []


async def test_explain_without_a_failure_shows_a_message() -> None:
    async with driven() as ui:
        await ui.press("down", "f4")
        assert "No problems: payments-read is configured correctly" in ui.text()


async def test_renewing_changes_one_row_in_place() -> None:
    clock = FixedClock(NOW)
    async with driven(FakeActions(clock=clock.now, gate=threading.Event()), clock=clock) as ui:
        await ui.press("down", "down")
        await ui.press("r")
        await ui.until(lambda: "↻ renewing" in ui.text())
        rows, cursor = ui.state.rows, ui.state.cursor
        await ui.press("f2", "f3")
        assert ui.actions.gate is not None
        ui.actions.gate.set()
        await ui.until(lambda: "● 1 h 00 m" in ui.text())
        assert "Renewed 1 session." in ui.text()
        assert (ui.state.rows, ui.state.cursor) == (rows, cursor)
        assert ui.actions.asked == [("renew", (("payments-dr",), False))]


async def test_renewing_may_ask_for_a_code_and_be_stopped() -> None:
    async with driven(FakeActions(code=CODE)) as ui:
        await ui.press("down", "f2")
        await ui.dialog("MfaDialog")
        await ui.press("escape")
        await ui.until(lambda: ui.state.busy == {})
        assert "Stopped." in ui.text()
        await ui.press("ctrl+r")
        await ui.dialog("MfaDialog")
        await ui.type(CODE)
        await ui.press("enter")
        await ui.until(lambda: "Renewed 1 session." in ui.text())


async def test_renewing_all_reports_failures() -> None:
    refused = AwsDeniedError("AWS refused to renew.", why="Not authorized.")
    async with driven(FakeActions(renew_errors={"hub": refused})) as ui:
        await ui.press("R")
        await ui.until(lambda: "Renewed 4 sessions. 1 failed." in ui.text())
        assert ui.actions.asked == [("renew", ((), True))]
        assert ui.state.failures["hub"].what == "AWS refused to renew."
        await ui.type("gateway")
        assert "AWS refused to renew." in ui.text()


async def test_renewing_without_sessions_shows_a_message() -> None:
    async with driven(FakeActions(answer=replace(sample_listing(), sessions={}))) as ui:
        await ui.press("R")
        await ui.until(lambda: "No sessions to renew." in ui.text())


async def test_a_failed_renewal_is_reported() -> None:
    async with driven(
        FakeActions(errors={"renew": VaultLockedError("The keyring is locked.")})
    ) as ui:
        await ui.press("down", "f2")
        await ui.until(lambda: "The keyring is locked." in ui.text())
        assert ui.state.busy == {}


async def test_a_failure_of_another_role_is_a_message() -> None:
    async with driven(
        FakeActions(
            gate=threading.Event(), errors={"renew": VaultLockedError("The keyring is locked.")}
        )
    ) as ui:
        await ui.press("down", "f2", "down", "down")
        assert ui.actions.gate is not None
        ui.actions.gate.set()
        await ui.until(lambda: "✗ payments-read: The keyring is locked." in ui.lines()[-1])


async def test_forgetting_requires_a_confirmation() -> None:
    async with driven() as ui:
        await ui.press("down", "f3")
        await ui.dialog("ForgetDialog")
        assert "xs-payments-read" in ui.text()
        await ui.press("n")
        await ui.closed()
        assert ui.actions.asked == []
        await ui.press("f3")
        await ui.dialog("ForgetDialog")
        await ui.press("enter")
        await ui.until(lambda: "Forgot payments-read: 1 session dropped." in ui.text())
        assert "● 41 m" not in ui.text()
        assert ui.actions.asked == [("forget", (("payments-read",), False))]


async def test_forgetting_by_mouse_and_failing() -> None:
    async with driven(
        FakeActions(errors={"forget": VaultLockedError("The keyring is locked.")})
    ) as ui:
        await ui.press("down", "f3")
        await ui.dialog("ForgetDialog")
        await ui.pilot.click("#dialog-keys", offset=(1, 0))
        await ui.until(lambda: "The keyring is locked." in ui.text())
        assert "● 41 m" not in ui.lines()[5] or "✗ failed" in ui.text()


async def test_pinning_sets_the_star_and_keeps_the_row() -> None:
    async with driven() as ui:
        await ui.press("down")
        await ui.press("p")
        await ui.until(lambda: "payments-read" in ui.state.pins)
        assert any(line.startswith("▌★") and "ReadOnly" in line for line in ui.lines())
        assert "Pinned: payments-read." in ui.text()
        await ui.press("ctrl+t")
        await ui.until(lambda: len(ui.actions.asked) == 2)
        assert ui.actions.asked == [
            ("pin", ("payments-read", True)),
            ("pin", ("payments-read", False)),
        ]


async def test_a_pin_that_cannot_be_saved_is_removed() -> None:
    async with driven(FakeActions(errors={"pin": RuntimeError("x")})) as ui:
        await ui.press("down", "f6")
        await ui.until(lambda: "This is a bug in xswitch." in ui.text())
        assert "payments-read" not in ui.state.pins


async def test_copying_sends_only_the_export_line() -> None:
    async with driven() as ui:
        await ui.press("down", "f8")
        assert ui.app.clipboard == "export AWS_PROFILE='xs-payments-read'"
        assert "Copied: export AWS_PROFILE='xs-payments-read'" in ui.text()
        await ui.press("home", "ctrl+y")
        assert "switch once to create that profile" in ui.text()


async def test_a_name_that_cannot_be_pasted_safely_is_not_copied() -> None:
    role = make_role("x", "1" * 12, "R", managed_profile="xs-a\x1b[201~\nrm -rf ~")
    async with driven(FakeActions(answer=sample_listing(roles=(role,)))) as ui:
        await ui.press("f8")
        assert ui.app.clipboard == ""
        assert "Not copied" in ui.text()
    quoted = make_role("x", "1" * 12, "R", managed_profile="xs-it's")
    async with driven(FakeActions(answer=sample_listing(roles=(quoted,)))) as ui:
        await ui.press("f8")
        assert ui.app.clipboard == "export AWS_PROFILE='xs-it'\\''s'"


async def test_a_guarded_role_keeps_its_color_in_the_progress() -> None:
    listing = replace(
        sample_listing(), sessions={"payments-dr": session(SessionState.LIVE, 60, "k")}
    )
    async with driven(FakeActions(answer=listing, gate=threading.Event())) as ui:
        await ui.press("down", "down", "enter")
        await ui.dialog("BusyDialog")
        assert ui.app.screen.query_one("#frame").has_class("guard-yellow")


class Deaf:
    """A message target whose event loop has ended."""

    def post_message(self, message: object) -> bool:
        raise RuntimeError(message)


def test_a_stopped_job_posts_no_messages() -> None:
    job = Job(work=lambda _job: None, done=lambda _result: None, failed=lambda _error: None)
    job.start(Deaf())
    job.stop()
    for call in (lambda: job.progress("x"), lambda: job.code(MfaChallenge("s", "p"))):
        try:
            call()
        except CancelledError:
            continue
        raise AssertionError


async def test_the_end_of_the_app_cancels_pending_prompts() -> None:
    actions = FakeActions(code=CODE)
    async with driven(actions) as ui:
        await ui.press("down", "enter")
        await ui.dialog("MfaDialog")
        job = next(iter(ui.app._jobs))
        await ui.press("ctrl+c")
    assert job.stopped
    assert actions.codes == []


async def test_another_day_is_named_in_the_detail() -> None:
    listing = sample_listing()
    sessions = {**listing.sessions, "payments-read": session(SessionState.LIVE, 20 * 3600, "a1")}
    async with driven(FakeActions(answer=replace(listing, sessions=sessions))) as ui:
        await ui.press("down")
        assert f"until {NOW + timedelta(hours=20):%a %H:%M}" in ui.text()


async def test_the_console_link_is_copied_or_its_absence_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with driven() as ui:
        copied: list[str] = []
        monkeypatch.setattr(ui.app, "copy_to_clipboard", copied.append)
        await ui.type("payments-dr")
        await ui.press("ctrl+o")
        await ui.until(lambda: bool(copied))
        assert copied == [
            "https://signin.aws.amazon.com/switchrole?account=333333333333&roleName=Admin&displayName=payments-prod-dr&color=FAD791"
        ]
        await ui.press("ctrl+u")
        await ui.type("partner-x")
        await ui.press("ctrl+o")
        await ui.until(lambda: "external ID" in ui.text())
    assert len(copied) == 1


# -- roles that changed since they were shown

CHANGED = TargetError(
    "lake-read has changed since it was shown: role ARN.",
    why="Nothing was done.",
    next_step="Look at it again.",
    code="role_changed",
)


@pytest.mark.parametrize(
    ("action", "keys"),
    [
        ("switch", ["enter"]),
        ("renew", ["ctrl+r"]),
        ("forget", ["ctrl+x", "enter"]),
        ("pin", ["ctrl+t"]),
    ],
)
async def test_a_role_that_changed_is_read_again_and_left_alone(
    action: str, keys: list[str]
) -> None:
    actions = FakeActions(errors={action: CHANGED})
    async with driven(actions) as ui:
        await ui.type("lake read")
        actions.answer = replace(
            actions.answer,
            roles=tuple(
                role._replace(account_name="lake elsewhere") if role.name == "lake-read" else role
                for role in actions.answer.roles
            ),
        )
        await ui.press(*keys)
        await ui.until(lambda: "has changed since it was shown" in ui.text())
        assert not ui.app._exit
        assert ui.state.busy == {}
        assert ui.state.failures == {}
        role = ui.state.role
        assert role is not None
        assert (role.name, role.account_name) == ("lake-read", "lake elsewhere")
        assert "lake-read" not in ui.state.pins


async def test_each_action_says_what_was_shown() -> None:
    async with driven() as ui:
        await ui.type("lake read")
        await ui.press("ctrl+t", "ctrl+r", "ctrl+x", "enter")
        await ui.until(lambda: len(ui.actions.shown) == len(ui.actions.asked) == 3)
        assert ui.actions.shown == [("lake-read",)] * 3
