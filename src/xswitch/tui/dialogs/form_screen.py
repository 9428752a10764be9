"""A screen with a form, and a text in its place for the steps after it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, Generic, Protocol, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

from xswitch.tui.render.form_fields import FormField
from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line
from xswitch.tui.widgets.form import FieldChanged, Form
from xswitch.tui.widgets.key_bar import KeyBar
from xswitch.tui.widgets.lines import Lines, ScrollingLines


class FormState(Protocol):
    """The part of a screen's state that every form has."""

    @property
    def values(self) -> Mapping[str, str]:
        """The values by field."""
        ...

    @property
    def working(self) -> bool:
        """Whether a job is running."""
        ...


State = TypeVar("State", bound=FormState)


class FormScreen(Screen[str], Generic[State]):
    """Holds the state, and turns keys into requests for a flow. Subclasses draw the state.

    It is dismissed with the name of what was made, or None if the user left.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go", "go", show=False),
        Binding("escape", "back", "back", show=False),
        # With priority over the field: text typed right after such a key belongs to the next field,
        # and these keys would scroll the form.
        Binding("down,tab", "next", "next field", show=False, priority=True),
        Binding("up,shift+tab", "previous", "field before", show=False, priority=True),
    ]

    class StepRequested(Message):
        """The user requested an action: "go" (the next step), "back", or one of the subclass's."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(
        self, state: State, fields: Sequence[FormField], items: Sequence[KeyBarItem]
    ) -> None:
        super().__init__()
        self.state = state
        self.form = Form(fields, state.values)
        self.text = ScrollingLines(id="text")
        self.keys = KeyBar(items, id="keys")
        self.head = Lines(self.title_lines, id="title")
        self.failure = Lines(self.failure_lines, id="failure")

    def compose(self) -> ComposeResult:
        """Yield the title, the form or the text, the failure, and the keys."""
        yield self.head
        yield self.form
        yield self.failure
        yield self.text
        yield self.keys

    def on_mount(self) -> None:
        """Show the empty form."""
        self.show(self.state)

    def update(self, change: Callable[[State], State]) -> None:
        """Change the state and draw it."""
        self.show(change(self.state))

    def show(self, state: State) -> None:
        """Draw a state."""
        raise NotImplementedError

    def title_lines(self, width: int) -> list[Line]:
        """Return the title of the stage."""
        raise NotImplementedError

    def failure_lines(self, width: int) -> list[Line]:
        """Return the failure below the form."""
        raise NotImplementedError

    def text_lines(self, width: int) -> list[Line]:
        """Return the text of the stage, at most `width` cells wide."""
        raise NotImplementedError

    def with_value(self, state: State, key: str, value: str) -> State:
        """Return a state with a field's new value."""
        raise NotImplementedError

    def in_form(self) -> bool:
        """Whether keys move between fields, and not in the text."""
        raise NotImplementedError

    def draw_text(self) -> None:
        """Draw the text at the present width."""
        width = self.text.scrollable_content_region.width or self.size.width - 3
        self.text.show(self.text_lines(width) if width > 0 else [])

    def on_resize(self, _event: events.Resize) -> None:
        """Wrap for the new width."""
        self.call_after_refresh(self.draw_text)

    def on_field_changed(self, event: FieldChanged) -> None:
        """Take a field's new value."""
        event.stop()
        if self.state.values[event.key] != event.value:
            self.update(lambda state: self.with_value(state, event.key, event.value))

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

    def action_next(self) -> None:
        """Move to the next field, or scroll down."""
        self._move(1)

    def action_previous(self) -> None:
        """Move to the previous field, or scroll up."""
        self._move(-1)

    def _move(self, steps: int) -> None:
        if not self.in_form():
            self.action_scroll(steps)
        elif steps > 0:
            self.focus_next()
        else:
            self.focus_previous()

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.text.scroll_relative(y=lines, animate=False)
