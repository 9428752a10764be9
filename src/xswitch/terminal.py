"""The user's terminal: the controlling one, else the one on a standard descriptor.

`su USER -c`, `setsid`, and some containers start a program on a terminal that doesn't control it:
/dev/tty can't be opened, but descriptors 0, 1, and 2 still lead to the terminal. Often it can't be
opened by name either, because it belongs to another user.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

_CONTROLLING = "/dev/tty"
_WINDOWS_CONSOLE = ("CONIN$", "CONOUT$")
# Most programs take answers from stdin and ask on stderr.
_STANDARD_DESCRIPTORS = (0, 2, 1)
_READ_SIZE = 4096
_LONGEST_LINE = 65536
_CTRL_C = b"\x03"


@contextmanager
def open_terminal() -> Iterator[tuple[int, int]]:
    """Yield two descriptors of the user's terminal, one to read from and one to write to.

    Raises OSError if there is no terminal.
    """
    reader, writer = _open()
    try:
        yield reader, writer
    finally:
        for descriptor in (reader, writer):
            with suppress(OSError):
                os.close(descriptor)


@contextmanager
def open_for_questions() -> Iterator[tuple[int, int]]:
    """Yield two descriptors as `open_terminal` does, for `write_text` and `read_line`.

    Ctrl-C cancels also on a terminal that doesn't control this process and so sends no signals.
    """
    with open_terminal() as (reader, writer), _ctrl_c_ends_a_line(reader):
        yield reader, writer


def has_terminal() -> bool:
    """Return whether there is a terminal to ask the user on."""
    try:
        with open_terminal():
            return True
    except OSError:
        return False


def read_line(reader: int) -> str:
    """Return the next line that the user types, without its end.

    Raises EOFError at the end of input, and KeyboardInterrupt for Ctrl-C.
    """
    line = b""
    while not line.endswith(b"\n") and len(line) < _LONGEST_LINE:
        chunk = os.read(reader, _READ_SIZE)
        if _CTRL_C in chunk:
            raise KeyboardInterrupt
        if not chunk:
            break
        line += chunk
    if not line:
        raise EOFError
    return line.decode(errors="replace").rstrip("\r\n")


def write_text(writer: int, text: str) -> None:
    """Write all of `text`."""
    data = text.encode(errors="replace")
    while data:
        data = data[os.write(writer, data) :]


def controls_this_process(terminal: int) -> bool:
    """Return whether Ctrl-C on the terminal interrupts this process."""
    try:
        os.tcgetpgrp(terminal)
    except OSError:
        return False
    return True


def _open() -> tuple[int, int]:
    if os.name == "nt":
        return os.open(_WINDOWS_CONSOLE[0], os.O_RDWR), os.open(_WINDOWS_CONSOLE[1], os.O_RDWR)
    try:
        terminal = os.open(_CONTROLLING, os.O_RDWR | os.O_NOCTTY)
    except OSError:
        return _from_descriptors()
    if not os.isatty(terminal):  # a file in the place of the device
        os.close(terminal)
        return _from_descriptors()
    return terminal, os.dup(terminal)


def _from_descriptors() -> tuple[int, int]:
    terminals = [descriptor for descriptor in _STANDARD_DESCRIPTORS if os.isatty(descriptor)]
    if not terminals:
        raise OSError("no terminal")
    same = [descriptor for descriptor in terminals if _device(descriptor) == _device(terminals[0])]
    reader = _first_open_for(os.O_RDONLY, same)
    writer = _first_open_for(os.O_WRONLY, same[1:] + same[:1])
    if reader is not None and writer is not None:
        return os.dup(reader), os.dup(writer)
    terminal = os.open(os.ttyname(terminals[0]), os.O_RDWR | os.O_NOCTTY)
    return terminal, os.dup(terminal)


def _device(descriptor: int) -> int:
    return os.fstat(descriptor).st_rdev


def _first_open_for(mode: int, descriptors: Sequence[int]) -> int | None:
    """Return the first descriptor that was opened for reading or for writing."""
    import fcntl  # noqa: PLC0415 -- there is none on Windows

    for descriptor in descriptors:
        opened = fcntl.fcntl(descriptor, fcntl.F_GETFL) & (os.O_RDONLY | os.O_WRONLY | os.O_RDWR)
        if opened in {mode, os.O_RDWR}:
            return descriptor
    return None


@contextmanager
def _ctrl_c_ends_a_line(terminal: int) -> Iterator[None]:
    """Make Ctrl-C end a line where it sends no signal to this process, so that it can be read."""
    if os.name == "nt" or controls_this_process(terminal):
        yield
        return
    import termios  # noqa: PLC0415 -- there is none on Windows

    try:
        saved = termios.tcgetattr(terminal)
    except termios.error:  # not a terminal
        yield
        return
    changed: list[Any] = [*saved[:6], list(saved[6])]
    changed[3] &= ~termios.ISIG
    changed[6][termios.VEOL] = _CTRL_C
    termios.tcsetattr(terminal, termios.TCSANOW, changed)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(terminal, termios.TCSANOW, saved)
