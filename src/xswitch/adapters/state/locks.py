"""Named locks between processes; the system releases the lock of a process that died."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from xswitch.adapters.ownership import state_error
from xswitch.adapters.state.lock_holders import held_by_ancestor
from xswitch.adapters.state.private_files import private_folder, set_private_mode
from xswitch.core.errors import ConfigError, LockBusyError, LockHeldByAncestorError
from xswitch.core.filenames import profile_file_name

if sys.platform != "win32":
    import fcntl

TIMEOUT_SECONDS = 45.0  # the Go SDK kills a credential_process at 60
KEEP = 200
SWEEP = 400
_POLL_SECONDS = 0.02
_ANCESTOR_SECONDS = 1.0  # one that started this process and goes on soon releases its lock
_HELD = frozenset((errno.EAGAIN, errno.EACCES, errno.EWOULDBLOCK))
_OPEN = (
    os.O_RDWR
    | getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
)


class FileLocks:
    """Implements the port `Locks` with `FOLDER/NAME.lock`, by flock, or LockFileEx on Windows.

    A released lock's file stays: removing a file that another process waits for would split the
    lock in two. Beyond `SWEEP` files, idle ones are locked and then removed.
    """

    def __init__(self, folder: Path, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._folder = folder
        self._timeout = timeout_seconds

    @contextlib.contextmanager
    def hold(self, name: str, timeout_seconds: float | None = None) -> Iterator[None]:
        """Hold the lock `name` in the context; not reentrant.

        `timeout_seconds` replaces the constructor's; 0 tries once. Raises LockBusyError when
        another process holds the lock that long (LockHeldByAncestorError, after a second at most,
        if it waits for this process), ConfigError when the folder can't be used.
        """
        limit = self._timeout if timeout_seconds is None else timeout_seconds
        path = self._folder / f"{profile_file_name(name)}.lock"
        with contextlib.ExitStack() as stack:
            try:
                private_folder(self._folder)
                held = stack.enter_context(_lock(path, min(limit, _ANCESTOR_SECONDS)))
                if not held and held_by_ancestor(path):
                    raise LockHeldByAncestorError(
                        "This xswitch needs a session that the xswitch above it is making.",
                        why="That one waits for a command in the config that started this one.",
                        next_step="Let it use another profile; see: xswitch config",
                    )
                if not held and limit > _ANCESTOR_SECONDS:
                    held = stack.enter_context(_lock(path, limit - _ANCESTOR_SECONDS))
            except OSError as error:
                raise _unusable(path, error) from None
            if not held:
                raise LockBusyError(
                    "Another xswitch is still working on the same session.",
                    why=f"It has held the lock for {limit:.0f} s; it may be waiting for an MFA"
                    " code.",
                    next_step="Finish or stop it, then retry.",
                )
            yield
        self._sweep()

    def _sweep(self) -> None:
        """If there are over `SWEEP` lock files, remove the oldest idle ones, down to `KEEP`."""
        with contextlib.suppress(OSError):
            with os.scandir(self._folder) as entries:
                files = [entry.path for entry in entries if entry.name.endswith(".lock")]
            if len(files) <= SWEEP:
                return
            ages = []
            for path in files:
                with contextlib.suppress(FileNotFoundError):
                    ages.append((Path(path).stat().st_mtime, path))
            for _, path in sorted(ages)[: len(ages) - KEEP]:
                _remove_idle(Path(path))


def _unusable(path: Path, error: OSError) -> ConfigError:
    return state_error("xswitch's lock files can't be used.", path, error)


@contextlib.contextmanager
def _lock(path: Path, seconds: float) -> Iterator[bool]:
    """Hold a lock file's lock in the context; yield whether it was free in time. Raises OSError."""
    if sys.platform == "win32":
        with _windows_lock(path, seconds) as held:
            yield held
        return
    until = time.monotonic() + seconds
    while (descriptor := _try(path)) is None:
        if time.monotonic() >= until:
            yield False
            return
        time.sleep(_POLL_SECONDS)
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):  # closing releases it even if that fails
            os.close(descriptor)


def _try(path: Path) -> int | None:
    """Lock the file and return its descriptor; None if another process holds it. Raises OSError."""
    while True:
        descriptor = os.open(path, _OPEN | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            status = os.fstat(descriptor)
            if status.st_nlink:  # else it was removed as idle in the meantime
                if stat.S_IMODE(status.st_mode) != 0o600:  # noqa: PLR2004 -- a mode
                    with contextlib.suppress(OSError):
                        set_private_mode(descriptor)
                return descriptor
        except OSError as error:
            os.close(descriptor)
            if error.errno in _HELD:
                return None
            raise
        os.close(descriptor)


@contextlib.contextmanager
def _windows_lock(path: Path, seconds: float) -> Iterator[bool]:
    import filelock  # noqa: PLC0415 -- only where there is no flock

    lock = filelock.FileLock(path, timeout=seconds, thread_local=False)
    try:
        lock.acquire(poll_interval=_POLL_SECONDS)
    except filelock.Timeout:
        yield False
        return
    try:
        yield True
    finally:
        with contextlib.suppress(OSError):
            lock.release()


def _remove_idle(path: Path) -> None:
    # A process that has opened the file and waits for it notices the removal, and opens the new
    # file.
    with contextlib.suppress(OSError), _lock(path, 0) as held:
        if held:
            path.unlink(missing_ok=True)
