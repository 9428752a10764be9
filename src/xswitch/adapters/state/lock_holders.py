"""Who holds a lock file: to tell a wait that can never end from one that can."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from xswitch.hot.turns import ancestors

_PROC = Path("/proc")


def held_by_ancestor(path: Path) -> bool:
    """Return whether a process that this one descends from holds the flock of `path`.

    Reads Linux's /proc/locks and /proc/PID/stat (proc(5)); elsewhere False. A command that cleared
    the environment is found too.
    """
    with contextlib.suppress(OSError, ValueError):
        holders = set(_holders(path.stat().st_ino))
        return bool(holders) and any(pid in holders for pid in ancestors(os.getppid()))
    return False


def _holders(inode: int) -> Iterator[int]:
    for line in (_PROC / "locks").read_text(encoding="ascii").splitlines():
        words = line.split()
        # "1: FLOCK ADVISORY WRITE PID MAJOR:MINOR:INODE 0 EOF"; a waiting one has "->" second. The
        # device isn't compared, since on btrfs and overlays it differs from stat's.
        if words[1] == "FLOCK" and words[5].endswith(f":{inode}"):
            yield int(words[4])
