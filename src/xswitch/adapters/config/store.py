"""The port for the shared config and credentials files: read, fingerprint, edit, and undo."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from xswitch.adapters.config.read import decode, fingerprint, is_same_file, load
from xswitch.adapters.state.stamps import TICK_SECONDS, is_settled
from xswitch.core.awsconfig.one_file import one_file_view
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.model import ConfigPaths, ConfigView, FileKind, Problem, ProfileEdit

if TYPE_CHECKING:
    from xswitch.adapters.config.transaction import ConfigWriter, UtcClock


class FileConfigStore:
    """Implements `actions.ports.ConfigStore` for the files at `paths`.

    `default_paths` are where the files are without variables. `backups` and `locks` are folders in
    xswitch's state folder, created when needed; module `backup` describes the content of `backups`.
    """

    def __init__(
        self,
        paths: ConfigPaths,
        *,
        default_paths: ConfigPaths | None = None,
        backups: Path,
        locks: Path,
        clock: UtcClock,
    ) -> None:
        self._paths = paths
        self._default_paths = default_paths or paths
        self._backups = backups
        self._locks = locks
        self._clock = clock

    @cached_property
    def _writer(self) -> ConfigWriter:
        # 15 ms, and most commands only read.
        from xswitch.adapters.config.transaction import ConfigWriter  # noqa: PLC0415

        return ConfigWriter(
            self._paths, backups=self._backups, locks=self._locks, clock=self._clock
        )

    def paths(self) -> ConfigPaths:
        """Return the paths of both files."""
        return self._paths

    def default_paths(self) -> ConfigPaths:
        """Return the paths that both files have if no variable names another."""
        return self._default_paths

    def read(self) -> ConfigView:
        """Read both files by the rules of the SDKs; a missing file is empty.

        Raises ConfigError if one can't be read: a folder, a pipe (without waiting for it), missing
        permission, a symlink loop, or text that isn't UTF-8.
        """
        config, credentials = (
            decode(path, load(path).content)
            for path in (self._paths.config, self._paths.credentials)
        )
        view = read_view(self._paths, config, credentials)
        same = is_same_file(self._paths.config, self._paths.credentials)
        return one_file_view(view) if same else view

    def text(self, kind: FileKind) -> str:
        """Return the text of one file, "" if it's missing. Raises ConfigError as `read` does."""
        path = self._paths.config if kind == "config" else self._paths.credentials
        return decode(path, load(path).content) or ""

    def fingerprint(self, *, settle: bool = False) -> str:
        """Return a fingerprint of both files, to detect changes; see `stamps.stamp`.

        `settle` waits one tick if a file has just changed. A file system whose clock ticks once a
        second isn't waited for.
        """
        if settle and not all(map(is_settled, fingerprint(self._paths).split(","))):
            time.sleep(TICK_SECONDS)
        return fingerprint(self._paths)

    def apply(self, edits: Sequence[ProfileEdit]) -> tuple[Problem, ...]:
        """Apply the edits, replacing each changed file atomically; an unchanged file isn't written.

        Symlinks are followed, and the target keeps its mode, group and access list; but a file to
        which keys are written is closed to other users, which the result says. A lock admits
        one xswitch at a time. If another program changes a file meanwhile, its content is read and
        edited again. In the credentials file, only profiles with `xswitch_role` are changed. If
        both paths name one file, it's replaced once.

        Raises ConfigError, without having written: a file can't be read or written (other owner,
        hard links, read-only), an edit isn't safe, another program keeps writing, the record to
        undo it can't be written, or other users could get at the keys.
        """
        return self._writer.apply(edits)

    def ensure_writable(self, kinds: Collection[FileKind]) -> None:
        """Raise ConfigError, as `apply` would, if a file of these kinds can't be replaced."""
        self._writer.ensure_writable(kinds)

    def undo(self) -> tuple[str, ...]:
        """Undo the last change, in both files if it changed both; return the paths.

        Raises ConfigError, without having written: nothing to undo, a file has changed since, or
        the change replaced or removed lines that may hold a secret, which aren't backed up, or
        another user could have written the record.
        """
        return self._writer.undo()

    def remove_leftovers(self) -> tuple[str, ...]:
        """Remove the temporary files that killed writers left; return their paths. Never raises."""
        return tuple(map(str, self._writer.remove_leftovers()))
