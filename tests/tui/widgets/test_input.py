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


async def pasted(one: Driven, text: str = HOSTILE) -> str:
    """Return the value of the focused input after a paste."""
    one.app.post_message(events.Paste(text))
    await one.pilot.pause()
    await one.pilot.pause()
    line = one.app.focused
    assert isinstance(line, Input)
    return line.value


async def test_into_the_filter() -> None:
    async with driven() as one:
        assert await pasted(one) == SHOWN


async def test_into_a_field_of_the_set_up() -> None:
    async with driven(FakeActions(access=FakeAccess())) as one:
        await one.press("f10")
        await one.dialog("SetupScreen")
        assert await pasted(one, f"{HOSTILE}\nand more") == SHOWN


async def test_into_the_command_palette() -> None:
    async with driven() as one:
        await one.press("ctrl+p")
        await one.until(lambda: isinstance(one.app.screen, CommandPalette))
        assert await pasted(one) == SHOWN
        # The palette's search must not outlive the palette.
        await one.app.workers.wait_for_complete()


async def test_into_a_dialog() -> None:
    async with driven(FakeActions(code="123456")) as one:
        await one.type("payments-prod admin")
        await one.press("enter")
        await one.dialog(GuardDialog.__name__)
        assert await pasted(one) == SHOWN
        await one.press("escape")
        await one.closed()
        await one.press("ctrl+u")
        await one.type("lake-read")
        await one.press("enter")
        await one.dialog(MfaDialog.__name__)
        assert await pasted(one, "12\x1b[2J3-4\x9b5 6") == "122345"


@pytest.mark.parametrize("copied", [HOSTILE, f"{HOSTILE}\n{HOSTILE}"])
async def test_what_was_copied_here(copied: str) -> None:
    async with driven(FakeActions(access=FakeAccess())) as one:
        one.app.copy_to_clipboard(copied)
        await one.press("f10")
        await one.dialog("SetupScreen")
        await one.press("ctrl+v")
        line = one.app.focused
        assert isinstance(line, Input)
        assert line.value == copied.replace(HOSTILE, SHOWN).replace("\n", " ")


async def test_no_name_is_offered_that_would_speak_to_the_terminal() -> None:
    profiles = {"evil\x1b[2J": None, "evil-too": None}
    async with driven(FakeActions(access=FakeAccess(), profiles=profiles)) as one:  # type: ignore[arg-type] # the names are enough
        await one.press("f10")
        await one.dialog("SetupScreen")
        await one.type("evil")
        await one.until(lambda: "evil-too" in one.text())
        await one.press("right")
        line = one.app.focused
        assert isinstance(line, Input)
        assert line.value == "evil-too"
