"""The line of keys at the bottom of a screen, clickable; a message can replace it."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events

from xswitch.tui.render.key_items import KeyBarItem, arrange_items, key_bar_line
from xswitch.tui.render.text import Line, truncate_line
from xswitch.tui.widgets.lines import SingleLine


class KeyBar(SingleLine):
    """Draws key items, or a message; a click on an item runs its action on the screen."""

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
        """Show these keys."""
        self._items = tuple(items)
        self.tick()

    def show_message(self, message: Line) -> None:
        """Show a message in place of the keys; an empty one brings the keys back."""
        self._message = message
        self.tick()

    def line(self, width: int) -> Line:
        """Return the message, else the keys."""
        if self._message:
            return [(" ", "text"), *truncate_line(self._message, width - 2)]
        return key_bar_line(self._items, width, self._indent)

    async def on_click(self, event: events.Click) -> None:
        """Run the action of the item under the mouse; a click on a message removes it."""
        event.stop()
        if self._message:
            self.show_message([])
            return
        for start, item in arrange_items(self._items, self.size.width, self._indent):
            if item.action and start <= event.x < start + item.width:
                await self.screen.run_action(item.action)
                return
