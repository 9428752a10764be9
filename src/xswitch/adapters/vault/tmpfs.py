"""Finds a folder on a file system in memory, and proves that it is one."""

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
    """Whether an open file or folder lies on a tmpfs or ramfs, by the kernel's list of mounts (Linux; elsewhere False).

    Source: proc_pid_mountinfo(5): field 3 is the device `stat` reports, the type follows the lone hyphen.
    """
    device = os.fstat(descriptor).st_dev
    wanted = f"{os.major(device)}:{os.minor(device)}"
    try:
        text = Path(mounts).read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    for line in text.split("\n"):
        place, _, kind = line.partition(" - ")
        if place.split(" ")[2:3] == [wanted]:
            return kind.split(" ")[0] in _IN_MEMORY
    return False


def runtime_folder_candidates(env: Mapping[str, str], user: int) -> tuple[Path, ...]:
    """The folders the runtime keyring may be in, best first; none of them need exist."""
    given = env.get("XDG_RUNTIME_DIR", "")
    runtime = (Path(given) / _NAME,) if given.startswith("/") else ()
    return (*runtime, Path(f"/run/user/{user}") / _NAME, Path("/dev/shm") / f"{_NAME}-{user}")  # noqa: S108 -- checked before use: owner, mode, links


def runtime_folder(places: tuple[Path, ...], sentences: VaultErrors, mounts: str = _MOUNTS) -> Path:
    """The first candidate whose parent is there, trustworthy and in memory.

    Raises VaultBrokenError when there is none.
    """
    reasons = []
    for place in places:
        why = _unsuitable_reason(place.parent, mounts)
        if not why:
            return place
        reasons.append(f"{place.parent} {why}")
    raise sentences.no_memory("; ".join(dict.fromkeys(reasons)))


def _unsuitable_reason(parent: Path, mounts: str) -> str:
    """Why a folder can't hold ours, "" when it can."""
    try:
        descriptor = os.open(parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        return f"can't be opened ({os.strerror(error.errno or 0)})"
    try:
        facts = os.fstat(descriptor)
        if facts.st_uid not in {0, os.geteuid()}:
            return f"belongs to user {facts.st_uid}"
        if facts.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not facts.st_mode & stat.S_ISVTX:
            return "can be written by others"
        return "" if in_memory(descriptor, mounts) else "is not in memory"
    finally:
        os.close(descriptor)
