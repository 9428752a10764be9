"""Long values in stores with short entries, such as the Windows Credential Manager.

Two slots alternate: a new value is written into the slot that the header doesn't point at, then the
header is switched, then the old slot is emptied. Every chunk begins with a nonce of its write, so a
reader notices a value that changes while it reads, and starts over at the header. Writers hold a
lock.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from xswitch.adapters.vault.store import service_name

LIMIT = 1200  # UTF-16 units, of the 1,280 that CRED_MAX_CREDENTIAL_BLOB_SIZE (2,560 bytes) holds
_MAGIC = "xswitch-parts1"
_NONCE_BYTES = 8
_NONCE_LENGTH = 2 * _NONCE_BYTES
_SLOTS = ("a", "b")
_MAX_READS = 50


class ShortEntries(Protocol):
    """Short values by name. Raises the vault's errors."""

    def read(self, name: str) -> str | None:
        """Return the value, or None."""
        ...

    def write(self, name: str, value: str) -> None:
        """Replace the value."""
        ...

    def erase(self, name: str) -> None:
        """Delete the value, if there is one."""
        ...


@dataclass(frozen=True, slots=True)
class _Header:
    slot: str
    count: int
    nonce: str

    def text(self) -> str:
        return f"{_MAGIC} {self.slot} {self.count} {self.nonce}"


class ChunkedStore:
    """Implements `Store` over `ShortEntries`; `lock` returns the lock for a session's writers."""

    def __init__(
        self,
        entries: ShortEntries,
        lock: Callable[[str], AbstractContextManager[None]],
        limit: int = LIMIT,
    ) -> None:
        self._entries = entries
        self._lock = lock
        self._limit = limit

    def get(self, key: str) -> str | None:
        """Return the value; None if it's missing or incomplete."""
        name = service_name(key)
        previous: str | None = None
        for _ in range(_MAX_READS):
            entry = self._entries.read(name)
            header = _parse_header(entry)
            if header is None:
                return entry
            value = self._collect(name, header)
            # If the header hasn't changed and chunks are missing, their writer was killed
            if value is not None or entry == previous:
                return value
            previous = entry
        return None

    def put(self, key: str, value: str) -> None:
        """Store `value`, in one entry if it fits."""
        name = service_name(key)
        with self._lock(f"vault-{key}"):
            old = _parse_header(self._entries.read(name))
            if _utf16_units(value) <= self._limit and not value.startswith(_MAGIC):
                self._entries.write(name, value)
                for slot in _SLOTS:
                    self._empty(name, slot)
                return
            slot = _SLOTS[1] if old is not None and old.slot == _SLOTS[0] else _SLOTS[0]
            self._empty(name, slot)
            nonce = secrets.token_hex(_NONCE_BYTES)
            count = 0
            for piece in _split(value, self._limit - _NONCE_LENGTH):
                self._entries.write(_chunk_name(name, slot, count), nonce + piece)
                count += 1
            self._entries.write(name, _Header(slot, count, nonce).text())
            self._empty(name, _SLOTS[1 - _SLOTS.index(slot)])

    def delete(self, key: str) -> None:
        """Delete the value with all its chunks."""
        name = service_name(key)
        with self._lock(f"vault-{key}"):
            self._entries.erase(name)
            for slot in _SLOTS:
                self._empty(name, slot)

    def _collect(self, name: str, header: _Header) -> str | None:
        pieces = []
        for number in range(header.count):
            piece = self._entries.read(_chunk_name(name, header.slot, number))
            if piece is None or piece[:_NONCE_LENGTH] != header.nonce:
                return None
            pieces.append(piece[_NONCE_LENGTH:])
        return "".join(pieces)

    def _empty(self, name: str, slot: str) -> None:
        """Delete a slot's chunks, last first, so that an interruption leaves no gap."""
        count = 0
        while self._entries.read(_chunk_name(name, slot, count)) is not None:
            count += 1
        for number in reversed(range(count)):
            self._entries.erase(_chunk_name(name, slot, number))


def _chunk_name(name: str, slot: str, number: int) -> str:
    return f"{name}:{slot}{number}"


def _parse_header(text: str | None) -> _Header | None:
    """Parse a header; None for a whole value, or a missing entry."""
    words = (text or "").split(" ")
    if len(words) != 4 or words[0] != _MAGIC or words[1] not in _SLOTS or not words[2].isdecimal():  # noqa: PLR2004 -- the header's words
        return None
    return _Header(words[1], int(words[2]), words[3])


def _utf16_units(text: str) -> int:
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)  # noqa: PLR2004 -- the BMP


def _split(text: str, limit: int) -> Iterator[str]:
    """Split `text` into pieces of at most `limit` UTF-16 units, without splitting a character."""
    start = length = 0
    for at, character in enumerate(text):
        size = _utf16_units(character)
        if length + size > limit:
            yield text[start:at]
            start, length = at, 0
        length += size
    yield text[start:]
