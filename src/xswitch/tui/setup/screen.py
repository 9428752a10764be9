"""The setup screen: holds the state, draws it, and turns keys into requests for `flow`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar

from textual.binding import Binding, BindingType

from xswitch.core.display import display
from xswitch.tui import errors
from xswitch.tui.dialogs.form_screen import FormScreen
from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line
from xswitch.tui.setup import state as states
from xswitch.tui.setup.form import FIELDS, PROFILE_FIELDS, visible_fields
from xswitch.tui.setup.lines import setup_lines
from xswitch.tui.setup.state import SetupStage, SetupState

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


class SetupScreen(FormScreen[SetupState]):
    """Form, plan, progress, and result of a setup; dismissed with the new role profile's name."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [
        "../widgets/form.tcss",
        "../dialogs/form_screen.tcss",
    ]
    AUTO_FOCUS = "#field-source_profile"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "copy", "copy", show=False),
        Binding("t", "roll_back", "roll back", show=False),
        Binding("pagedown,space", "scroll(10)", "page down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
    ]

    class StepRequested(FormScreen.StepRequested):
        """The user requested an action: "go" (the next step), "back", "roll_back", or "copy"."""

    def __init__(self) -> None:
        super().__init__(SetupState(), FIELDS, _ITEMS[SetupStage.FORM])

    def show(self, state: SetupState) -> None:
        """Draw a state."""
        before, self.state = self.state, state
        form = state.stage in (SetupStage.FORM, SetupStage.PLANNING)
        self.form.display, self.text.display = form, not form
        visible_keys = {field.key for field in visible_fields(state.values)}
        self.form.show(visible_keys, state.field_errors)
        self.failure.display = form
        self.failure.show(self.failure_lines)
        self.head.show(self.title_lines)
        self.keys.show(_WORKING_ITEMS if state.working else _ITEMS[state.stage])
        if before.stage is not state.stage:
            self.text.scroll_to(y=0, animate=False)
            if not form:
                self.set_focus(None)
            elif before.stage not in (SetupStage.FORM, SetupStage.PLANNING):
                self.focus_next("#field-source_profile")
        self.draw_text()
        if state.field_errors and state.stage is SetupStage.FORM and not before.field_errors:
            self.set_focus(self.query_one(f"#field-{next(iter(state.field_errors))}"))

    def text_lines(self, width: int) -> list[Line]:
        """Return the plan, the progress, or the result."""
        return setup_lines(self.state, width)

    def title_lines(self, _width: int) -> list[Line]:
        """Return the title of the stage, with the progress of planning."""
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

    def failure_lines(self, width: int) -> list[Line]:
        """Return the failure of a plan."""
        failure = self.state.failure
        return (
            errors.failure_lines(failure, width)
            if failure is not None and self.state.stage is SetupStage.FORM
            else []
        )

    def suggest(self, profiles: Sequence[str]) -> None:
        """Suggest profile names in the form."""
        self.form.suggest(PROFILE_FIELDS, profiles)

    def show_message(self, text: str) -> None:
        """Show a message in place of the keys, until the next key."""
        self.keys.show_message([("✓ ", "live"), (display(text), "text")])

    def with_value(self, state: SetupState, key: str, value: str) -> SetupState:
        """Return a state with a field's new value."""
        return states.with_value(state, key, value)

    def in_form(self) -> bool:
        """Whether the form takes keys."""
        return self.state.stage is SetupStage.FORM

    def action_roll_back(self) -> None:
        """Roll back the applied changes."""
        if self.state.stage is SetupStage.STOPPED:
            self.post_message(self.StepRequested("roll_back"))

    def action_copy(self) -> None:
        """Copy the plan's command, or the console link."""
        if self.state.stage in (SetupStage.PLAN, SetupStage.DONE):
            self.post_message(self.StepRequested("copy"))
