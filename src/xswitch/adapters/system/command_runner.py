"""Run a command as an AWS SDK does, with a time limit."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Mapping, Sequence

from xswitch.core.model import CommandOutput

_COULD_NOT_START = 127  # as in a shell


def run_command(
    words: Sequence[str], variables: Mapping[str, str], seconds: float
) -> CommandOutput:
    """Run a command in this environment with more variables, and return what it printed.

    It gets no input and no terminal. After `seconds` it is killed, with its descendants.
    """
    import subprocess  # noqa: PLC0415 -- 4 ms, and few commands run another

    try:
        process = subprocess.Popen(
            list(words),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **variables},
            start_new_session=True,
            encoding="utf-8",
            errors="replace",
        )
    except (OSError, ValueError) as error:
        return CommandOutput(_COULD_NOT_START, "", getattr(error, "strerror", None) or "")
    try:
        stdout, stderr = process.communicate(timeout=seconds)
    except subprocess.TimeoutExpired:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.name == "nt":
                process.kill()
            else:
                os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()
        return CommandOutput(None, "", "")
    return CommandOutput(process.returncode, stdout, stderr)
