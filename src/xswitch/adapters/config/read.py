"""Reading the shared config's files.

Bytes off the disk, and every way that can go wrong as a sentence.
"""

from __future__ import annotations

import errno
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.model import ConfigPaths

MAX_BYTES = 16 * 1024 * 1024  # sixty thousand profiles
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A file as it was read.

    Its bytes, None when missing, and what `os.stat` said of it (None when missing).
    """

    content: bytes | None
    status: os.stat_result | None


def load(path: str) -> LoadedFile:
    """Read one file through all its symlinks.

    A missing one is no error, and the null device is an empty file.

    Raises ConfigError for a folder, a FIFO, a socket or another device (without ever waiting for
    it), a symlink loop, a path too long, a file of more than `MAX_BYTES`, or one this user may not
    read.
    """
    try:
        descriptor = os.open(path, _FLAGS)
    except (FileNotFoundError, NotADirectoryError):
        return LoadedFile(None, None)
    except OSError as error:
        raise _unreadable(path, error) from None
    try:
        status = os.fstat(descriptor)
        if _is_null(status):
            return LoadedFile(b"", status)
        if not stat.S_ISREG(status.st_mode):
            raise ConfigError(
                f"{path} is {_describe_file_type(status.st_mode)}, not a file.",
                next_step="Set AWS_CONFIG_FILE or AWS_SHARED_CREDENTIALS_FILE to a file, or move this away.",
                code=ErrorCode.CONFIG_NOT_A_FILE,
            )
        if status.st_size > MAX_BYTES:
            raise ConfigError(
                f"{path} is too large to be a file of profiles.",
                why=f"It has {status.st_size} bytes, and no more than {MAX_BYTES} are read.",
                next_step=f"ls -l {path}, and move away what doesn't belong there.",
                code=ErrorCode.CONFIG_TOO_LARGE,
            )
        return LoadedFile(read_descriptor(descriptor), status)
    except OSError as error:
        raise _unreadable(path, error) from None
    finally:
        os.close(descriptor)


def read_descriptor(descriptor: int) -> bytes:
    """All of a regular file that is open, from its beginning. Raises OSError."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def decode(path: str, content: bytes | None) -> str | None:
    """The text of a file's bytes, None for a missing file.

    Raises ConfigError, naming line and byte, when it isn't UTF-8.
    """
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line} is not UTF-8, so the file can't be read safely.",
            why=f"Byte {error.start + 1} of the file is 0x{content[error.start]:02x}.",
            next_step=f"Save it as UTF-8, for example: iconv -f latin1 -t utf-8 {path}",
            code=ErrorCode.CONFIG_NOT_UTF8,
        ) from None


def stamp(paths: ConfigPaths) -> str:
    """`<size>:<mtime_ns>:<inode>` of the config and the credentials file, with a comma between.

    `-` for a file that isn't there.
    """
    return f"{_file_fingerprint(paths.config)},{_file_fingerprint(paths.credentials)}"


def _file_fingerprint(path: str) -> str:
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return "-"
    return f"{status.st_size}:{status.st_mtime_ns}:{status.st_ino}"


def _is_null(status: os.stat_result) -> bool:
    if not stat.S_ISCHR(status.st_mode):
        return False
    return Path(os.devnull).stat().st_rdev == status.st_rdev


def _describe_file_type(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder"
    if stat.S_ISFIFO(mode):
        return "a pipe"
    return "a socket" if stat.S_ISSOCK(mode) else "a device"


def _unreadable(path: str, error: OSError) -> ConfigError:
    if error.errno == errno.ELOOP:
        return ConfigError(
            f"{path} is a symlink that leads back to itself.",
            next_step=f"ls -l {path}, and mend the link.",
            code=ErrorCode.CONFIG_SYMLINK_LOOP,
        )
    if error.errno == errno.ENAMETOOLONG:
        return ConfigError(
            f"The path {path[:80]}… is too long.",
            next_step="Use a shorter path.",
            code=ErrorCode.CONFIG_PATH_TOO_LONG,
        )
    if error.errno == errno.ENXIO:  # a socket
        return ConfigError(
            f"{path} is a socket, not a file.",
            next_step="Move it away.",
            code=ErrorCode.CONFIG_NOT_A_FILE,
        )
    return ConfigError(
        f"{path} can't be read.",
        why=f"The system says: {error.strerror or error}.",
        next_step=f"ls -l {path}, and give yourself the right to read it.",
        code=ErrorCode.CONFIG_UNREADABLE,
    )
