"""The history: session requests and their results, without secrets."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.private_files import (
    private_folder,
    replace_private,
    set_private_mode,
)
from xswitch.adapters.state.versions import VERSION, newer_file_error, other_version
from xswitch.core.display import hide_secrets
from xswitch.core.errors import ConfigError, XswitchError
from xswitch.core.model import HistoryEntry

MAX_BYTES = 512 * 1024
MAX_TEXT = 512
LOCK = "history"
_VERSION_LINE = b'{"version": %d}\n' % VERSION
_LOCK_WAIT_SECONDS = 1.0


class JsonHistory:
    """Implements the port `HistoryStore` with one JSON object a line.

    A line is `{"at": EPOCH SECONDS, "profile": ..., "role_arn": ..., "session_name": ...,
    "result": ...}`; the first one is `{"version": 1}`. Damaged lines are skipped, and the file of
    a newer xswitch counts as empty and is never written. When the file exceeds `MAX_BYTES`, its
    older half is dropped. An entry is lost if the lock isn't free within `patience_seconds`: no
    command waits for its history.
    """

    def __init__(
        self, path: Path, locks: FileLocks, patience_seconds: float = _LOCK_WAIT_SECONDS
    ) -> None:
        self._path = path
        self._patience_seconds = patience_seconds
        self._locks = locks

    def record(self, entry: HistoryEntry) -> None:
        """Append one line, in a single write."""
        line = json.dumps(
            {
                "at": int(entry.at.timestamp()),
                "profile": hide_secrets(entry.profile)[:MAX_TEXT],
                "role_arn": hide_secrets(entry.role_arn)[:MAX_TEXT],
                "session_name": hide_secrets(entry.session_name)[:MAX_TEXT],
                "result": entry.result[:MAX_TEXT],
            }
        )
        with contextlib.suppress(XswitchError, OSError):
            private_folder(self._path.parent)
            with self._locks.hold(LOCK, self._patience_seconds):
                self._append(line.encode() + b"\n")

    def load(self) -> tuple[HistoryEntry, ...]:
        """Return the entries, oldest first."""
        try:
            content = self._read()
        except OSError:
            return ()
        lines = () if _other_version(content) else content.splitlines()
        return tuple(entry for line in lines if (entry := _parse_line(line)) is not None)

    def newer(self) -> ConfigError | None:
        """Return the error for a history of a newer xswitch, None for any other one."""
        try:
            version = _other_version(self._read())
        except OSError:
            return None
        what = "xswitch's history"
        return newer_file_error(self._path, what, version) if version else None

    def _append(self, line: bytes) -> None:
        handle = self._open(os.O_RDWR | os.O_APPEND | os.O_CREAT)
        with os.fdopen(handle, "rb+", buffering=0) as file:
            content = file.read(2 * MAX_BYTES)
            if _other_version(content):
                return
            size = os.fstat(handle).st_size
            if not size:
                line = _VERSION_LINE + line
            elif not content.endswith(b"\n"):
                # A killed writer may have left half a line: start a new one
                line = b"\n" + line
            file.write(line)
        if size + len(line) > MAX_BYTES:
            newer_half = self._read()[-MAX_BYTES // 2 :]
            lines = newer_half[newer_half.find(b"\n") + 1 :]
            replace_private(self._path, _VERSION_LINE + lines)

    def _read(self) -> bytes:
        with os.fdopen(self._open(os.O_RDONLY), "rb") as file:
            return file.read(2 * MAX_BYTES)

    def _open(self, flags: int) -> int:
        """Open the file, which must be a regular file and no symbolic link. Raises OSError."""
        handle = os.open(
            self._path, flags | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0), 0o600
        )
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise OSError(errno.EINVAL, "not a regular file")
        if flags & os.O_CREAT:
            set_private_mode(handle)
        return handle


def _other_version(content: bytes) -> str:
    """Return the version of another program's history, "" for this one's."""
    return other_version(content) or other_version(content.strip().rpartition(b"\n")[2])


def _parse_line(line: bytes) -> HistoryEntry | None:
    try:
        data: Any = json.loads(line)
        texts = [data[name] for name in ("profile", "role_arn", "session_name", "result")]
        if not all(isinstance(text, str) for text in texts):
            return None
        return HistoryEntry(datetime.fromtimestamp(int(data["at"]), UTC), *texts)
    except (ValueError, TypeError, KeyError, OverflowError, OSError, RecursionError):
        return None
