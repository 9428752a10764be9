"""Runs a command of the user's that prints a secret.

Nobody to ask, a bounded time, nothing it says kept or shown.

Its standard input is empty, it has no controlling terminal (a prompt on /dev/tty fails at once
instead of waiting), and its standard error is dropped: programs print tokens there, and no filter
knows them all.
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

_MAX_OUTPUT_BYTES = 256 * 1024
_CHUNK_BYTES = 16 * 1024


class CommandTimeoutError(Exception):
    """The command was still running, or its output still open, when its time was up."""


class OutputTooLargeError(Exception):
    """The command printed more than any answer needs."""


def split_command_line(command: str) -> list[str]:
    """A command line as words, as botocore splits a credential_process: no shell.

    Raises ValueError for an open quote.
    """
    if os.name != "nt":
        return shlex.split(command)
    # Only there, and it imports botocore
    from botocore.compat import compat_shell_split  # noqa: PLC0415

    return list(compat_shell_split(command))


class CapturedCommand:
    """One running command. Raises OSError from the constructor when it can't be started."""

    def __init__(
        self, words: Sequence[str], environment: Mapping[str, str] | None, seconds: float
    ) -> None:
        if not words:
            raise FileNotFoundError(2, "the command is empty")
        self._deadline = time.monotonic() + seconds
        self._output = bytearray()
        self._process = subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=None if environment is None else dict(environment),
            start_new_session=True,
        )

    def finish(self) -> tuple[int, bytes]:
        """Wait for the end: exit status and standard output.

        Raises CommandTimeoutError, OutputTooLargeError; then the command is gone.
        """
        reader = threading.Thread(target=self._read, name="xswitch-reader", daemon=True)
        reader.start()
        try:
            reader.join(self._left())
            if len(self._output) > _MAX_OUTPUT_BYTES:
                raise OutputTooLargeError
            if reader.is_alive():
                raise CommandTimeoutError
            try:
                return self._process.wait(self._left()), bytes(self._output)
            except subprocess.TimeoutExpired:
                raise CommandTimeoutError from None
        finally:
            self.stop()
            reader.join(1)
            # A survivor in a session of its own may hold the pipe; closing under the reader would
            # hand it a stranger's descriptor.
            if not reader.is_alive() and self._process.stdout is not None:
                self._process.stdout.close()

    def stop(self) -> None:
        """End the command and what it started, if anything of it still runs."""
        # A command that went well may have left something behind on purpose (an agent): only a
        # running one is ended.
        if self._process.poll() is not None:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "nt":
                self._process.kill()
            else:
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _left(self) -> float:
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
