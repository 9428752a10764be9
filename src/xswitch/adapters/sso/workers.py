"""Requests to the portal in daemon threads, for one loop that takes those that have ended."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable

from xswitch.core.errors import XswitchError
from xswitch.core.sso.portal_list import EndedRequest, PageRequest, PortalPage
from xswitch.threads import Task


class ThreadWorkers:
    """Implements `actions.sso.ports.Workers`: a thread for each request.

    A thread that is no longer waited for ends with the process at the latest.
    """

    def __init__(self) -> None:
        self._ended: queue.SimpleQueue[EndedRequest | Exception] = queue.SimpleQueue()

    def now(self) -> float:
        """Return seconds of a clock that never goes back."""
        return time.monotonic()

    def start(self, request: PageRequest, work: Callable[[], PortalPage]) -> None:
        """Start the work for a request."""
        started_at = self.now()

        def run() -> None:
            try:
                self._ended.put(EndedRequest(request, started_at, page=work()))
            except XswitchError as error:
                self._ended.put(EndedRequest(request, started_at, error=error))
            except Exception as bug:  # noqa: BLE001 -- raised where it is waited for
                self._ended.put(bug)

        Task(run)

    def wait(self, until: float) -> tuple[EndedRequest, ...]:
        """Return the work that has ended; wait for some until then."""
        found: list[EndedRequest] = []
        timeout = max(0.0, until - self.now())
        while True:
            try:
                ended = (
                    self._ended.get_nowait() if found else self._ended.get(timeout=timeout or 1e-6)
                )
            except queue.Empty:
                return tuple(found)
            if isinstance(ended, Exception):
                raise ended
            found.append(ended)
