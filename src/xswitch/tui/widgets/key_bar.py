"""The line of keys at the bottom, also for the mouse.

For a few seconds it gives way to a message.
"""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from xswitch.tui.render.key_items import KeyBarItem, arrange_items, key_bar_line
from xswitch.tui.render.text import Line, truncate_line
from xswitch.tui.widgets.lines import base_style, palette_of, to_strip


class KeyBar(Widget):
    """Draws items; a click on one posts `Chosen`."""

    DEFAULT_CSS = "KeyBar { height: 1; width: 100%; }"
    ALLOW_SELECT = False

    class Chosen(Message):
        """An item was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(
        self,
        items: Sequence[KeyBarItem] = (),
        *,
        indent: int = 1,
        id: str | None = None,  # noqa: A002 -- Textual's own argument
    ) -> None:
        super().__init__(id=id)
        self._items: tuple[KeyBarItem, ...] = tuple(items)
        self._indent = indent
        self._message: Line = []

    def show(self, items: Sequence[KeyBarItem]) -> None:
        """These keys from now on."""
        if tuple(items) != self._items:
            self._items = tuple(items)
            self.refresh()

    def say(self, message: Line) -> None:
        """A message instead of the keys; an empty one brings them back."""
        if message != self._message:
            self._message = message
            self.refresh()

    @property
    def message(self) -> str:
        """The message being shown."""
        return "".join(text for text, _ in self._message)

    def line(self, width: int) -> Line:
        """What is drawn."""
        if self._message:
            return [(" ", "text"), *truncate_line(self._message, width - 2)]
        return key_bar_line(self._items, width, self._indent)

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 -- there is one line
        """The one line."""
        return to_strip(
            self.line(self.size.width), self.size.width, palette_of(self), base_style(self)
        )

    def on_click(self, event: events.Click) -> None:
        """The item under the mouse, or back to the keys when a message is shown."""
        event.stop()
        if self._message:
            self.say([])
            return
        for start, item in arrange_items(self._items, self.size.width, self._indent):
            if start <= event.x < start + item.width:
                self.post_message(self.Chosen(item.action))
                return
