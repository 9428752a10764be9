"""The line of keys at the bottom, also for the mouse; for a few seconds it gives way to a message."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from textual import events
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from xswitch.tui.keys import KEYS, shown
from xswitch.tui.lines import base_style, palette_of
from xswitch.tui.text import Line, fit, strip, width_of

_GAP = 2


@dataclass(frozen=True, slots=True)
class Item:
    """One key in the bar; `rank` as in `keys.Key`, `right` for the one at the right end."""

    key: str
    label: str
    action: str
    rank: int = 0
    right: bool = False

    @property
    def width(self) -> int:
        """Its cells, without what is around it."""
        return width_of([(self.key, ""), (self.label, "")]) + 1


def picker_items(*, empty: bool, back: bool = False) -> tuple[Item, ...]:
    """The picker's keys; `empty`: the filter is, so letters act; `back`: escape closes the detail first."""
    items = []
    for key in KEYS:
        text = shown(key, empty=empty)
        if key.rank is None or not text:
            continue
        leaving = key.action == "leave"
        items.append(Item(text, "back" if leaving and back else key.label, key.action, key.rank, right=leaving))
    return tuple(items)


def arranged(items: Sequence[Item], width: int, indent: int = 1) -> list[tuple[int, Item]]:
    """Which items fit into `width` cells and where each begins; the highest ranks are left out first."""
    kept = list(items)
    while kept and sum(item.width + _GAP for item in kept) > width:
        worst = max(kept, key=lambda item: item.rank)
        if worst.rank == 0:
            break
        kept.remove(worst)
    places: list[tuple[int, Item]] = []
    at = indent
    for item in kept:
        start = width - item.width - indent if item.right else at
        places.append((max(start, at), item))
        at = max(start, at) + item.width + _GAP
    return places


class KeyBar(Widget):
    """Draws items; a click on one posts `Chosen`."""

    DEFAULT_CSS = "KeyBar { height: 1; width: 100%; }"
    ALLOW_SELECT = False

    class Chosen(Message):
        """An item was clicked."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    def __init__(self, items: Sequence[Item] = (), *, indent: int = 1, id: str | None = None) -> None:  # noqa: A002 -- Textual's own argument
        super().__init__(id=id)
        self._items: tuple[Item, ...] = tuple(items)
        self._indent = indent
        self._message: Line = []

    def show(self, items: Sequence[Item]) -> None:
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
            return [(" ", "text"), *fit(self._message, width - 2)]
        line: Line = []
        at = 0
        for start, item in arranged(self._items, width, self._indent):
            line += [(" " * (start - at), "text"), (item.key, "key"), (" ", "text"), (item.label, "muted")]
            at = start + item.width
        return line

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 -- there is one line
        """The one line."""
        return strip(self.line(self.size.width), self.size.width, palette_of(self), base_style(self))

    def on_click(self, event: events.Click) -> None:
        """The item under the mouse, or back to the keys when a message is shown."""
        event.stop()
        if self._message:
            self.say([])
            return
        for start, item in arranged(self._items, self.size.width, self._indent):
            if start <= event.x < start + item.width:
                self.post_message(self.Chosen(item.action))
                return
