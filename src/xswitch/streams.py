"""Standard streams that are closed, full, or without a reader.

The interpreter flushes stdout and stderr at exit, and a failure there changes the exit code to 120.
So the program flushes both first and leaves nothing for the interpreter.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

_OUTPUT_LOST = 1  # core.errors.ExitCode.BUG, without the import


def open_closed() -> None:
    """Open each closed standard descriptor on something that refuses reads or writes.

    Otherwise the next file the program opens would get its number.
    """
    for number, mode in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            # open() returns the lowest free number, which is this one
            os.set_inheritable(os.open(os.devnull, mode), True)
    # Streams for the whole process
    if sys.stdin is None:
        sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115
    if sys.stdout is None:
        sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # type: ignore[misc]  # noqa: SIM115
    if sys.stderr is None:
        stderr = open(2, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115
        sys.stderr = sys.__stderr__ = stderr  # type: ignore[misc]


def flush(stream: TextIO) -> OSError | None:
    """Flush a stream; if that fails, discard its buffer and return the error."""
    try:
        stream.flush()
    except OSError as error:
        _discard_buffer(stream)
        return error
    except KeyboardInterrupt:
        _discard_buffer(stream)
        raise
    return None


def flush_and_exit_code(code: int) -> int:
    """Flush both streams and return the exit code.

    It differs from `code` only if output was lost without any other sign of failure. A reader that
    closed its pipe has what it wanted.
    """
    lost = flush(sys.stdout)
    if lost is not None and not isinstance(lost, BrokenPipeError) and code == 0:
        code = _OUTPUT_LOST
        with suppress(OSError):
            sys.stderr.write(f"xswitch: Can't write to standard output: {lost.strerror}.\n")
    flush(sys.stderr)
    return code


def _discard_buffer(stream: TextIO) -> None:
    """Flush the buffer to nowhere, then restore the descriptor."""
    with suppress(OSError):
        number = stream.fileno()
        original = os.dup(number)
        try:
            devnull = os.open(os.devnull, os.O_WRONLY)
            os.dup2(devnull, number)
            os.close(devnull)
            stream.flush()
        finally:
            os.dup2(original, number)
            os.close(original)
