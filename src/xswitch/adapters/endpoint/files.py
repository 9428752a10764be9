"""The private folder of an endpoint: its token, and AWS config files without a profile.

It is in the user's runtime folder or the one for temporary files, and goes with the endpoint. Its
lock file is held for that long, so the folders that killed processes left are recognized.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from xswitch.core.errors import SystemRefusedError
from xswitch.core.sessions.container_endpoint import (
    TOKEN_FILE_VARIABLE,
    EndpointAddress,
    private_config,
)

if sys.platform != "win32":
    import fcntl

_PREFIX = "xswitch-serve-"
_LOCK = "lock"
_TOKEN = "token"  # noqa: S105 -- a file's name
_NEW_SECONDS = 10.0
"""The age up to which a lock file may not have been locked yet."""
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0)


class EndpointFiles:
    """The files that the programs read which use an endpoint.

    Raises SystemRefusedError if they can't be created.
    """

    def __init__(self, address: EndpointAddress, region: str, environ: Mapping[str, str]) -> None:
        parent = _parent(environ)
        _sweep(parent)
        try:
            self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            try:
                self._lock = _hold(self.folder / _LOCK)
                # Without a newline at its end, which botocore refuses
                self._write(_TOKEN, address.token.reveal())
                self._write("config", private_config(region))
                self._write("credentials", "")
            except BaseException:
                shutil.rmtree(self.folder, ignore_errors=True)
                raise
        except OSError as error:
            raise SystemRefusedError(
                "The private files of the endpoint can't be created.",
                why=f"{error.strerror}: {error.filename or parent}",
                next_step='Use another folder: export XDG_RUNTIME_DIR="$(mktemp -d)"',
            ) from None

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """The variables that name the files."""
        return (
            (TOKEN_FILE_VARIABLE, str(self.folder / _TOKEN)),
            ("AWS_CONFIG_FILE", str(self.folder / "config")),
            ("AWS_SHARED_CREDENTIALS_FILE", str(self.folder / "credentials")),
        )

    def remove(self) -> None:
        """Remove the folder. Never raises."""
        shutil.rmtree(self.folder, ignore_errors=True)
        if self._lock >= 0:
            with contextlib.suppress(OSError):
                os.close(self._lock)
            self._lock = -1

    def _write(self, name: str, content: str) -> None:
        descriptor = os.open(self.folder / name, _CREATE, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
            file.write(content)


def _parent(environ: Mapping[str, str]) -> Path:
    """Return the runtime folder if it is this user's alone, else that for temporary files."""
    named = environ.get("XDG_RUNTIME_DIR", "")
    if named.startswith("/"):
        with contextlib.suppress(OSError):
            status = Path(named).stat()
            own = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
            if own and not status.st_mode & (stat.S_IRWXG | stat.S_IRWXO):
                return Path(named)
    return Path(tempfile.gettempdir())


def _hold(path: Path) -> int:
    """Create a file and lock it until its descriptor is closed, or the process ends."""
    descriptor = os.open(path, _CREATE, 0o600)
    if sys.platform != "win32":
        with contextlib.suppress(OSError):  # a file system without locks
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return descriptor


def _sweep(parent: Path) -> None:
    """Remove the folders whose processes were killed. Never raises."""
    if sys.platform == "win32":
        return
    with contextlib.suppress(OSError):
        for folder in parent.glob(f"{_PREFIX}*"):
            with contextlib.suppress(OSError):
                if folder.lstat().st_uid == os.geteuid() and _is_left(folder / _LOCK):
                    shutil.rmtree(folder, ignore_errors=True)


def _is_left(lock: Path) -> bool:
    """Whether a lock file is there, and no process holds it or has just made it. Raises OSError."""
    descriptor = os.open(lock, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        if time.time() - os.fstat(descriptor).st_mtime < _NEW_SECONDS:
            return False
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(descriptor)
    return True
