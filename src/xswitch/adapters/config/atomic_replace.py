"""Replace files of the shared config: a temporary file beside the old one, then one rename.

The AWS CLI takes no lock and writes in place. Two checks protect its writes: the file is compared
just before the rename, and the old file, kept open, just after it. A write of the CLI that starts
later goes to the new file.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import shlex
import stat
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xswitch.adapters.config.read import LoadedFile, load, read_descriptor
from xswitch.adapters.ownership import (
    foreign,
    others_can_write,
    repair,
)
from xswitch.adapters.state.private_files import (
    create_private,
    open_private,
    private_folder,
    remove_if_left,
    write_all,
)
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.model import FileKind

_SETTLE_SECONDS = 0.001
_SETTLE_TRIES = 100
_WINDOWS = os.name == "nt"
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_ACCESS_LIST = "system.posix_acl_access"
_OPEN_OLD = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)
_OPEN_TO_WRITE = (
    os.O_WRONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
)
_REPAIRS = ("chmod ", "mv ", "sudo chown ", "Run xswitch as ")
_FORBIDDEN = (errno.EROFS, errno.EPERM, errno.EACCES)


@dataclass
class PendingReplacement:
    """One file to replace."""

    kind: FileKind
    path: str
    """The path as the user knows it."""
    file: str
    """The path with symlinks resolved."""
    loaded: LoadedFile
    base: bytes | None
    """The content to edit: the loaded one, or a concurrent write into a replaced file."""
    new: bytes | None = None
    """The new content, None to remove the file."""
    secret: bool = False
    """Whether the new content has secrets of xswitch's, so that no other user may read it."""
    temporary: str = ""
    staged: int | None = field(default=None, repr=False)
    """The descriptor of the temporary file, locked until it has its final name."""
    old: int | None = field(default=None, repr=False)
    """The descriptor of the old file."""

    @property
    def changed(self) -> bool:
        """Whether the content changes."""
        return self.new != self.loaded.content

    @property
    def tightened(self) -> bool:
        """Whether the replacement takes others' permission to read the file away."""
        status = self.loaded.status
        return self.secret and status is not None and bool(status.st_mode & _OTHERS)

    def close(self) -> None:
        """Close the files, and remove the temporary one if it wasn't used."""
        if self.temporary:
            with contextlib.suppress(OSError):
                Path(self.temporary).unlink()
            self.temporary = ""
        for descriptor in (self.old, self.staged):
            if descriptor is not None:
                with contextlib.suppress(OSError):
                    os.close(descriptor)
        self.old = self.staged = None


