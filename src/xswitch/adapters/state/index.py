"""The session index: one JSON file that says which sessions there are, without a secret in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from xswitch.adapters.state.private_files import read_file, replace_private
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.model import IndexEntry, SessionKind

VERSION = 1
MAX_ENTRIES = 10_000
MAX_BYTES = 16 * 1024 * 1024
LOCK = "index"


class _IndexLocks(Protocol):
    def hold(self, name: str) -> AbstractContextManager[None]: ...


class JsonIndex:
    """Fits the port `SessionIndex`: `{"version": 1, "entries": {KEY.

    {...}}}`, times as seconds since the epoch, mode 0600.

    A file that is missing, damaged or of another version is empty: the sessions are in the vault,
    and are found again by use. At most `MAX_ENTRIES` are kept, those that expire last.
    """

    def __init__(self, path: Path, locks: _IndexLocks) -> None:
        self._path = path
        self._locks = locks

    def entries(self) -> Mapping[str, IndexEntry]:
        """All entries by session key."""
        try:
            content = read_file(self._path, MAX_BYTES)
            if len(content) > MAX_BYTES:
                return {}
            data = json.loads(content)
        except (OSError, ValueError, RecursionError):
            return {}
        if (
            not isinstance(data, dict)
            or data.get("version") != VERSION
            or not isinstance(data.get("entries"), dict)
        ):
            return {}
        decoded = ((key, _decode(key, value)) for key, value in data["entries"].items())
        return {key: entry for key, entry in decoded if entry is not None}

    def put(self, entry: IndexEntry) -> None:
        """Add or replace one entry. Raises ConfigError when the file can't be written."""
        with self._locks.hold(LOCK):
            known = dict(self.entries())
            if known.get(entry.key) == _whole_seconds(entry):
                return
            self._write({**known, entry.key: entry})

    def remove(self, keys: Sequence[str]) -> None:
        """Drop entries; those that aren't there are no error.

        Raises ConfigError when the file can't be written.
        """
        with self._locks.hold(LOCK):
            known = self.entries()
            left = {key: entry for key, entry in known.items() if key not in keys}
            if len(left) < len(known):
                self._write(left)

    def _write(self, entries: Mapping[str, IndexEntry]) -> None:
        kept = sorted(entries.values(), key=lambda entry: entry.expires_at, reverse=True)[
            :MAX_ENTRIES
        ]
        data = {"version": VERSION, "entries": {entry.key: _encode(entry) for entry in kept}}
        try:
            replace_private(self._path, json.dumps(data, indent=1).encode())
        except OSError as error:
            raise ConfigError(
                "xswitch's session index can't be written.",
                why=f"{self._path}: {error.strerror or error}",
                next_step="xswitch doctor",
                code=ErrorCode.STATE_FOLDER,
            ) from None


def _encode(entry: IndexEntry) -> dict[str, object]:
    return {
        "kind": entry.kind,
        "profile": entry.profile,
        "principal": entry.principal,
        "issued_at": int(entry.issued_at.timestamp()),
        "expires_at": int(entry.expires_at.timestamp()),
        "last_used": int(entry.last_used.timestamp()),
        "managed_profile": entry.managed_profile,
        "static": entry.static,
    }


def _decode(key: str, data: object) -> IndexEntry | None:
    if not isinstance(data, dict):
        return None
    try:
        return IndexEntry(
            key=key,
            kind=_kind(data["kind"]),
            profile=_text(data["profile"]),
            principal=_text(data["principal"]),
            issued_at=_time(data["issued_at"]),
            expires_at=_time(data["expires_at"]),
            last_used=_time(data["last_used"]),
            managed_profile=_text(data["managed_profile"]),
            static=data["static"] is True,
        )
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _kind(value: object) -> SessionKind:
    if value == "mfa":
        return "mfa"
    if value == "role":
        return "role"
    raise ValueError(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        # Read as "this entry is damaged", whatever is wrong with it
        raise ValueError(value)  # noqa: TRY004
    return value


def _time(value: object) -> datetime:
    if not isinstance(value, int):
        raise ValueError(value)  # noqa: TRY004 -- the same
    return datetime.fromtimestamp(value, UTC)


def _whole_seconds(entry: IndexEntry) -> IndexEntry | None:
    return _decode(entry.key, _encode(entry))
