"""How often and when each role was used, and which roles are pinned."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from xswitch.adapters.ownership import repair
from xswitch.adapters.state.json_file import LockedJsonFile
from xswitch.adapters.state.locks import FileLocks
from xswitch.core.errors import ConfigError, ErrorCode, SettingsError, XswitchError
from xswitch.core.model import RoleUsage, UsageState

MAX_USES = 2_000
MAX_PINS = 2_000
MAX_BYTES = 4 * 1024 * 1024
MAX_COUNT = 1_000_000
LOCK = "memory"


class JsonUsage:
    """Implements the port `UsageStore` with a JSON file.

    The file is `{"version": 1, "uses": {PROFILE: [COUNT, EPOCH SECONDS]}, "pins": [PROFILE]}`; an
    unreadable file counts as empty; one of a newer xswitch too, and it is never written. The latest
    `MAX_USES` uses are kept.
    """

    def __init__(self, path: Path, locks: FileLocks) -> None:
        self._file = LockedJsonFile(
            path, locks, LOCK, MAX_BYTES, "xswitch's record of uses and pins"
        )

    def load(self) -> UsageState:
        """Return the recorded uses and pins."""
        data = self._file.read()
        uses, pins = data.get("uses"), data.get("pins")
        return UsageState(
            uses={
                name: use for name, value in uses.items() if (use := _parse_use(value)) is not None
            }
            if isinstance(uses, dict)
            else {},
            pins=frozenset(name for name in pins if isinstance(name, str))
            if isinstance(pins, list)
            else frozenset(),
        )

    def newer(self) -> ConfigError | None:
        """Return the error for a file of a newer xswitch, None for any other one."""
        return self._file.newer()

    def record_use(self, profile: str, when: datetime) -> None:
        """Count one switch; the switch doesn't fail if the file can't be written."""
        with contextlib.suppress(XswitchError, OSError), self._file.locked():
            usage = self.load()
            known = usage.uses.get(profile)
            count = 1 if known is None else min(known.count + 1, MAX_COUNT)
            self._write(
                replace(usage, uses={**usage.uses, profile: RoleUsage(count=count, last=when)})
            )

    def set_pin(self, profile: str, *, pinned: bool) -> None:
        """Pin or unpin a role.

        Raises SettingsError when the file can't be written, ConfigError when a newer xswitch wrote
        it, and the errors of `FileLocks`.
        """
        try:
            with self._file.locked():
                usage = self.load()
                pins = usage.pins | {profile} if pinned else usage.pins - {profile}
                if pins != usage.pins:
                    self._write(replace(usage, pins=pins))
        except OSError as error:
            found = repair(self._file.path, error)
            raise SettingsError(
                "The pin can't be saved.",
                why=found.why,
                next_step=found.next_step,
                code=ErrorCode.STATE_FOLDER,
            ) from None

    def _write(self, usage: UsageState) -> None:
        latest = sorted(usage.uses.items(), key=lambda item: item[1].last, reverse=True)[:MAX_USES]
        self._file.write(
            {
                "uses": {name: [use.count, int(use.last.timestamp())] for name, use in latest},
                "pins": sorted(usage.pins)[:MAX_PINS],
            }
        )


def _parse_use(value: object) -> RoleUsage | None:
    try:
        if not isinstance(value, list):
            return None
        count, last = value
        return RoleUsage(
            count=max(0, min(int(count), MAX_COUNT)), last=datetime.fromtimestamp(int(last), UTC)
        )
    except (TypeError, ValueError, OverflowError, OSError):
        return None
