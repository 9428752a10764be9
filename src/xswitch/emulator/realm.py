"""The world as it changes.

One value at a time, one writer at a time, and who sees a change when.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

from xswitch.emulator.clock import EmulatorClock
from xswitch.emulator.state import AwsState

_Result = TypeVar("_Result")


class StateStore:
    """Holds the current world; safe to use from several threads.

    Readers get a World, which never changes under them.

    `clock` says when a change was made: until the world's `propagation_seconds` have passed, `seen`
    answers with what was before.
    """

    def __init__(self, world: AwsState, clock: EmulatorClock) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._history: list[tuple[datetime | None, AwsState]] = [(None, world)]

    @property
    def current(self) -> AwsState:
        """The world with every change."""
        with self._lock:
            return self._history[-1][1]

    def put(self, world: AwsState) -> None:
        """Exchange the world; everybody sees it at once."""
        with self._lock:
            self._history = [(None, world)]

    def seen(self) -> AwsState:
        """The world as those parts of AWS see it that learn of changes late."""
        with self._lock:
            delay = timedelta(seconds=self._history[-1][1].propagation_seconds)
            horizon = self._clock.now() - delay
            propagated = [
                at for at, (made, _) in enumerate(self._history) if made is None or made <= horizon
            ]
            self._history = self._history[propagated[-1] if propagated else 0 :]
            return self._history[0][1]

    def change(self, make: Callable[[AwsState], tuple[AwsState, _Result]]) -> _Result:
        """Let `make` turn the current world into the next; its result.

        What it raises leaves the world as it was.
        """
        with self._lock:
            before = self.current
            world, result = make(before)
            if world is not before:
                self._history.append((self._clock.now(), world))
                self.seen()
            return result
