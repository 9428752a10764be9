"""What xswitch remembers beside sessions.

How often and when last each role was used, and which are pinned.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from xswitch.adapters.state.private_files import private_folder, read_file, replace_private
from xswitch.core.errors import ErrorCode, SettingsError, XswitchError
from xswitch.core.model import RoleUsage, UsageState

VERSION = 1
MAX_USES = 2_000
MAX_PINS = 2_000
MAX_BYTES = 4 * 1024 * 1024
MAX_COUNT = 1_000_000
LOCK = "memory"


class _UsageLocks(Protocol):
    def hold(self, name: str) -> AbstractContextManager[None]: ...


class JsonUsage:
    """Fits the port `UsageStore`: `{"version": 1, "uses": {PROFILE.

    [COUNT, EPOCH SECONDS]}, "pins": [PROFILE, ...]}`, mode 0600.

    A missing or damaged file is an empty memory. At most `MAX_USES` uses are kept, the latest.
    """

    def __init__(self, path: Path, locks: _UsageLocks) -> None:
        self._path = path
        self._locks = locks

    def load(self) -> UsageState:
        """What is remembered."""
        try:
            content = read_file(self._path, MAX_BYTES)
            if len(content) > MAX_BYTES:
                return UsageState()
            data = json.loads(content)
        except (OSError, ValueError, RecursionError):
            return UsageState()
        if not isinstance(data, dict) or data.get("version") != VERSION:
            return UsageState()
        uses, pins = data.get("uses"), data.get("pins")
        return UsageState(
            uses={name: use for name, kept in uses.items() if (use := _parse_use(kept)) is not None}
            if isinstance(uses, dict)
            else {},
            pins=frozenset(name for name in pins if isinstance(name, str))
            if isinstance(pins, list)
            else frozenset(),
        )

    def record_use(self, profile: str, when: datetime) -> None:
        """Count one switch.

        A memory that can't be written loses it: no switch fails for the order of a list.
        """
        with contextlib.suppress(XswitchError, OSError), self._turn():
            memory = self.load()
            known = memory.uses.get(profile)
            use = RoleUsage(
                count=1 if known is None else min(known.count + 1, MAX_COUNT), last=when
            )
            self._write(replace(memory, uses={**memory.uses, profile: use}))

    def set_pin(self, profile: str, *, pinned: bool) -> None:
        """Pin or unpin.

        Raises SettingsError when that can't be kept, VaultError when the lock can't be had.
        """
        try:
            with self._turn():
                memory = self.load()
                pins = memory.pins | {profile} if pinned else memory.pins - {profile}
                if pins != memory.pins:
                    self._write(replace(memory, pins=pins))
        except OSError as error:
            raise SettingsError(
                "The pin can't be kept.",
                why=f"{self._path}: {error.strerror or error}",
                next_step="xswitch doctor",
                code=ErrorCode.STATE_FOLDER,
            ) from None

    @contextlib.contextmanager
    def _turn(self) -> Iterator[None]:
        # Made here, so that a folder that can't be is the memory's failure and not the lock's.
        private_folder(self._path.parent)
        with self._locks.hold(LOCK):
            yield

    def _write(self, memory: UsageState) -> None:
        latest = sorted(memory.uses.items(), key=lambda item: item[1].last, reverse=True)[:MAX_USES]
        data = {
            "version": VERSION,
            "uses": {name: [use.count, int(use.last.timestamp())] for name, use in latest},
            "pins": sorted(memory.pins)[:MAX_PINS],
        }
        replace_private(self._path, json.dumps(data).encode())


def _parse_use(kept: object) -> RoleUsage | None:
    try:
        if not isinstance(kept, list):
            return None
        count, last = kept
        return RoleUsage(
            count=max(0, min(int(count), MAX_COUNT)), last=datetime.fromtimestamp(int(last), UTC)
        )
    except (TypeError, ValueError, OverflowError, OSError):
        return None
