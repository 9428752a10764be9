"""Sessions as files.

One 0600 file each, in a 0700 folder, every file and folder checked before it is believed.

On a file system in memory this is the runtime keyring; elsewhere, and only where the user allowed
it, plain files.
"""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from xswitch.adapters.state.private_files import create_private, private_folder, write_all
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.store import validate_key
from xswitch.adapters.vault.tmpfs import in_memory
from xswitch.core.errors import VaultError

RUNTIME_LABEL = "runtime keyring"
PLAIN_LABEL = "plain files"
_OTHERS_MODE = stat.S_IRWXG | stat.S_IRWXO
_STALE_SECONDS = 60
_TRIES = 3
_BLOCK = 1 << 20
_LINK_ERRORS = frozenset((errno.ELOOP, errno.EMLINK, errno.ENOTDIR))


class FileStore:
    """Fits `Store`, for folders on POSIX systems.

    `memory` says that the folder must lie on a file system in memory.

    A value is written to a temporary file and renamed, so a reader has the old one or the new one,
    and so has whoever comes after a crash. Reading never creates anything.
    """

    def __init__(
        self,
        folder: Path,
        sentences: VaultErrors,
        *,
        memory: bool,
        is_memory: Callable[[int], bool] = in_memory,
    ) -> None:
        self.folder = folder
        self._label = RUNTIME_LABEL if memory else PLAIN_LABEL
        self._sentences = sentences
        self._memory = memory
        self._is_memory = is_memory

    def get(self, key: str) -> str | None:
        """The value kept under a session key, None when there is none."""
        data = self.read(validate_key(key))
        # Bytes that are no text are no session either: whoever decodes the value finds that out,
        # and makes a new one.
        return None if data is None else data.decode("utf-8", "replace")

    def put(self, key: str, value: str) -> None:
        """Keep `value`, replacing what was there."""
        self.write(validate_key(key), value.encode("utf-8"))

    def delete(self, key: str) -> None:
        """Drop it; no error when it isn't there."""
        self.remove(validate_key(key))

    # -- by file name
    # --------------------------------------------------------------------------------------------

    def read(self, name: str) -> bytes | None:
        """The bytes of one file, None when there is none.

        Raises VaultBrokenError when it is not as we write them.
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
                raise self._refused(self.folder / name, error) from None
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
                except (
                    FileNotFoundError
                ) as error:  # the folder went away: a logout empties /run/user
                    if attempt == _TRIES - 1:
                        raise self._refused(self.folder, error) from None
                else:
                    return

    def remove(self, name: str) -> bool:
        """Remove one file; whether it was there."""
        with self._opened(create=False) as folder:
            if folder is None:
                return False
            try:
                os.unlink(name, dir_fd=folder)
            except FileNotFoundError:
                return False
            except OSError as error:
                raise self._refused(self.folder / name, error) from None
            return True

    # -- how
    # -----------------------------------------------------------------------------------------------------

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
            raise self._refused(self.folder / name, error) from None

    def _fsync(self, descriptor: int) -> None:
        if not self._memory:
            os.fsync(descriptor)

    def _sweep(self, folder: int) -> None:
        """Remove what writers that were killed left behind; nobody ever reads those files."""
        with contextlib.suppress(OSError):
            for name in os.listdir(folder):
                if (
                    name.startswith(".")
                    and time.time() - os.stat(name, dir_fd=folder, follow_symlinks=False).st_mtime
                    > _STALE_SECONDS
                ):
                    os.unlink(name, dir_fd=folder)

    @contextlib.contextmanager
    def _opened(self, *, create: bool) -> Iterator[int | None]:
        """The folder, opened and checked; None when it isn't there and is not to be made."""
        try:
            descriptor = self._open(create=create)
        except OSError as error:
            raise self._refused(self.folder, error) from None
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
            self.folder.chmod(
                0o700
            )  # whatever the umask; it is ours, where nobody else can have put another in its place
        return os.open(self.folder, flags)

    def _check_folder(self, descriptor: int) -> None:
        facts = os.fstat(descriptor)
        why = _untrusted_reason(facts)
        if not why and self._memory and not self._is_memory(descriptor):
            why = "is not on a file system in memory"
        if why:
            raise self._sentences.untrusted(self._label, str(self.folder), why)

    def _check_file(self, descriptor: int, path: Path) -> None:
        facts = os.fstat(descriptor)
        why = "is not a plain file" if not stat.S_ISREG(facts.st_mode) else _untrusted_reason(facts)
        # No name at all is a file replaced since it was opened: its content is whole. A second name
        # is somebody's way in.
        if not why and facts.st_nlink > 1:
            why = "has a second name (a hard link)"
        if why:
            raise self._sentences.untrusted(self._label, str(path), why)

    def _refused(self, path: Path, error: OSError) -> VaultError:
        if error.errno in _LINK_ERRORS:
            return self._sentences.untrusted(
                self._label, str(path), "is a link, or not what it should be"
            )
        return self._sentences.unusable(self._label, str(path), os.strerror(error.errno or 0))


def _untrusted_reason(facts: os.stat_result) -> str:
    if facts.st_uid != os.geteuid():
        return f"belongs to user {facts.st_uid}"
    if facts.st_mode & _OTHERS_MODE:
        return f"can be used by others (mode {stat.S_IMODE(facts.st_mode):04o})"
    return ""
