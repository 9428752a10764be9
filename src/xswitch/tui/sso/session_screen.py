"""The screen that adds an sso-session: form, review, and the keys for both."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePath
from typing import ClassVar

from xswitch.tui.dialogs.form_screen import FormScreen
from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line
from xswitch.tui.sso import session_form as states
from xswitch.tui.sso.session_form import FIELDS, SessionFormState, SessionStage, review_lines

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


class SessionScreen(FormScreen[SessionFormState]):
    """Form and review of a new session; dismissed with its name once it's written."""

    CSS_PATH: ClassVar[list[str | PurePath]] = [
        "../widgets/form.tcss",
        "../dialogs/form_screen.tcss",
    ]
    AUTO_FOCUS = "#field-name"

    class StepRequested(FormScreen.StepRequested):
        """The user requested the next step ("go"), or to go "back"."""

    def __init__(self) -> None:
        super().__init__(SessionFormState(), FIELDS, _FORM_ITEMS)

    def show(self, state: SessionFormState) -> None:
        """Draw a state."""
        before, self.state = self.state, state
        form = state.stage in (SessionStage.FORM, SessionStage.CHECKING)
        self.form.display, self.text.display = form, not form
        self.failure.display = form and state.failure is not None
        self.form.show(_KEYS, state.field_errors)
        self.failure.show(self.failure_lines)
        self.head.show(self.title_lines)
        self.keys.show(self._items())
        if before.stage is not state.stage:
            if not form:
                self.set_focus(None)
            elif before.stage in (SessionStage.REVIEW, SessionStage.WRITING):
                self.set_focus(self.query_one("#field-name"))
        self.draw_text()
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

    def text_lines(self, width: int) -> list[Line]:
        """Return the review."""
        return review_lines(self.state, width)

    def title_lines(self, _width: int) -> list[Line]:
        """Return the title of the stage, with a sign while a job is running."""
        working: Line = [("   ↻", "accent")] if self.state.working else []
        title = (_TITLES[self.state.stage], "accent")
        return [[(" xswitch ", "title"), ("  ", "text"), title, *working]]

    def failure_lines(self, width: int) -> list[Line]:
        """Return the failure."""
        return states.failure_text(self.state, width)

    def with_value(self, state: SessionFormState, key: str, value: str) -> SessionFormState:
        """Return a state with a field's new value."""
        return states.with_value(state, key, value)

    def in_form(self) -> bool:
        """Whether the form takes keys."""
        return self.state.stage is SessionStage.FORM

    def suggest_regions(self, regions: Sequence[str]) -> None:
        """Suggest regions in their field."""
        self.form.suggest({"region"}, regions)
