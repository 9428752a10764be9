"""Finds a folder on a file system in memory, and checks that it is one."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping
from pathlib import Path

from xswitch.adapters.vault.errors import VaultErrors

_IN_MEMORY = frozenset(("tmpfs", "ramfs"))
_MOUNTS = "/proc/self/mountinfo"
_NAME = "xswitch"
_WRITE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_OTHERS_MODE = stat.S_IRWXG | stat.S_IRWXO
_SUFFIX_BYTES = 16
_SUFFIX_LENGTH = 2 * _SUFFIX_BYTES
_HEX = frozenset("0123456789abcdef")


def _random_suffix() -> str:
    return os.urandom(_SUFFIX_BYTES).hex()


def in_memory(descriptor: int, mounts: str = _MOUNTS) -> bool:
    """Check that an open file or folder is on a tmpfs or ramfs (Linux; False elsewhere).

    Source: proc_pid_mountinfo(5): field 3 is the device `stat` reports, the type follows the
    separator hyphen.
    """
    device = os.fstat(descriptor).st_dev
    device_field = f"{os.major(device)}:{os.minor(device)}"
    try:
        text = Path(mounts).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    for line in text.split("\n"):
        mount, _, kind = line.partition(" - ")
        if mount.split(" ")[2:3] == [device_field]:
            return kind.split(" ")[0] in _IN_MEMORY
    return False


def runtime_folder_candidates(env: Mapping[str, str], user: int) -> tuple[Path, ...]:
    """Return the possible folders of the runtime keyring, best first; none needs to exist."""
    runtime = env.get("XDG_RUNTIME_DIR", "")
    candidates = (
        *((Path(runtime) / _NAME,) if runtime.startswith("/") else ()),
        Path(f"/run/user/{user}") / _NAME,
        Path("/dev/shm") / f"{_NAME}-{user}",  # noqa: S108 -- owner, mode and links are checked
    )
    return tuple(dict.fromkeys(candidates))


def runtime_folder(
    candidates: tuple[Path, ...],
    errors: VaultErrors,
    mounts: str = _MOUNTS,
    new_suffix: Callable[[], str] = _random_suffix,
) -> Path:
    """Return the first candidate whose parent exists, is trustworthy, writable and in memory.

    In a folder that others can write, as /dev/shm, another user could have taken the candidate's
    name. There it is a folder of this user's if there is one, else a new name, which other users
    can't guess. Raises VaultBrokenError if none qualifies.
    """
    reasons = []
    for folder in candidates:
        why = unsuitable_reason(folder, mounts)
        if not why:
            return _own_folder(folder, new_suffix) if is_shared(folder.parent) else folder
        reasons.append(f"{folder.parent} {why}")
    raise errors.no_memory("; ".join(dict.fromkeys(reasons)))


def unsuitable_reason(folder: Path, mounts: str = _MOUNTS) -> str:
    """Say why `folder` can't be the runtime keyring's, judging by its parent; "" if it can."""
    parent = folder.parent
    try:
        descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        return f"can't be opened ({os.strerror(error.errno or 0)})"
    try:
        status = os.fstat(descriptor)
        if status.st_uid not in {0, os.geteuid()}:
            return f"belongs to user {status.st_uid}"
        if status.st_mode & _WRITE_BY_OTHERS and not status.st_mode & stat.S_ISVTX:
            return "can be written by others"
        if not in_memory(descriptor, mounts):
            return "is not in memory"
    finally:
        os.close(descriptor)
    if not os.access(parent, os.W_OK | os.X_OK) and untrusted_reason(folder):
        return "can't be written"
    return ""


def is_shared(parent: Path) -> bool:
    """Check whether other users can create files in a folder."""
    try:
        return bool(parent.stat().st_mode & _WRITE_BY_OTHERS)
    except OSError:
        return False


def can_be_taken(folder: Path) -> bool:
    """Check whether another user can create `folder` first: in a shared parent, by its name."""
    suffix = folder.name[-_SUFFIX_LENGTH:]
    guessable = len(suffix) < _SUFFIX_LENGTH or not _HEX.issuperset(suffix)
    return guessable and is_shared(folder.parent)


def untrusted_reason(folder: Path) -> str:
    """Say why an existing folder can't hold sessions, also if it is missing; "" if it can."""
    try:
        status = folder.lstat()
    except OSError as error:
        return f"can't be used ({os.strerror(error.errno or 0)})"
    if not stat.S_ISDIR(status.st_mode):
        return "is a link, or not what it should be"
    if status.st_uid != os.geteuid():
        return f"belongs to user {status.st_uid}"
    mode = stat.S_IMODE(status.st_mode)
    return f"can be used by others (mode {mode:04o})" if mode & _OTHERS_MODE else ""


def named_folders(candidate: Path) -> tuple[Path, ...]:
    """Return a candidate, then the folders beside it that have its name and a random suffix."""
    try:
        names = sorted(path.name for path in candidate.parent.iterdir())
    except OSError:
        names = []
    start = f"{candidate.name}-"
    return (
        candidate,
        *(
            candidate.with_name(name)
            for name in names
            if name.startswith(start)
            and len(name) == len(start) + _SUFFIX_LENGTH
            and _HEX.issuperset(name[len(start) :])
        ),
    )


def _own_folder(candidate: Path, new_suffix: Callable[[], str]) -> Path:
    for folder in named_folders(candidate):
        if not untrusted_reason(folder):
            return folder
    return candidate.with_name(f"{candidate.name}-{new_suffix()}")
