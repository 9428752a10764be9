"""The session index: a JSON file that lists the stored sessions, without secrets."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from xswitch.adapters.ownership import state_error
from xswitch.adapters.state.json_file import LockedJsonFile
from xswitch.adapters.state.locks import FileLocks
from xswitch.core.errors import ConfigError
from xswitch.core.model import IndexEntry, SessionKind

MAX_ENTRIES = 10_000
MAX_BYTES = 16 * 1024 * 1024
LOCK = "index"


class JsonIndex:
    """Implements the port `SessionIndex` with `{"version": 1, "entries": {KEY: {...}}}`.

    Times are in seconds since the epoch. An unreadable file counts as empty: the sessions are in
    the vault, and are indexed again when they are next used. One of a newer xswitch counts as
    empty too, and is never written. At most `MAX_ENTRIES` are kept, those
    that expire last.
    """

    def __init__(self, path: Path, locks: FileLocks) -> None:
        self._file = LockedJsonFile(path, locks, LOCK, MAX_BYTES, "xswitch's session index")

    def entries(self) -> Mapping[str, IndexEntry]:
        """All entries by session key."""
        data = self._file.read().get("entries")
        if not isinstance(data, dict):
            return {}
        decoded = ((key, _decode(key, value)) for key, value in data.items())
        return {key: entry for key, entry in decoded if entry is not None}

    def put(self, entry: IndexEntry) -> None:
        """Add or replace one entry. Raises ConfigError when the file can't be written."""
        self._change(lambda entries: {**entries, entry.key: _whole_seconds(entry) or entry})

    def remove(self, keys: Sequence[str]) -> None:
        """Remove the entries that exist. Raises ConfigError when the file can't be written."""
        self._change(
            lambda entries: {key: entry for key, entry in entries.items() if key not in keys}
        )

    def clear(self) -> None:
        """Remove the file, which also works on a full disk. Raises ConfigError."""
        with self._locked():
            self._file.remove()

    def newer(self) -> ConfigError | None:
        """Return the error for an index of a newer xswitch, None for any other one."""
        return self._file.newer()

    def _change(
        self, change: Callable[[Mapping[str, IndexEntry]], Mapping[str, IndexEntry]]
    ) -> None:
        with self._locked():
            before = self.entries()
            after = change(before)
            if after != before:
                self._write(after)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with self._file.locked():
                yield
        except OSError as error:
            what = "xswitch's session index can't be written."
            raise state_error(what, self._file.path, error) from None

    def _write(self, entries: Mapping[str, IndexEntry]) -> None:
        latest = sorted(entries.values(), key=lambda entry: entry.expires_at, reverse=True)
        self._file.write({"entries": {entry.key: _encode(entry) for entry in latest[:MAX_ENTRIES]}})


def _encode(entry: IndexEntry) -> dict[str, object]:
    return {
        "key": entry.key,
        "kind": entry.kind,
        "profile": entry.profile,
        "principal": entry.principal,
        "issued_at": int(entry.issued_at.timestamp()),
        "expires_at": int(entry.expires_at.timestamp()),
        "last_used": int(entry.last_used.timestamp()),
        "managed_profile": entry.managed_profile,
        "static": entry.static,
        "variables": dict(entry.variables),
        "refreshable": entry.refreshable,
    }


def _decode(key: str, data: object) -> IndexEntry | None:
    """Return an entry, None if it is damaged, or was copied from another key.

    An index of an older version doesn't have the key in its entries.
    """
    if not isinstance(data, dict) or data.get("key", key) != key:
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
            variables=_variables(data.get("variables")),
            refreshable=data.get("refreshable") is True,
        )
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def _kind(value: object) -> SessionKind:
    if value == "mfa":
        return "mfa"
    if value == "role":
        return "role"
    if value == "sso":
        return "sso"
    if value == "sso_token":
        return "sso_token"
    raise ValueError(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError(value)  # noqa: TRY004 -- `_decode` catches one error for all damage
    return value


def _variables(value: object) -> tuple[tuple[str, str], ...]:
    """Return variables by name; none if they are missing, as in an index of an older version."""
    if not isinstance(value, dict):
        return ()
    return tuple(sorted((name, _text(text)) for name, text in value.items()))


def _time(value: object) -> datetime:
    if not isinstance(value, int):
        raise ValueError(value)  # noqa: TRY004 -- as above
    return datetime.fromtimestamp(value, UTC)


def _whole_seconds(entry: IndexEntry) -> IndexEntry | None:
    return _decode(entry.key, _encode(entry))
