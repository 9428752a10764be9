"""Work in daemon threads, with a bound on how long a caller waits for it.

An HTTP read timeout counts per packet, so a slow drip of packets never times out. An executor's
threads are joined when the interpreter exits, so one unresponsive endpoint would delay the exit.
Work that runs here must be safe to abandon: after a timeout or an interrupt it keeps running, and
ends with the process at the latest.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from time import monotonic
from typing import Any, Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Time limits of a call in seconds, and its number of tries."""

    connect: float = 3.0
    read: float = 10.0
    """Limit for each packet."""
    total: float = 25.0
    """Limit for all tries together."""
    tries: int = 2


DEFAULT_TIMEOUTS = Timeouts()


class Task(Generic[T]):
    """A callable that runs in a daemon thread with a copy of the caller's context."""

    def __init__(self, work: Callable[[], T], limit: threading.Semaphore | None = None) -> None:
        self._outcome: list[T] = []
        self.failure: BaseException | None = None
        """The exception that the work raised; None before it ends."""
        context = copy_context()

        def run() -> None:
            if limit is not None:
                limit.acquire()
            try:
                self._outcome.append(context.run(work))
            except BaseException as error:  # noqa: BLE001 -- raised where the result is read
                self.failure = error
            finally:
                if limit is not None:
                    limit.release()

        self._thread = threading.Thread(target=run, name="xswitch-task", daemon=True)
        self._thread.start()

    def wait(self, seconds: float | None = None) -> None:
        """Wait for the end, at most `seconds`."""
        self._thread.join(seconds)

    def result(self, seconds: float | None = None) -> T:
        """Return or raise what the work does, or TimeoutError after `seconds`."""
        self.wait(seconds)
        if self.failure is not None:
            raise self.failure
        if not self._outcome:
            msg = f"not done within {seconds:g} s"
            raise TimeoutError(msg)
        return self._outcome[0]


class DaemonExecutor:
    """Runs tasks, at most `at_once` at a time."""

    def __init__(self, at_once: int) -> None:
        self._limit = threading.Semaphore(at_once)

    def submit(self, work: Callable[..., T], *args: Any, **parameters: Any) -> Task[T]:
        """Start a task as soon as there is a free slot."""
        return Task(lambda: work(*args, **parameters), self._limit)


def run_with_timeout(seconds: float, work: Callable[[], T]) -> T:
    """Return or raise what `work` does, or TimeoutError after `seconds`."""
    return Task(work).result(seconds)


def run_all(works: Sequence[Callable[[], None]], seconds: float | None = None) -> None:
    """Run all of `works` in parallel, and wait for them or for `seconds`.

    Raises what one of them raised in time: a thread would print it, and its text may hold a secret.
    """
    end = None if seconds is None else monotonic() + seconds
    tasks = [Task(work) for work in works]
    for task in tasks:
        task.wait(None if end is None else max(0.0, end - monotonic()))
    for task in tasks:
        if task.failure is not None:
            raise task.failure
