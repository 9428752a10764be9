"""Where xswitch keeps its own files.

Settings in the user's config folder, the rest in the state folder (0700).
"""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True, slots=True)
class AppPaths:
    """`settings` is config.toml.

    `state` holds index, memory, history, locks/, prompt/, hot/ and backups/.
    """

    settings: Path
    state: Path

    @property
    def index(self) -> Path:
        """The session index, JSON."""
        return self.state / "index.json"

    @property
    def memory(self) -> Path:
        """Frecency and pins, JSON."""
        return self.state / "memory.json"

    @property
    def history(self) -> Path:
        """Which sessions were wanted, one JSON object a line."""
        return self.state / "history.jsonl"

    @property
    def locks(self) -> Path:
        """One lock file per name."""
        return self.state / "locks"

    @property
    def prompt(self) -> Path:
        """One small file per managed profile, for the shells' prompt helper."""
        return self.state / "prompt"

    @property
    def hot(self) -> Path:
        """One pointer per managed profile, for the hot path."""
        return self.state / "hot"

    @property
    def backups(self) -> Path:
        """Earlier versions of the AWS config."""
        return self.state / "backups"


def user_paths() -> AppPaths:
    """The places of the user running this, by the platform's rules (XDG on Linux)."""
    dirs = platformdirs.PlatformDirs("xswitch", appauthor=False)
    return AppPaths(settings=dirs.user_config_path / "config.toml", state=dirs.user_state_path)


def ensure_private_folder(path: Path) -> Path:
    """`path`, made if need be with its missing parents, each of those with mode 0700 whatever the umask."""
    missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    return path


def set_private_mode(descriptor: int) -> None:
    """Mode 0600 for an open file, whatever the umask made of the mode it was created with.

    Raises OSError.
    """
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o600)


def read_file(path: Path, limit: int) -> bytes:
    """What is in a file, at most one byte more than `limit`.

    Raises OSError, also for what is no file: a pipe is never waited for.
    """
    descriptor = os.open(
        path,
        os.O_RDONLY
        | getattr(os, "O_CLOEXEC", 0)
        | getattr(os, "O_NONBLOCK", 0)
        | getattr(os, "O_BINARY", 0),
    )
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "it is not a file", str(path))
        return file.read(limit + 1)


def replace_private_file(path: Path, content: bytes) -> None:
    """Make `path` hold `content`, mode 0600 in a private folder, by rename.

    A reader sees the old file or the new. Raises OSError.
    """
    folder = ensure_private_folder(path.parent)
    handle, temporary = tempfile.mkstemp(prefix=".new-", dir=folder)
    try:
        with os.fdopen(handle, "wb") as file:
            set_private_mode(file.fileno())
            file.write(content)
        Path(temporary).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(temporary).unlink()
        raise
