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
    VaultLockedError,
)
from xswitch.core.model import Guard, MfaChallenge, SessionState
from xswitch.tui.dialogs.screens import AnswerInput, GuardDialog, MfaDialog
from xswitch.tui.jobs import Job

CODE = "123456"


async def left(one: Driven) -> str:
    await one.until(lambda: one.app._exit)
    switched = one.app.return_value
    return switched.role.name if switched is not None else ""


async def test_enter_switches_to_the_selected_role() -> None:
    async with driven() as one:
        await one.type("lake read")
        await one.press("enter")
        assert await left(one) == "lake-read"
        assert one.actions.asked == [("switch", ("lake-read", None))]


async def test_the_code_is_asked_for_and_used() -> None:
    async with driven(
        FakeActions(code=CODE), totp_hint=lambda serial: CODE if serial == DEVICE else ""
    ) as one:
        await one.type("read 2222")
        await one.press("enter")
        await one.dialog("MfaDialog")
        text = one.text()
        for part in (
            DEVICE,
            "payments-prod / ReadOnly",
            "profile  dev",
            f"{CODE}  is the current code",
            "for 12 h",
        ):
            assert part in text
        await one.type(CODE)
        await one.press("enter")
        assert await left(one) == "payments-read"
        assert one.actions.codes == [CODE]


async def test_a_wrong_code_is_told_with_the_attempt_and_asked_for_again() -> None:
    async with driven(FakeActions(code=CODE)) as one:
        await one.press("down", "enter")
        await one.dialog("MfaDialog")
        await one.type("000000")
        await one.press("enter")
        await one.until(lambda: "Attempt 2." in one.text())
        assert "invalid MFA one time" in one.text()
        await one.type(CODE)
        await one.press("enter")
        assert await left(one) == "payments-read"


async def test_three_wrong_codes_fail_with_the_reason_in_the_detail() -> None:
    async with driven(FakeActions(code=CODE, steps=())) as one:
        await one.press("down", "enter")
        for attempt in (1, 2, 3):
            await one.until(lambda wanted=attempt: len(one.actions.codes) == wanted - 1)  # type: ignore[misc]
            await one.dialog("MfaDialog")
            await one.type("999999")
            await one.press("enter")
        await one.until(lambda: "AWS refused three codes." in one.text())
        assert "✗ failed" in one.text()


async def test_cancelling_the_code_stops_the_switch_and_says_no_more() -> None:
    async with driven(FakeActions(code=CODE)) as one:
        await one.press("down", "enter")
        await one.dialog("MfaDialog")
        await one.press("escape")
        await one.until(lambda: "Stopped." in one.text())
        await one.closed()
        assert one.state.busy == {}
        assert one.state.failures == {}
        assert one.actions.codes == []
        await one.press("enter")
        await one.dialog("MfaDialog")


async def test_only_six_digits_are_sent_and_pasted_ones_may_have_blanks() -> None:
    async with driven(FakeActions(code=CODE)) as one:
        await one.press("down", "enter")
        await one.dialog("MfaDialog")
        await one.press("enter")
        assert "Type the six digits" in one.text()
        await one.type("12a4")
        await one.press("enter")
        assert "this has 3" in one.text()
        await one.press("5")
        assert "six digits;" not in one.text()
        one.app.screen.query_one(AnswerInput).post_message(events.Paste("123 456\n"))
        await one.until(lambda: one.app.screen.query_one(AnswerInput).value == CODE)
        await one.press("enter")
        assert await left(one) == "payments-read"


async def test_the_code_dialog_counts_the_seconds() -> None:
    clock = FixedClock(NOW)
    async with driven(FakeActions(code=CODE), clock=clock) as one:
        await one.press("down", "enter")
        await one.dialog("MfaDialog")
        assert "next code in 30 s" in one.text()
        clock.advance(12)
        one.app._tick()
        await one.pilot.pause()
        assert "next code in 18 s" in one.text()


async def test_hostile_challenges_are_harmless() -> None:
    async with driven() as one:
        challenge = MfaChallenge("arn\x1b[2J[b]", "d\x07", 2, "AWS\x9b says \u202eno")
        role = make_role("x", "1" * 12, "R\x1b")
        one.app.push_screen(
            MfaDialog(
                challenge, role, one.app.clock, session_seconds=900, hint=lambda _serial: "1\x1b2"
            )
        )
        await one.dialog("MfaDialog")
        assert all(line.replace("\ufffd", "").isprintable() for line in one.lines())
        assert "[b]" in one.text()


