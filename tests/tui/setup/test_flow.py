from __future__ import annotations

import threading

import pytest

from support.access.fake_actions import LINK, FakeAccess
from support.tui.fake_actions import Driven, FakeActions, driven
from xswitch.core.errors import AwsDeniedError
from xswitch.tui.setup.screen import SetupScreen
from xswitch.tui.setup.state import SetupStage

DENIED = AwsDeniedError(
    "AWS does not allow iam:CreateRole.",
    why="User: … is not authorized to perform: iam:CreateRole",
    code="denied",
)


def screen_of(ui: Driven) -> SetupScreen:
    screen = ui.app.screen
    assert isinstance(screen, SetupScreen)
    return screen


async def filled(ui: Driven, **more: str) -> SetupScreen:
    """Open the form and fill it in by typing."""
    await ui.press("f10")
    await ui.dialog("SetupScreen")
    screen = screen_of(ui)
    values = {
        "source_profile": "people-admin",
        "who_name": "SwitchUser",
        "target_profile": "payments-admin",
        **more,
    }
    for key, value in values.items():
        field = screen.query_one(f"#field-{key}")
        field.focus()
        await ui.pilot.pause()
        await ui.type(value)
    return screen


async def test_from_the_form_to_the_new_role_in_the_list() -> None:
    access = FakeAccess(code="123456")
    async with driven(FakeActions(access=access), size=(130, 40)) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.PLAN)
        shown = ui.text()
        assert "Source: the users' account" in shown
        assert "Target: the role's account" in shown
        assert "create role SwitchRole" in shown
        assert "aws:MultiFactorAuthPresent" in shown
        assert "an hour at most" in shown
        await ui.press("enter")
        await ui.dialog("MfaDialog")
        await ui.type("123456")
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.DONE)
        assert "xs payments-read" in ui.text()
        assert LINK[:60] in ui.text()
        assert [step.state for step in screen.state.steps] == ["done", "done", "done"]
        await ui.press("enter")
        await ui.closed()
        await ui.until(lambda: ui.selected() == "payments-read")
    assert [name for name, _ in access.asked] == ["plan", "apply", "check"]


async def test_errors_are_shown_at_their_fields_without_a_call_to_aws() -> None:
    access = FakeAccess()
    async with driven(FakeActions(access=access)) as ui:
        await ui.press("f10")
        await ui.dialog("SetupScreen")
        await ui.press("enter")
        await ui.pilot.pause()
        assert "Set an admin profile" in ui.text()
        assert screen_of(ui).state.stage is SetupStage.FORM
        assert screen_of(ui).focused is screen_of(ui).query_one("#field-source_profile")
        await ui.type("people-admin")
        await ui.pilot.pause()
        assert "Set an admin profile" not in ui.text()
    assert access.asked == []


async def test_applied_changes_can_be_rolled_back_after_a_failed_step() -> None:
    access = FakeAccess(fail_at=1, error=DENIED)
    async with driven(FakeActions(access=access)) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.PLAN)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.STOPPED)
        assert "AWS does not allow iam:CreateRole." in ui.text()
        assert "1 change was made" in ui.text()
        await ui.press("t")
        await ui.until(lambda: screen.state.stage is SetupStage.PLAN)
        assert ("take_back", 1) in access.asked
        assert screen.state.steps[0].state == "taken_back"


async def test_applying_can_continue_after_a_failed_step() -> None:
    access = FakeAccess(fail_at=1, error=DENIED)
    async with driven(FakeActions(access=access)) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.PLAN)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.STOPPED)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.DONE)


async def test_escape_stops_between_two_changes_and_lists_the_applied_ones() -> None:
    access = FakeAccess(gate=threading.Event())
    async with driven(FakeActions(access=access)) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.PLAN)
        await ui.press("enter")
        await ui.until(lambda: bool(screen.state.steps) and screen.state.steps[0].state == "doing")
        await ui.press("escape")
        assert access.gate is not None
        access.gate.set()
        await ui.until(lambda: screen.state.stage is SetupStage.STOPPED)
        assert screen.state.apply_result is not None
        assert len(screen.state.apply_result.done) == 1
        assert "1 change was made" in ui.text()


async def test_a_check_that_fails_can_be_run_again() -> None:
    access = FakeAccess(check_errors=[DENIED])
    async with driven(FakeActions(access=access)) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.PLAN)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.CHECK_FAILED)
        assert "you can check again" in ui.text()
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.DONE)


async def test_a_plan_that_fails_leads_back_to_the_filled_form() -> None:
    access = FakeAccess(plan_error=DENIED)
    async with driven(FakeActions(access=access)) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.failure is not None)
        assert screen.state.stage is SetupStage.FORM
        assert "AWS does not allow iam:CreateRole." in ui.text()
        assert screen.state.values["who_name"] == "SwitchUser"


async def test_one_account_only_ends_with_the_command_for_the_other() -> None:
    access = FakeAccess()
    async with driven(FakeActions(access=access), size=(80, 40)) as ui:
        await ui.press("f10")
        await ui.dialog("SetupScreen")
        screen = screen_of(ui)
        for key, value in (
            ("source_profile", "people-admin"),
            ("who_name", "SwitchUser"),
            ("target_account", "222222222222"),
        ):
            screen.query_one(f"#field-{key}").focus()
            await ui.pilot.pause()
            await ui.type(value)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.PLAN)
        assert "for its administrator" in ui.text()
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.DONE)
        assert "xswitch access plan --format" in ui.text()
    assert "check" not in [name for name, _ in access.asked]


async def test_the_command_of_a_plan_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    access = FakeAccess()
    async with driven(FakeActions(access=access)) as ui:
        copied: list[str] = []
        monkeypatch.setattr(ui.app, "copy_to_clipboard", copied.append)
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.PLAN)
        await ui.press("y")
        await ui.until(lambda: bool(copied))
    assert copied[0].startswith("'xswitch' 'access' 'apply' 'SwitchRole'") or copied[0].startswith(
        "xswitch access apply SwitchRole"
    )


async def test_escape_leads_back_one_step_at_a_time() -> None:
    async with driven(FakeActions(access=FakeAccess())) as ui:
        screen = await filled(ui)
        await ui.press("enter")
        await ui.until(lambda: screen.state.stage is SetupStage.PLAN)
        await ui.press("escape")
        assert screen.state.stage is SetupStage.FORM
        assert screen.state.values["target_profile"] == "payments-admin"
        await ui.press("escape")
        await ui.closed()


async def test_choices_by_keys_and_arrows_between_fields() -> None:
    async with driven(FakeActions(access=FakeAccess())) as ui:
        await ui.press("f10")
        await ui.dialog("SetupScreen")
        screen = screen_of(ui)
        await ui.press("down", "down", "right")
        assert screen.state.values["who_kind"] == "group"
        await ui.press("left", "left")
        assert screen.state.values["who_kind"] == "account"
        assert screen.query_one("#row-who_name").display is False


async def test_the_arrows_go_from_field_to_field_on_a_low_screen_too() -> None:
    async with driven(FakeActions(access=FakeAccess()), size=(80, 24)) as ui:
        await ui.press("f10")
        await ui.dialog("SetupScreen")
        screen = screen_of(ui)
        await ui.type("a")
        await ui.press("down", "down", "down")
        await ui.type("b")
        await ui.press("down")
        await ui.type("c")
        assert [
            screen.state.values[key] for key in ("source_profile", "who_name", "target_profile")
        ] == ["a", "b", "c"]
        await ui.press("up")
        await ui.type("d")
        assert screen.state.values["who_name"] == "bd"
