"""The standard streams where they are closed, full, or read by nobody.

The interpreter flushes stdout and stderr once more at its end, and where that fails it makes the exit code 120, whatever it was to be.
So nothing is left for it to flush.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from typing import TextIO

_LOST = 1  # core.errors.ExitCode.BUG: what was asked for is not where it was asked to be


def open_closed() -> None:
    """Give a standard descriptor that is closed to something that can't be used: else it would be that of the next file opened.

    Writing to it fails, as it does to a closed one.
    """
    for number, ways in enumerate((os.O_WRONLY, os.O_RDONLY, os.O_RDONLY)):
        try:
            os.fstat(number)
        except OSError:
            os.set_inheritable(
                os.open(os.devnull, ways), True
            )  # the lowest number that is free, so this one
    if sys.stdin is None:
        sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115 -- a descriptor, for the whole process
    if sys.stdout is None:
        sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # type: ignore[misc]  # noqa: SIM115 -- the same
    if sys.stderr is None:
        sys.stderr = sys.__stderr__ = open(2, "w", errors="backslashreplace", closefd=False)  # type: ignore[misc]  # noqa: SIM115 -- the same


def flush(stream: TextIO) -> OSError | None:
    """Have what waits in a stream written; where it can't be, let go of it, and return what was in the way."""
    try:
        stream.flush()
    except OSError as error:
        _let_go(stream)
        return error
    except KeyboardInterrupt:
        _let_go(stream)
        raise
    return None


def settled(code: int) -> int:
    """The exit code of a program that ends with `code`: another one only where what it wrote to stdout is lost and nothing said so.

    A reader of stdout that left has what it wanted.
    """
    lost = flush(sys.stdout)
    if lost is not None and not isinstance(lost, BrokenPipeError) and code == 0:
        code = _LOST
        with suppress(OSError):
            sys.stderr.write(
                f"xswitch: What was asked for can't be written to standard output: {lost.strerror}.\n"
            )
    flush(sys.stderr)
    return code


def _let_go(stream: TextIO) -> None:
    """Write what waits to nowhere; the descriptor is as it was afterwards."""
    with suppress(OSError):
        number = stream.fileno()
        kept = os.dup(number)
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, number)
            os.close(nowhere)
            stream.flush()
        finally:
            os.dup2(kept, number)
            os.close(kept)