async def test_a_guarded_role_wants_its_confirmation_typed() -> None:
    async with driven() as one:
        await one.press("enter")
        await one.dialog("GuardDialog")
        assert one.app.screen.query_one("#frame").has_class("guard-red")
        assert "Type payments-prod to switch:" in one.text()
        await one.press("enter")
        assert "Type the confirmation." in one.text()
        await one.type("Payments-Prod")
        await one.press("enter")
        assert "Doesn't match." in one.text()
        assert one.actions.asked == []
        await one.press("ctrl+u")
        await one.type("payments-prod")
        await one.press("enter")
        assert await left(one) == "payments-admin"
        assert one.actions.asked == [("switch", ("payments-admin", "payments-prod"))]


async def test_leaving_the_guard_does_nothing() -> None:
    async with driven() as one:
        await one.press("enter")
        await one.dialog("GuardDialog")
        await one.press("escape")
        await one.closed()
        assert one.actions.asked == []


async def test_a_guard_without_confirmation_is_colour_only() -> None:
    async with driven() as one:
        await one.press("down", "down", "enter")
        assert await left(one) == "payments-dr"


async def test_a_guards_dialog_tells_its_policy() -> None:
    async with driven() as one:
        guard = Guard(
            "limits", "cyan", "yes", policy_arns=("arn:aws:iam::aws:policy/ReadOnlyAccess",)
        )
        one.app.push_screen(GuardDialog(make_role("x", "1" * 12, "R", guard=guard), guard))
        await one.dialog("GuardDialog")
        assert "this guard's session policy applies" in one.text()


async def test_progress_is_shown_step_by_step_and_escape_stops_it_at_once() -> None:
    clock = FixedClock(NOW)
    async with driven(FakeActions(gate=threading.Event()), clock=clock) as one:
        await one.type("lake read")
        await one.press("enter")
        assert "↻ switching" in one.text()
        await one.dialog("BusyDialog")
        await one.until(lambda: "↻ Assuming payments-prod / Admin" in one.text())
        assert "✓ Asking STS for an MFA session" in one.text()
        clock.advance(3)
        one.app._tick()
        await one.pilot.pause()
        assert "Admin  3 s" in one.text()
        await one.press("escape")
        await one.closed()
        assert "Stopped." in one.text()
        assert one.state.busy == {}
        assert one.actions.gate is not None
        one.actions.gate.set()
        await one.pilot.pause(0.1)
        assert not one.app._exit


async def test_after_stopping_another_switch_can_begin() -> None:
    async with driven(FakeActions(gate=threading.Event())) as one:
        await one.type("lake read")
        await one.press("enter")
        await one.dialog("BusyDialog")
        await one.press("escape")
        await one.closed()
        assert one.actions.gate is not None
        one.actions.gate.set()
        await one.press("enter")
        assert await left(one) == "lake-read"


async def test_leaving_during_a_switch_is_immediate() -> None:
    async with driven(FakeActions(gate=threading.Event())) as one:
        await one.type("lake read")
        await one.press("enter")
        await one.dialog("BusyDialog")
        await one.press("ctrl+c")
        assert await left(one) == ""


async def test_a_refusal_opens_the_detail_on_why_and_what_next() -> None:
    error = AwsDeniedError(
        "AWS refused.", why="User is not authorized.", next_step="xswitch access check lake-read"
    )
    async with driven(FakeActions(errors={"switch": error}), size=(80, 24)) as one:
        await one.type("lake read")
        await one.press("enter")
        await one.until(lambda: "AWS refused." in one.text())
        assert "User is not authorized." in one.text()
        assert "next  xswitch access check lake-read" in one.text()
        await one.press("escape")
        assert "✗ failed" in one.text()
        await one.press("f4")
        assert "AWS refused." in one.text()
        one.actions.errors.clear()
        await one.press("enter")
        assert await left(one) == "lake-read"


async def test_every_kind_of_error_is_a_sentence() -> None:
    for error in (
        VaultLockedError("The keyring is locked.", next_step="unlock it"),
        SourceCredentialsError("dev has no credentials."),
        MfaNeededError("A code is needed."),
        RuntimeError("canary-secret-value"),
    ):
        async with driven(FakeActions(errors={"switch": error})) as one:
            await one.type("lake read")
            await one.press("enter")
            wanted = "This is a bug in xswitch." if isinstance(error, RuntimeError) else str(error)
            await one.until(lambda wanted=wanted: wanted in one.text())  # type: ignore[misc]
            assert "canary" not in one.text()
            assert "Traceback" not in one.text()


