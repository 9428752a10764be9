"""A way through a program's screen: keys, and the output to wait for after each."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import pexpect

from support.tui.watched import Watched

_MARK = re.compile(rb"hx(\d{4})z")
MOMENT, A_WHILE = 0.02, 0.15
"""Seconds to wait after a key that scrolls, and after Escape or a letter that acts."""
_SEEN_WITHIN = 0.4
ESCAPE, CLEARED = "\x1b[27u", "type to filter"
"""Escape as newer terminals send it, and what the picker shows while its filter is empty.

The one byte that older terminals send counts as Alt and a key if another key follows before the
program has read it.
"""


def paste(text: str) -> str:
    """Return a paste as a terminal sends it."""
    return f"\x1b[200~{text}\x1b[201~"


def one_line(text: str) -> str:
    return text.translate({10: " ", 11: " ", 12: " ", 13: " "})


def together(texts: Sequence[str], how_many: int) -> list[str]:
    """Join the texts in groups, one line each."""
    return [one_line(" ".join(texts[at : at + how_many])) for at in range(0, len(texts), how_many)]


@dataclass
class Walk:
    """One way through the screen: keys, and the output to wait for after each."""

    one: Watched
    texts: Sequence[str]
    shown: dict[str, set[int]] = field(default_factory=dict)

    def press(self, *keys: str, wait: float = MOMENT) -> None:
        for key in keys:
            self._send(key)
            self._read(wait)

    def press_until(self, keys: str, *wanted: str) -> None:
        start = len(self.one.written)
        self._send(keys)
        self.one.until(*(what.encode() for what in wanted), start=start)

    def close(self) -> None:
        """Return to the picker, which redraws its empty filter."""
        self.press_until(ESCAPE, CLEARED)

    def put(self, text: str) -> bool:
        """Enter a text in the focused input, and return whether it was seen."""
        sent = text.encode("utf-8", "surrogateescape")
        start, last = len(self.one.written), _MARK.findall(sent)[-1]
        self._send(text)
        end = time.monotonic() + _SEEN_WITHIN
        while time.monotonic() < end:
            self._read(MOMENT)
            if b"hx%bz" % last in self.one.written[start:]:
                return True
        return False

    def _send(self, keys: str) -> None:
        self.one.child.send(keys.encode("utf-8", "surrogateescape"))

    def _read(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            try:
                self.one.written += self.one.child.read_nonblocking(65536, left)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                return

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count the output in this block under a name."""
        start = len(self.one.written)
        yield
        self._read(A_WHILE)
        self.shown.setdefault(name, set()).update(
            int(found) for found in _MARK.findall(self.one.written[start:])
        )
