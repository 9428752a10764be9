"""Backups of the shared config: its first version, and the record that undoes the last change.

Before its first change, the config file is copied to `<backups>/config.<digest of path>.original`,
mode 0600 (empty if the file was missing). A config file that contains keys, tokens or passwords is
copied to `<file>.xswitch-original` beside it instead, so that no secret is stored elsewhere.
Neither copy is written again.

The credentials file is never copied: xswitch only changes profiles there with its mark
(`xswitch_role`), whose keys are temporary.

`<backups>/undo.json` holds, for the files of the last change, digests before and after, and reverse
patches: the text xswitch replaced. Replaced text isn't recorded if it is from the credentials file
or looks like a secret; then the change can't be undone.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from xswitch.adapters.config.atomic_replace import PendingReplacement
from xswitch.adapters.state.private_files import read_file, stage_private
from xswitch.core.awsconfig.edit import TextPatch, apply_patches
from xswitch.core.digests import sha256
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.model import FileKind

_VERSION = 1
_MAX_RECORD = 16 * 1024 * 1024
_secret = re.compile(
    "secret|session_token|security_token|password|private_key", re.IGNORECASE
).search


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


def is_storable(kind: FileKind, back: Sequence[Sequence[TextPatch]]) -> bool:
    """Whether the replaced text may be recorded: nothing from the credentials file, no secret."""
    texts = [patch.text for patches in back for patch in patches]
    return not any(text.strip() if kind == "credentials" else _secret(text) for text in texts)


def digest(content: bytes | None) -> str | None:
    """Return the SHA-256 of a file's content in hex, None for no file."""
    return None if content is None else sha256(content)


def back_up_original(folder: Path, target: PendingReplacement) -> None:
    """Copy the config file before its first change. Raises ConfigError."""
    if target.kind != "config":
        return
    short = sha256(target.file.encode("utf-8", "surrogateescape"))[:12]
    in_backups = folder / f"config.{short}.original"
    beside = Path(f"{target.file}.xswitch-original")
    content = target.base or b""
    try:
        if not in_backups.exists() and not beside.exists():
            has_secret = _secret(content.decode("utf-8", "replace"))
            copy = beside if has_secret else in_backups
            staged = stage_private(copy, content)
            try:
                os.link(staged, copy)
            finally:
                staged.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from None


def stage_undo_record(folder: Path, changes: Sequence[FileChange], when: str) -> Path:
    """Write the record of a change before it is made. Raises ConfigError."""
    record = {"version": _VERSION, "at": when, "files": [asdict(change) for change in changes]}
    try:
        return stage_private(folder / "undo.json", json.dumps(record).encode())
    except OSError as error:
        raise _unwritable(folder, error) from None


def commit_undo_record(staged: Path) -> None:
    """Replace the previous record by a staged one. Raises ConfigError."""
    try:
        staged.replace(staged.with_name("undo.json"))
    except OSError as error:
        raise _unwritable(staged.parent, error) from None


def load_undo_record(folder: Path) -> tuple[FileChange, ...]:
    """Return the files of the last change. Raises ConfigError without a valid record."""
    try:
        record = json.loads(read_file(folder / "undo.json", _MAX_RECORD))
    except FileNotFoundError:
        raise nothing_to_undo() from None
    except (OSError, ValueError):
        raise undo_record_damaged() from None
    try:
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


def _unwritable(folder: Path, error: OSError) -> ConfigError:
    return ConfigError(
        "The AWS config wasn't changed, because its backup can't be written.",
        why=f"{folder}: {error.strerror or error}.",
        next_step="xswitch doctor",
        code=ErrorCode.STATE_FOLDER,
    )
