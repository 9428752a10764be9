"""Finds a folder on a file system in memory, and checks that it is one."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path

from xswitch.adapters.vault.errors import VaultErrors

_IN_MEMORY = frozenset(("tmpfs", "ramfs"))
_MOUNTS = "/proc/self/mountinfo"
_NAME = "xswitch"


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
    return (
        *((Path(runtime) / _NAME,) if runtime.startswith("/") else ()),
        Path(f"/run/user/{user}") / _NAME,
        Path("/dev/shm") / f"{_NAME}-{user}",  # noqa: S108 -- owner, mode and links are checked
    )


def runtime_folder(
    candidates: tuple[Path, ...], errors: VaultErrors, mounts: str = _MOUNTS
) -> Path:
    """Return the first candidate whose parent exists, is trustworthy and in memory.

    Raises VaultBrokenError if none qualifies.
    """
    reasons = []
    for folder in candidates:
        why = _unsuitable_reason(folder.parent, mounts)
        if not why:
            return folder
        reasons.append(f"{folder.parent} {why}")
    raise errors.no_memory("; ".join(dict.fromkeys(reasons)))


def _unsuitable_reason(parent: Path, mounts: str) -> str:
    """Say why xswitch's folder can't be in `parent`, "" if it can."""
    try:
        descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        return f"can't be opened ({os.strerror(error.errno or 0)})"
    try:
        status = os.fstat(descriptor)
        if status.st_uid not in {0, os.geteuid()}:
            return f"belongs to user {status.st_uid}"
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX:
            return "can be written by others"
        return "" if in_memory(descriptor, mounts) else "is not in memory"
    finally:
        os.close(descriptor)
