"""The record of which store was chosen at first use.

One word in one file, so that the choice never changes by itself.
"""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

from xswitch.adapters.state.paths import ensure_private_folder, read_file, set_private_mode
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
        temporary = self._path.with_name(f"{self._path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        try:
            ensure_private_folder(self._path.parent)
            descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                set_private_mode(descriptor)
                file.write(word + "\n")
            try:
                # A link fails where the file exists: of two first users one chooses, and nobody
                # ever reads half a word.
                self._path.hardlink_to(temporary)
            except FileExistsError:
                return self.read() or word
            finally:
                with contextlib.suppress(OSError):
                    temporary.unlink()
        except OSError as error:
            raise self._bad(error) from None
        return word

    def _bad(self, error: OSError) -> Exception:
        return self._sentences.bad_pin(str(self._path), os.strerror(error.errno or 0))
