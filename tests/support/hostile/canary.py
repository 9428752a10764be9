"""Canaries.

Secrets that must be seen nowhere but in the vault and in an answer that was asked for, and where to
look for them.

canaries = Canaries([DEV_SECRET, ...])     # in every form a program may give them: plain, quoted,
base64, hexadecimal with Watch(home.folder, canaries): ...     # argument list and environment of
every process in that HOME canaries.in_text(output), canaries.in_files(home.folder,
spared=[home.credentials])
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Self
from urllib.parse import quote

from support.aws.emulator import DEV_SECRET, PLAIN_SECRET, TOTP_SECRET
from support.reliability.soak import tell
from xswitch.emulator.server import EmbeddedAws

LONG_TERM = (DEV_SECRET, PLAIN_SECRET, TOTP_SECRET)
"""Secrets that were there before."""

_SHORTEST = 12  # of an encoded piece, so that no other text is taken for it


class Canaries:
    """Secrets by what they are called in a complaint."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._forms: dict[bytes, str] = {}
        self.add(secrets)

    def add(self, secrets: Iterable[str]) -> None:
        """Look for these too."""
        for secret in secrets:
            for form in forms(secret):
                self._forms[form] = f"{secret[:6]}…{secret[-3:]}"
        self._pattern = re.compile(
            b"|".join(re.escape(form) for form in sorted(self._forms, key=len, reverse=True))
            or b"(?!)"
        )

    def __len__(self) -> int:
        return len(set(self._forms.values()))

    def in_bytes(self, content: bytes) -> list[str]:
        """The beginnings of those that are in it."""
        return sorted({self._forms[found] for found in self._pattern.findall(content)})

    def in_text(self, *texts: str) -> list[str]:
        """The beginnings of those that are in one of these."""
        return sorted(
            {
                name
                for text in texts
                for name in self.in_bytes(text.encode(errors="surrogateescape"))
            }
        )

    def in_files(self, folder: Path, spared: Iterable[Path] = ()) -> list[str]:
        """`FILE: SECRET` for those in a file, or in the name of one, under a folder."""
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
    """A secret as it is, quoted for a URL or JSON, in hexadecimal, and in base64 wherever in a longer text it stands."""
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
        # The first and last characters hold bits of the neighbours too.
        inner = encoded[4 if shift else 0 : -4]
        found |= {inner, inner.translate(bytes.maketrans(b"+/", b"-_"))}
    return {form for form in found if len(form) >= min(_SHORTEST, len(raw))}


class Watch:
    """Looks at the argument list and environment of every process in this HOME until stopped."""

    def __init__(self, home: Path, canaries: Canaries) -> None:
        self._home = f"HOME={home}\0".encode()
        self._canaries = canaries
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen: set[str] = set()
        self.processes = 0

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
                if self._canaries.in_bytes(environ + words):
                    self.seen.add(repr(words[:200]))


def issued(aws: EmbeddedAws) -> list[str]:
    """The secrets of every session the embedded AWS has given out, whether or not its answer arrived."""
    return [
        secret
        for session in aws.store._sessions.values()
        for secret in (session.keys.secret, session.keys.token)
    ]


def has_code(file: Path, code: str) -> bool:
    """Whether those digits stand alone in it."""
    return any(
        word == code
        for word in "".join(
            c if c.isalnum() else " " for c in file.read_text(errors="replace")
        ).split()
    )


def told(what: str, wrong: list[str], done: int) -> None:
    """Write this figure of the canary down, and fail when something is wrong."""
    tell("canary", what, done, len(wrong), "; ".join(wrong[:5]))
