"""Says why a file or folder of this user can't be used, and which command fixes that."""

from __future__ import annotations

import contextlib
import errno
import os
import shlex
import stat
import sys
from pathlib import Path
from typing import NamedTuple

from xswitch.core.errors import ConfigError, ErrorCode

_NO_LOCKS = frozenset((errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS))
_NO_SPACE = frozenset((errno.ENOSPC, errno.EDQUOT))
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH
_PLACES = (
    "AWS_CONFIG_FILE",
    "AWS_SHARED_CREDENTIALS_FILE",
    "XDG_CONFIG_HOME",
    "XDG_STATE_HOME",
)
_ELSEWHERE = 'export XDG_STATE_HOME="$(mktemp -d)"'
"""The command for a state folder on a file system that can't hold one."""


class Repair(NamedTuple):
    """The fault, in one sentence, and the command that fixes it."""

    why: str
    next_step: str


class ForeignFolderError(PermissionError):
    """Writing to a folder of another user, who couldn't use what this one leaves there."""

    def __init__(self, folder: str, owner: int) -> None:
        super().__init__(errno.EPERM, f"it belongs to {user_name(owner)}", folder)
        self.owner = owner


def user_name(uid: int) -> str:
    """Return a user's name, or "user 1000" for one without an entry."""
    if sys.platform != "win32":
        import pwd  # noqa: PLC0415 -- only for messages

        try:
            return pwd.getpwuid(uid).pw_name
        except (KeyError, OSError):
            pass
    return f"user {uid}"


def ensure_own(folder: Path, status: os.stat_result, *, whole: bool) -> None:
    """Raise ForeignFolderError if this user's files in `folder` would lock its owner out.

    That is root in another user's folder, as after `sudo -E`, and any user in another one's folder
    that everybody can write. `whole` means that the folder itself has to be this user's, not only
    its new content; else a folder shared with a group, or one with the sticky bit, is fine.
    """
    if sys.platform == "win32":
        return
    user, owner = os.geteuid(), status.st_uid
    if owner == user:
        return
    shared = bool(status.st_mode & (stat.S_IWGRP | stat.S_ISVTX)) or owner == 0
    if whole or user == 0 or (not shared and status.st_mode & stat.S_IWOTH):
        raise ForeignFolderError(str(folder), owner)


def others_can_write(status: os.stat_result) -> bool:
    """Whether another ordinary user can change a file, or replace what is in a folder.

    The group of a user's own name without other members, which some systems give every user,
    counts as the user.
    """
    if sys.platform == "win32" or not status.st_mode & _OTHERS_WRITE:
        return False
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
        return False
    return bool(status.st_mode & stat.S_IWOTH) or not _is_own_group(status.st_gid, status.st_uid)


def _is_own_group(gid: int, uid: int) -> bool:
    if sys.platform == "win32":
        return True
    import grp  # noqa: PLC0415 -- rarely needed
    import pwd  # noqa: PLC0415 -- as above

    try:
        user, group = pwd.getpwuid(uid), grp.getgrgid(gid)
    except (KeyError, OSError):
        return False
    return group.gr_name == user.pw_name and set(group.gr_mem) <= {user.pw_name}


def distrust(path: Path, status: os.stat_result, *, root_too: bool = False) -> Repair | None:
    """Say why the content of a file or folder may not be this user's own, None if it is.

    With `root_too`, one of root's is trusted as well.
    """
    if sys.platform == "win32":
        return None
    if status.st_uid != os.geteuid() and not (root_too and status.st_uid == 0):
        return foreign(path, status.st_uid)
    if others_can_write(status):
        mode = stat.S_IMODE(status.st_mode)
        return Repair(
            f"Other users can change {path} (mode {mode:04o}).",
            f"chmod go-w {shlex.quote(str(path))}",
        )
    return None


