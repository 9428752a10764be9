"""Stamps of files: a file that has another stamp has changed, without a look into it."""

from __future__ import annotations

import os
import time

TICK_SECONDS = 0.02
"""No file system with fractions of a second in its times has a coarser clock."""
COARSE_SECONDS = 2.0
"""The clock of FAT; others without fractions of a second tick once a second."""
_BILLION = 1_000_000_000


def stamp(path: str, now: float | None = None) -> str:
    """Return `<size>:<mtime_ns>:<ctime_ns>:<inode>:<device>` of a file, `-` if it's missing.

    Within one tick of the file system's clock, two changes have the same time. A file that changed
    less than a tick before `now` (default: the current time) therefore gets a stamp that ends in
    `?` and equals no other. `hot.answer` makes the same stamps.
    """
    try:
        status = os.stat(path)  # noqa: PTH116 -- a path may be anything that a variable holds
    except (OSError, ValueError):
        return "-"
    text = ":".join(
        map(
            str,
            (
                status.st_size,
                status.st_mtime_ns,
                status.st_ctime_ns,
                status.st_ino,
                status.st_dev,
            ),
        )
    )
    return f"{text}?" if _changed_within_a_tick(status, now or time.time()) else text


def is_settled(stamp_text: str) -> bool:
    """Whether a later change of the file gives another stamp."""
    return not stamp_text.endswith("?")


def _changed_within_a_tick(status: os.stat_result, now: float) -> bool:
    # Programs can set a modification time, also to a time to come, but not the time of a change
    return now - status.st_ctime < _tick(status.st_ctime_ns) or abs(now - status.st_mtime) < _tick(
        status.st_mtime_ns
    )


def _tick(time_ns: int) -> float:
    return TICK_SECONDS if time_ns % _BILLION else COARSE_SECONDS
