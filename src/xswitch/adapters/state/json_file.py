"""A JSON object in a private file, read without a lock and changed under one."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.private_files import private_folder, read_file, replace_private

VERSION = 1


class LockedJsonFile:
    """The file at `path`, with a version number; `lock` is the name of its lock."""

    def __init__(self, path: Path, locks: FileLocks, lock: str, max_bytes: int) -> None:
        self.path = path
        self._locks = locks
        self._lock = lock
        self._max_bytes = max_bytes

    def read(self) -> dict[str, Any]:
        """Return the object; {} if it's missing, damaged, too large or of another version."""
        try:
            content = read_file(self.path, self._max_bytes)
            data = json.loads(content) if len(content) <= self._max_bytes else None
        except (OSError, ValueError, RecursionError):
            return {}
        return data if isinstance(data, dict) and data.get("version") == VERSION else {}

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the lock from reading to writing. Raises OSError, and the errors of `FileLocks`."""
        # Created first, so that a folder that can't be created is not reported as the lock's fault
        private_folder(self.path.parent)
        with self._locks.hold(self._lock):
            yield

    def write(self, data: dict[str, Any]) -> None:
        """Replace the object. Raises OSError."""
        replace_private(self.path, json.dumps({"version": VERSION, **data}).encode())
