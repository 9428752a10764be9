"""Where the runtime keyring is: the folder recorded at first use, in any environment.

A program started by cron, a service manager, `su` or `ssh` has another XDG_RUNTIME_DIR, or none,
and finds the same sessions.
"""

from __future__ import annotations

import os
from pathlib import Path

from xswitch.adapters.state.json_file import LockedJsonFile
from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.paths import AppPaths
from xswitch.adapters.vault import tmpfs
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.core.errors import ConfigError, ErrorCode, VaultBrokenError, XswitchError

LOCK = "runtime-places"
_MAX_BYTES = 64 * 1024
_MAX_FOLDERS = 16


class RuntimePlaces:
    """The record, `{"version": 1, "folders": [PATH], "left": TEXT}`.

    The first folder is the current one, the others are earlier ones; `left` says why the last one
    was left.
    """

    def __init__(self, paths: AppPaths) -> None:
        self._errors = VaultErrors(str(paths.settings))
        self._file = LockedJsonFile(
            paths.runtime_places,
            FileLocks(paths.locks),
            LOCK,
            _MAX_BYTES,
            "The record of the runtime keyring's folder",
        )

    def folders(self) -> tuple[Path, ...]:
        """Return the recorded folders, the current one first; none if the record is unreadable."""
        folders = self._file.read().get("folders")
        if not isinstance(folders, list):
            return ()
        return tuple(
            Path(folder)
            for folder in folders
            if isinstance(folder, str) and folder.startswith("/") and "\0" not in folder
        )

    def newer(self) -> ConfigError | None:
        """Return the error for a record of a newer xswitch, None for any other one."""
        return self._file.newer()

    @property
    def note(self) -> str:
        """Why the folder before the current one was left, "" if there was none."""
        left = self._file.read().get("left")
        return left if isinstance(left, str) else ""

    def choose(self, candidates: tuple[Path, ...]) -> Path:
        """Return the folder to use, and record it.

        That is a recorded one as long as it is there and trustworthy, then a recorded one that is
        gone and can be made again, then the best candidate. Raises VaultBrokenError if there is
        none, and ConfigError if a new name can't be recorded.
        """
        recorded = self.folders()
        known = _usable(recorded)
        if known is not None:
            return known
        reasons = {folder: _reason(folder) for folder in recorded}
        # In a folder that others can write, the same candidate leads to another name
        fresh = tuple(
            folder
            for folder in candidates
            if folder not in reasons or tmpfs.is_shared(folder.parent)
        )
        try:
            folder = tmpfs.runtime_folder(fresh, self._errors)
        except VaultBrokenError:
            if not reasons:
                raise
            # Its first use reports what is wrong with it, and how to fix that
            return recorded[0]
        if os.path.lexists(folder) and tmpfs.untrusted_reason(folder):
            return folder  # reported as above, and not recorded
        try:
            return self._record(folder, recorded, reasons)
        except (OSError, XswitchError) as error:
            if folder in candidates or folder.exists():
                return folder  # every process finds it without the record
            if isinstance(error, XswitchError):
                raise
            raise ConfigError(
                "The folder of the runtime keyring can't be recorded.",
                why=f"{self._file.path}: {error.strerror or error}",
                next_step="xswitch doctor",
                code=ErrorCode.STATE_FOLDER,
            ) from None

    def _record(self, folder: Path, recorded: tuple[Path, ...], reasons: dict[Path, str]) -> Path:
        with self._file.locked():
            current = self.folders()
            if current != recorded:  # another process was first
                return _usable(current) or folder
            left = next((f"{old} {why}" for old, why in reasons.items()), "")
            folders = dict.fromkeys(str(path) for path in (folder, *recorded))
            self._file.write({"folders": list(folders)[:_MAX_FOLDERS], "left": left})
        return folder


def _usable(folders: tuple[Path, ...]) -> Path | None:
    """Return the first folder that can be used, preferably one that exists."""
    suitable = [folder for folder in folders if not tmpfs.unsuitable_reason(folder)]
    free = [
        folder
        for folder in suitable
        if not os.path.lexists(folder) and not tmpfs.can_be_taken(folder)
    ]
    return next((folder for folder in suitable if not tmpfs.untrusted_reason(folder)), None) or (
        free[0] if free else None
    )


def _reason(folder: Path) -> str:
    why = tmpfs.unsuitable_reason(folder)
    return f"can't be used: {folder.parent} {why}" if why else tmpfs.untrusted_reason(folder)
