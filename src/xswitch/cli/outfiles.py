"""Files a command was asked to write: private, and never over somebody's own unless told to."""

from __future__ import annotations

import os
from pathlib import Path

from xswitch.core.errors import UsageError


def write_new(folder: str, name: str, text: str, *, force: bool = False) -> str:
    """Write `folder/name` with mode 0600 and return its path. Raises UsageError when it is there already (unless `force`), or can't be."""
    path = Path(folder) / name
    flags = os.O_WRONLY | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | (os.O_TRUNC if force else os.O_EXCL)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, flags, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise UsageError(
            f"{path} is there already.", next_step="another --output, or --force to write over it", code="file_exists"
        ) from None
    except OSError as problem:
        raise UsageError(f"{path} can't be written.", why=f"{problem.strerror or problem}.", code="file") from None
    return str(path)