def distrust_folders(folder: Path) -> Repair | None:
    """Say why another user may have replaced something on the way to a folder's content.

    The folder and its parents are checked up to HOME, or up to the root where it isn't below HOME.
    Parents may be root's.
    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 -- it doesn't raise without a home
    for place in (folder, *folder.parents):
        try:
            status = place.stat()
        except OSError:
            continue
        if (found := distrust(place, status, root_too=place != folder)) is not None:
            return found
        if place == home:
            break
    return None


def repair(path: Path, error: OSError) -> Repair:
    """Explain a failure to use `path`, a file or folder of this user, or to create it.

    Never raises.
    """
    if isinstance(error, ForeignFolderError):
        return foreign(Path(error.filename), error.owner)
    if error.errno == errno.EISDIR:
        return _in_the_way(path, "a folder, where a file has to be")
    found = _of_file_system(path, error.errno or 0)
    if found is None:
        with contextlib.suppress(OSError, ValueError):
            found = _obstacle(path)
    return found or Repair(f"{path}: {error.strerror or type(error).__name__}.", "xswitch doctor")


def state_error(what: str, path: Path, error: OSError) -> ConfigError:
    """Return the error `what` for a file of xswitch's state that can't be used, with `repair`."""
    found = repair(path, error)
    return ConfigError(what, why=found.why, next_step=found.next_step, code=ErrorCode.STATE_FOLDER)


def _of_file_system(path: Path, number: int) -> Repair | None:
    if number in _NO_LOCKS:
        return Repair(f"The file system of {path} has no locks.", _ELSEWHERE)
    if number in _NO_SPACE:
        return Repair(
            f"No space left on the device of {path}.",
            f"Free some space; see: df -h {shlex.quote(str(_existing(path)))}",
        )
    if number == errno.EROFS:
        return Repair(f"{path} is on a file system that can only be read.", _ELSEWHERE)
    return None


def _obstacle(path: Path) -> Repair | None:
    """Find the first file or folder on the way to `path` that is in the way. Raises OSError."""
    for folder in reversed(path.parents):
        try:
            folder.lstat()
        except FileNotFoundError:
            return _shut_unless(folder.parent, os.W_OK | os.X_OK)
        found = _wrong_kind(folder, folder=True) or _shut_unless(folder, os.X_OK)
        if found is not None:
            return found
    if os.path.lexists(path):
        found = _wrong_kind(path, folder=path.is_dir()) or _shut_unless(
            path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)
        )
        if found is not None:
            return found
    return _shut_unless(path.parent, os.W_OK | os.X_OK)


def _wrong_kind(path: Path, *, folder: bool) -> Repair | None:
    """Explain a link to nothing, or a file of another kind. Raises OSError."""
    try:
        mode = path.stat().st_mode
    except OSError as problem:
        if problem.errno not in (errno.ENOENT, errno.ELOOP):
            raise
        return _in_the_way(path, "a link to nothing")
    if folder and not stat.S_ISDIR(mode):
        return _in_the_way(path, "a file, where a folder has to be")
    if not folder and not stat.S_ISREG(mode):
        return _in_the_way(path, "not a file")
    return None


def _shut_unless(path: Path, needed: int) -> Repair | None:
    """Explain a file or folder that this user may not use as needed. Raises OSError."""
    return None if _may(path, needed) else _shut(path, path.stat())


def _may(path: Path, needed: int) -> bool:
    if os.access in os.supports_effective_ids:
        return os.access(path, needed, effective_ids=True)
    return os.access(path, needed)


def _shut(path: Path, status: os.stat_result) -> Repair:
    """Explain a file or folder that this user may not use."""
    if sys.platform != "win32" and status.st_uid != os.geteuid():
        return foreign(path, status.st_uid)
    mode = stat.S_IMODE(status.st_mode)
    letters = "rwx" if stat.S_ISDIR(status.st_mode) else "rw"
    if mode & stat.S_IRWXU == (stat.S_IRWXU if letters == "rwx" else mode & stat.S_IXUSR | 0o600):
        # The mode allows it, so chmod can't help
        return Repair(
            f"The system doesn't let you change {path}: it may be immutable (see: lsattr -d).",
            f"sudo chattr -i {shlex.quote(str(path))}",
        )
    return Repair(
        f"Your own permissions on {path} don't allow it (mode {mode:04o}).",
        f"chmod u+{letters} {shlex.quote(str(path))}",
    )


def foreign(path: Path, owner: int, elsewhere: str = _ELSEWHERE) -> Repair:
    """Explain a file or folder of another user.

    In this user's home, the command is to take it over: `sudo` or a copy left it there. In another
    user's home, and for root everywhere, that would lock the other one out. `elsewhere` is the
    command that uses another place.
    """
    home = Path(os.path.expanduser("~"))  # noqa: PTH111 -- it doesn't raise without a home
    mine = _owner(home) == os.geteuid()
    if mine and home in path.parents:
        return Repair(f"{path} belongs to {user_name(owner)}.", chown_command(path))
    if os.geteuid() == 0 or (home == path or home in path.parents):
        this, other = user_name(os.geteuid()), user_name(owner)
        return Repair(
            f"xswitch runs as {this}, and {path} belongs to {other}, who couldn't use files of"
            f" {this} in it.",
            f"Run xswitch as {other}, or with your own files: {_own_command()}",
        )
    return Repair(f"{path} belongs to {user_name(owner)}.", elsewhere)


def chown_command(path: Path) -> str:
    """Return the command that gives this user a file or folder, with everything in it."""
    user = os.geteuid()
    sudo = "sudo " if user else ""
    return f"{sudo}chown -R {user}:{os.getegid()} {shlex.quote(str(path))}"


def _owner(path: Path) -> int | None:
    try:
        return path.stat().st_uid
    except OSError:
        return None


def _own_command() -> str:
    """Return the command that runs xswitch with the home of this user's own entry."""
    import pwd  # noqa: PLC0415 -- only for messages

    try:
        home = shlex.quote(pwd.getpwuid(os.geteuid()).pw_dir)
    except (KeyError, OSError):
        home = '"$(mktemp -d)"'
    unset = "".join(f" -u {name}" for name in _PLACES if os.environ.get(name))
    return f"{f'env{unset} ' if unset else ''}HOME={home} xswitch"


def _in_the_way(path: Path, what: str) -> Repair:
    quoted = shlex.quote(str(path))
    return Repair(f"{path} is {what}.", f"mv {quoted} {shlex.quote(f'{path}.moved')}")


def _existing(path: Path) -> Path:
    return next((place for place in (path, *path.parents) if place.is_dir()), Path("/"))
