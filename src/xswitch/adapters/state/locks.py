"""Named locks between processes; the system releases the lock of a process that died."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from xswitch.adapters.state.private_files import private_folder
from xswitch.core.errors import ConfigError, ErrorCode, LockBusyError
from xswitch.core.filenames import profile_file_name

TIMEOUT_SECONDS = 45.0  # the Go SDK kills a credential_process at 60
KEEP = 200
SWEEP = 400
_POLL_SECONDS = 0.02


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
        another process holds the lock that long, ConfigError when the folder can't be used.
        """
        import filelock  # noqa: PLC0415 -- 16 ms, and commands that only read need no lock

        limit = self._timeout if timeout_seconds is None else timeout_seconds
        try:
            private_folder(self._folder)
            lock = filelock.FileLock(
                self._path(name), timeout=limit, mode=0o600, thread_local=False
            )
            lock.acquire(poll_interval=_POLL_SECONDS)
        except filelock.Timeout:
            raise LockBusyError(
                "Another xswitch is still working on the same session.",
                why=f"It has held the lock for {limit:.0f} s; it may be waiting for an MFA code.",
                next_step="Finish or stop it, then retry.",
            ) from None
        except OSError as error:
            raise ConfigError(
                "The folder for xswitch's lock files can't be used.",
                why=f"{error.filename or self._folder}: {error.strerror or error}",
                next_step="xswitch doctor",
                code=ErrorCode.STATE_FOLDER,
            ) from None
        try:
            yield
        finally:
            lock.release()
            self._sweep()

    def _path(self, name: str) -> Path:
        return self._folder / f"{profile_file_name(name)}.lock"

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


def _remove_idle(path: Path) -> None:
    import filelock  # noqa: PLC0415 -- as above

    lock = filelock.FileLock(path, timeout=0, thread_local=False)
    with contextlib.suppress(filelock.Timeout, OSError), lock:
        # A process that has opened the file and waits for it notices the removal, and opens the
        # new file.
        path.unlink(missing_ok=True)
