"""The items of a key bar and their arrangement. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xswitch.tui.render.text import Line, width_of

_GAP = 2


@dataclass(frozen=True, slots=True)
class KeyBarItem:
    """A key in the key bar; `rank` as in `Key`, `right` for the one at the right end."""

    key: str
    label: str
    action: str
    rank: int = 0
    right: bool = False

    @property
    def width(self) -> int:
        """Its width in cells, without gaps."""
        return width_of([(self.key, ""), (self.label, "")]) + 1


def arrange_items(
    items: Sequence[KeyBarItem], width: int, indent: int = 1
) -> list[tuple[int, KeyBarItem]]:
    """Return the items that fit into `width` cells, each with its column.

    Items of the highest rank are dropped first.
    """
    visible = list(items)
    while visible and sum(item.width + _GAP for item in visible) > width:
        least_important = max(visible, key=lambda item: item.rank)
        if least_important.rank == 0:
            break
        visible.remove(least_important)
    positions: list[tuple[int, KeyBarItem]] = []
    column = indent
    for item in visible:
        start = width - item.width - indent if item.right else column
        positions.append((max(start, column), item))
        column = max(start, column) + item.width + _GAP
    return positions


def key_bar_line(items: Sequence[KeyBarItem], width: int, indent: int = 1) -> Line:
    """Return the line of a key bar."""
    line: Line = []
    column = 0
    for start, item in arrange_items(items, width, indent):
        line += [
            (" " * (start - column), "text"),
            (item.key, "key"),
            (" ", "text"),
            (item.label, "muted"),
        ]
        column = start + item.width
    return line
