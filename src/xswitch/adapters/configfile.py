"""The shared config and credentials files: read, stamped, edited and undone. Fits the port `ConfigStore`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Protocol

from xswitch.adapters import configfiles
from xswitch.core.awsconfig.sdk import read_view
from xswitch.core.model import ConfigPaths, ConfigView


class _Clock(Protocol):
    def now(self) -> datetime: ...


class FileConfigStore:
    """Fits the port `ConfigStore` for the files at `paths`.

    `backups` and `locks` are folders in xswitch's state folder, made when needed.
    """

    def __init__(self, paths: ConfigPaths, *, backups: Path, locks: Path, clock: _Clock) -> None:
        self._paths = paths
        self._backups = backups
        self._locks = locks
        self._clock = clock

    def paths(self) -> ConfigPaths:
        """The files in force."""
        return self._paths

    def read(self) -> ConfigView:
        """Both files under the SDK rules; a missing file is empty.

        Raises ConfigError when one can't be read at all: a folder, a pipe (without waiting for it), no permission, a symlink loop,
        or text that isn't UTF-8.
        """
        texts = [configfiles.decode(path, configfiles.load(path).content) for path in (self._paths.config, self._paths.credentials)]
        return read_view(self._paths, *texts)

    def stamp(self) -> str:
        """`<size>:<mtime_ns>:<inode>` of the config, a comma, the same of the credentials file; `-` stands for a missing file."""
        return configfiles.stamp(self._paths)
