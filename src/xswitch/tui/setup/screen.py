"""The setup screen: holds the state, draws it, and turns keys into requests for `flow`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from xswitch.core.display import display
from xswitch.tui.errors import failure_lines
from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line
from xswitch.tui.setup import state as states
from xswitch.tui.setup.form import FIELDS, PROFILE_FIELDS, visible_fields
from xswitch.tui.setup.lines import setup_lines
from xswitch.tui.setup.state import SetupStage, SetupState
from xswitch.tui.widgets.form import FieldChanged, Form
from xswitch.tui.widgets.key_bar import KeyBar
from xswitch.tui.widgets.lines import Lines, ScrollingLines

_BACK_ITEM = KeyBarItem("esc", "back", "back", right=True)
_ITEMS: dict[SetupStage, tuple[KeyBarItem, ...]] = {
    SetupStage.FORM: (
        KeyBarItem("⏎", "review changes", "go"),
        KeyBarItem("⇥", "next field", "next", 2),
        KeyBarItem("←→", "choose", "", 3),
        KeyBarItem("esc", "back to the list", "back", right=True),
    ),
    SetupStage.PLAN: (
        KeyBarItem("⏎", "apply", "go"),
        KeyBarItem("y", "copy the command", "copy", 2),
        KeyBarItem("↑↓", "scroll", "scroll(3)", 3),
        _BACK_ITEM,
    ),
    SetupStage.STOPPED: (
        KeyBarItem("⏎", "continue", "go"),
        KeyBarItem("t", "roll back", "roll_back"),
        KeyBarItem("esc", "leave as is", "back", right=True),
    ),
    SetupStage.CHECK_FAILED: (
        KeyBarItem("⏎", "check again", "go"),
        KeyBarItem("esc", "leave", "back", right=True),
    ),
    SetupStage.DONE: (
        KeyBarItem("⏎", "show it in the list", "go"),
        KeyBarItem("y", "copy the console link", "copy", 2),
        _BACK_ITEM,
    ),
}
_WORKING_ITEMS = (KeyBarItem("esc", "stop", "back", right=True),)
_TITLES = {
    SetupStage.FORM: "Set up a role to switch to",
    SetupStage.PLANNING: "Reading both accounts",
    SetupStage.PLAN: "Review changes",
    SetupStage.APPLYING: "Applying",
    SetupStage.STOPPED: "Stopped",
    SetupStage.ROLLING_BACK: "Rolling back",
    SetupStage.CHECKING: "Checking",
    SetupStage.CHECK_FAILED: "The check failed",
    SetupStage.DONE: "Done",
}


class SetupScreen(Screen[str]):
    """Form, plan, progress, and result of a setup.

    It is dismissed with the new role profile's name, or None if the user left.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["../widgets/form.tcss", "setup.tcss"]
    AUTO_FOCUS = "#field-source_profile"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "go", show=False),
        Binding("escape", "back", "back", show=False),
        Binding("y", "copy", "copy", show=False),
        Binding("t", "roll_back", "roll back", show=False),
        # With priority over the field: text typed right after such a key belongs to the next field,
        # and these keys would scroll the form.
        Binding("down,tab", "next", "next field", show=False, priority=True),
        Binding("up,shift+tab", "previous", "field before", show=False, priority=True),
        Binding("pagedown,space", "scroll(10)", "page down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
    ]

    class StepRequested(Message):
        """The user requested an action: "go" (the next step), "back", "roll_back", or "copy"."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        super().__init__()
        self.state = SetupState()
        self.form = Form(FIELDS, self.state.values)
        self.text = ScrollingLines(id="setup-text")
        self.keys = KeyBar(_ITEMS[SetupStage.FORM], id="keys")
        self.head = Lines(self._title, id="setup-title")
        self.failure = Lines(self._failure, id="setup-failure")

    def compose(self) -> ComposeResult:
        """Yield the title, the form or text, the failure, and the keys."""
        yield self.head
        yield self.form
        yield self.failure
        yield self.text
        yield self.keys

    def on_mount(self) -> None:
        """Show the empty form."""
        self.show(self.state)

    def update(self, change: Callable[[SetupState], SetupState]) -> None:
        """Change the state and draw it."""
        self.show(change(self.state))

    def show(self, state: SetupState) -> None:
        """Draw a state."""
        before, self.state = self.state, state
        form = state.stage in (SetupStage.FORM, SetupStage.PLANNING)
        self.form.display, self.text.display = form, not form
        visible_keys = {field.key for field in visible_fields(state.values)}
        self.form.show(visible_keys, state.field_errors)
        self.failure.display = form
        self.failure.show(self._failure)
        self.head.show(self._title)
        self.keys.show(_WORKING_ITEMS if state.working else _ITEMS[state.stage])
        if before.stage is not state.stage:
            self.text.scroll_to(y=0, animate=False)
            if not form:
                self.set_focus(None)
            elif before.stage not in (SetupStage.FORM, SetupStage.PLANNING):
                self.focus_next("#field-source_profile")
        self._draw()
        if state.field_errors and state.stage is SetupStage.FORM and not before.field_errors:
            self.set_focus(self.query_one(f"#field-{next(iter(state.field_errors))}"))

    def _draw(self) -> None:
        width = self.text.scrollable_content_region.width or self.size.width - 3
        self.text.show(setup_lines(self.state, width) if width > 0 else [])

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap for the new width."""
        self.call_after_refresh(self._draw)

    def _title(self, _width: int) -> list[Line]:
        progress: Line = (
            [("   ↻ ", "accent"), (display(self.state.progress), "muted")]
            if self.state.stage is SetupStage.PLANNING
            else []
        )
        return [
            [
                (" xswitch ", "title"),
                ("  ", "text"),
                (_TITLES[self.state.stage], "accent"),
                *progress,
            ]
        ]

    def _failure(self, width: int) -> list[Line]:
        failure = self.state.failure
        return (
            failure_lines(failure, width)
            if failure is not None and self.state.stage is SetupStage.FORM
            else []
        )

    def suggest(self, profiles: Sequence[str]) -> None:
        """Suggest profile names in the form."""
        self.form.suggest(PROFILE_FIELDS, profiles)

    def show_message(self, text: str) -> None:
        """Show a message in place of the keys, until the next key."""
        self.keys.show_message([("✓ ", "live"), (display(text), "text")])

    def on_field_changed(self, event: FieldChanged) -> None:
        """Take a field's new value."""
        event.stop()
        if self.state.values[event.key] != event.value:
            self.update(lambda state: states.with_value(state, event.key, event.value))

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Do the next step on Enter in a field."""
        event.stop()
        self.action_go()

    def action_go(self) -> None:
        """Do the next step."""
        if not self.state.working:
            self.post_message(self.StepRequested("go"))

    def action_back(self) -> None:
        """Go back, or stop the current step."""
        self.post_message(self.StepRequested("back"))

    def action_roll_back(self) -> None:
        """Roll back the applied changes."""
        if self.state.stage is SetupStage.STOPPED:
            self.post_message(self.StepRequested("roll_back"))

    def action_copy(self) -> None:
        """Copy the plan's command, or the console link."""
        if self.state.stage in (SetupStage.PLAN, SetupStage.DONE):
            self.post_message(self.StepRequested("copy"))

    def action_next(self) -> None:
        """Move to the next field, or scroll down."""
        self._move(1)

    def action_previous(self) -> None:
        """Move to the previous field, or scroll up."""
        self._move(-1)

    def _move(self, steps: int) -> None:
        if self.state.stage is not SetupStage.FORM:
            self.action_scroll(steps)
        elif steps > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.text.scroll_relative(y=lines, animate=False)
