"""Run a command as if it ran in this process's place, while this process does something for it.

The child stays in this process's group: the terminal's keys (Ctrl-C, Ctrl-Z) and its window size
reach it without help, and the shell's job has both. Signals that were sent to this process alone
are passed on. When the child stops, so does this process, and both continue together.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import FrameType
from typing import NamedTuple, Self

from xswitch import core_dumps

_FROM_TERMINAL = ("SIGINT", "SIGQUIT", "SIGTSTP")
"""The terminal sends them to its whole foreground group, to the child too."""
_PASSED_ON = ("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGALRM", *_FROM_TERMINAL)
_NOTICED = ("SIGTTIN", "SIGTTOU")
"""Stop the child where it uses the terminal from the background; this process follows it."""
_NOTED = (*_PASSED_ON, *_NOTICED, "SIGCHLD")
_CHUNK_BYTES = 512
_SIGNALED = 128


class Command(NamedTuple):
    """A command: the path of its program, and its words, the first of which is its name."""

    program: str
    words: Sequence[str]


def exit_like(status: int) -> int:
    """Return the exit code for a command's status, or end by the signal that ended the command."""
    if status < 0 and sys.platform != "win32":
        with contextlib.suppress(OSError, ValueError, RuntimeError):
            signal.signal(-status, signal.SIG_DFL)  # not possible for SIGKILL, and not needed
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        signal.raise_signal(-status)
    return status if status >= 0 else _SIGNALED - status


def _note(number: int, frame: FrameType | None) -> None:
    """Do nothing: the number is in the pipe already."""


class Foreground:
    """Takes this process's signals for the block, in which it runs a command in its place.

    A signal can be delivered to any thread, so each one is noted in a pipe that the main thread
    reads. One that comes before the command waits for it: what the block has made is removed in
    its own time. Use it in the main thread.
    """

    def __init__(self) -> None:
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._writer, False)
        self._before: dict[int, signal.Handlers | int | object] = {}
        self._wakeup = -1

    def __enter__(self) -> Self:
        self._wakeup = signal.set_wakeup_fd(self._writer, warn_on_full_buffer=False)
        for name in _NOTED:
            number = getattr(signal, name, None)
            # A signal that is ignored here (by nohup, say) stays ignored in the child.
            if number is not None and (
                name == "SIGCHLD" or signal.getsignal(number) is not signal.SIG_IGN
            ):
                self._before[number] = signal.signal(number, _note)
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler or signal.SIG_DFL)  # type: ignore[arg-type]
        signal.set_wakeup_fd(self._wakeup)
        os.close(self._reader)
        os.close(self._writer)

    def run(self, command: Command, environ: Mapping[str, str]) -> int:
        """Run a command to its end; return its exit code, or minus the signal that killed it.

        Raises OSError if it can't be started.
        """
        with core_dumps.allowed_in_children():
            child = subprocess.Popen(
                command.words,
                executable=command.program,
                env=dict(environ),
                close_fds=False,
            )
        if sys.platform == "win32":  # the console sends Ctrl-C to both, and the child decides
            return child.wait()
        # The system has told it once, so `wait` can't find it out
        child.returncode = os.waitstatus_to_exitcode(self._wait(child.pid))
        return child.returncode

    def _wait(self, child: int) -> int:
        """Wait for the child's end; return its status as `waitpid` gives it."""
        while True:
            found, status = os.waitpid(child, os.WNOHANG | os.WUNTRACED)
            if not found:
                for number in os.read(self._reader, _CHUNK_BYTES):
                    self._pass_on(number, child)
            elif os.WIFSTOPPED(status):
                self._stop_too(os.WSTOPSIG(status), child)
            else:
                return status

    def _pass_on(self, number: int, child: int) -> None:
        name = signal.Signals(number).name
        if name in _PASSED_ON and not (name in _FROM_TERMINAL and _in_foreground()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(child, number)

    def _stop_too(self, number: int, child: int) -> None:
        """Stop, so that the shell has its prompt, until the shell continues the job."""
        # The key that stopped the child was noted here too; after `bg`, it would be passed on.
        while select.select([self._reader], [], [], 0)[0]:
            for noted in os.read(self._reader, _CHUNK_BYTES):
                if signal.Signals(noted).name not in _FROM_TERMINAL:
                    self._pass_on(noted, child)
        if number in self._before:
            # Where no shell could continue it, the system doesn't stop it.
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)
            signal.signal(number, _note)
        elif _in_foreground():
            signal.raise_signal(signal.SIGSTOP)
        else:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(child, signal.SIGCONT)


def _in_foreground() -> bool:
    """Whether the keys of a terminal send signals to this process's group."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
