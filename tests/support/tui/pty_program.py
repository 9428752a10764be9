"""A program on a pseudo terminal that may control it or not, with all its output."""

from __future__ import annotations

import array
import fcntl
import os
import pty
import select
import subprocess
import termios
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from support.tui.screen_model import ScreenModel

_PATIENCE = 30.0
_ALL = (0, 1, 2)


class PtyProgram:
    """A program that was started on a pseudo terminal of `size` (columns, rows).

    `on_terminal` are its standard descriptors that lead there; the others lead nowhere. `mode` is
    how they are opened. It isn't `controlling` for a program of `su USER -c`.
    """

    def __init__(
        self,
        words: Sequence[str],
        environ: Mapping[str, str],
        *,
        size: tuple[int, int] = (80, 24),
        controlling: bool = True,
        on_terminal: Sequence[int] = _ALL,
        mode: int = os.O_RDWR,
    ) -> None:
        self.size = size
        self.controller, self.terminal = pty.openpty()
        termios.tcsetwinsize(self.terminal, (size[1], size[0]))
        self.before = termios.tcgetattr(self.terminal)
        self.written = b""
        opened = os.open(os.ttyname(self.terminal), mode | os.O_NOCTTY)

        def take_terminal() -> None:
            if controlling:
                fcntl.ioctl(self.terminal, termios.TIOCSCTTY, 0)

        streams: list[Any] = [
            opened if number in on_terminal else subprocess.DEVNULL for number in _ALL
        ]
        self.process = subprocess.Popen(
            words,
            env=dict(environ),
            stdin=streams[0],
            stdout=streams[1],
            stderr=streams[2],
            start_new_session=True,
            preexec_fn=take_terminal,  # noqa: PLW1509 -- it only calls the kernel
        )
        os.close(opened)

    def read(self, seconds: float) -> bool:
        """Read once, and return whether there was output within some seconds."""
        if not select.select([self.controller], [], [], seconds)[0]:
            return False
        try:
            data = os.read(self.controller, 65536)
        except OSError:
            return False
        self.written += data
        return bool(data)

    def send(self, text: str) -> None:
        """Type."""
        os.write(self.controller, text.encode())

    def until(self, *wanted: bytes, start: int = 0) -> None:
        """Read until one of these is written after position `start`."""
        end = time.monotonic() + _PATIENCE
        while not any(what in self.written[start:] for what in wanted):
            ended = self.process.poll() is not None
            if not self.read(0.05):
                assert not ended, self.written[-2000:]
            assert time.monotonic() < end, self.written[-2000:]

    def quiet(self, seconds: float = 0.3) -> None:
        """Read until output pauses."""
        end = time.monotonic() + _PATIENCE
        while self.read(seconds):
            assert time.monotonic() < end, "output never pauses"

    def resize(self, columns: int, rows: int) -> None:
        """Change the terminal's size."""
        termios.tcsetwinsize(self.terminal, (rows, columns))

    def stopped(self) -> None:
        """Wait until a signal has stopped the program."""
        end = time.monotonic() + _PATIENCE
        while self._state() != "T":
            self.read(0.02)
            assert time.monotonic() < end, self._state()

    def ended(self) -> int:
        """Return the exit code after the program ends; negative for a signal."""
        end = time.monotonic() + _PATIENCE
        while self.process.poll() is None:
            self.read(0.02)
            assert time.monotonic() < end, f"it did not end: {self.written[-2000:]!r}"
        while self.read(0):
            pass
        return int(self.process.returncode)

    @property
    def attributes(self) -> list[Any]:
        """The terminal's present attributes."""
        return termios.tcgetattr(self.terminal)

    @property
    def typed_at_the_prompt(self) -> int:
        """How many bytes of input the next program would read."""
        attributes = termios.tcgetattr(self.terminal)
        attributes[3] &= ~termios.ICANON
        termios.tcsetattr(self.terminal, termios.TCSANOW, attributes)
        waiting = array.array("i", [0])
        fcntl.ioctl(self.terminal, termios.FIONREAD, waiting)
        return waiting[0]

    def model(self, *, alternate: bool = True) -> ScreenModel:
        """The screen after the output so far."""
        columns, rows = self.size
        model = ScreenModel(min(columns or 80, 1000), min(rows or 24, 500), alternate=alternate)
        model.feed(self.written)
        return model

    def close(self) -> None:
        """End it."""
        self.process.kill()
        for descriptor in (self.controller, self.terminal):
            with suppress(OSError):
                os.close(descriptor)
        self.process.wait(_PATIENCE)

    def _state(self) -> str:
        with open(f"/proc/{self.process.pid}/stat", encoding="utf-8") as file:  # noqa: PTH123 -- one line
            return file.read().rpartition(")")[2].split()[0]


@contextmanager
def pty_program(
    words: Sequence[str], environ: Mapping[str, str], **options: Any
) -> Iterator[PtyProgram]:
    """Yield a program on a pseudo terminal, and end it afterwards."""
    program = PtyProgram(words, environ, **options)
    try:
        yield program
    finally:
        program.close()
