"""Movable clocks, for the emulator's sessions and for xswitch in the demo."""

from __future__ import annotations

import os
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


_MAX_BYTES = 100
MAX_OFFSET_SECONDS = 100 * 366 * 86_400.0
"""The largest offset of a clock: 100 years."""


def valid_offset(seconds: float) -> bool:
    """Whether a clock can be that far ahead; false for NaN and infinity."""
    return abs(seconds) <= MAX_OFFSET_SECONDS


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
        """Return the offset in seconds; anything but a `valid_offset` counts as 0."""
        try:
            # Not waiting for a pipe in its place
            descriptor = os.open(self._file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
            with os.fdopen(descriptor, "rb") as file:
                seconds = float(file.read(_MAX_BYTES))
        except (OSError, ValueError):
            return 0.0
        return seconds if valid_offset(seconds) else 0.0
