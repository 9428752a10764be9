"""Long values in stores with short entries, as the Windows Credential Manager is.

Chunks first, the header last.

Two slots take turns: a new value goes into the slot the header does not point at, then the header
is switched, then the old slot is emptied. Every chunk begins with a number made for this one
writing, so whatever a reader catches in between is either whole or known not to be; it then looks
at the header again. Writers take turns under a lock.
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
    """Short values by name, kept one by one; raises the vault's errors."""

    def read(self, name: str) -> str | None:
        """The value, None when there is none."""
        ...

    def write(self, name: str, value: str) -> None:
        """Replace the value."""
        ...

    def erase(self, name: str) -> None:
        """Drop it; no error when it isn't there."""
        ...


@dataclass(frozen=True, slots=True)
class _Header:
    slot: str
    count: int
    nonce: str

    def text(self) -> str:
        return f"{_MAGIC} {self.slot} {self.count} {self.nonce}"


class ChunkedStore:
    """Fits `Store` over `ShortEntries`.

    `lock` gives the lock writers of one session key take turns under.
    """

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
        """The value, None when there is none, or none that is whole."""
        name = service_name(key)
        before: str | None = None
        for _ in range(_MAX_READS):
            first = self._entries.read(name)
            header = _parse_header(first)
            if header is None:
                return first
            value = self._collect(name, header)
            # The same header twice with its chunks not there: a writer was killed, and nobody will
            # finish its work.
            if value is not None or first == before:
                return value
            before = first
        return None

    def put(self, key: str, value: str) -> None:
        """Keep `value`, in one entry if it fits."""
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
        """Drop the value, whole and in pieces."""
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
        """Drop every chunk of a slot, last first.

        What a killed one leaves is again chunks without a gap from the first.
        """
        count = 0
        while self._entries.read(_chunk_name(name, slot, count)) is not None:
            count += 1
        for number in reversed(range(count)):
            self._entries.erase(_chunk_name(name, slot, number))


def _chunk_name(name: str, slot: str, number: int) -> str:
    return f"{name}:{slot}{number}"


def _parse_header(text: str | None) -> _Header | None:
    """The header in an entry, None when the entry is a value of its own, or nothing."""
    words = (text or "").split(" ")
    if len(words) != 4 or words[0] != _MAGIC or words[1] not in _SLOTS or not words[2].isdecimal():  # noqa: PLR2004 -- the header's words
        return None
    return _Header(words[1], int(words[2]), words[3])


def _utf16_units(text: str) -> int:
    # The end of the basic plane
    return sum(2 if ord(character) > 0xFFFF else 1 for character in text)  # noqa: PLR2004


def _split(text: str, limit: int) -> Iterator[str]:
    """`text` in pieces of at most `limit` UTF-16 units, none of them splitting a character."""
    start = length = 0
    for at, character in enumerate(text):
        size = _utf16_units(character)
        if length + size > limit:
            yield text[start:at]
            start, length = at, 0
        length += size
    yield text[start:]