async def test_a_broken_role_is_explained_and_not_tried() -> None:
    async with driven() as one:
        await one.type("legacy")
        for key in ("enter", "f2"):
            await one.press(key)
            assert "legacy-ops is misconfigured." in one.text()
        assert one.actions.asked == []


async def test_why_says_when_there_is_nothing_to_say() -> None:
    async with driven() as one:
        await one.press("down", "f4")
        assert "No problems: payments-read is configured correctly" in one.text()


async def test_renewing_changes_one_row_in_place() -> None:
    clock = FixedClock(NOW)
    async with driven(FakeActions(clock=clock.now, gate=threading.Event()), clock=clock) as one:
        await one.press("down", "down")
        await one.press("r")
        await one.until(lambda: "↻ renewing" in one.text())
        rows, cursor = one.state.rows, one.state.cursor
        await one.press("f2", "f3")
        assert one.actions.gate is not None
        one.actions.gate.set()
        await one.until(lambda: "● 1 h 00 m" in one.text())
        assert "Renewed 1 session." in one.text()
        assert (one.state.rows, one.state.cursor) == (rows, cursor)
        assert one.actions.asked == [("renew", (("payments-dr",), False))]


async def test_renewing_may_ask_for_a_code_and_be_stopped() -> None:
    async with driven(FakeActions(code=CODE)) as one:
        await one.press("down", "f2")
        await one.dialog("MfaDialog")
        await one.press("escape")
        await one.until(lambda: one.state.busy == {})
        assert "Stopped." in one.text()
        await one.press("ctrl+r")
        await one.dialog("MfaDialog")
        await one.type(CODE)
        await one.press("enter")
        await one.until(lambda: "Renewed 1 session." in one.text())


async def test_renewing_all_tells_what_failed() -> None:
    refused = AwsDeniedError("AWS refused to renew.", why="Not authorized.")
    async with driven(FakeActions(renew_errors={"hub": refused})) as one:
        await one.press("R")
        await one.until(lambda: "Renewed 4 sessions. 1 failed." in one.text())
        assert one.actions.asked == [("renew", ((), True))]
        assert one.state.failures["hub"].what == "AWS refused to renew."
        await one.type("gateway")
        assert "AWS refused to renew." in one.text()


async def test_there_may_be_nothing_to_renew() -> None:
    async with driven(FakeActions(answer=replace(sample_listing(), sessions={}))) as one:
        await one.press("R")
        await one.until(lambda: "No sessions to renew." in one.text())


async def test_renewing_that_fails_as_a_whole_is_told() -> None:
    async with driven(
        FakeActions(errors={"renew": VaultLockedError("The keyring is locked.")})
    ) as one:
        await one.press("down", "f2")
        await one.until(lambda: "The keyring is locked." in one.text())
        assert one.state.busy == {}


async def test_a_failure_of_another_role_is_a_message() -> None:
    async with driven(
        FakeActions(
            gate=threading.Event(), errors={"renew": VaultLockedError("The keyring is locked.")}
        )
    ) as one:
        await one.press("down", "f2", "down", "down")
        assert one.actions.gate is not None
        one.actions.gate.set()
        await one.until(lambda: "✗ payments-read: The keyring is locked." in one.lines()[-1])


async def test_forgetting_asks_first() -> None:
    async with driven() as one:
        await one.press("down", "f3")
        await one.dialog("ForgetDialog")
        assert "xs-payments-read" in one.text()
        await one.press("n")
        await one.closed()
        assert one.actions.asked == []
        await one.press("f3")
        await one.dialog("ForgetDialog")
        await one.press("enter")
        await one.until(lambda: "Forgot payments-read: 1 session dropped." in one.text())
        assert "● 41 m" not in one.text()
        assert one.actions.asked == [("forget", (("payments-read",), False))]


async def test_forgetting_by_mouse_and_failing() -> None:
    async with driven(
        FakeActions(errors={"forget": VaultLockedError("The keyring is locked.")})
    ) as one:
        await one.press("down", "f3")
        await one.dialog("ForgetDialog")
        await one.pilot.click("#dialog-keys", offset=(1, 0))
        await one.until(lambda: "The keyring is locked." in one.text())
        assert "● 41 m" not in one.lines()[5] or "✗ failed" in one.text()


