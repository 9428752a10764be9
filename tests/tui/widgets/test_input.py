"""Pasted and suggested text is one sanitized line in every input."""

from __future__ import annotations

import pytest
from textual import events
from textual.command import CommandPalette
from textual.widgets import Input

from support.access.fake_actions import FakeAccess
from support.tui.fake_actions import Driven, FakeActions, driven
from xswitch.tui.dialogs.screens import GuardDialog, MfaDialog

HOSTILE = "a\x1b]52;c;ZXZpbA==\x07\x9b31m\tb\u202ec"
SHOWN = "a␛]52;c;ZXZpbA==␇\ufffd31m b\ufffdc"


async def pasted(ui: Driven, text: str = HOSTILE) -> str:
    """Return the value of the focused input after a paste."""
    ui.app.post_message(events.Paste(text))
    await ui.pilot.pause()
    await ui.pilot.pause()
    line = ui.app.focused
    assert isinstance(line, Input)
    return line.value


async def test_into_the_filter() -> None:
    async with driven() as ui:
        assert await pasted(ui) == SHOWN


async def test_into_a_field_of_the_set_up() -> None:
    async with driven(FakeActions(access=FakeAccess())) as ui:
        await ui.press("f10")
        await ui.dialog("SetupScreen")
        assert await pasted(ui, f"{HOSTILE}\nand more") == SHOWN


async def test_into_the_command_palette() -> None:
    async with driven() as ui:
        await ui.press("ctrl+p")
        await ui.until(lambda: isinstance(ui.app.screen, CommandPalette))
        assert await pasted(ui) == SHOWN
        # The palette's search must not outlive the palette.
        await ui.app.workers.wait_for_complete()


async def test_into_a_dialog() -> None:
    async with driven(FakeActions(code="123456")) as ui:
        await ui.type("payments-prod admin")
        await ui.press("enter")
        await ui.dialog(GuardDialog.__name__)
        assert await pasted(ui) == SHOWN
        await ui.press("escape")
        await ui.closed()
        await ui.press("ctrl+u")
        await ui.type("lake-read")
        await ui.press("enter")
        await ui.dialog(MfaDialog.__name__)
        assert await pasted(ui, "12\x1b[2J3-4\x9b5 6") == "122345"


@pytest.mark.parametrize("copied", [HOSTILE, f"{HOSTILE}\n{HOSTILE}"])
async def test_pasting_the_apps_own_clipboard(copied: str) -> None:
    async with driven(FakeActions(access=FakeAccess())) as ui:
        ui.app.copy_to_clipboard(copied)
        await ui.press("f10")
        await ui.dialog("SetupScreen")
        await ui.press("ctrl+v")
        line = ui.app.focused
        assert isinstance(line, Input)
        assert line.value == copied.replace(HOSTILE, SHOWN).replace("\n", " ")


async def test_hostile_profile_names_are_not_suggested() -> None:
    profiles = {"evil\x1b[2J": None, "evil-too": None}
    async with driven(FakeActions(access=FakeAccess(), profiles=profiles)) as ui:  # type: ignore[arg-type] # the names are enough
        await ui.press("f10")
        await ui.dialog("SetupScreen")
        await ui.type("evil")
        await ui.until(lambda: "evil-too" in ui.text())
        await ui.press("right")
        line = ui.app.focused
        assert isinstance(line, Input)
        assert line.value == "evil-too"
