"""A program on its own pseudo terminal, with all its output."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pexpect

_PATIENCE = 60.0


class Watched:
    """A program on a terminal, with all its output."""

    def __init__(self, words: list[str], environ: Mapping[str, str]) -> None:
        self.child: Any = pexpect.spawn(
            words[0], words[1:], env=dict(environ), dimensions=(50, 160), timeout=_PATIENCE
        )
        self.written = bytearray()

    def read(self, seconds: float) -> bool:
        """Read for some seconds, and return whether the terminal is still open."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            try:
                self.written += self.child.read_nonblocking(65536, 0.05)
            except pexpect.TIMEOUT:
                continue
            except pexpect.EOF:
                return False
        return True

    def until(self, *wanted: bytes, start: int = 0, seconds: float = _PATIENCE) -> None:
        """Read until one of these is written after position `start`, for `seconds` at most."""
        end = time.monotonic() + seconds
        while not any(what in self.written[start:] for what in wanted):
            # A program's last output may arrive together with its end.
            there = self.read(0.05) or any(what in self.written[start:] for what in wanted)
            assert there, self.written[-500:]
            assert time.monotonic() < end, self.written[-500:]

    def ended(self) -> int | None:
        """Return the exit code after the program ends; None if a signal ended it."""
        end = time.monotonic() + _PATIENCE
        while self.read(0.2):
            assert time.monotonic() < end, self.written[-500:]
        self.child.close()
        return None if self.child.exitstatus is None else int(self.child.exitstatus)


@contextmanager
def watched(words: list[str], environ: Mapping[str, str]) -> Iterator[Watched]:
    """Yield a program on a terminal, and end it afterwards."""
    program = Watched(words, environ)
    try:
        yield program
    finally:
        program.child.close(force=True)
