"""The shared config and credentials files: read, stamped, edited and undone.

Fits the port `ConfigStore`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from xswitch.adapters.config import read as configfiles
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.model import ConfigPaths, ConfigView, ProfileEdit

if TYPE_CHECKING:
    from xswitch.adapters.config.transaction import ConfigWriter, UtcClock


class FileConfigStore:
    """Fits the port `ConfigStore` for the files at `paths`.

    `backups` and `locks` are folders in xswitch's state folder, made when needed; `configbackup`
    says what is kept in the first.
    """

    def __init__(self, paths: ConfigPaths, *, backups: Path, locks: Path, clock: UtcClock) -> None:
        self._paths = paths
        self._backups = backups
        self._locks = locks
        self._clock = clock

    @cached_property
    def _changes(self) -> ConfigWriter:
        # Whoever only reads needs none of it: 15 ms
        from xswitch.adapters.config.transaction import ConfigWriter  # noqa: PLC0415

        return ConfigWriter(
            self._paths, backups=self._backups, locks=self._locks, clock=self._clock
        )

    def paths(self) -> ConfigPaths:
        """The files in force."""
        return self._paths

    def read(self) -> ConfigView:
        """Both files under the SDK rules; a missing file is empty.

        Raises ConfigError when one can't be read at all: a folder, a pipe (without waiting for it),
        no permission, a symlink loop, or text that isn't UTF-8.
        """
        config, credentials = (
            configfiles.decode(path, configfiles.load(path).content)
            for path in (self._paths.config, self._paths.credentials)
        )
        return read_view(self._paths, config, credentials)

    def stamp(self) -> str:
        """`<size>:<mtime_ns>:<inode>` of the config, a comma, the same of the credentials file.

        `-` stands for a missing file.
        """
        return configfiles.stamp(self._paths)

    def apply(self, edits: Sequence[ProfileEdit]) -> None:
        """Make these edits, each file in one atomic replacement.

        Nothing else changes, and nothing at all when nothing would.

        Symlinks are resolved and their target replaced; its mode, group and access list stay. One
        writer of xswitch's at a time; a change somebody else makes meanwhile is read and edited
        again. In the credentials file only profiles that carry `xswitch_role` there are touched.
        Raises ConfigError, and then nothing was written: the file can't be read or written (other
        owner, hard links, read-only), an edit can't be made safely, somebody else keeps writing, no
        backup can be made.
        """
        self._changes.apply(edits)

    def undo(self) -> tuple[str, ...]:
        """Take the last change back, in both files if it was of both, and name the files.

        Raises ConfigError, and then nothing was written: there is no change, a file is no longer
        what xswitch left, or the change replaced or removed temporary keys in the credentials file,
        which are kept nowhere.
        """
        return self._changes.undo()
