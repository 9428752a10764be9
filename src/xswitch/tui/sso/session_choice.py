"""The dialog that asks which of several Identity Center sessions is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll

from xswitch.core.display import show_value
from xswitch.tui.dialogs.screens import Dialog
from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line, pad, truncate_line, width_of
from xswitch.tui.widgets.lines import Lines

_MAX_LABEL_WIDTH = 40


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session to choose: its label, and a note about its sign-in."""

    label: str
    note: str = ""


def choice_lines(rows: Sequence[SessionRow], cursor: int, width: int) -> list[Line]:
    """Return one line for each session, each of at most `width` cells."""
    labels = [show_value(row.label) for row in rows]
    column = min(max(width_of([(label, "")]) for label in labels), _MAX_LABEL_WIDTH)
    lines = []
    for position, (row, label) in enumerate(zip(rows, labels, strict=True)):
        selected = position == cursor
        line: Line = [
            ("▌ " if selected else "  ", "accent"),
            (pad(label, column), "bright" if selected else "text"),
            ("  ", "text"),
            (row.note, "muted"),
        ]
        lines.append(truncate_line(line, width))
    return lines


class SessionChoiceDialog(Dialog[str]):
    """Lists sessions. Enter dismisses it with the label under the cursor."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["../dialogs/dialogs.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "choose", show=False),
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("pageup,home", "move(-1000)", "first", show=False),
        Binding("pagedown,end", "move(1000)", "last", show=False),
    ]

    def __init__(self, title: str, verb: str, rows: Sequence[SessionRow]) -> None:
        super().__init__()
        self._title = title
        self._verb = verb
        self._rows = rows
        self._cursor = 0

    def body(self) -> ComposeResult:
        """Yield the sessions."""
        with VerticalScroll(id="text", can_focus=False):
            yield Lines(self._lines, id="sessions")

    def on_mount(self) -> None:
        """Set the title."""
        self.query_one("#frame").border_title = self._title

    def items(self) -> Sequence[KeyBarItem]:
        """Return choose, move, and cancel."""
        return (
            KeyBarItem("⏎", self._verb, "choose"),
            KeyBarItem("↑↓", "another one", "move(1)", 1),
            KeyBarItem("esc", "cancel", "cancel", right=True),
        )

    def _lines(self, width: int) -> list[Line]:
        return choice_lines(self._rows, self._cursor, width)

    def action_move(self, steps: int) -> None:
        """Move the cursor, and keep it visible."""
        self._cursor = min(max(self._cursor + steps, 0), len(self._rows) - 1)
        self.query_one("#sessions", Lines).show(self._lines)
        scroll = self.query_one("#text", VerticalScroll)
        top = round(scroll.scroll_y)
        lowest = self._cursor - scroll.size.height + 1
        scroll.scroll_to(y=min(max(top, lowest), self._cursor), animate=False)

    def action_choose(self) -> None:
        """Dismiss with the label under the cursor."""
        self.dismiss(self._rows[self._cursor].label)
