"""Private files that a command writes where the user says; `--force` overwrites."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from xswitch.adapters.state.private_files import set_private_mode
from xswitch.core.errors import ErrorCode, UsageError


def write_new_file(folder: str, name: str, text: str, *, force: bool = False) -> str:
    """Write `folder/name` with mode 0600 and return its path.

    Raises UsageError if it exists (without `force`) or can't be written.
    """
    path = Path(folder) / name
    flags = (
        os.O_WRONLY
        | os.O_CREAT
        | getattr(os, "O_NOFOLLOW", 0)
        | (os.O_TRUNC if force else os.O_EXCL)
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            # An overwritten file would keep its mode, and expose an external ID in it
            set_private_mode(file.fileno())
            file.write(text)
    except FileExistsError:
        raise _file_exists_error(path) from None
    except OSError as problem:
        raise UsageError(
            f"{path} can't be written.", why=f"{problem.strerror or problem}.", code=ErrorCode.FILE
        ) from None
    return str(path)


def write_new_files(
    folder: str, files: Sequence[tuple[str, str]], *, force: bool = False
) -> tuple[str, ...]:
    """Write files by name and text, and return their paths; write none if one exists.

    Raises UsageError as `write_new_file` does.
    """
    for name, _ in files:
        path = Path(folder) / name
        if not force and os.path.lexists(path):
            raise _file_exists_error(path)
    return tuple(write_new_file(folder, name, text, force=force) for name, text in files)


def _file_exists_error(path: Path) -> UsageError:
    return UsageError(
        f"{path} already exists.",
        next_step="choose another --output, or overwrite it with --force",
        code=ErrorCode.FILE_EXISTS,
    )
