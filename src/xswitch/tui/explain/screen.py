"""The screen that explains a failed switch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.screen import Screen

from xswitch.core.display import display
from xswitch.core.explain.model import Explanation
from xswitch.tui.explain.lines import explanation_panel
from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line
from xswitch.tui.widgets.key_bar import KeyBar
from xswitch.tui.widgets.lines import Lines, ScrollingLines

_ITEMS = (
    KeyBarItem("y", "copy the statement", "copy", 1),
    KeyBarItem("↑↓", "scroll", "scroll(3)", 2),
    KeyBarItem("esc", "back to the list", "back", right=True),
)


class ExplainScreen(Screen[None]):
    """The explanation of a failed switch; `copy` sets the terminal's clipboard."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["explain.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,e", "back", "back", show=False),
        Binding("y", "copy", "copy", show=False),
        Binding("down", "scroll(1)", "down", show=False),
        Binding("up", "scroll(-1)", "up", show=False),
        Binding("pagedown,space", "scroll(10)", "page down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
    ]

    def __init__(self, explanation: Explanation, copy: Callable[[str], None]) -> None:
        super().__init__()
        self.explanation = explanation
        self._copy = copy
        self.text = ScrollingLines(id="explain-text")
        self.keys = KeyBar(_ITEMS, id="keys")

    def compose(self) -> ComposeResult:
        """Title, text, keys."""
        yield Lines(self._title, id="explain-title")
        yield self.text
        yield self.keys

    def on_resize(self, _event: events.Resize) -> None:
        """Draw again for the new width."""
        self.call_after_refresh(self._draw)

    def _draw(self) -> None:
        width = self.text.scrollable_content_region.width
        self.text.show(explanation_panel(self.explanation, width) if width > 0 else [])

    def _title(self, _width: int) -> list[Line]:
        return [
            [
                (" xswitch ", "title"),
                ("  Why not  ", "accent"),
                (display(self.explanation.target), "bright"),
            ]
        ]

    def action_back(self) -> None:
        """Go back to the list."""
        self.dismiss(None)

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.text.scroll_relative(y=lines, animate=False)

    def action_copy(self) -> None:
        """Copy the statement of the nearest cause that has one."""
        statement = next(
            (cause.statement for cause in self.explanation.causes if cause.statement), ""
        )
        if statement and all(
            character.isprintable() or character == "\n" for character in statement
        ):
            self._copy(statement)
            self.keys.show_message([("✓ ", "live"), ("Copied the statement.", "text")])
        else:
            self.keys.show_message([("○ ", "muted"), ("No statement to copy.", "text")])
