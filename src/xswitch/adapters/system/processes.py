"""Run a user's command that prints a secret, with a time limit.

It gets no input and no controlling terminal (a prompt on /dev/tty fails at once instead of
waiting). Its standard error is discarded, because programs print tokens there.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence

from xswitch import core_dumps

_MAX_OUTPUT_BYTES = 256 * 1024
_CHUNK_BYTES = 16 * 1024


class CommandTimeoutError(Exception):
    """The command was still running, or its output still open, at the time limit."""


class OutputTooLargeError(Exception):
    """The command printed more than any credentials need."""


def split_command_line(command: str) -> list[str]:
    """Split a command line as botocore splits a credential_process, without a shell.

    Raises ValueError for an unclosed quote.
    """
    if os.name != "nt":
        return shlex.split(command)
    from botocore.compat import compat_shell_split  # noqa: PLC0415 -- 160 ms, only on Windows

    return list(compat_shell_split(command))


class CapturedCommand:
    """One running command. The constructor raises OSError if it can't be started."""

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str] | None, seconds: float
    ) -> None:
        if not words:
            raise FileNotFoundError(2, "the command is empty")
        self._deadline = time.monotonic() + seconds
        self._output = bytearray()
        with core_dumps.allowed_in_children():
            self._process = subprocess.Popen(
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env=None if environment is None else dict(environment),
                start_new_session=True,
            )

    def finish(self) -> tuple[int, bytes]:
        """Wait for the end; return exit status and standard output.

        Raises CommandTimeoutError, OutputTooLargeError, after stopping the command.
        """
        reader = threading.Thread(target=self._read, name="xswitch-reader", daemon=True)
        reader.start()
        try:
            reader.join(self._remaining())
            if len(self._output) > _MAX_OUTPUT_BYTES:
                raise OutputTooLargeError
            if reader.is_alive():
                raise CommandTimeoutError
            try:
                return self._process.wait(self._remaining()), bytes(self._output)
            except subprocess.TimeoutExpired:
                raise CommandTimeoutError from None
        finally:
            self.stop()
            reader.join(1)
            # A descendant in another session may still hold the pipe. Closing it while the reader
            # reads could give the reader an unrelated file with the same descriptor.
            if not reader.is_alive() and self._process.stdout is not None:
                self._process.stdout.close()

    def stop(self) -> None:
        """Kill the command and its descendants, if it is still running."""
        # A command that has ended may have left a process on purpose, such as an agent.
        if self._process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "nt":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _remaining(self) -> float:
        return max(0.0, self._deadline - time.monotonic())

    def _read(self) -> None:
        out = self._process.stdout
        with contextlib.suppress(OSError, ValueError):
            while (
                out is not None
                and len(self._output) <= _MAX_OUTPUT_BYTES
                and (piece := os.read(out.fileno(), _CHUNK_BYTES))
            ):
                self._output += piece
