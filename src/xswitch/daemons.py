"""Work side by side in threads that keep no process alive.

An executor's threads are joined at the interpreter's end, so one mute endpoint would hold up a
program that has said all it had to.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")


class DaemonExecutor:
    """Runs what it is given in daemon threads, at most `at_once` at a time.

    The work must be safe to abandon.
    """

    def __init__(self, at_once: int) -> None:
        self._room = threading.Semaphore(at_once)

    def submit(self, work: Callable[..., T], *args: Any, **parameters: Any) -> Future[T]:
        """What `work` will return or raise."""
        future: Future[T] = Future()

        def run() -> None:
            with self._room:
                try:
                    result = work(*args, **parameters)
                # It is raised again where the result is asked for
                except BaseException as error:  # noqa: BLE001
                    future.set_exception(error)
                else:
                    future.set_result(result)

        threading.Thread(target=run, name="xswitch-daemon", daemon=True).start()
        return future
