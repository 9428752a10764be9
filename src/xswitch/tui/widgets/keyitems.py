"""The keys of the bar at the bottom, and where each of them stands. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from xswitch.tui.picker.keys import KEYS, shown
from xswitch.tui.render.text import Line, width_of

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


def bar(items: Sequence[Item], width: int, indent: int = 1) -> Line:
    """The line of these keys."""
    line: Line = []
    at = 0
    for start, item in arranged(items, width, indent):
        line += [(" " * (start - at), "text"), (item.key, "key"), (" ", "text"), (item.label, "muted")]
        at = start + item.width
    return line
