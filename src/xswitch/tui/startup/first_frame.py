"""The picker's first frame: drawn 200 ms before Textual is ready, without the detail pane.

Textual takes over the same screen, with the same rows in the same places (a test compares them).
Keys typed before that wait in the terminal until Textual reads them.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from rich.color import ColorSystem
from rich.style import Style

from xswitch.terminal import controls_this_process, write_text
from xswitch.tui.picker import state as states
from xswitch.tui.picker.keys import picker_key_items
from xswitch.tui.picker.layout import ROOMY_ROWS, choose_columns, list_size
from xswitch.tui.picker.lines import group_line, heading_line, notice_lines, role_line, title_line
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render import formatting
from xswitch.tui.render.key_items import key_bar_line
from xswitch.tui.render.palette import PALETTES, PLAIN, Palette, choose_palette
from xswitch.tui.render.text import Line, truncate_line, width_of
from xswitch.tui.startup.full_screen import (
    ENTER_ALT_SCREEN,
    LEAVING_SIGNALS,
    FullScreen,
    terminal_size,
)
from xswitch.tui.startup.preload import Preload, Preloaded

_PRELOAD_WAIT_SECONDS = 0.25
_MIN_SIZE = (20, 8)


@dataclass(frozen=True, slots=True)
class PositionedLine:
    """A line at a row of the screen.

    `width` is in cells, `background_color` a color of the palette. `selected` marks the cursor's
    row.
    """

    row: int
    line: Line
    width: int
    background_color: str = "background"
    selected: bool = False


def layout_frame(
    preloaded: Preloaded,
    environ: Mapping[str, str],
    now: datetime,
    size: tuple[int, int],
    notice: str = "",
) -> list[PositionedLine]:
    """Return the lines of the first frame on a screen of `size` (columns, rows).

    Returns no lines if there are no roles or the screen is too small.
    """
    columns, rows = size
    if not preloaded[0].listing.roles or columns < _MIN_SIZE[0] or rows < _MIN_SIZE[1]:
        return []
    data, matcher, widths = preloaded
    state = states.with_data(PickerState(), data, matcher.filter("").order)
    notice_rows = notice_lines(notice, columns - 2) if notice else []
    margin = 1 if rows >= ROOMY_ROWS else 0
    prompt = 1 + len(notice_rows) + margin
    top = prompt + 1 + margin
    width, height = list_size(columns, rows, rows - top - 1)
    # One column is for the scrollbar.
    list_columns = choose_columns(widths, width - 1, grouped=state.grouped)
    positioned = [PositionedLine(row, [], columns) for row in range(rows)]
    positioned[0] = PositionedLine(0, title_line(state, environ, now, columns), columns, "surface")
    for number, line in enumerate(notice_rows, 1):
        positioned[number] = PositionedLine(number, [(" ", "text"), *line], columns, "raised")
    positioned[prompt] = PositionedLine(
        prompt, [(" ", "text"), (formatting.PROMPT_SIGN, "accent")], columns
    )
    positioned[top] = PositionedLine(top, heading_line(list_columns), width)
    for number, row in enumerate(state.rows[: height - 1]):
        line = (
            group_line(state, row, width - 1)
            if row < 0
            else role_line(
                state, state.roles[row], list_columns, now, {}, selected=number == state.cursor
            )
        )
        positioned[top + 1 + number] = PositionedLine(
            top + 1 + number, line, width - 1, selected=number == state.cursor
        )
    positioned[-1] = PositionedLine(
        rows - 1, key_bar_line(picker_key_items(empty=True), columns), columns, "surface"
    )
    return positioned


def render_frame(
    positioned: list[PositionedLine], palette: Palette, color_system: ColorSystem
) -> str:
    """Return the lines as terminal output."""
    parts = ["\x1b[2J"]
    for item in positioned:
        base = Style(color=palette.colors["text"], bgcolor=palette.colors[item.background_color])
        line = truncate_line(item.line, item.width)
        spans = [*line, (" " * (item.width - width_of(line)), "text")]
        parts.append(f"\x1b[{item.row + 1};1H")
        for text, style_name in spans:
            style = (
                base + palette.style(style_name) + (palette.cursor if item.selected else Style())
            )
            parts.append(style.render(text, color_system=color_system))
    return "".join(parts)


def detect_color_system(environ: Mapping[str, str]) -> ColorSystem | None:
    """Return the terminal's color system as Rich detects it (console.py).

    Returns None if the terminal can't show the first frame.
    """
    term = environ.get("TERM", "").strip().lower()
    if term in {"", "dumb", "unknown"}:
        return None
    if environ.get("COLORTERM", "").strip().lower() in {"truecolor", "24bit"}:
        return ColorSystem.TRUECOLOR
    return (
        ColorSystem.EIGHT_BIT
        if term.rpartition("-")[2] in {"256color", "kitty"}
        else ColorSystem.STANDARD
    )


@contextlib.contextmanager
def draw_first_frame(
    preload: Preload, environ: Mapping[str, str], now: datetime, notice: str = "", terminal: int = 2
) -> Iterator[FullScreen]:
    """Draw the first frame if the data is ready in time.

    Yields the screen: it is entered if the frame was drawn. Afterwards the terminal is as before;
    Textual may have left the screen already.
    """
    screen = FullScreen(terminal)
    color_system = detect_color_system(environ)
    name = choose_palette("auto", environ)
    if color_system is None or name == PLAIN or os.name != "posix" or not os.isatty(terminal):
        yield screen
        return
    preload.wait(_PRELOAD_WAIT_SECONDS)
    preloaded = preload.take()
    positioned = (
        layout_frame(preloaded, environ, now, terminal_size(terminal, environ), notice)
        if preloaded is not None
        else []
    )
    if not positioned or preloaded is None:
        yield screen
        return
    palette = PALETTES[choose_palette(preloaded[0].listing.settings.theme, environ)]
    with screen.keys_wait(signals=controls_this_process(terminal)), _signals_leave(screen):
        try:
            screen.entered = True
            frame = render_frame(positioned, palette, color_system)
            write_text(terminal, ENTER_ALT_SCREEN + "\x1b[?25l" + frame)
            yield screen
        finally:
            screen.leave()


@contextlib.contextmanager
def _signals_leave(screen: FullScreen) -> Iterator[None]:
    """Leave on a signal as on Ctrl-C, and let a stop wait, until Textual's driver handles signals.

    Their default is to end or stop the process without restoring the terminal. An exception alone
    doesn't do: Python ignores it in a finalizer, and imports run many of them.
    """

    def interrupt(_number: int, _frame: object) -> None:
        screen.signal_received = True
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt)
        for number in LEAVING_SIGNALS
        if signal.getsignal(number) in {signal.SIG_DFL, signal.default_int_handler}
    }
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTSTP})
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})
