"""A JSON object in a private file, read without a lock and changed under one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.private_files import private_folder, read_trusted, replace_private
from xswitch.adapters.state.versions import VERSION, newer_file_error, other_version
from xswitch.core.errors import ConfigError


class LockedJsonFile:
    """The file at `path`, with a version number; `lock` is the name of its lock.

    `what` names the file, and begins a sentence.
    """

    def __init__(self, path: Path, locks: FileLocks, lock: str, max_bytes: int, what: str) -> None:
        self.path = path
        self._what = what
        self._locks = locks
        self._lock = lock
        self._max_bytes = max_bytes

    def read(self) -> dict[str, Any]:
        """Return the object.

        It is {} if the file is missing, damaged, too large, of another version, or if another user
        could have written it.
        """
        try:
            content = read_trusted(self.path, self._max_bytes)
            data = json.loads(content) if len(content) <= self._max_bytes else None
        except (OSError, ValueError, RecursionError):
            return {}
        return data if isinstance(data, dict) and data.get("version") == VERSION else {}

    def newer(self) -> ConfigError | None:
        """Return the error for a file that a newer xswitch wrote, None for any other file."""
        try:
            version = other_version(read_trusted(self.path, self._max_bytes))
        except OSError:
            return None
        return newer_file_error(self.path, self._what, version) if version else None

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock from reading to writing.

        Raises ConfigError if a newer xswitch wrote the file, OSError, and the errors of
        `FileLocks`.
        """
        # Created first, so that a folder that can't be created is not reported as the lock's fault
        private_folder(self.path.parent)
        with self._locks.hold(self._lock):
            newer = self.newer()
            if newer is not None:
                raise newer
            yield

    def write(self, data: dict[str, Any]) -> None:
        """Replace the object. Raises OSError."""
        replace_private(self.path, json.dumps({"version": VERSION, **data}).encode())

    def remove(self) -> None:
        """Remove the file, if there is one. Raises OSError."""
        self.path.unlink(missing_ok=True)
