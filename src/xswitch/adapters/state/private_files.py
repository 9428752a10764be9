"""Private files: mode 0600, in folders of mode 0700, complete whenever a reader sees them.

A file is written under a temporary name, which its writer keeps locked until it is renamed: an
unlocked one was left by a writer that was killed, and `sweep` removes it.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from xswitch.adapters.ownership import distrust, ensure_own, others_can_write

if sys.platform != "win32":
    import fcntl

_BINARY = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | _BINARY
_TRIES = 100  # of many sweeps at once, each may take a file before it is locked
_LOCK_TRIES, _LOCK_SECONDS = 500, 0.002
_UNLOCKABLE_SECONDS = 60.0
"""The age from which a temporary file counts as left behind where there are no locks."""

TEMPORARY = re.compile(r"\.(?P<name>.+)\.[0-9a-f]{16}\.tmp").fullmatch
"""Matches the name of a temporary file of `stage_private`."""


class UntrustedFileError(PermissionError):
    """A file of another user, or one that others can change."""


def private_folder(path: Path, *, shared: bool = False) -> Path:
    """Create `path` and its missing parents with mode 0700 under any umask; return `path`.

    A folder that is there has to be this user's, and is closed to others who could change it;
    with `shared` it isn't xswitch's own, and stays as it is. Raises OSError, ForeignFolderError
    where this user's files would lock another one out.
    """
    missing: list[Path] = []
    for folder in (path, *path.parents):
        try:
            status = folder.stat()
        except (FileNotFoundError, NotADirectoryError):
            missing.append(folder)
            continue
        ensure_own(folder, status, whole=not missing and not shared)
        if not missing and not shared and others_can_write(status) and stat.S_ISDIR(status.st_mode):
            folder.chmod(stat.S_IMODE(status.st_mode) & ~(stat.S_IWGRP | stat.S_IWOTH))
        break
    for folder in reversed(missing):
        folder.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
    return path


def set_private_mode(descriptor: int) -> None:
    """Give an open file mode 0600 under any umask. Raises OSError."""
    if hasattr(os, "fchmod"):
        os.fchmod(descriptor, 0o600)


def read_file(path: Path, limit: int) -> bytes:
    """Return a file's content, at most one byte more than `limit`.

    Raises OSError, also for anything but a regular file: a pipe is never waited for.
    """
    return _read(path, limit)[0]


def read_trusted(path: Path, limit: int, *, root_too: bool = False) -> bytes:
    """Return the content of a file that only this user can have written, as `read_file` does.

    With `root_too`, root may have. Raises UntrustedFileError for any other file, OSError.
    """
    content, status = _read(path, limit)
    if (found := distrust(path, status, root_too=root_too)) is not None:
        raise UntrustedFileError(errno.EPERM, found.why, str(path))
    return content


def _read(path: Path, limit: int) -> tuple[bytes, os.stat_result]:
    descriptor = os.open(path, _READ)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return file.read(limit + 1), status


@contextlib.contextmanager
def create_private(path: str | Path, *, dir_fd: int | None = None) -> Iterator[int]:
    """Create `path` with mode 0600 and yield its descriptor, locked; remove it if the block fails.

    The lock ends with the block. Raises FileExistsError when it exists, even as a symbolic link.
    """
    descriptor = open_private(path, dir_fd=dir_fd)
    try:
        try:
            yield descriptor
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path, dir_fd=dir_fd)
        raise


def open_private(path: str | Path, *, dir_fd: int | None = None) -> int:
    """Create `path` with mode 0600 and return its descriptor, locked against `sweep`.

    Raises FileExistsError when it exists, even as a symbolic link, and OSError.
    """
    for _ in range(_TRIES):
        descriptor = os.open(path, _CREATE, 0o600, dir_fd=dir_fd)
        try:
            _lock_own(descriptor)
            if os.fstat(descriptor).st_nlink:
                set_private_mode(descriptor)
                return descriptor
        except BaseException:
            os.close(descriptor)
            with contextlib.suppress(OSError):
                os.unlink(path, dir_fd=dir_fd)
            raise
        os.close(descriptor)  # `sweep` took it before it was locked
    raise OSError(errno.EAGAIN, "it was removed at once", str(path))


def _lock_own(descriptor: int) -> None:
    """Lock a temporary file that this process has just made.

    `sweep` may hold it for a moment, as it was unlocked: what it decided shows in the link count.
    """
    for _ in range(_LOCK_TRIES):
        if _lock(descriptor) or not _has_locks(descriptor):
            return
        time.sleep(_LOCK_SECONDS)


def _lock(descriptor: int) -> bool:
    """Lock an open temporary file; return whether it was free."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # held, or a file system without locks, where the age decides
        return False
    return True


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`; a single `os.write` may stop early."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


@contextlib.contextmanager
def staged_private(path: Path, content: bytes, *, sync: bool = True) -> Iterator[Path]:
    """Write a private temporary file beside `path`, to be renamed or linked to it in the block.

    With `sync`, the content is on the disk when the block begins. The temporary name is gone
    after the block. Raises OSError.
    """
    sweep(private_folder(path.parent), path.name)
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    descriptor = open_private(temporary)
    try:
        write_all(descriptor, content)
        if sync:
            os.fsync(descriptor)
        if sys.platform == "win32":  # Windows can't rename an open file
            os.close(descriptor)
            descriptor = -1
        yield temporary
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
        if descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(descriptor)


def remove_files(folder: Path) -> None:
    """Remove every file of a folder that may be missing, and of the folders in it.

    Raises the first OSError, after it has tried all.
    """
    first: OSError | None = None
    try:
        paths = tuple(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for path in paths:
        try:
            if path.is_dir() and not path.is_symlink():
                remove_files(path)
                path.rmdir()
            else:
                path.unlink(missing_ok=True)
        except OSError as error:
            first = first or error
    if first is not None:
        raise first


def replace_private(path: Path, content: bytes) -> None:
    """Replace `path` by rename, so that a reader sees the old file or the new. Raises OSError."""
    with staged_private(path, content, sync=False) as temporary:
        temporary.replace(path)


def keep_private(path: Path, content: bytes) -> bool:
    """Create `path` unless it exists; return whether this call created it. Raises OSError.

    The file is linked into place, which fails if it exists: of several processes, one succeeds, and
    a reader never sees half of the content.
    """
    with staged_private(path, content, sync=False) as temporary:
        try:
            path.hardlink_to(temporary)
        except FileExistsError:
            return False
    return True


def sweep(folder: Path, name: str | None = None) -> list[Path]:
    """Remove the temporary files in `folder` that killed writers left; return their paths.

    Only those of the file `name`, None for those of every file. Never raises.
    """

    def matches(entry: str) -> bool:
        found = TEMPORARY(entry)
        return found is not None and name in (None, found["name"])

    try:
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if matches(entry.name)]
    except OSError:
        return []
    return [Path(path) for path in found if remove_if_left(path)]


def sweep_below(folder: Path) -> list[Path]:
    """Do what `sweep` does for every file in a folder and in the folders in it. Never raises."""
    return [path for inner, _, _ in os.walk(folder) for path in sweep(Path(inner))]


def remove_if_left(path: str, *, dir_fd: int | None = None) -> bool:
    """Remove a temporary file of this user unless its writer still runs; return whether it did.

    Never raises.
    """
    try:
        descriptor = os.open(path, _READ | getattr(os, "O_NOFOLLOW", 0), dir_fd=dir_fd)
    except OSError:
        return False
    try:
        status = os.fstat(descriptor)
        mine = not hasattr(os, "geteuid") or status.st_uid == os.geteuid()
        if not (mine and stat.S_ISREG(status.st_mode)):
            return False
        if not _lock(descriptor) and (
            _has_locks(descriptor) or time.time() - status.st_mtime < _UNLOCKABLE_SECONDS
        ):
            return False
        if not os.fstat(descriptor).st_nlink:
            # Another sweep removed it before this one got the lock; what has its name now is a
            # new file of a writer that runs.
            return False
        os.unlink(path, dir_fd=dir_fd)
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return True


def _has_locks(descriptor: int) -> bool:
    """Whether the file system has locks."""
    if sys.platform == "win32":
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno in (errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK)
    return True
