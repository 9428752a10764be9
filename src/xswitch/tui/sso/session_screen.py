"""The screen that adds an sso-session: form, review, and the keys for both."""

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

from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line
from xswitch.tui.sso import session_form as states
from xswitch.tui.sso.session_form import FIELDS, SessionFormState, SessionStage, review_lines
from xswitch.tui.widgets.form import FieldChanged, Form
from xswitch.tui.widgets.key_bar import KeyBar
from xswitch.tui.widgets.lines import Lines, ScrollingLines

_KEYS = tuple(field.key for field in FIELDS)
_WORKING_ITEMS = (KeyBarItem("esc", "stop", "back", right=True),)
_FORM_ITEMS = (
    KeyBarItem("⏎", "review", "go"),
    KeyBarItem("⇥", "next field", "next", 2),
    KeyBarItem("esc", "back to the list", "back", right=True),
)
_TITLES = {
    SessionStage.FORM: "Add an IAM Identity Center session",
    SessionStage.CHECKING: "Looking up the start URL",
    SessionStage.REVIEW: "Review changes to the AWS config",
    SessionStage.WRITING: "Writing",
}


class SessionScreen(Screen[str]):
    """Form and review of a new session.

    It is dismissed with the session's name once it's written, or None if the user left.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["../widgets/form.tcss", "session.tcss"]
    AUTO_FOCUS = "#field-name"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "go", show=False),
        Binding("escape", "back", "back", show=False),
        # With priority over the field, as in the setup
        Binding("down,tab", "next", "next field", show=False, priority=True),
        Binding("up,shift+tab", "previous", "field before", show=False, priority=True),
    ]

    class StepRequested(Message):
        """The user requested the next step ("go"), or to go "back"."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self) -> None:
        super().__init__()
        self.state = SessionFormState()
        self.form = Form(FIELDS, self.state.values)
        self.text = ScrollingLines(id="session-text")
        self.keys = KeyBar(_FORM_ITEMS, id="keys")
        self.head = Lines(self._title, id="session-title")
        self.failure = Lines(self._failure, id="session-failure")

    def compose(self) -> ComposeResult:
        """Yield the title, the form or the review, the failure, and the keys."""
        yield self.head
        yield self.form
        yield self.failure
        yield self.text
        yield self.keys

    def on_mount(self) -> None:
        """Show the empty form."""
        self.show(self.state)

    def update(self, change: Callable[[SessionFormState], SessionFormState]) -> None:
        """Change the state and draw it."""
        self.show(change(self.state))

    def show(self, state: SessionFormState) -> None:
        """Draw a state."""
        before, self.state = self.state, state
        form = state.stage in (SessionStage.FORM, SessionStage.CHECKING)
        self.form.display, self.text.display = form, not form
        self.failure.display = form and state.failure is not None
        self.form.show(_KEYS, state.field_errors)
        self.failure.show(self._failure)
        self.head.show(self._title)
        self.keys.show(self._items())
        if before.stage is not state.stage:
            if not form:
                self.set_focus(None)
            elif before.stage in (SessionStage.REVIEW, SessionStage.WRITING):
                self.set_focus(self.query_one("#field-name"))
        self._draw()
        if state.field_errors and not before.field_errors and state.stage is SessionStage.FORM:
            self.set_focus(self.query_one(f"#field-{next(iter(state.field_errors))}"))

    def _items(self) -> Sequence[KeyBarItem]:
        if self.state.working:
            return _WORKING_ITEMS
        if self.state.stage is SessionStage.FORM:
            return _FORM_ITEMS
        adding = self.state.adding
        go = "write, and sign in" if adding is not None and adding.edits else "sign in"
        return (KeyBarItem("⏎", go, "go"), KeyBarItem("esc", "back", "back", right=True))

    def _draw(self) -> None:
        width = self.text.scrollable_content_region.width or self.size.width - 3
        self.text.show(review_lines(self.state, width) if width > 0 else [])

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap for the new width."""
        self.call_after_refresh(self._draw)

    def _title(self, _width: int) -> list[Line]:
        working: Line = [("   ↻", "accent")] if self.state.working else []
        title = (_TITLES[self.state.stage], "accent")
        return [[(" xswitch ", "title"), ("  ", "text"), title, *working]]

    def _failure(self, width: int) -> list[Line]:
        return states.failure_text(self.state, width)

    def suggest_regions(self, regions: Sequence[str]) -> None:
        """Suggest regions in their field."""
        self.form.suggest({"region"}, regions)

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
        """Go back, or stop the look-up."""
        self.post_message(self.StepRequested("back"))

    def action_next(self) -> None:
        """Move to the next field, or scroll down."""
        self._move(1)

    def action_previous(self) -> None:
        """Move to the field before, or scroll up."""
        self._move(-1)

    def _move(self, steps: int) -> None:
        if self.state.stage is not SessionStage.FORM:
            self.text.scroll_relative(y=steps, animate=False)
        elif steps > 0:
            self.focus_next()
        else:
            self.focus_previous()
