"""No core dumps while secrets are in memory; child processes have the limit of before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inherited: list[int] = []
_starting = 0


def prevent() -> None:
    """Set this process's soft limit of core dumps to 0. No-op where there is no such limit."""
    soft = _set_soft_limit(0)
    if soft and not _inherited:
        _inherited.append(soft)


@contextmanager
def allowed_in_children() -> Iterator[None]:
    """Let the processes that are started within the block have the limit from before `prevent`.

    A child inherits its parent's limit, so this process has it for that moment.
    """
    global _starting  # noqa: PLW0603 -- a limit belongs to the whole process
    if not _inherited:
        yield
        return
    with _lock:
        _starting += 1
        _set_soft_limit(_inherited[0])
    try:
        yield
    finally:
        with _lock:
            _starting -= 1
            if not _starting:
                _set_soft_limit(0)


def _set_soft_limit(soft: int) -> int:
    """Set the soft limit, and return the one before; 0 if there was none to set."""
    try:
        import resource  # noqa: PLC0415 -- not on Windows

        before, hard = resource.getrlimit(resource.RLIMIT_CORE)
        if before != soft:
            resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    except (ImportError, OSError, ValueError):
        return 0
    return before