def open_replacement(kind: FileKind, path: str) -> PendingReplacement:
    """Load the file at `path`, and check that it can be replaced.

    Raises ConfigError if it can't be read, is a device, has another owner or other hard links, or
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
        # The AWS CLI may have just truncated the file, and be about to write it.
        time.sleep(_SETTLE_SECONDS)
        loaded = load(path)
    file = os.path.realpath(path)
    if loaded.status is not None:
        _check_writable(kind, path, loaded.status)
    return PendingReplacement(kind, path, file, loaded, loaded.content)


def ensure_replaceable(kind: FileKind, path: str) -> None:
    """Find out whether `open_replacement`, `stage` and `commit` can work, and leave no trace.

    Raises ConfigError as they do: also for a read-only or full file system, and for a file or
    folder that is immutable. A missing folder must be possible to create; it isn't created.
    """
    target = open_replacement(kind, path)
    target.close()
    folder, name = os.path.split(target.file)
    try:
        if target.loaded.status is not None:
            # The mode allows it, so this fails on a read-only file system or an immutable file
            os.close(os.open(target.file, _OPEN_TO_WRITE))
        if not Path(folder).exists():
            above = next(parent for parent in Path(folder).parents if parent.exists())
            if not os.access(above, os.W_OK | os.X_OK):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
            return
        probe = f"{folder}{os.sep}.{name}.xswitch-{secrets.token_hex(8)}.tmp"
        with create_private(probe) as descriptor:
            if kind == "credentials":
                _check_folder(path, Path(folder))
                _check_private(descriptor, path)
        Path(probe).unlink(missing_ok=True)  # no longer locked, so another process may sweep it
    except OSError as error:
        raise _unwritable(target, error) from None


def stage(target: PendingReplacement) -> None:
    """Write and sync the new content to a temporary file, with the target's metadata.

    A new file gets mode 0600, as does one with secrets; a missing folder is created with mode 0700.
    Raises ConfigError.
    """
    folder, name = os.path.split(target.file)
    try:
        private_folder(Path(folder), shared=True)
        if target.new is None:
            return
        if target.secret:
            _check_folder(target.path, Path(folder))
        path = f"{folder}{os.sep}.{name}.xswitch-{secrets.token_hex(8)}.tmp"
        target.staged = open_private(path)
        target.temporary = path
        write_all(target.staged, target.new)
        _copy_metadata(target.staged, path, target)
        if target.secret:
            _check_private(target.staged, target.path)
        os.fsync(target.staged)
        if _WINDOWS:  # it can't rename an open file
            os.close(target.staged)
            target.staged = None
    except OSError as error:
        target.close()
        raise _unwritable(target, error) from None
    except ConfigError:
        target.close()
        raise


def commit(
    targets: Sequence[PendingReplacement], before: Callable[[], None]
) -> dict[FileKind, bytes] | None:
    """Rename all staged files into place, calling `before` just before the first.

    Return None, without a change, if a target has changed since it was loaded. Otherwise return, by
    kind, what another program wrote into an old file during the replacement; no file holds it any
    more, so the caller must save it. Raises ConfigError, after restoring all files.
    """
    if not all([_unchanged(target) for target in targets]):  # noqa: C419 -- each must be opened
        return None
    before()
    replaced: list[PendingReplacement] = []
    try:
        for target in targets:
            _replace(target)
            replaced.append(target)
    except ConfigError:
        for target in replaced:
            restore(target, target.loaded.content)
        raise
    concurrent = {
        target.kind: content
        for target in targets
        if (content := _concurrent_write(target)) is not None
    }
    _sync_folders(targets)
    return concurrent


def restore(target: PendingReplacement, content: bytes | None) -> None:
    """Replace the target's current content by `content`. Raises ConfigError."""
    if target.staged is not None:
        os.close(target.staged)
        target.staged = None
    target.new, target.secret = content, False
    stage(target)
    _replace(target)
    _sync_folders([target])


def _unchanged(target: PendingReplacement) -> bool:
    """Whether the target still has the loaded content; keep it open to detect later writes."""
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
    """Rename the staged file to the target, or remove the target. Raises ConfigError."""
    if _WINDOWS and target.old is not None:
        os.close(target.old)  # Windows can't replace an open file
        target.old = None
    try:
        if target.new is None:
            Path(target.file).unlink(missing_ok=True)
        else:
            os.replace(target.temporary, target.file)  # noqa: PTH105 -- both are strings
            target.temporary = ""
    except OSError as error:
        raise _unwritable(target, error) from None


