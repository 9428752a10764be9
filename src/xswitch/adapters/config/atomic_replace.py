"""Replacing files of the shared config.

New text in a temporary file beside the old, then one rename.

The AWS CLI takes no lock and writes in place, so two things protect its writes: the file is
compared once more just before the rename, and the old file, still open, once more after it. What
the CLI writes over the new file later is its own doing.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from xswitch.adapters.config.read import LoadedFile, load, read_descriptor
from xswitch.adapters.state.private_files import create_private, private_folder, write_all
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.model import FileKind

LEFTOVER_SECONDS = 600.0
_SETTLE_SECONDS = 0.001
_SETTLE_TRIES = 100
_WINDOWS = os.name == "nt"
_OPEN_OLD = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass
class PendingReplacement:
    """One file that is to be replaced.

    `path` as the user knows it, `file` with all symlinks resolved, what is there, what shall be.

    `base` is what the new content was made from: the content, unless somebody wrote into a version
    that had just been replaced.
    """

    kind: FileKind
    path: str
    file: str
    loaded: LoadedFile
    base: bytes | None
    new: bytes | None = None
    temporary: str = ""
    old: int | None = field(default=None, repr=False)

    @property
    def changed(self) -> bool:
        """Whether there is anything to write."""
        return self.new != self.loaded.content

    def close(self) -> None:
        """Let the old file go, and remove the temporary one if it was not put in place."""
        if self.old is not None:
            os.close(self.old)
            self.old = None
        if self.temporary:
            with contextlib.suppress(OSError):
                Path(self.temporary).unlink()
            self.temporary = ""


def open_replacement(kind: FileKind, path: str) -> PendingReplacement:
    """Load what is at `path`, and check that it may be replaced.

    Raises ConfigError when it can't be read, is a device, has another owner or other hard links, or
    is read-only.
    """
    loaded = load(path)
    for _ in range(_SETTLE_TRIES // 4):
        if (
            loaded.content != b""
            or loaded.status is None
            or not stat.S_ISREG(loaded.status.st_mode)
        ):
            break
        # An empty file may be one the AWS CLI has just cut off and is about to write.
        time.sleep(_SETTLE_SECONDS)
        loaded = load(path)
    file = os.path.realpath(path)
    if loaded.status is not None:
        _check_writable(path, loaded.status)
    return PendingReplacement(kind, path, file, loaded, loaded.content)


def stage(target: PendingReplacement) -> None:
    """Write the new content into a temporary file beside the target, safely on the disk, with the target's mode, group and attributes.

    A new file gets mode 0600; a missing folder is made, with mode 0700. Raises ConfigError.
    """
    folder, name = os.path.split(target.file)
    try:
        private_folder(Path(folder))
        if target.new is None:
            return
        # The folder is a resolved string
        path = os.path.join(folder, f".{name}.xswitch-{secrets.token_hex(8)}.tmp")  # noqa: PTH118
        with create_private(path) as descriptor:
            write_all(descriptor, target.new)
            _copy_metadata(descriptor, path, target)
            os.fsync(descriptor)
        target.temporary = path
    except OSError as error:
        target.close()
        raise _unwritable(target.path, error) from None


def swap(
    targets: Sequence[PendingReplacement], before: Callable[[], None]
) -> dict[FileKind, bytes] | None:
    """Put all staged files in place, one rename each, calling `before` just before the first.

    None, and nothing done, when a target is no longer what was loaded. Else what somebody wrote
    into an old file while it was being replaced, by kind: that is in no file any more, and the
    caller's to save. Raises ConfigError; then all is as it was.
    """
    if not all([_unchanged(target) for target in targets]):  # noqa: C419 -- each is to be opened
        return None
    before()
    done: list[PendingReplacement] = []
    try:
        for target in targets:
            _replace(target)
            done.append(target)
    except ConfigError:
        for target in done:
            restore(target, target.loaded.content)
        raise
    late = {
        target.kind: content
        for target in targets
        if (content := _concurrent_write(target)) is not None
    }
    _sync_folders(targets)
    return late


def restore(target: PendingReplacement, content: bytes | None) -> None:
    """Make `content` what the target holds, whatever it holds now. Raises ConfigError."""
    target.new = content
    stage(target)
    _replace(target)
    _sync_folders([target])


def _unchanged(target: PendingReplacement) -> bool:
    """Whether the target is still what was loaded, byte by byte.

    Keeps it open, so that a late write can be seen.
    """
    try:
        descriptor = os.open(target.file, _OPEN_OLD)
    except FileNotFoundError:
        return target.loaded.content is None
    except OSError:
        return False
    target.old = descriptor
    status, before = os.fstat(descriptor), target.loaded.status
    if (
        before is None
        or (status.st_ino, status.st_dev) != (before.st_ino, before.st_dev)
        or status.st_nlink != 1
    ):
        return False
    return read_descriptor(descriptor) == target.loaded.content


def _replace(target: PendingReplacement) -> None:
    """Put the staged file in the target's place (or remove the target, when there shall be none).

    Raises ConfigError.
    """
    if _WINDOWS and target.old is not None:
        os.close(target.old)  # an open file can't be replaced there
        target.old = None
    try:
        if target.new is None:
            Path(target.file).unlink(missing_ok=True)
        else:
            os.replace(target.temporary, target.file)  # noqa: PTH105 -- both are strings
            target.temporary = ""
    except OSError as error:
        raise _unwritable(target.path, error) from None


def _concurrent_write(target: PendingReplacement) -> bytes | None:
    """What somebody wrote into the old file while it was being replaced, None when nobody did.

    Waits a moment for the write's end.
    """
    if target.old is None:
        return None
    seen = read_descriptor(target.old)
    if seen == target.loaded.content:
        return None
    for _ in range(_SETTLE_TRIES):
        time.sleep(_SETTLE_SECONDS)
        now = read_descriptor(target.old)
        if now and now == seen:
            return now
        seen = now
    return seen or None


def _sync_folders(targets: Sequence[PendingReplacement]) -> None:
    """Make the renames last."""
    if _WINDOWS:
        return
    # Resolved strings
    for folder in {os.path.dirname(target.file) for target in targets}:  # noqa: PTH120
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def remove_leftovers(folder: str, prefix: str, now: datetime) -> None:
    """Remove a folder's temporary files `<prefix>....tmp` of killed writers, once they are older than ten minutes."""
    with contextlib.suppress(OSError), os.scandir(folder) as found:
        for entry in found:
            if not (entry.name.startswith(prefix) and entry.name.endswith(".tmp")):
                continue
            with contextlib.suppress(OSError):
                status = entry.stat(follow_symlinks=False)
                if (
                    stat.S_ISREG(status.st_mode)
                    and now.timestamp() - status.st_mtime > LEFTOVER_SECONDS
                ):
                    Path(entry.path).unlink()


