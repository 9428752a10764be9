"""Finds the secrets of sessions in every file that a home folder's xswitch could have written."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

_ANSWER = re.compile(rb'\{"Version": 1.*?\}')


def files_below(folders: Iterable[Path]) -> Iterator[tuple[Path, bytes]]:
    """Yield every regular file and its content."""
    for folder in folders:
        for path in sorted(folder.rglob("*")):
            if not path.is_symlink() and stat.S_ISREG(path.stat().st_mode):
                yield path, path.read_bytes()


def secrets_in(folders: Iterable[Path]) -> set[bytes]:
    """Return the secret keys and tokens of all stored sessions."""
    found = set()
    for _, content in files_below(folders):
        for answer in _ANSWER.findall(content):
            data = json.loads(answer)
            found |= {data["SecretAccessKey"].encode(), data["SessionToken"].encode()}
    return found


def places_of(secrets: Iterable[bytes], folders: Iterable[Path]) -> list[str]:
    """Return the files that contain one of these secrets."""
    wanted = tuple(secrets)
    return [
        os.fspath(path)
        for path, content in files_below(folders)
        if any(secret in content for secret in wanted)
    ]
