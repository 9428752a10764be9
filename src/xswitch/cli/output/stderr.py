"""The only module that writes stderr: messages for people, sanitized and without secrets."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TextIO

from xswitch.core.display import display
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
_WHITE_ON_BLACK = "\x1b[97;40m"
_REPLACE_LINE = "\r\x1b[K"
_MAX_LINE_LENGTH = 2_000
_MAX_DEFERRED_LINES = 10_000


class Stderr:
    """Writes messages to one stream, with color codes if `color`."""

    def __init__(self, stream: TextIO, *, color: bool = False) -> None:
        self._stream = stream
        self._use_color = color
        self.lost: OSError | None = None
        """The first error of a write, after which the user may have missed something."""
        self._deferred: deque[str] | None = None
        self._status = ""

    def say(self, text: str, *, verbatim: bool = False) -> None:
        """Write one line; one of a policy document is `verbatim`, which keeps codes in it."""
        shown = sanitize if verbatim else display
        self._line(shown(text, limit=_MAX_LINE_LENGTH))

    def done(self, text: str) -> None:
        """Write a success."""
        self._line(self._paint(_GREEN, "✓ ") + display(text, limit=_MAX_LINE_LENGTH))

    def hint(self, text: str) -> None:
        """Write a less prominent line."""
        self._line(self._paint(_DIM, display(text, limit=_MAX_LINE_LENGTH)))

    def debug(self, text: str) -> None:
        """Write a `--debug` line, or keep it while `defer_debug` is active; from any thread."""
        line = self._paint(_DIM, "debug: " + display(text, limit=_MAX_LINE_LENGTH))
        if self._deferred is None:
            self._line(line)
        else:
            self._deferred.append(line)

    @contextmanager
    def defer_debug(self) -> Iterator[None]:
        """Keep the last `debug` lines until the block ends: a screen occupies the terminal."""
        deferred: deque[str] = deque(maxlen=_MAX_DEFERRED_LINES)
        self._deferred = deferred
        try:
            yield
        finally:
            self._deferred = None
            for line in deferred:
                self._line(line)

    def warn(self, text: str) -> None:
        """Write a warning."""
        self._line(self._paint(_YELLOW, "warning: ") + display(text, limit=_MAX_LINE_LENGTH))

    def problem(self, problem: Problem) -> None:
        """Write a problem with its file and line, as compilers do."""
        line = f":{problem.line}" if problem.line else ""
        place = f"{problem.file}{line}: " if problem.file else ""
        paint = {"error": _RED, "warning": _YELLOW, "info": _DIM}[problem.severity]
        self._line(
            display(place)
            + self._paint(paint, f"{problem.severity}: ")
            + display(f"{problem.message} [{problem.code}]", limit=_MAX_LINE_LENGTH)
        )

    def error(self, error: XswitchError) -> None:
        """Write what failed, why, and the next step."""
        self._line(
            self._paint(_RED + _BOLD, "xswitch: ") + display(error.what, limit=_MAX_LINE_LENGTH)
        )
        if error.why:
            self._line("  " + display(error.why, limit=_MAX_LINE_LENGTH))
        if isinstance(error, TargetError):
            for candidate in error.candidates[:20]:
                self._line("    " + display(candidate, limit=_MAX_LINE_LENGTH))
        if error.next_step:
            self._line(
                self._paint(_DIM, "  next: ") + display(error.next_step, limit=_MAX_LINE_LENGTH)
            )

    def one_line(self, error: XswitchError) -> None:
        """Write an error as one line, for callers that show only one (the AWS SDKs)."""
        self._line(error_line(error))

    def status(self, text: str) -> None:
        """Write a line that the next line replaces, on a terminal only."""
        line = display(text, limit=_MAX_LINE_LENGTH)
        if line != self._status and self._stream.isatty():
            self._write(_REPLACE_LINE + self._paint(_DIM, line))
            self._status = line

    def clear_status(self) -> None:
        """Erase the line of `status`."""
        if self._status:
            self._status = ""
            self._write(_REPLACE_LINE)

    def picture(self, rows: Sequence[str]) -> None:
        """Draw rows of block characters white on black, on a terminal only."""
        if self._stream.isatty():
            for row in rows:
                self._line(self._paint(_WHITE_ON_BLACK, sanitize(row)))

    def copy(self, text: str) -> None:
        """Put a text into the clipboard (OSC 52), on a terminal only."""
        if self._stream.isatty():
            from base64 import b64encode  # noqa: PLC0415 -- few commands copy

            self._write(f"\x1b]52;c;{b64encode(text.encode()).decode()}\x07")

    def _paint(self, codes: str, text: str) -> str:
        return f"{codes}{text}{_OFF}" if self._use_color else text

    def _line(self, text: str) -> None:
        self.clear_status()
        self._write(text + "\n")

    def _write(self, text: str) -> None:
        try:
            self._stream.write(text)
            self._stream.flush()
        except OSError as error:  # a command must finish even if its messages can't be written
            self.lost = self.lost or error


def error_line(error: XswitchError) -> str:
    """Return an error as one line: what failed, why, and the next step."""
    parts = [error.what, error.why, f"Next: {error.next_step}" if error.next_step else ""]
    return "xswitch: " + display(" ".join(part for part in parts if part), limit=_MAX_LINE_LENGTH)
