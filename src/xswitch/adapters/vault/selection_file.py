"""The record of which store was chosen at first use.

One word in one file, so that the choice never changes by itself.
"""

from __future__ import annotations

import os
from pathlib import Path

from xswitch.adapters.state.private_files import keep_private, read_file
from xswitch.adapters.vault.errors import VaultErrors

_MAX = 100


class SelectionFile:
    """The file `path`; `known` are the words it may hold."""

    def __init__(self, path: Path, known: tuple[str, ...], sentences: VaultErrors) -> None:
        self._path = path
        self._known = known
        self._sentences = sentences

    def read(self) -> str | None:
        """The store chosen before, None when none was.

        Raises VaultBrokenError for a file that says something else.
        """
        try:
            word = read_file(self._path, _MAX).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise self._bad(error) from None
        if word not in self._known:
            raise self._sentences.bad_pin(
                str(self._path), f"it names no store of this machine ({word[:20]!r})"
            )
        return word

    def write(self, word: str) -> str:
        """Record a choice, unless another process was first; the choice that stands.

        Raises VaultBrokenError.
        """
        try:
            created = keep_private(self._path, f"{word}\n".encode())
        except OSError as error:
            raise self._bad(error) from None
        return word if created else self.read() or word

    def _bad(self, error: OSError) -> Exception:
        return self._sentences.bad_pin(str(self._path), os.strerror(error.errno or 0))
