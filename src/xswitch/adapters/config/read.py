"""Read the files of the shared config, with an error message for each way this can fail."""

from __future__ import annotations

import errno
import os
import shlex
import stat
from dataclasses import dataclass
from pathlib import Path

from xswitch.adapters.ownership import repair
from xswitch.adapters.state.stamps import stamp
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.model import ConfigPaths

MAX_BYTES = 16 * 1024 * 1024  # about 60,000 profiles
_FLAGS = (
    os.O_RDONLY
    | getattr(os, "O_CLOEXEC", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
)


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """The bytes of a file and its `os.stat` result; both None if it is missing."""

    content: bytes | None
    status: os.stat_result | None


def load(path: str) -> LoadedFile:
    """Read one file, following symlinks. A missing file is allowed; the null device is empty.

    Raises ConfigError for a folder, a FIFO, a socket or another device (without waiting for it), a
    symlink loop, a path that is too long, a file larger than `MAX_BYTES` or without read
    permission.
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
                next_step=_move_away(path),
                code=ErrorCode.CONFIG_NOT_A_FILE,
            )
        if status.st_size > MAX_BYTES:
            raise ConfigError(
                f"{path} is too large.",
                why=f"It has {status.st_size} bytes; the limit is {MAX_BYTES}.",
                next_step=_move_away(path),
                code=ErrorCode.CONFIG_TOO_LARGE,
            )
        return LoadedFile(read_descriptor(descriptor), status)
    except OSError as error:
        raise _unreadable(path, error) from None
    finally:
        os.close(descriptor)


def read_descriptor(descriptor: int) -> bytes:
    """Read an open regular file from its beginning. Raises OSError."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    parts = []
    while part := os.read(descriptor, 1 << 20):
        parts.append(part)
    return b"".join(parts)


def decode(path: str, content: bytes | None) -> str | None:
    """Decode a file's content, None for a missing file.

    Raises ConfigError, naming line and byte, if it isn't UTF-8.
    """
    if content is None:
        return None
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            f"{path}:{line} isn't UTF-8, so the file can't be read safely.",
            why=f"Byte {error.start + 1} of the file is 0x{content[error.start]:02x}.",
            next_step=f"Save it as UTF-8: {_conversion_command(path, content)}",
            code=ErrorCode.CONFIG_NOT_UTF8,
        ) from None


def _conversion_command(path: str, content: bytes) -> str:
    """Return the commands that convert a file in place, and keep a copy and its mode."""
    encoding = "utf-16" if content.startswith((b"\xff\xfe", b"\xfe\xff")) else "latin1"
    old, new = shlex.quote(f"{path}.old"), shlex.quote(path)
    return f"cp -p {new} {old} && iconv -f {encoding} -t utf-8 {old} > {new}"


def fingerprint(paths: ConfigPaths) -> str:
    """Return the stamps of config and credentials file, separated by a comma; see `stamps`."""
    return f"{stamp(paths.config)},{stamp(paths.credentials)}"


def is_same_file(one: str, other: str) -> bool:
    """Whether two paths name one file: by links, `..`, or case where the file system ignores it.

    Both may be missing.
    """
    one, other = os.path.realpath(one), os.path.realpath(other)
    if one == other:
        return True
    try:
        return os.path.samefile(one, other)  # noqa: PTH121 -- both are strings
    except OSError:
        pass
    (folder, name), (other_folder, other_name) = os.path.split(one), os.path.split(other)
    if name.casefold() != other_name.casefold() or Path(one).exists() or Path(other).exists():
        return False
    return _is_same_folder(folder, other_folder) and _ignores_case(folder)


def _is_same_folder(one: str, other: str) -> bool:
    try:
        return os.path.samefile(one, other)  # noqa: PTH121 -- both are strings
    except OSError:
        return one == other


def _ignores_case(folder: str) -> bool:
    parent, name = os.path.split(folder)
    swapped = os.path.join(parent, name.swapcase())  # noqa: PTH118 -- both are strings
    return swapped != folder and _is_same_folder(folder, swapped)


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
            f"{path} is a symlink that points back to itself.",
            next_step=_move_away(path),
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
            next_step=_move_away(path),
            code=ErrorCode.CONFIG_NOT_A_FILE,
        )
    found = repair(Path(path), error)
    return ConfigError(
        f"{path} can't be read.",
        why=found.why,
        next_step=found.next_step,
        code=ErrorCode.CONFIG_UNREADABLE,
    )


def _move_away(path: str) -> str:
    quoted = shlex.quote(path)
    return f"Move it away: mv {quoted} {shlex.quote(f'{path}.moved')}"
