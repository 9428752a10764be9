"""Clocks that can be moved.

Of the embedded AWS's sessions, and of xswitch while it runs against it.
"""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class EmulatorClock(Protocol):
    """The time, timezone-aware, in UTC."""

    def now(self) -> datetime:
        """Now."""
        ...


class MovableClock(EmulatorClock, Protocol):
    """A clock that can be told that time has passed."""

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass."""
        ...


class MachineClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Now."""
        return datetime.now(UTC)


class ShiftedClock:
    """Another clock's time plus an offset that can grow; safe to use from several threads."""

    def __init__(self, base: EmulatorClock | None = None, offset_seconds: float = 0.0) -> None:
        self._base = base or MachineClock()
        self._offset = offset_seconds
        self._lock = threading.Lock()

    @property
    def offset_seconds(self) -> float:
        """How far ahead of its base it is."""
        with self._lock:
            return self._offset

    def now(self) -> datetime:
        """Now, shifted."""
        return self._base.now() + timedelta(seconds=self.offset_seconds)

    def advance(self, seconds: float) -> None:
        """Move it forward (or back, for a negative number)."""
        with self._lock:
            self._offset += seconds


class DemoClock:
    """The machine's time plus the seconds written in a file, 0 while there is none.

    How every process of a demo shares one time.
    """

    def __init__(self, offset_file: Path) -> None:
        self._file = offset_file

    def now(self) -> datetime:
        """Now, shifted by what the file says at this moment."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds())

    def offset_seconds(self) -> float:
        """What the file says; anything but a number is 0."""
        try:
            return float(self._file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0.0