def _concurrent_write(target: PendingReplacement) -> bytes | None:
    """Return what another program wrote into the old file during the replacement, if anything.

    Waits a moment for the end of the write.
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
    """Sync the folders, so that the renames survive a crash."""
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


def remove_leftovers(file: str) -> list[Path]:
    """Remove the temporary files that killed writers of `file` left beside it; return them.

    `file` has no symlinks. Never raises.
    """
    folder, name = os.path.split(file)
    matches = re.compile(rf"\.{re.escape(name)}\.xswitch-[0-9a-f]{{16}}\.tmp").fullmatch
    try:
        with os.scandir(folder) as entries:
            found = [entry.path for entry in entries if matches(entry.name)]
    except OSError:
        return []
    return [Path(path) for path in found if remove_if_left(path)]


def _check_writable(kind: FileKind, path: str, status: os.stat_result) -> None:
    why = step = ""
    quoted = shlex.quote(path)
    if not stat.S_ISREG(status.st_mode):
        why, step = (
            "It is a device, not a file.",
            "Set AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE to a file.",
        )
    elif hasattr(os, "geteuid") and status.st_uid != os.geteuid():
        why, step = foreign(Path(os.path.realpath(path)), status.st_uid, _copy_step(kind, path))
    elif status.st_nlink != 1:
        why, step = (
            "It has other hard links, which would keep the old content.",
            f"Give it a file of its own: cp -p {quoted} {quoted}.new && mv {quoted}.new {quoted}",
        )
    elif not status.st_mode & stat.S_IWUSR:
        why, step = "It is read-only.", f"chmod u+w {quoted}"
    if why:
        raise ConfigError(
            f"{path} can't be replaced.",
            why=why,
            next_step=step,
            code=ErrorCode.CONFIG_NOT_WRITABLE,
        )


def _check_folder(path: str, folder: Path) -> None:
    """Raise ConfigError for a folder in which others could replace a file with secrets."""
    status = folder.stat()
    if others_can_write(status):
        raise ConfigError(
            f"No keys are written to {path}.",
            why=f"Other users can replace files in {folder} (mode"
            f" {stat.S_IMODE(status.st_mode):04o}).",
            next_step=f"chmod go-w {shlex.quote(str(folder))}",
            code=ErrorCode.CREDENTIALS_EXPOSED,
        )


def _check_private(descriptor: int, path: str) -> None:
    """Raise ConfigError unless only this user can read a file that is to have secrets."""
    if _WINDOWS:
        return
    mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
    if mode & _OTHERS:
        raise ConfigError(
            f"No keys are written to {path}.",
            why=f"Its file system gives others permission to read it (mode {mode:04o}), and"
            " keeps no other.",
            next_step='export AWS_SHARED_CREDENTIALS_FILE="$HOME/.aws-credentials"',
            code=ErrorCode.CREDENTIALS_EXPOSED,
        )


def _copy_metadata(descriptor: int, path: str, target: PendingReplacement) -> None:
    """Copy group, extended attributes (such as access lists) and mode of the old file.

    A file with secrets gets no access list, not even its folder's, and a mode without others.
    """
    status = target.loaded.status
    if _WINDOWS:
        return
    if target.secret:
        _remove_access_list(path)
    if status is None:
        return
    mode = stat.S_IMODE(status.st_mode)
    if target.secret:
        mode &= ~_OTHERS
    if os.fstat(descriptor).st_gid != status.st_gid:
        try:
            os.fchown(descriptor, -1, status.st_gid)
        except PermissionError:  # a group of others, which loses its permissions
            mode &= ~stat.S_IRWXG
    if sys.platform == "linux":
        for name in _extended_attributes(target.file):
            if not (target.secret and name.startswith("system.")):
                os.setxattr(path, name, os.getxattr(target.file, name))
    os.fchmod(descriptor, mode)


def _remove_access_list(path: str) -> None:
    if sys.platform == "linux" and _ACCESS_LIST in _extended_attributes(path):
        os.removexattr(path, _ACCESS_LIST)


def _extended_attributes(file: str) -> list[str]:
    """Return the names of the extended attributes that a user can copy."""
    if sys.platform != "linux":
        return []
    try:
        return [
            name for name in os.listxattr(file) if name.startswith(("user.", "system.posix_acl"))
        ]
    except OSError:
        return []


def _unwritable(target: PendingReplacement, error: OSError) -> ConfigError:
    path = target.path
    why, step = repair(Path(target.file), error)
    if (
        error.errno in _FORBIDDEN
        and target.loaded.status is not None
        and not step.startswith(_REPAIRS)
    ):
        step = _copy_step(target.kind, path)
    return ConfigError(
        f"{path} can't be written; it wasn't changed.",
        why=why,
        next_step=step,
        code=ErrorCode.CONFIG_NOT_WRITABLE,
    )


def _copy_step(kind: FileKind, path: str) -> str:
    """Return the commands that use a copy of a file which this user can't change.

    Such files are links into a store (Nix, home-manager), on a read-only file system, or immutable.
    """
    copy = f"~/aws-{kind}"
    variable = "AWS_CONFIG_FILE" if kind == "config" else "AWS_SHARED_CREDENTIALS_FILE"
    return (
        f"Use a copy that you can change: cp {shlex.quote(path)} {copy} && chmod 600 {copy}"
        f" && export {variable}={copy}"
    )
