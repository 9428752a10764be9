"""Sessions in private files, one each; owner, mode and type are checked at every use.

On a file system in memory this is the runtime keyring; elsewhere it is plain files, which the user
has to allow.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

from xswitch.adapters.ownership import repair
from xswitch.adapters.state.private_files import (
    create_private,
    private_folder,
    remove_if_left,
    write_all,
)
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.store import Report, is_key, validate_key
from xswitch.adapters.vault.tmpfs import in_memory
from xswitch.core.errors import VaultError

RUNTIME_LABEL = "runtime keyring"
PLAIN_LABEL = "plain files"
_OTHERS_MODE = stat.S_IRWXG | stat.S_IRWXO
_temporary = re.compile(r"\.[0-9a-z]+\.[0-9]+\.[0-9a-f]{8}").fullmatch
_TRIES = 3
_BLOCK = 1 << 20
_LINK_ERRORS = frozenset((errno.ELOOP, errno.EMLINK, errno.ENOTDIR))


class FileStore:
    """Implements `Store` in a folder of a POSIX system.

    With `memory`, the folder must be on a file system in memory. A value is written to a temporary
    file and renamed, so readers see the old or the new one, also after a crash. Reading creates
    nothing.
    """

    def __init__(
        self,
        folder: Path,
        errors: VaultErrors,
        *,
        memory: bool,
        is_memory: Callable[[int], bool] = in_memory,
    ) -> None:
        self.folder = folder
        self._label = RUNTIME_LABEL if memory else PLAIN_LABEL
        self._errors = errors
        self._memory = memory
        self._is_memory = is_memory

    def get(self, key: str) -> str | None:
        """Return the value stored under a session key, or None."""
        data = self.read(validate_key(key))
        # A value that isn't text fails to decode as a session, which is then renewed
        return None if data is None else data.decode("utf-8", "replace")

    def put(self, key: str, value: str) -> None:
        """Store `value`, replacing any earlier one."""
        self.write(validate_key(key), value.encode("utf-8"))

    def delete(self, key: str) -> None:
        """Delete the value, if there is one."""
        self.remove(validate_key(key))

    def read(self, name: str) -> bytes | None:
        """Return a file's content, or None.

        Raises VaultBrokenError if it isn't a file as this class writes them.
        """
        with self._opened(create=False) as folder:
            if folder is None:
                return None
            try:
                descriptor = os.open(
                    name, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK, dir_fd=folder
                )
            except FileNotFoundError:
                return None
            except OSError as error:
                raise self._error(self.folder / name, error) from None
            try:
                self._check_file(descriptor, self.folder / name)
                return b"".join(iter(lambda: os.read(descriptor, _BLOCK), b""))
            finally:
                os.close(descriptor)

    def write(self, name: str, data: bytes) -> None:
        """Replace one file."""
        for attempt in range(_TRIES):
            with self._opened(create=True) as folder:
                try:
                    if folder is not None:
                        self._replace(folder, name, data)
                except FileNotFoundError as error:
                    # A logout removes the folders below /run/user
                    if attempt == _TRIES - 1:
                        raise self._error(self.folder, error) from None
                else:
                    return

    def remove(self, name: str) -> bool:
        """Remove one file; return whether it existed."""
        with self._opened(create=False) as folder:
            if folder is None:
                return False
            self._sweep(folder)
            try:
                os.unlink(name, dir_fd=folder)
            except FileNotFoundError:
                return False
            except OSError as error:
                raise self._error(self.folder / name, error) from None
            return True

    def clear(self, report: Report, *, expected: bool) -> frozenset[str]:
        """Delete every session and what killed writers left of one; return the sessions' keys.

        It deletes in any folder that this user owns, with any mode. `report` gets what can't be
        deleted; with `expected` also a path that isn't such a folder.
        """
        try:
            folder = self._open_to_clear()
        except FileNotFoundError:
            return frozenset()
        except OSError as error:
            blocked = isinstance(error, PermissionError)
            if expected and (blocked or os.path.lexists(self.folder)):
                report(self._error(self.folder, error))
            return frozenset()
        if folder is None:
            return frozenset()
        try:
            removed, reasons = _destroy_sessions(folder)
        finally:
            os.close(folder)
        if reasons:
            report(self._errors.left(self._label, str(self.folder), reasons))
        return frozenset(name for name in removed if is_key(name))

    def _open_to_clear(self) -> int | None:
        """Open the folder, and make it writable; None if it isn't this user's."""
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        try:
            folder = os.open(self.folder, flags)
        except PermissionError:
            status = self.folder.lstat()
            if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
                raise
            self.folder.chmod(0o700)
            folder = os.open(self.folder, flags)
        status = os.fstat(folder)
        if status.st_uid != os.geteuid():
            os.close(folder)
            return None
        if status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
            with contextlib.suppress(OSError):
                os.fchmod(folder, 0o700)
        return folder

    def _replace(self, folder: int, name: str, data: bytes) -> None:
        self._sweep(folder)
        temporary = f".{name}.{os.getpid()}.{secrets.token_hex(4)}"
        try:
            with create_private(temporary, dir_fd=folder) as descriptor:
                write_all(descriptor, data)
                self._fsync(descriptor)
                os.rename(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
            self._fsync(folder)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise self._error(self.folder / name, error) from None

    def _fsync(self, descriptor: int) -> None:
        if not self._memory:
            os.fsync(descriptor)

    def remove_leftovers(self) -> list[Path]:
        """Remove the temporary files of killed writers; return their paths. Never raises."""
        with contextlib.suppress(OSError, VaultError), self._opened(create=False) as folder:
            return [] if folder is None else self._sweep(folder)
        return []

    def _sweep(self, folder: int) -> list[Path]:
        """Remove temporary files of killed writers."""
        with contextlib.suppress(OSError):
            return [
                self.folder / name
                for name in os.listdir(folder)
                if _temporary(name) and remove_if_left(name, dir_fd=folder)
            ]
        return []

    @contextlib.contextmanager
    def _opened(self, *, create: bool) -> Iterator[int | None]:
        """Open and check the folder; None if it doesn't exist and isn't to be created."""
        try:
            descriptor = self._open(create=create)
        except OSError as error:
            raise self._error(self.folder, error) from None
        try:
            if descriptor is not None:
                self._check_folder(descriptor)
            yield descriptor
        finally:
            if descriptor is not None:
                os.close(descriptor)

    def _open(self, *, create: bool) -> int | None:
        flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
        with contextlib.suppress(FileNotFoundError):
            return os.open(self.folder, flags)
        if not create:
            return None
        if not self._memory:
            private_folder(self.folder.parent)
        with contextlib.suppress(FileExistsError):
            self.folder.mkdir(mode=0o700)
            # The umask may have changed the mode. No other user can have replaced the folder: its
            # parent is private or sticky.
            self.folder.chmod(0o700)
        return os.open(self.folder, flags)

    def _check_folder(self, descriptor: int) -> None:
        status = os.fstat(descriptor)
        why = _untrusted_reason(status)
        if not why and self._memory and not self._is_memory(descriptor):
            why = "is not on a file system in memory"
        if why:
            raise self._errors.untrusted(self._label, str(self.folder), why)

    def _check_file(self, descriptor: int, path: Path) -> None:
        status = os.fstat(descriptor)
        why = (
            "is not a plain file" if not stat.S_ISREG(status.st_mode) else _untrusted_reason(status)
        )
        # A file without any name was replaced after it was opened, which is fine. A second name
        # would let another user keep access.
        if not why and status.st_nlink > 1:
            why = "has a second name (a hard link)"
        if why:
            raise self._errors.untrusted(self._label, str(path), why)

    def _error(self, path: Path, error: OSError) -> VaultError:
        if error.errno in _LINK_ERRORS:
            return self._errors.untrusted(
                self._label, str(path), "is a link, or not what it should be"
            )
        for place in (self.folder, path):
            with contextlib.suppress(OSError):
                owner = place.lstat().st_uid
                if owner != os.geteuid():
                    return self._errors.untrusted(
                        self._label, str(place), f"belongs to user {owner}"
                    )
        return self._errors.unusable(self._label, *repair(path, error))


def _is_session(name: str) -> bool:
    """Check for a session's file, or the temporary file of its writer."""
    key = name.split(".")[1] if name.startswith(".") else name
    return is_key(key)