async def test_pinning_sets_the_star_where_the_role_is() -> None:
    async with driven() as one:
        await one.press("down")
        await one.press("p")
        await one.until(lambda: "payments-read" in one.state.pins)
        assert any(line.startswith("▌★") and "ReadOnly" in line for line in one.lines())
        assert "Pinned: payments-read." in one.text()
        await one.press("ctrl+t")
        await one.until(lambda: len(one.actions.asked) == 2)
        assert one.actions.asked == [
            ("pin", ("payments-read", True)),
            ("pin", ("payments-read", False)),
        ]


async def test_a_pin_that_is_not_kept_is_taken_back() -> None:
    async with driven(FakeActions(errors={"pin": RuntimeError("x")})) as one:
        await one.press("down", "f6")
        await one.until(lambda: "This is a bug in xswitch." in one.text())
        assert "payments-read" not in one.state.pins


async def test_copying_gives_the_terminal_our_own_line_only() -> None:
    async with driven() as one:
        await one.press("down", "f8")
        assert one.app.clipboard == "export AWS_PROFILE='xs-payments-read'"
        assert "Copied: export AWS_PROFILE='xs-payments-read'" in one.text()
        await one.press("home", "ctrl+y")
        assert "switch once to create that profile" in one.text()


async def test_a_name_that_cannot_be_pasted_safely_is_not_copied() -> None:
    role = make_role("x", "1" * 12, "R", managed_profile="xs-a\x1b[201~\nrm -rf ~")
    async with driven(FakeActions(answer=sample_listing(roles=(role,)))) as one:
        await one.press("f8")
        assert one.app.clipboard == ""
        assert "Not copied" in one.text()
    quoted = make_role("x", "1" * 12, "R", managed_profile="xs-it's")
    async with driven(FakeActions(answer=sample_listing(roles=(quoted,)))) as one:
        await one.press("f8")
        assert one.app.clipboard == "export AWS_PROFILE='xs-it'\\''s'"


async def test_a_guarded_role_keeps_its_colour_in_the_progress() -> None:
    listing = replace(
        sample_listing(), sessions={"payments-dr": session(SessionState.LIVE, 60, "k")}
    )
    async with driven(FakeActions(answer=listing, gate=threading.Event())) as one:
        await one.press("down", "down", "enter")
        await one.dialog("BusyDialog")
        assert one.app.screen.query_one("#frame").has_class("guard-yellow")


class Deaf:
    """A message target whose event loop has ended."""

    def post_message(self, message: object) -> bool:
        raise RuntimeError(message)


def test_a_stopped_job_asks_nothing_and_says_nothing() -> None:
    job = Job(work=lambda _job: None, done=lambda _result: None, failed=lambda _error: None)
    job.start(Deaf())
    job.stop()
    for call in (lambda: job.progress("x"), lambda: job.code(MfaChallenge("s", "p"))):
        try:
            call()
        except CancelledError:
            continue
        raise AssertionError


async def test_the_end_of_the_app_frees_whoever_waits_for_a_code() -> None:
    actions = FakeActions(code=CODE)
    async with driven(actions) as one:
        await one.press("down", "enter")
        await one.dialog("MfaDialog")
        job = next(iter(one.app._jobs))
        await one.press("ctrl+c")
    assert job.stopped
    assert actions.codes == []


async def test_another_day_is_named_in_the_detail() -> None:
    listing = sample_listing()
    sessions = {**listing.sessions, "payments-read": session(SessionState.LIVE, 20 * 3600, "a1")}
    async with driven(FakeActions(answer=replace(listing, sessions=sessions))) as one:
        await one.press("down")
        assert f"until {NOW + timedelta(hours=20):%a %H:%M}" in one.text()


async def test_the_console_link_is_copied_or_its_absence_explained(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with driven() as one:
        copied: list[str] = []
        monkeypatch.setattr(one.app, "copy_to_clipboard", copied.append)
        await one.type("payments-dr")
        await one.press("ctrl+o")
        await one.until(lambda: bool(copied))
        assert copied == [
            "https://signin.aws.amazon.com/switchrole?account=333333333333&roleName=Admin&displayName=payments-prod-dr&color=FAD791"
        ]
        await one.press("ctrl+u")
        await one.type("partner-x")
        await one.press("ctrl+o")
        await one.until(lambda: "external ID" in one.app.picker.keys.message)
    assert len(copied) == 1
