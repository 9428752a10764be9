"""The picker's first picture, on the terminal 200 ms before Textual is: the rows, what stands around them, and not yet the detail.

Textual takes over on the same screen, with the same rows at the same places (a test compares them). Until then keys wait in the terminal,
unseen, for it to read them.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from rich.color import ColorSystem
from rich.style import Style

from xswitch.core.text import clean
from xswitch.tui.picker import state as states
from xswitch.tui.picker.columns import layout
from xswitch.tui.picker.rows import group_line, heading_line, role_line
from xswitch.tui.picker.state import PickerState
from xswitch.tui.picker.title import title
from xswitch.tui.render import formatting
from xswitch.tui.render.palette import PALETTES, PLAIN, Palette, choose
from xswitch.tui.render.text import Line, fit, width_of, wrap
from xswitch.tui.startup.preload import Early, Read
from xswitch.tui.widgets.keyitems import bar, picker_items

SIDE_COLUMNS = 100
BELOW_ROWS = 36
ROOMY_ROWS = 27
ENTER = "\x1b[?1049h"
_LEAVE = "\x1b[?1049l\x1b[?25h"
_PATIENCE_SECONDS = 0.25
_SMALLEST = (20, 8)


@dataclass(frozen=True, slots=True)
class Placed:
    """A line from a row of the screen's left edge on, `width` cells wide, on a colour of the palette; `selected`: the cursor is on it."""

    row: int
    line: Line
    width: int
    ground: str = "background"
    selected: bool = False


def frame(read: Read, environ: Mapping[str, str], now: datetime, size: tuple[int, int], notice: str = "") -> list[Placed]:
    """The lines of the first picture on a screen of `size` (columns, rows), none where there is no role or no room."""
    columns, rows = size
    if not read[0].listing.roles or columns < _SMALLEST[0] or rows < _SMALLEST[1]:
        return []
    what, matcher, widths = read
    state = states.with_reading(PickerState(), what, matcher.filter("").order)
    told = notice_lines(notice, columns - 2) if notice else []
    margin = 1 if rows >= ROOMY_ROWS else 0
    prompt = 1 + len(told) + margin
    top = prompt + 1 + margin
    width, height = _list_size(columns, rows, rows - top - 1)
    layouted = layout(widths, width - 1, grouped=state.grouped)  # a column is the scroll bar's
    placed = [Placed(row, [], columns) for row in range(rows)]
    placed[0] = Placed(0, title(state, environ, now, columns), columns, "surface")
    for number, line in enumerate(told, 1):
        placed[number] = Placed(number, [(" ", "text"), *line], columns, "raised")
    placed[prompt] = Placed(prompt, [(" ", "text"), (formatting.PROMPT, "accent")], columns)
    placed[top] = Placed(top, heading_line(layouted), width)
    for number, row in enumerate(state.rows[: height - 1]):
        line = (
            group_line(state, row, width - 1)
            if row < 0
            else role_line(state, state.roles[row], layouted, now, {}, selected=number == state.cursor)
        )
        placed[top + 1 + number] = Placed(top + 1 + number, line, width - 1, selected=number == state.cursor)
    placed[-1] = Placed(rows - 1, bar(picker_items(empty=True), columns), columns, "surface")
    return placed


def notice_lines(notice: str, width: int) -> list[Line]:
    """The notice under the title."""
    return wrap([("◆ ", "accent"), (clean(notice), "text")], width, hang=2)


def _list_size(columns: int, rows: int, body: int) -> tuple[int, int]:
    """The room of headings and list, where the detail takes its own as picker.tcss gives it."""
    if columns >= SIDE_COLUMNS:
        return columns - min(66, max(40, columns * 41 // 100)), body
    return columns, body - body * 48 // 100 if rows >= BELOW_ROWS else body


def drawn(placed: list[Placed], palette: Palette, colours: ColorSystem) -> str:
    """The lines as a terminal takes them."""
    parts = ["\x1b[2J"]
    for one in placed:
        base = Style(color=palette.colours["text"], bgcolor=palette.colours[one.ground])
        line = fit(one.line, one.width)
        spans = [*line, (" " * (one.width - width_of(line)), "text")]
        parts.append(f"\x1b[{one.row + 1};1H")
        for text, meaning in spans:
            style = base + palette.style(meaning) + (palette.cursor if one.selected else Style())
            parts.append(style.render(text, color_system=colours))
    return "".join(parts)


def colour_system(environ: Mapping[str, str]) -> ColorSystem | None:
    """What the terminal is taken to be able to show, as rich takes it (console.py); None for too little to begin with."""
    term = environ.get("TERM", "").strip().lower()
    if term in {"", "dumb", "unknown"}:
        return None
    if environ.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"}:
        return ColorSystem.TRUECOLOR
    return ColorSystem.EIGHT_BIT if term.rpartition("-")[2] in {"256color", "kitty"} else ColorSystem.STANDARD


@contextlib.contextmanager
def painted(early: Early, environ: Mapping[str, str], now: datetime, notice: str = "", terminal: int = 2) -> Iterator[bool]:
    """Paint on this descriptor, if that can be done at once, and say whether it was; the terminal's modes are as before afterwards."""
    colours = colour_system(environ)
    name = choose("auto", environ)
    if colours is None or name == PLAIN or os.name != "posix" or not os.isatty(terminal):
        yield False
        return
    early.wait(_PATIENCE_SECONDS)
    read = early.take()
    size = os.get_terminal_size(terminal)
    placed = frame(read, environ, now, (size.columns, size.lines), notice) if read is not None else []
    if not placed or read is None:
        yield False
        return
    palette = PALETTES[choose(read[0].listing.settings.theme, environ)]
    with _unseen_keys(terminal):
        os.write(terminal, (ENTER + "\x1b[?25l" + drawn(placed, palette, colours)).encode())
        try:
            yield True
        except BaseException:
            with contextlib.suppress(OSError):
                os.write(terminal, _LEAVE.encode())
            raise


@contextlib.contextmanager
def _unseen_keys(terminal: int) -> Iterator[None]:
    """What is typed before Textual listens waits unechoed; Ctrl-C still interrupts."""
    import termios  # noqa: PLC0415 -- there is none on Windows

    before: list[Any] = termios.tcgetattr(terminal)
    quiet = list(before)
    quiet[3] &= ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(terminal, termios.TCSANOW, quiet)
    try:
        yield
    finally:
        with contextlib.suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(terminal, termios.TCSANOW, before)
