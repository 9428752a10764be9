"""What is kept of earlier versions of the shared config.

One first version, and what takes the last change back.

The first version of the config file is copied to `<backups>/config.<digest of its path>.original`,
mode 0600, before xswitch's first change of it, and is never written again (empty when there was no
file). A config file that itself holds keys, tokens or passwords is copied to
`<file>.xswitch-original` beside it instead, so that no secret comes to lie in another place.

The credentials file is never copied: xswitch only touches profiles there that carry its mark
(`xswitch_role`), whose keys are temporary.

`<backups>/undo.json` holds, for the files of the last change, digests of the text before and after,
and reverse patches: the characters xswitch itself replaced, and no others. Of the credentials file
only insertions can be taken back: keys that were replaced or removed are kept nowhere, nor is
anything that looks like a secret in a replaced part of the config file.
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
    """One file of the last change; digests are SHA-256 in hex, None for no file.

    `back` is None when what was replaced is kept nowhere.
    """

    kind: FileKind
    path: str
    file: str
    before: str | None
    after: str | None
    back: list[list[TextPatch]] | None

    def restore(self, content: bytes) -> bytes | None:
        """The content before the change, None for no file.

        Raises ConfigError if this record doesn't lead there.
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
    """Whether these reverse patches may be written down.

    They hold nothing of the credentials file, and no secret of the config file.
    """
    texts = [patch.text for patches in back for patch in patches]
    return not any(text.strip() if kind == "credentials" else _secret(text) for text in texts)


def digest(content: bytes | None) -> str | None:
    """SHA-256 of a file's content, None for no file."""
    return None if content is None else sha256(content)


def back_up_original(folder: Path, target: PendingReplacement) -> None:
    """Copy the config file before its first change, unless that was done before.

    Raises ConfigError.
    """
    if target.kind != "config":
        return
    short = sha256(target.file.encode("utf-8", "surrogateescape"))[:12]
    apart = folder / f"config.{short}.original"
    beside = Path(f"{target.file}.xswitch-original")
    content = target.base or b""
    secret = _secret(content.decode("utf-8", "replace"))
    try:
        if not apart.exists() and not beside.exists():
            staged = stage_private(beside if secret else apart, content)
            try:
                os.link(staged, beside if secret else apart)
            finally:
                staged.unlink()
    except OSError as error:
        raise _unwritable(folder, error) from None


def stage_undo_record(folder: Path, changes: Sequence[FileChange], when: str) -> Path:
    """Write the record of a change that is about to be made, to be put in force by `commit_undo_record`. Raises ConfigError."""
    record = {"version": _VERSION, "at": when, "files": [asdict(change) for change in changes]}
    try:
        return stage_private(folder / "undo.json", json.dumps(record).encode())
    except OSError as error:
        raise _unwritable(folder, error) from None


def commit_undo_record(staged: Path) -> None:
    """Put a record in force. Raises ConfigError."""
    try:
        staged.replace(staged.with_name("undo.json"))
    except OSError as error:
        raise _unwritable(staged.parent, error) from None


def load_undo_record(folder: Path) -> tuple[FileChange, ...]:
    """The files of the last change.

    Raises ConfigError when there is no record, or it can't be read.
    """
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
    """Drop the record."""
    (folder / "undo.json").unlink(missing_ok=True)


def nothing_to_undo() -> ConfigError:
    """There is no change to take back."""
    return ConfigError(
        "There is no change of xswitch's to take back.",
        next_step="xswitch config shows what is there.",
        code=ErrorCode.NOTHING_TO_UNDO,
    )


def undo_record_damaged() -> ConfigError:
    """The record can't be used."""
    return ConfigError(
        "The record of xswitch's last change can't be used, so nothing is taken back.",
        next_step="xswitch forget NAME removes a profile xswitch wrote.",
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
        "The AWS config is left as it is, as no backup can be written.",
        why=f"{folder}: {error.strerror or error}.",
        next_step="xswitch doctor",
        code=ErrorCode.STATE_FOLDER,
    )
