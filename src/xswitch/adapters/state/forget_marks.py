"""Marks by which a request that is under way learns that its session was forgotten meanwhile."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from xswitch.adapters.state.private_files import private_folder
from xswitch.core.errors import ConfigError, ErrorCode

ALL = "all"
_KEPT_SECONDS = 24 * 3600
_FLAGS = (
    os.O_WRONLY
    | os.O_CREAT
    | os.O_APPEND
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


class FileForgetMarks:
    """Implements the port `ForgetMarks` with a file per session key, and one for all.

    A mark is the file's time and size, so it needs no room on a full disk.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def read(self) -> Mapping[str, tuple[int, int]]:
        """Return the marks as they are now; none if they can't be read."""
        marks = {}
        with contextlib.suppress(OSError), os.scandir(self._folder) as entries:
            for entry in entries:
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    marks[entry.name] = (status.st_mtime_ns, status.st_size)
        return marks

    def changed(self, since: Mapping[str, tuple[int, int]], key: str) -> bool:
        """Whether the session, or all sessions, were forgotten since `read` returned `since`."""
        for name in (ALL, key):
            with contextlib.suppress(OSError):
                status = (self._folder / name).lstat()
                if since.get(name) != (status.st_mtime_ns, status.st_size):
                    return True
        return False

    def mark(self, keys: Sequence[str]) -> None:
        """Mark sessions as forgotten. Raises ConfigError."""
        try:
            private_folder(self._folder)
            for key in keys:
                self._mark(key)
        except OSError as error:
            raise ConfigError(
                "The forgotten sessions can't be recorded, so a running xswitch may keep its own.",
                why=f"{error.filename or self._folder}: {error.strerror or error}",
                next_step="xswitch doctor",
                code=ErrorCode.STATE_FOLDER,
            ) from None
        self._sweep()

    def mark_all(self) -> None:
        """Mark every session as forgotten. Raises ConfigError."""
        self.mark((ALL,))

    def _mark(self, name: str) -> None:
        descriptor = os.open(self._folder / name, _FLAGS, 0o600)
        try:
            # The time alone may not change: file systems have coarse ones
            with contextlib.suppress(OSError):
                os.write(descriptor, b".")
        finally:
            os.close(descriptor)
        now = max(time.time_ns(), (self._folder / name).stat().st_mtime_ns + 1)
        os.utime(self._folder / name, ns=(now, now))

    def _sweep(self) -> None:
        """Remove marks that no running request can still need."""
        limit = (time.time() - _KEPT_SECONDS) * 1e9
        for name, (marked, _) in self.read().items():
            if name != ALL and marked < limit:
                with contextlib.suppress(OSError):
                    (self._folder / name).unlink()
