"""The record that undoes the last change of the shared config.

`<backups>/undo.json`, mode 0600, holds, for the files of the last change, digests before and after,
and reverse patches: the text xswitch replaced. It is the only copy of anything in the shared
config; the next change replaces it, and the undo removes it. Text that may hold a secret isn't
recorded (`core.awsconfig.recordable`), and nothing from the credentials file; a change that
replaced such text can't be undone.

A record that another user could have written isn't used: it names files and what to write to them.
"""

from __future__ import annotations

import contextlib
import json
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xswitch.adapters.ownership import distrust_folders, repair, state_error
from xswitch.adapters.state.private_files import (
    UntrustedFileError,
    read_file,
    read_trusted,
    staged_private,
)
from xswitch.adapters.state.versions import newer_file_error, other_version
from xswitch.core.awsconfig.edit import TextPatch, apply_patches
from xswitch.core.awsconfig.recordable import is_recordable
from xswitch.core.digests import sha256
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.model import FileKind

_VERSION = 1
_MAX_RECORD = 16 * 1024 * 1024
_copy_of_earlier_versions = re.compile(r"config\.[0-9a-f]{12}\.original").fullmatch


@dataclass(frozen=True, slots=True)
class FileChange:
    """One file of the last change. The field names are those in undo.json."""

    kind: FileKind
    path: str
    file: str
    """The path with symlinks resolved."""
    before: str | None
    """SHA-256 of the content before the change, None if the file didn't exist."""
    after: str | None
    back: list[list[TextPatch]] | None
    """Reverse patches, None if the replaced text isn't recorded."""

    def restore(self, content: bytes) -> bytes | None:
        """Return the content before the change, None if the file didn't exist.

        Raises ConfigError if the patches don't produce it.
        """
        if self.before is None:
            return None
        text = content.decode()
        for patches in self.back or []:
            text = apply_patches(text, patches)
        before = text.encode()
        if digest(before) != self.before:
            raise undo_record_damaged()
        return before


def is_storable(kind: FileKind, text: str, steps: Sequence[Sequence[TextPatch]]) -> bool:
    """Whether the text that the steps replace may be recorded.

    Nothing from the credentials file, and no secret.
    """
    if kind == "credentials":
        return not any(text_of.strip() for text_of in _replaced(text, steps))
    return is_recordable(text, steps)


def _replaced(text: str, steps: Sequence[Sequence[TextPatch]]) -> Iterator[str]:
    for patches in steps:
        yield from (text[patch.start : patch.end] for patch in patches)
        text = apply_patches(text, patches)


def digest(content: bytes | None) -> str | None:
    """Return the SHA-256 of a file's content in hex, None for no file."""
    return None if content is None else sha256(content)


def remove_old_copies(folder: Path) -> None:
    """Remove the copies of config files that earlier versions kept for good. Never raises."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if _copy_of_earlier_versions(path.name):
                path.unlink()


@contextlib.contextmanager
def staged_undo_record(folder: Path, changes: Sequence[FileChange], when: str) -> Iterator[Path]:
    """Write the record of a change before it is made, to be committed in the block.

    Raises ConfigError.
    """
    record = {"version": _VERSION, "at": when, "files": [asdict(change) for change in changes]}
    path = folder / "undo.json"
    with contextlib.ExitStack() as stack:
        try:
            staged = stack.enter_context(staged_private(path, json.dumps(record).encode()))
        except OSError as error:
            raise _unwritable(path, error) from None
        yield staged


def commit_undo_record(staged: Path) -> None:
    """Replace the previous record by a staged one, unless a newer xswitch wrote it.

    Raises ConfigError.
    """
    path = staged.with_name("undo.json")
    with contextlib.suppress(OSError):
        if other_version(read_file(path, _MAX_RECORD)):
            return
    try:
        staged.replace(path)
    except OSError as error:
        raise _unwritable(path, error) from None


def load_undo_record(folder: Path) -> tuple[FileChange, ...]:
    """Return the files of the last change.

    Raises ConfigError without a valid record, and for one that another user could have written.
    """
    path = folder / "undo.json"
    try:
        content = read_trusted(path, _MAX_RECORD)
        if (found := distrust_folders(folder)) is not None:
            raise _untrusted(*found)
        record = json.loads(content)
    except FileNotFoundError:
        raise nothing_to_undo() from None
    except UntrustedFileError as error:
        # Its content may be another user's, so it is never made this user's
        raise _untrusted(str(error.strerror), f"rm -f {shlex.quote(str(path))}") from None
    except PermissionError as error:
        raise _untrusted(*repair(path, error)) from None
    except (OSError, ValueError):
        raise undo_record_damaged() from None
    try:
        if version := other_version(content):
            newer = newer_file_error(path, "The record of xswitch's last change", version)
            raise ConfigError(
                newer.what, why=newer.why, next_step=newer.next_step, code=ErrorCode.UNDO_DAMAGED
            )
        if record["version"] != _VERSION:
            raise undo_record_damaged()
        return tuple(_parse_change(entry) for entry in record["files"])
    except (KeyError, TypeError, ValueError):
        raise undo_record_damaged() from None


def delete_undo_record(folder: Path) -> None:
    """Delete the record."""
    (folder / "undo.json").unlink(missing_ok=True)


def nothing_to_undo() -> ConfigError:
    """Return the error for an undo without a change."""
    return ConfigError(
        "Nothing to undo.",
        next_step="See the current config: xswitch config",
        code=ErrorCode.NOTHING_TO_UNDO,
    )


def undo_record_damaged() -> ConfigError:
    """Return the error for an invalid record."""
    return ConfigError(
        "The record of xswitch's last change is damaged, so it can't be undone.",
        next_step="Remove a profile that xswitch wrote: xswitch forget NAME",
        code=ErrorCode.UNDO_DAMAGED,
    )


def _parse_change(entry: dict[str, Any]) -> FileChange:
    back = entry["back"]
    steps = (
        None
        if back is None
        else [
            [TextPatch(int(start), int(end), str(text)) for start, end, text in patches]
            for patches in back
        ]
    )
    return FileChange(
        entry["kind"],
        str(entry["path"]),
        str(entry["file"]),
        entry["before"],
        entry["after"],
        steps,
    )


def _untrusted(why: str, next_step: str) -> ConfigError:
    return ConfigError(
        "The record of xswitch's last change isn't used: another user could have written it.",
        why=why,
        next_step=next_step,
        code=ErrorCode.STATE_UNTRUSTED,
    )


def _unwritable(path: Path, error: OSError) -> ConfigError:
    return state_error(
        "The AWS config wasn't changed, because the record to undo it can't be written.",
        path,
        error,
    )