def _destroy_sessions(folder: int) -> tuple[list[str], list[str]]:
    """Delete every session's files; return their names, and the reason for each that stays."""
    removed, reasons = [], []
    try:
        names = [name for name in os.listdir(folder) if _is_session(name)]
    except OSError as error:
        return [], [os.strerror(error.errno or 0)]
    for name in names:
        try:
            _destroy(folder, name)
        except FileNotFoundError:
            continue
        except OSError as error:
            reasons.append(os.strerror(error.errno or 0))
        else:
            removed.append(name)
    return removed, reasons


def _destroy(folder: int, name: str) -> None:
    """Delete a file; one with a second name is emptied, so that no session is left there."""
    status = os.stat(name, dir_fd=folder, follow_symlinks=False)
    if stat.S_ISDIR(status.st_mode):
        os.rmdir(name, dir_fd=folder)
        return
    if stat.S_ISREG(status.st_mode) and status.st_nlink > 1:
        os.chmod(name, 0o600, dir_fd=folder)
        os.close(
            os.open(name, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
        )
    os.unlink(name, dir_fd=folder)


def _untrusted_reason(status: os.stat_result) -> str:
    if status.st_uid != os.geteuid():
        return f"belongs to user {status.st_uid}"
    if status.st_mode & _OTHERS_MODE:
        return f"can be used by others (mode {stat.S_IMODE(status.st_mode):04o})"
    return ""
