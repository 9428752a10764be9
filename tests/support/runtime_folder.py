"""A private runtime folder in memory, for programs that may leave others running."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PATIENCE_SECONDS = 10.0


@contextmanager
def runtime_folder() -> Iterator[Path]:
    """Make a folder for XDG_RUNTIME_DIR; remove it when no process has it there anymore.

    A detached listing or renewal would otherwise find its folder gone, and store what it gets in
    the one that all tests of this user share. One that doesn't end in 10 seconds is killed.
    """
    folder = Path(tempfile.mkdtemp(prefix="xswitch-test-", dir="/dev/shm"))
    try:
        yield folder
    finally:
        _end_processes(f"XDG_RUNTIME_DIR={folder}".encode())
        shutil.rmtree(folder)


def _end_processes(variable: bytes) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while running := _processes(variable):
        if time.monotonic() > until:
            for process in running:
                with suppress(ProcessLookupError):
                    os.kill(process, signal.SIGKILL)
        time.sleep(0.02)


def _processes(variable: bytes) -> list[int]:
    found = []
    for place in Path("/proc").iterdir():
        if place.name.isdigit() and int(place.name) != os.getpid():
            with suppress(OSError):  # ended, or another user's
                if variable in (place / "environ").read_bytes().split(b"\0"):
                    found.append(int(place.name))
    return found
