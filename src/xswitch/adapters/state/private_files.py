"""Private files: mode 0600, in folders of mode 0700, complete whenever a reader sees them."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_BINARY = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _BINARY
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | _BINARY


def private_folder(path: Path) -> Path:
    """Create `path` and its missing parents with mode 0700 under any umask; return `path`."""
    missing = [folder for folder in (path, *path.parents) if not folder.is_dir()]
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
    descriptor = os.open(path, _READ)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return file.read(limit + 1)


@contextlib.contextmanager
def create_private(path: str | Path, *, dir_fd: int | None = None) -> Iterator[int]:
    """Create `path` with mode 0600 and yield its descriptor; remove it again if the block fails.

    Raises FileExistsError when it exists, even as a symbolic link.
    """
    descriptor = os.open(path, _CREATE, 0o600, dir_fd=dir_fd)
    try:
        try:
            set_private_mode(descriptor)
            yield descriptor
        finally:
            os.close(descriptor)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path, dir_fd=dir_fd)
        raise


def write_all(descriptor: int, content: bytes) -> None:
    """Write all of `content`; a single `os.write` may stop early."""
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def stage_private(path: Path, content: bytes, *, sync: bool = True) -> Path:
    """Write a private temporary file beside `path`, to be renamed or linked to it.

    With `sync`, the content is on the disk when this returns. Raises OSError.
    """
    private_folder(path.parent)
    temporary = path.with_name(f".{path.name}.{os.urandom(8).hex()}.tmp")
    with create_private(temporary) as descriptor:
        write_all(descriptor, content)
        if sync:
            os.fsync(descriptor)
    return temporary


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
    temporary = stage_private(path, content, sync=False)
    try:
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise


def keep_private(path: Path, content: bytes) -> bool:
    """Create `path` unless it exists; return whether this call created it. Raises OSError.

    The file is linked into place, which fails if it exists: of several processes, one succeeds, and
    a reader never sees half of the content.
    """
    temporary = stage_private(path, content, sync=False)
    try:
        path.hardlink_to(temporary)
    except FileExistsError:
        return False
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
    return True
