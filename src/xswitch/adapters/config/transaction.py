"""Edit and undo the shared config and credentials files: lock, edit, verify, back up, replace."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from xswitch.adapters.config import atomic_replace, backup, read
from xswitch.adapters.config.atomic_replace import PendingReplacement
from xswitch.adapters.config.backup import FileChange, digest
from xswitch.adapters.config.read import is_same_file
from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.private_files import sweep
from xswitch.core.awsconfig.edit import TextPatch, apply_patches, plan_edits, reversed_patches
from xswitch.core.awsconfig.one_file import one_file_view
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.awsconfig.verify import verify
from xswitch.core.digests import sha256
from xswitch.core.errors import ConfigError, ErrorCode, LockBusyError
from xswitch.core.model import ConfigPaths, FileKind, Problem, ProfileEdit, SetProfile
from xswitch.core.profiles.managed import ROLE_KEY

_KINDS: tuple[FileKind, ...] = ("config", "credentials")
_SECRET_KEYS = frozenset(("aws_secret_access_key", "aws_session_token"))
_MAX_ATTEMPTS = 50
_LOCK_SECONDS = 30.0


class UtcClock(Protocol):
    """The clock of leftovers and backups."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        ...


class ConfigWriter:
    """The writing half of `FileConfigStore`, which documents its methods."""

    def __init__(self, paths: ConfigPaths, *, backups: Path, locks: Path, clock: UtcClock) -> None:
        self._paths = paths
        self._backups = backups
        self._locks = locks
        self._clock = clock

    def apply(self, edits: Sequence[ProfileEdit]) -> tuple[Problem, ...]:
        """Apply the edits; return what the user should know."""
        transaction = _Transaction(edits)
        kinds = _kinds_of(edits)
        with self._locked([self._path(kind) for kind in kinds]):
            self.remove_leftovers(kinds)
            for _ in range(_MAX_ATTEMPTS):
                if self._attempt(transaction):
                    return tuple(transaction.notes.values())
        raise ConfigError(
            "The AWS config wasn't changed, because another program keeps writing it.",
            next_step="Stop that program, then run the same command again.",
            code=ErrorCode.CONFIG_BUSY,
        )

    def remove_leftovers(self, kinds: Sequence[FileKind] = _KINDS) -> list[Path]:
        """Remove what killed writers left beside the files and in `backups`; return it."""
        backup.remove_old_copies(self._backups)
        files = dict.fromkeys(os.path.realpath(self._path(kind)) for kind in kinds)
        return [
            *(path for file in files for path in atomic_replace.remove_leftovers(file)),
            *sweep(self._backups),
        ]

    def undo(self) -> tuple[str, ...]:
        """Undo the last change; return the paths."""
        record = backup.load_undo_record(self._backups)
        with self._locked([change.file for change in record]):
            if backup.load_undo_record(self._backups) != record:
                raise _changed_since(record[0].path)
            targets: list[PendingReplacement] = []
            try:
                for change in record:
                    target = atomic_replace.open_replacement(change.kind, change.file)
                    target.path = change.path
                    if digest(target.loaded.content) != change.before:
                        target.new = _content_before(change, target)
                        targets.append(target)
                if not targets:
                    raise backup.nothing_to_undo()
                self._commit_undo(targets)
            finally:
                for target in targets:
                    target.close()
            self.remove_leftovers([change.kind for change in record])
            backup.delete_undo_record(self._backups)
        return tuple(target.path for target in targets)

    def _commit_undo(self, targets: Sequence[PendingReplacement]) -> None:
        for target in targets:
            atomic_replace.stage(target)
        concurrent = atomic_replace.commit(targets, lambda: None)
        if concurrent is None:
            raise _changed_since(targets[0].path)
        if concurrent:
            for target in targets:
                atomic_replace.restore(target, concurrent.get(target.kind, target.loaded.content))
            raise _changed_since(targets[0].path)

    def ensure_writable(self, kinds: Collection[FileKind]) -> None:
        """Raise ConfigError if a file of these kinds can't be replaced."""
        for kind, path in self._files(kinds):
            atomic_replace.ensure_replaceable(kind, path)

    def _files(self, kinds: Collection[FileKind]) -> list[tuple[FileKind, str]]:
        """Return each file once, also if both paths name the same one."""
        files = [(kind, self._path(kind)) for kind in _KINDS if kind in kinds]
        same = len(files) == len(_KINDS) and is_same_file(files[0][1], files[1][1])
        return files[:1] if same else files

    def _attempt(self, transaction: _Transaction) -> bool:
        """Try once; return False if a file changed meanwhile."""
        targets = [
            atomic_replace.open_replacement(kind, path)
            for kind, path in self._files(_kinds_of(transaction.edits))
        ]
        transaction.one_file = is_same_file(self._paths.config, self._paths.credentials)
        try:
            targets = [target for target in targets if transaction.edit(target)]
            for target in targets:
                atomic_replace.stage(target)
            concurrent = self._commit(targets, transaction) if targets else {}
        finally:
            for target in targets:
                target.close()
        if concurrent is None:
            return False
        transaction.rebased = {
            target.kind: (target.new, concurrent[target.kind])
            for target in targets
            if target.kind in concurrent
        }
        return not concurrent

    def _commit(
        self, targets: Sequence[PendingReplacement], transaction: _Transaction
    ) -> dict[FileKind, bytes] | None:
        with backup.staged_undo_record(
            self._backups, tuple(transaction.changes.values()), self._clock.now().isoformat()
        ) as record:
            return atomic_replace.commit(targets, lambda: backup.commit_undo_record(record))

    def _path(self, kind: FileKind) -> str:
        return self._paths.config if kind == "config" else self._paths.credentials

    @contextlib.contextmanager
    def _locked(self, paths: Sequence[str]) -> Iterator[None]:
        """Hold the lock of each file, always in the same order."""
        files = {os.path.realpath(path).encode("utf-8", "surrogateescape") for path in paths}
        locks = FileLocks(self._locks, timeout_seconds=_LOCK_SECONDS)
        with contextlib.ExitStack() as stack:
            try:
                for name in sorted(sha256(file)[:16] for file in files):
                    stack.enter_context(locks.hold(f"aws-config-{name}"))
            except LockBusyError:
                raise ConfigError(
                    "Another xswitch is still writing the AWS config.",
                    next_step="Wait for it or stop it, then run the same command again.",
                    code=ErrorCode.CONFIG_BUSY,
                ) from None
            yield


