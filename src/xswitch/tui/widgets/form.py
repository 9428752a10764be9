"""The widgets of a form: inputs, choices, and rows with a label and an error."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.message import Message
from textual.suggester import SuggestFromList
from textual.widgets import Input

from xswitch.core.display import display
from xswitch.tui.render.form_fields import FormField, Values
from xswitch.tui.render.text import Line, span, wrap
from xswitch.tui.widgets.input import PlainInput
from xswitch.tui.widgets.lines import Lines, SingleLine


class FieldChanged(Message):
    """A field has a new value."""

    def __init__(self, key: str, value: str) -> None:
        super().__init__()
        self.key = key
        self.value = value


class TextField(PlainInput):
    """An input of a form; the right arrow accepts a suggested text."""

    def __init__(self, field: FormField, value: str) -> None:
        super().__init__(value, placeholder=field.hint, id=f"field-{field.key}")
        self.field = field

    def on_input_changed(self, event: Input.Changed) -> None:
        """Report the new value to the screen."""
        event.stop()
        self.post_message(FieldChanged(self.field.key, event.value))


class Choice(SingleLine):
    """A few values side by side, chosen with the arrow keys, the space bar, or a click."""

    can_focus = True
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "before", show=False),
        Binding("right,space", "move(1)", "next", show=False),
    ]

    def __init__(self, field: FormField, value: str) -> None:
        super().__init__(id=f"field-{field.key}")
        self.field = field
        self.value = value

    def action_move(self, steps: int) -> None:
        """Choose another value, wrapping around."""
        values = [value for value, _ in self.field.choices]
        self._choose(values[(values.index(self.value) + steps) % len(values)])

    def _choose(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self.refresh()
            self.post_message(FieldChanged(self.field.key, value))

    def line(self, width: int) -> Line:  # noqa: ARG002 -- the values always have room
        """Return the values, the chosen one marked."""
        parts: Line = []
        for value, label in self.field.choices:
            sign: Line = (
                [("● ", "accent"), (label, "bright")]
                if value == self.value
                else [("○ ", "faint"), (label, "muted")]
            )
            parts += [*sign, ("   ", "text")]
        return parts

    def on_click(self, event: events.Click) -> None:
        """Choose the value under the mouse."""
        end = 0
        for value, label in self.field.choices:
            end += len(label) + 5
            if event.x < end:
                self._choose(value)
                return


class FieldRow(Vertical):
    """A field with its label, and its error below."""

    def __init__(self, field: FormField, value: str) -> None:
        super().__init__(id=f"row-{field.key}", classes="row")
        self.field = field
        self._value = value
        self._error = Lines(classes="error")

    def compose(self) -> ComposeResult:
        """Yield the label, the field, and the error."""
        with Horizontal(classes="line"):
            yield Lines(lambda _width: [[(self.field.label, "muted")]], classes="label")
            yield (
                Choice(self.field, self._value)
                if self.field.choices
                else TextField(self.field, self._value)
            )
        yield self._error

    def show_error(self, text: str) -> None:
        """Show an error; "" clears it."""
        self._error.show(
            lambda width: (
                wrap([("✗ ", "error"), span(text, "error")], width, hang=2) if text else []
            )
        )


class Form(VerticalScroll):
    """All fields by group; fields that don't apply are hidden."""

    can_focus = False

    def __init__(self, fields: Sequence[FormField], values: Values) -> None:
        super().__init__(id="form")
        self._fields = fields
        self._values = values

    def compose(self) -> ComposeResult:
        """Yield each group's heading and rows."""
        group = ""
        for field in self._fields:
            if field.group != group:
                group = field.group
                yield Lines(partial(_heading, group), classes="group")
            yield FieldRow(field, self._values[field.key])

    def show(self, visible_keys: Collection[str], errors: Mapping[str, str]) -> None:
        """Show the fields that apply, and their errors."""
        for row in self.query(FieldRow):
            row.display = row.field.key in visible_keys
            row.show_error(errors.get(row.field.key, ""))

    def suggest(self, keys: Collection[str], texts: Sequence[str]) -> None:
        """Suggest texts in some fields.

        Texts that must be sanitized are left out, since Textual draws suggestions as they are.
        """
        harmless = [text for text in texts if display(text) == text]
        for text_field in self.query(TextField):
            if text_field.field.key in keys:
                text_field.suggester = SuggestFromList(harmless)


def _heading(text: str, _width: int) -> list[Line]:
    return [[(text, "title")]]
