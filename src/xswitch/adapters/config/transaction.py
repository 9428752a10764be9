"""Changes of the shared config and credentials files.

What `FileConfigStore` does when it is to write.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Protocol

from xswitch.adapters.config import atomic_replace, backup, read
from xswitch.adapters.config.atomic_replace import PendingReplacement
from xswitch.adapters.config.backup import FileChange, digest
from xswitch.adapters.state.locks import FileLocks
from xswitch.core.awsconfig.edit import apply_patches, plan_edits, reversed_patches
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.awsconfig.verify import verify
from xswitch.core.digests import sha256
from xswitch.core.errors import ConfigError, ErrorCode, LockBusyError
from xswitch.core.model import ConfigPaths, FileKind, ProfileEdit
from xswitch.core.profiles.managed import ROLE_KEY

_KINDS: tuple[FileKind, ...] = ("config", "credentials")
_MAX_ATTEMPTS = 50
_LOCK_SECONDS = 30.0


class UtcClock(Protocol):
    """The time."""

    def now(self) -> datetime:
        """Now, UTC."""
        ...


class ConfigWriter:
    """Edits and undoes the files at `paths`; the folders are those of `FileConfigStore`."""

    def __init__(self, paths: ConfigPaths, *, backups: Path, locks: Path, clock: UtcClock) -> None:
        self._paths = paths
        self._backups = backups
        self._locks = locks
        self._clock = clock

    def apply(self, edits: Sequence[ProfileEdit]) -> None:
        """See `FileConfigStore.apply`."""
        kinds = [kind for kind in _KINDS if any(edit.file == kind for edit in edits)]
        transaction = _Transaction(edits)
        with self._locked([self._path(kind) for kind in kinds]):
            for _ in range(_MAX_ATTEMPTS):
                if self._attempt(kinds, transaction):
                    return
        raise ConfigError(
            "The AWS config is left as it is, as another program keeps changing it.",
            next_step="End that program, then do this again.",
            code=ErrorCode.CONFIG_BUSY,
        )

    def undo(self) -> tuple[str, ...]:
        """See `FileConfigStore.undo`."""
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
                self._swap_back(targets)
            finally:
                for target in targets:
                    target.close()
            backup.delete_undo_record(self._backups)
        return tuple(target.path for target in targets)

    def _swap_back(self, targets: Sequence[PendingReplacement]) -> None:
        for target in targets:
            atomic_replace.stage(target)
        late = atomic_replace.swap(targets, lambda: None)
        if late is None:
            raise _changed_since(targets[0].path)
        if late:
            for target in targets:
                atomic_replace.restore(target, late.get(target.kind, target.loaded.content))
            raise _changed_since(targets[0].path)

    def _attempt(self, kinds: Sequence[FileKind], transaction: _Transaction) -> bool:
        """One try; False when a file changed meanwhile."""
        targets = [atomic_replace.open_replacement(kind, self._path(kind)) for kind in kinds]
        try:
            targets = [target for target in targets if transaction.edit(target)]
            for target in targets:
                folder, name = os.path.split(target.file)
                atomic_replace.remove_leftovers(folder, f".{name}.xswitch-", self._clock.now())
                backup.back_up_original(self._backups, target)
                atomic_replace.stage(target)
            late = self._swap(targets, transaction) if targets else {}
        finally:
            for target in targets:
                target.close()
        if late is None:
            return False
        transaction.rebased = {t.kind: (t.new, late[t.kind]) for t in targets if t.kind in late}
        return not late

    def _swap(
        self, targets: Sequence[PendingReplacement], transaction: _Transaction
    ) -> dict[FileKind, bytes] | None:
        atomic_replace.remove_leftovers(str(self._backups), ".", self._clock.now())
        record = backup.stage_undo_record(
            self._backups, tuple(transaction.changes.values()), self._clock.now().isoformat()
        )
        try:
            return atomic_replace.swap(targets, lambda: backup.commit_undo_record(record))
        finally:
            record.unlink(missing_ok=True)

    def _path(self, kind: FileKind) -> str:
        return self._paths.config if kind == "config" else self._paths.credentials

    @contextlib.contextmanager
    def _locked(self, paths: Sequence[str]) -> Iterator[None]:
        """The lock of each file, always in the same order."""
        files = {os.path.realpath(path).encode("utf-8", "surrogateescape") for path in paths}
        locks = FileLocks(self._locks, timeout_seconds=_LOCK_SECONDS)
        with contextlib.ExitStack() as stack:
            try:
                for name in sorted(sha256(file)[:16] for file in files):
                    stack.enter_context(locks.hold(f"aws-config-{name}"))
            except LockBusyError:
                raise ConfigError(
                    "Another xswitch is writing the AWS config and doesn't come to an end.",
                    next_step="End it, then do this again.",
                    code=ErrorCode.CONFIG_BUSY,
                ) from None
            yield


class _Transaction:
    """The edits of one `apply`, over all its tries."""

    def __init__(self, edits: Sequence[ProfileEdit]) -> None:
        self._edits = edits
        self.changes: dict[FileKind, FileChange] = {}
        self.rebased: dict[FileKind, tuple[bytes | None, bytes]] = {}
        """What was written of a kind, and what somebody meanwhile wrote into the version replaced, which is then to be edited instead."""

    def edit(self, target: PendingReplacement) -> bool:
        """Give a target its new content, checked, and note how to take it back.

        False when nothing changes.
        """
        written, late = self.rebased.get(target.kind, (None, None))
        if late is not None and target.loaded.content == written:
            target.base = late
        old = read.decode(target.path, target.base) or ""
        edits = [edit for edit in self._edits if edit.file == target.kind]
        if target.kind == "credentials":
            _ensure_own_profiles(target, old, edits)
        steps = plan_edits(old, target.kind, edits)
        new = old
        for patches in steps:
            new = apply_patches(new, patches)
        # Also when no byte changes: the AWS CLI may see a profile of that name where the SDKs, by
        # whose rules is edited, see none.
        verify(old, new, target.kind, edits)
        target.new = target.base if new == old else new.encode()
        if not target.changed:
            return False
        back = reversed_patches(old, steps)
        keep = back if backup.is_storable(target.kind, back) else None
        self.changes[target.kind] = FileChange(
            target.kind, target.path, target.file, digest(target.base), digest(target.new), keep
        )
        return True


def _ensure_own_profiles(
    target: PendingReplacement, text: str, edits: Sequence[ProfileEdit]
) -> None:
    profiles = read_view(ConfigPaths("", target.path), None, text).profiles
    for edit in edits:
        profile = profiles.get(edit.name)
        if profile is not None and ROLE_KEY not in profile.properties:
            raise ConfigError(
                f"Profile {edit.name} of the credentials file is not xswitch's to change.",
                why=f"{profile.origin.file}:{profile.origin.line} has no {ROLE_KEY} setting.",
                next_step="Choose another name: xswitch switch TARGET --profile-name NAME",
                code=ErrorCode.NOT_OURS,
            )


def _content_before(change: FileChange, target: PendingReplacement) -> bytes | None:
    if digest(target.loaded.content) != change.after:
        raise _changed_since(change.path)
    if change.back is None:
        raise ConfigError(
            f"The last change of {change.path} can't be taken back.",
            why="It replaced or removed temporary keys, and those are kept nowhere.",
            next_step="xswitch switch NAME --static writes fresh ones.",
            code=ErrorCode.UNDO_SECRET,
        )
    return change.restore(target.loaded.content or b"")


def _changed_since(path: str) -> ConfigError:
    return ConfigError(
        f"{path} has changed since xswitch's last change, so that can't be taken back.",
        next_step="xswitch forget NAME removes a profile xswitch wrote.",
        code=ErrorCode.UNDO_CHANGED,
    )