def _kinds_of(edits: Sequence[ProfileEdit]) -> list[FileKind]:
    return [kind for kind in _KINDS if any(edit.file == kind for edit in edits)]


class _Transaction:
    """The edits of one `apply`, across its attempts."""

    def __init__(self, edits: Sequence[ProfileEdit]) -> None:
        self.edits = edits
        self.one_file = False
        """Both kinds of edits are made in the same file."""
        self.changes: dict[FileKind, FileChange] = {}
        self.notes: dict[FileKind, Problem] = {}
        self.rebased: dict[FileKind, tuple[bytes | None, bytes]] = {}
        """The content written, and the content another program wrote meanwhile into the old file.

        The next attempt edits the latter.
        """

    def edit(self, target: PendingReplacement) -> bool:
        """Compute and verify a target's new content, and record how to undo it.

        Return False if nothing changes.
        """
        written, concurrent = self.rebased.get(target.kind, (None, None))
        if concurrent is not None and target.loaded.content == written:
            target.base = concurrent
        old = new = read.decode(target.path, target.base) or ""
        steps: list[list[TextPatch]] = []
        edited = [
            kind
            for kind in (_KINDS if self.one_file else (target.kind,))
            if any(edit.file == kind for edit in self.edits)
        ]
        for kind in edited:
            before = new
            edits = [edit for edit in self.edits if edit.file == kind]
            if kind == "credentials":
                _ensure_own_profiles(target, before, edits)
            patches_of_kind = plan_edits(before, kind, edits)
            for patches in patches_of_kind:
                new = apply_patches(new, patches)
            steps += patches_of_kind
            # Also if no byte changes: the AWS CLI may see a profile of that name where the SDKs,
            # whose rules the edit follows, see none.
            verify(before, new, kind, edits)
            if self.one_file:
                _ensure_same_profiles(target, before, new, kind)
        target.new = target.base if new == old else new.encode()
        if not target.changed:
            return False
        target.secret = any(_has_secret(edit) for edit in self.edits if edit.file in edited)
        if target.tightened:
            self.notes[target.kind] = Problem(
                "credentials_tightened",
                f"Other users could read {target.path}; now only you can (mode 0600).",
                file=target.path,
            )
        storable = all(backup.is_storable(kind, old, steps) for kind in edited)
        stored = reversed_patches(old, steps) if storable else None
        self.changes[target.kind] = FileChange(
            target.kind, target.path, target.file, digest(target.base), digest(target.new), stored
        )
        return True


def _has_secret(edit: ProfileEdit) -> bool:
    return isinstance(edit, SetProfile) and not _SECRET_KEYS.isdisjoint(edit.properties)


def _ensure_own_profiles(
    target: PendingReplacement, text: str, edits: Sequence[ProfileEdit]
) -> None:
    profiles = read_view(ConfigPaths("", target.path), None, text).profiles
    for edit in edits:
        profile = profiles.get(edit.name)
        if profile is not None and ROLE_KEY not in profile.properties:
            raise ConfigError(
                f"xswitch didn't write profile {edit.name} in the credentials file.",
                why=f"{profile.origin.file}:{profile.origin.line} has no {ROLE_KEY} setting.",
                next_step="Choose another name: xswitch switch TARGET --profile-name NAME",
                code=ErrorCode.NOT_OURS,
            )


def _ensure_same_profiles(
    target: PendingReplacement, before: str, after: str, edited: FileKind
) -> None:
    """Raise ConfigError if edits of one kind change how the file reads as the other kind."""

    def read(text: str) -> dict[str, dict[str, str]]:
        texts = (None, text) if edited == "config" else (text, None)
        view = one_file_view(read_view(ConfigPaths(target.path, target.path), *texts))
        return {
            name: {key: value.value for key, value in profile.properties.items()}
            for name, profile in view.profiles.items()
        }

    if read(before) != read(after):
        raise ConfigError(
            f"{target.path} wasn't changed, because the change isn't safe.",
            why="The file is both the config and the credentials file, which read it differently.",
            next_step="Set AWS_SHARED_CREDENTIALS_FILE to a file of its own.",
            code=ErrorCode.EDIT_UNSAFE,
        )


def _content_before(change: FileChange, target: PendingReplacement) -> bytes | None:
    if digest(target.loaded.content) != change.after:
        raise _changed_since(change.path)
    if change.back is None:
        raise ConfigError(
            f"The last change of {change.path} can't be undone.",
            why="It replaced or removed lines that may hold a secret, which aren't backed up.",
            next_step="Write them again: xswitch switch NAME"
            + (" --static" if change.kind == "credentials" else ""),
            code=ErrorCode.UNDO_SECRET,
        )
    return change.restore(target.loaded.content or b"")


def _changed_since(path: str) -> ConfigError:
    return ConfigError(
        f"{path} has changed since xswitch's last change, which can't be undone now.",
        next_step="Remove a profile that xswitch wrote: xswitch forget NAME",
        code=ErrorCode.UNDO_CHANGED,
    )
