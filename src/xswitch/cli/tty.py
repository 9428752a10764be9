"""The controlling terminal, for programs whose stdout a shell's `$( )` captures."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from xswitch import streams
from xswitch.core.display import display
from xswitch.core.errors import CancelledError, ErrorCode, UsageError

_TTY = "/dev/tty"
_STANDARD_DESCRIPTORS = (0, 1, 2)


def has_terminal() -> bool:
    """Return whether there is a controlling terminal to prompt on."""
    try:
        terminal = os.open(_TTY, os.O_RDWR | getattr(os, "O_NOCTTY", 0))
    except OSError:
        return False
    os.close(terminal)
    return True


@contextmanager
def controlling_terminal() -> Iterator[None]:
    """Point descriptors 0, 1, and 2 at the controlling terminal inside the block.

    Textual's inline mode gets the size wrong inside `$( )`, so the picker runs full screen on
    /dev/tty. Raises UsageError without a terminal.
    """
    if all(os.isatty(descriptor) for descriptor in _STANDARD_DESCRIPTORS):
        yield
        return
    try:
        terminal = os.open(_TTY, os.O_RDWR)
    except OSError:
        raise UsageError(
            "No terminal: the picker can't open.",
            next_step="xswitch switch TARGET (see: xswitch list)",
            code=ErrorCode.NO_TERMINAL,
        ) from None
    streams.flush(sys.stdout)
    streams.flush(sys.stderr)
    saved = [os.dup(descriptor) for descriptor in _STANDARD_DESCRIPTORS]
    try:
        for descriptor in _STANDARD_DESCRIPTORS:
            os.dup2(terminal, descriptor)
        yield
    finally:
        streams.flush(sys.stdout)
        streams.flush(sys.stderr)
        for descriptor, original in zip(_STANDARD_DESCRIPTORS, saved, strict=True):
            os.dup2(original, descriptor)
            os.close(original)
        os.close(terminal)


def ask_line(question: str) -> str:
    """Ask for one line on the controlling terminal, even if stdin and stdout are redirected.

    Raises CancelledError on Ctrl-C or end of input.
    """
    try:
        with open(_TTY, "r+b", buffering=0) as terminal:  # noqa: PTH123 -- a device, opened once
            terminal.write(display(question).encode())
            answer = b""
            while not answer.endswith(b"\n"):
                chunk = terminal.read(1024)
                if not chunk:
                    break
                answer += chunk
    except KeyboardInterrupt:
        raise CancelledError("Cancelled.") from None
    except OSError:
        raise UsageError("No terminal to prompt on.", code=ErrorCode.NO_TERMINAL) from None
    if not answer:
        raise CancelledError("Cancelled.")
    return answer.decode(errors="replace").strip()
