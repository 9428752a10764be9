"""Canaries: secrets that may occur only in the vault and in requested output, and where to look.

# In every encoding a program may use: plain, quoted, base64, hexadecimal.
canaries = Canaries([DEV_SECRET, ...])
# The arguments and environment of every process in that HOME.
with Watch(home.folder, canaries): ...
canaries.in_text(output), canaries.in_files(home.folder, spared=[home.credentials])
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Self
from urllib.parse import quote

from support.aws.emulator import DEV_SECRET, PLAIN_SECRET, TOTP_SECRET
from support.reliability.soak import tell
from xswitch.emulator.server import EmbeddedAws

LONG_TERM = (DEV_SECRET, PLAIN_SECRET, TOTP_SECRET)
"""Secrets of the home: known before any session is issued."""

_SHORTEST = 12  # of an encoded part, long enough not to match other text


class Canaries:
    """Secrets by their name in an error message."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: dict[bytes, str] = {}
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Add canaries."""
        for secret in secrets:
            for form in forms(secret):
                self._forms[form] = f"{secret[:6]}…{secret[-3:]}"

    def __len__(self) -> int:
        return len(set(self._forms.values()))

    def in_bytes(self, content: bytes | bytearray) -> list[str]:
        """Return the beginnings of the canaries in some bytes."""
        return sorted({name for form, name in self._forms.items() if form in content})

    def in_text(self, *texts: str) -> list[str]:
        """Return the beginnings of the canaries in these texts."""
        return sorted(
            {
                name
                for text in texts
                for name in self.in_bytes(text.encode(errors="surrogateescape"))
            }
        )

    def in_files(self, folder: Path, spared: Iterable[Path] = ()) -> list[str]:
        """Return `FILE: SECRET` for the canaries in the files, or file names, of a folder."""
        left_out = set(spared)
        return [
            f"{file}: {name}"
            for file in sorted(folder.rglob("*"))
            if file not in left_out
            for name in self.in_bytes(
                bytes(file)
                + (file.read_bytes() if file.is_file() and not file.is_symlink() else b"")
            )
        ]


def forms(secret: str) -> set[bytes]:
    """Return a secret's encodings.

    Plain, quoted for URL or JSON, hexadecimal, and base64 at any offset.
    """
    raw = secret.encode()
    found = {
        raw,
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        raw.hex().encode(),
        raw.hex().upper().encode(),
    }
    for shift in range(3):
        encoded = base64.b64encode(b"\0" * shift + raw)
        # The first and last characters also hold bits of the adjacent bytes.
        inner = encoded[4 if shift else 0 : -4]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return {form for form in found if len(form) >= min(_SHORTEST, len(raw))}


class Watch:
    """Checks the arguments and environment of every process in this HOME until stopped."""

    def __init__(self, home: Path, canaries: Canaries) -> None:
        self._home = f"HOME={home}\0".encode()
        self._canaries = canaries
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen: set[str] = set()
        self.processes = 0
        self._all: set[bytes] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(10)

    def _look(self) -> None:
        while not self._stop.wait(0.02):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    environ, words = (
                        (process / "environ").read_bytes(),
                        (process / "cmdline").read_bytes(),
                    )
                except OSError:
                    continue
                if self._home not in environ:
                    continue
                self.processes += 1
                self._all.add(environ + b"\0" + words)
                if self._canaries.in_bytes(environ + words):
                    self.seen.add(repr(words[:200]))

    def seen_late(self, canaries: Canaries) -> list[str]:
        """Return what processes had of secrets that weren't known when the watch began."""
        return [f"{text[-300:]!r}" for text in self._all if canaries.in_bytes(text)]


def issued(aws: EmbeddedAws) -> list[str]:
    """Return the secrets of all sessions the emulator issued, even without a delivered response."""
    return [
        secret
        for session in aws.store._sessions.values()
        for secret in (session.keys.secret, session.keys.token)
    ]


def has_code(file: Path, code: str) -> bool:
    """Return whether these digits occur in a text, not within other digits."""
    return any(
        word == code
        for word in "".join(
            c if c.isalnum() else " " for c in file.read_text(errors="replace")
        ).split()
    )


def report(what: str, faults: list[str], done: int) -> None:
    """Write a figure of the canary test, and fail if there is a problem."""
    tell("canary", what, done, len(faults), "; ".join(faults[:5]))