def _check_writable(path: str, status: os.stat_result) -> None:
    why = step = ""
    if not stat.S_ISREG(status.st_mode):
        why, step = (
            "It is a device, not a file.",
            "Set AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE to a file.",
        )
    elif hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        why, step = (
            "It belongs to another user.",
            f"ls -l {path}, and work as its owner or use a file of your own.",
        )
    elif status.st_nlink != 1:
        why, step = (
            "It has other hard links, which would go on holding the old text.",
            f"ls -l {path}, and use a symlink instead of a hard link.",
        )
    elif not status.st_mode & stat.S_IWUSR:
        why, step = "It is read-only.", f"chmod u+w {path}"
    if why:
        raise ConfigError(
            f"{path} is not to be written.",
            why=why,
            next_step=step,
            code=ErrorCode.CONFIG_NOT_WRITABLE,
        )


def _copy_metadata(descriptor: int, path: str, target: PendingReplacement) -> None:
    """Give the new file what the old one has.

    Group, extended attributes (access lists are such), mode last.
    """
    status = target.loaded.status
    if status is None or _WINDOWS:
        return
    if os.fstat(descriptor).st_gid != status.st_gid:
        os.fchown(descriptor, -1, status.st_gid)
    if sys.platform == "linux":
        for name in _extended_attributes(target.file):
            os.setxattr(path, name, os.getxattr(target.file, name))
    os.fchmod(descriptor, stat.S_IMODE(status.st_mode))


def _extended_attributes(file: str) -> list[str]:
    """The names of the extended attributes that are the user's to keep.

    None where the file system knows none.
    """
    if sys.platform != "linux":
        return []
    try:
        return [
            name for name in os.listxattr(file) if name.startswith(("user.", "system.posix_acl"))
        ]
    except OSError:
        return []


def _unwritable(path: str, error: OSError) -> ConfigError:
    return ConfigError(
        f"{path} can't be written; it is as it was.",
        why=f"The system says: {error.strerror or error}.",
        next_step=f"Look at the folder of {path}: its rights, and the space left.",
        code=ErrorCode.CONFIG_NOT_WRITABLE,
    )
