"""The full screen: which terminals have one, its size, and how it is entered and left.

Textual writes ANSI sequences for every TERM. On a terminal that doesn't take them, the command line
offers a numbered list (`cli/numbered_list.py`).
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
from collections.abc import Iterator, Mapping
from typing import Any

ENTER_ALT_SCREEN = "\x1b[?1049h"
LEAVE_ALT_SCREEN = "\x1b[?1049l"
REPORTS_OFF = (
    "\x1b[?1000l\x1b[?1003l\x1b[?1015l\x1b[?1006l\x1b[?1016l"  # mouse
    "\x1b[?1004l"  # focus
    "\x1b[?2004l"  # bracketed paste
)
# Without an alternate screen, as in GNU screen by default, in mosh, and where tmux's
# `alternate-screen` is off, the shell's prompt continues at the cursor. So the cursor goes to the
# last line of an empty screen; the alternate screen is dropped anyway.
_LAST_LINE = "\x1b[?2026l\x1b[0m\x1b[?7h\x1b[H\x1b[J\x1b[9999;1H"
_LEAVE_LIMIT_SECONDS = 2.0
LEAVE_SCREEN = f"{_LAST_LINE}{LEAVE_ALT_SCREEN}\x1b[?25h"

LEAVING_SIGNALS = tuple(
    signal.Signals[name]
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT")
    if name in signal.Signals.__members__
)
"""The signals that leave the screen as Escape does, and restore the terminal."""

# Beyond any real screen; a pseudo terminal can claim 65,535 in both directions.
_MAX_COLUMNS, _MAX_ROWS = 1000, 500
_DEFAULT_COLUMNS, _DEFAULT_ROWS = 80, 24

# Cursor movement to row 5, column 10 and erasing, as ANSI terminals do them (ECMA-48: CUP, HVP, ED,
# EL). terminfo adds delays as $<5>.
_ANSI_MOVE = re.compile(rb"\x1b\[0*5;0*10[Hf]")
_ANSI_ERASE = re.compile(rb"\x1b\[[0-2]?[JK]")
_DELAY = re.compile(rb"\$<[^>]*>")
# Terminals that machines without their terminfo entry meet over SSH.
_ANSI_NAMES = re.compile(
    r"(xterm|screen|tmux|rxvt|linux|ansi|alacritty|contour|cygwin|dtterm|eterm|foot|ghostty|gnome"
    r"|iterm2?|kitty|konsole|mintty|mlterm|ms|nsterm|putty|rio|st|teraterm|terminator|terminology"
    r"|vt[1-5]\d\d|vte|wezterm|xfce|zellij)([-.+].*)?",
    re.IGNORECASE,
)


def supports_full_screen(environ: Mapping[str, str], descriptor: int = 2) -> bool:
    """Return whether the terminal of TERM moves its cursor and erases by ANSI sequences.

    terminfo decides, by what the terminal can do; for a name it doesn't know, the name's family.
    """
    term = environ.get("TERM", "").strip()
    if not term:
        return False
    capabilities = _read_capabilities(term, descriptor)
    if capabilities is None:
        return _ANSI_NAMES.fullmatch(term) is not None
    move, *erase = (_DELAY.sub(b"", capability) for capability in capabilities)
    return bool(_ANSI_MOVE.fullmatch(move)) and any(_ANSI_ERASE.search(each) for each in erase)


def _read_capabilities(term: str, descriptor: int) -> list[bytes] | None:
    """Return `cup` to row 5, column 10, then `clear`, `ed`, and `el`; None if TERM is unknown."""
    try:
        import curses  # noqa: PLC0415 -- some builds of Python have none
    except ImportError:
        return None
    try:
        curses.setupterm(term, descriptor)
        move = curses.tigetstr("cup")
        return [
            curses.tparm(move, 4, 9) if move else b"",
            *(curses.tigetstr(name) or b"" for name in ("clear", "ed", "el")),
        ]
    except (curses.error, ValueError):
        return None


def can_report_mouse(environ: Mapping[str, str]) -> bool:
    """Return whether the terminal may report the mouse.

    GNU screen, while it reports the mouse, keeps an Escape to itself until the next key. Over SSH
    only TERM tells of it, by a name that an older tmux may share.
    """
    term = environ.get("TERM", "")
    if term.startswith("tmux"):
        return True
    return not environ.get("STY") and (not term.startswith("screen") or "TMUX" in environ)


def terminal_size(descriptor: int, environ: Mapping[str, str]) -> tuple[int, int]:
    """Return the terminal's columns and rows: at least 1, at most 1,000 and 500.

    COLUMNS and LINES count only where the terminal doesn't know its size: a shell exports them
    once, and they stay when the window changes.
    """
    try:
        columns, rows = os.get_terminal_size(descriptor)
    except OSError:
        columns = rows = 0
    columns = columns or _number(environ.get("COLUMNS", "")) or _DEFAULT_COLUMNS
    rows = rows or _number(environ.get("LINES", "")) or _DEFAULT_ROWS
    return min(columns, _MAX_COLUMNS), min(rows, _MAX_ROWS)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else 0  # noqa: PLR2004 -- a size has at most five digits


class FullScreen:
    """The terminal while the first frame and then Textual draw on all of it."""

    def __init__(self, descriptor: int = 2) -> None:
        self._descriptor = descriptor
        self.entered = False
        """Whether the alternate screen is on; set by the code that writes the sequence."""
        self.original_attributes: list[Any] | None = None
        """The terminal's termios attributes before the first frame changed them."""
        self.signal_received = False
        """Whether a signal asked to leave before Textual's driver handled signals."""

    def leave(self) -> None:
        """Restore the screen, the cursor, and colors, unless that is done."""
        if self.entered:
            self.entered = False
            # A terminal that takes nothing must not hold up the exit.
            writer = threading.Thread(target=self._write_leave, name="leave", daemon=True)
            writer.start()
            writer.join(_LEAVE_LIMIT_SECONDS)

    def _write_leave(self) -> None:
        with contextlib.suppress(OSError):  # the terminal is gone
            os.write(self._descriptor, LEAVE_SCREEN.encode())

    @contextlib.contextmanager
    def keys_wait(self, *, signals: bool) -> Iterator[None]:
        """Keep typed keys in the terminal, without echo, until Textual reads them.

        With `signals`, Ctrl-C interrupts; it is a key where the terminal sends no signals.
        """
        import termios  # noqa: PLC0415 -- there is none on Windows

        saved: list[Any] = termios.tcgetattr(self._descriptor)
        changed: list[Any] = [*saved[:6], list(saved[6])]
        changed[3] &= ~(termios.ECHO | termios.ICANON | (0 if signals else termios.ISIG))
        # A stop would leave the screen as it is.
        changed[6][termios.VSUSP] = bytes([os.fpathconf(self._descriptor, "PC_VDISABLE")])
        termios.tcsetattr(self._descriptor, termios.TCSANOW, changed)
        self.original_attributes = saved
        try:
            yield
        finally:
            with contextlib.suppress(termios.error):  # the terminal is gone
                termios.tcsetattr(self._descriptor, termios.TCSANOW, saved)
