"""Movable clocks, for the emulator's sessions and for xswitch in the demo."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol


class EmulatorClock(Protocol):
    """The current time, timezone-aware, in UTC."""

    def now(self) -> datetime:
        """Return the current time."""
        ...


class MovableClock(EmulatorClock, Protocol):
    """A clock that tests and the demo can advance."""

    def advance(self, seconds: float) -> None:
        """Advance the clock by `seconds`."""
        ...


class MachineClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time."""
        return datetime.now(UTC)


class ShiftedClock:
    """A clock with a growing offset to another clock; thread-safe."""

    def __init__(self, base: EmulatorClock | None = None, offset_seconds: float = 0.0) -> None:
        self._base = base or MachineClock()
        self._offset = offset_seconds
        self._lock = threading.Lock()

    @property
    def offset_seconds(self) -> float:
        """The offset in seconds."""
        with self._lock:
            return self._offset

    def now(self) -> datetime:
        """Return the shifted time."""
        return self._base.now() + timedelta(seconds=self.offset_seconds)

    def advance(self, seconds: float) -> None:
        """Advance by `seconds`, which can be negative."""
        with self._lock:
            self._offset += seconds


class DemoClock:
    """The machine's time plus the seconds in a file; 0 if there is none.

    All processes of a demo share it.
    """

    def __init__(self, offset_file: Path) -> None:
        self._file = offset_file

    def now(self) -> datetime:
        """Return the time with the file's current offset."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds())

    def offset_seconds(self) -> float:
        """Return the offset in seconds; anything but a number counts as 0."""
        try:
            return float(self._file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0.0
