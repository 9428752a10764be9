"""The only module that writes stderr.

Words for people, made harmless, with the next command after every error.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

from xswitch.core.errors import TargetError, XswitchError
from xswitch.core.model import Problem
from xswitch.core.text import sanitize

_BOLD, _DIM, _RED, _YELLOW, _GREEN, _OFF = (
    "\x1b[1m",
    "\x1b[2m",
    "\x1b[31m",
    "\x1b[33m",
    "\x1b[32m",
    "\x1b[0m",
)
_MAX_LINE_LENGTH = 2_000
_MAX_DEFERRED_LINES = 10_000


class Stderr:
    """Writes to one stream.

    `colour` is decided by the caller (a terminal, and NO_COLOR not set).
    """

    def __init__(self, stream: TextIO, *, colour: bool = False) -> None:
        self._stream = stream
        self._use_color = colour
        self._held: deque[str] | None = None

    def say(self, text: str) -> None:
        """One line."""
        self._line(sanitize(text, limit=_MAX_LINE_LENGTH))

    def done(self, text: str) -> None:
        """One line of success."""
        self._line(self._paint(_GREEN, "✓ ") + sanitize(text, limit=_MAX_LINE_LENGTH))

    def hint(self, text: str) -> None:
        """One quieter line."""
        self._line(self._paint(_DIM, sanitize(text, limit=_MAX_LINE_LENGTH)))

    def debug(self, text: str) -> None:
        """One line of what is going on inside.

        While a screen is shown it waits for the end of that, and may come from any thread.
        """
        line = self._paint(_DIM, "debug: " + sanitize(text, limit=_MAX_LINE_LENGTH))
        if self._held is None:
            self._line(line)
        else:
            self._held.append(line)

    @contextmanager
    def defer_debug(self) -> Iterator[None]:
        """Keep the last lines of `debug` until this ends."""
        deferred: deque[str] = deque(maxlen=_MAX_DEFERRED_LINES)
        self._held = deferred
        try:
            yield
        finally:
            self._held = None
            for line in deferred:
                self._line(line)

    def warn(self, text: str) -> None:
        """One warning line."""
        self._line(self._paint(_YELLOW, "warning: ") + sanitize(text, limit=_MAX_LINE_LENGTH))

    def problem(self, problem: Problem) -> None:
        """A problem with its file and line, as compilers write them."""
        place = (
            f"{problem.file}:{problem.line}: "
            if problem.file and problem.line
            else f"{problem.file}: "
            if problem.file
            else ""
        )
        paint = {"error": _RED, "warning": _YELLOW, "info": _DIM}[problem.severity]
        self._line(
            sanitize(place)
            + self._paint(paint, f"{problem.severity}: ")
            + sanitize(f"{problem.message} [{problem.code}]", limit=_MAX_LINE_LENGTH)
        )

    def error(self, error: XswitchError) -> None:
        """What happened, why, and the next command."""
        self._line(
            self._paint(_RED + _BOLD, "xswitch: ") + sanitize(error.what, limit=_MAX_LINE_LENGTH)
        )
        if error.why:
            self._line("  " + sanitize(error.why, limit=_MAX_LINE_LENGTH))
        if isinstance(error, TargetError):
            for candidate in error.candidates[:20]:
                self._line("    " + sanitize(candidate, limit=_MAX_LINE_LENGTH))
        if error.next_step:
            self._line(
                self._paint(_DIM, "  next: ") + sanitize(error.next_step, limit=_MAX_LINE_LENGTH)
            )

    def one_line(self, error: XswitchError) -> None:
        """The same as one line, for callers that show only one (the AWS SDKs)."""
        parts = [error.what, error.why, f"Next: {error.next_step}" if error.next_step else ""]
        self._line(
            "xswitch: " + sanitize(" ".join(part for part in parts if part), limit=_MAX_LINE_LENGTH)
        )

    def _paint(self, codes: str, text: str) -> str:
        return f"{codes}{text}{_OFF}" if self._use_color else text

    def _line(self, text: str) -> None:
        with suppress(
            OSError
        ):  # where nobody can be told anything, what is done is done all the same
            self._stream.write(text + "\n")
            self._stream.flush()
