"""Holds the credentials that an endpoint serves, and renews them ahead."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime

from xswitch.core.errors import ErrorCode, NetworkError, XswitchError
from xswitch.core.sessions.container_endpoint import ServedCredentials, renews, retry_delay

_LOOK_SECONDS = 20.0
"""How often the clock is looked at: a machine that slept has a later time at once."""
_WAIT_SECONDS = 60.0
"""The longest wait of a caller for a renewal."""


class RenewedCredentials:
    """The credentials of an endpoint.

    One thread renews them when it's time, so that callers don't wait: botocore gives an endpoint
    two seconds. While a session lives, callers get it, also if a renewal fails; after its end they
    wait for the renewal that all of them share.
    """

    def __init__(
        self,
        obtain: Callable[[], ServedCredentials],
        now: Callable[[], datetime],
        first: ServedCredentials | None = None,
    ) -> None:
        self._obtain = obtain
        self._now = now
        self._held = first
        self._changed = threading.Condition()
        self._wanted = False
        self._stopped = False
        self._failures = 0
        self._error: XswitchError | None = None
        self._next: datetime | None = None if first is None else first.renew_at
        self._attempts = 0
        """The number of tries that have ended, so that a caller can wait for the next one."""
        self._running = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start to renew."""
        self._thread = threading.Thread(target=self._renew, name="xswitch-renewal", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop to renew; a renewal that is under way ends with the process."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def current(self) -> ServedCredentials:
        """Return living credentials. Raises the XswitchError of the last try to get them."""
        with self._changed:
            if self._held is not None and self._held.usable_at(self._now()):
                return self._held
            # A try that runs already counts, one that ended before this call doesn't.
            target = self._attempts + 1
            self._wanted = not self._running
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._attempts >= target or self._stopped, _WAIT_SECONDS)
            if self._held is not None and self._held.usable_at(self._now()):
                return self._held
            if self._attempts >= target and self._error is not None:
                raise self._error
        raise NetworkError(
            "There are no credentials yet.",
            why="The renewal hasn't ended.",
            next_step="xswitch doctor",
            code=ErrorCode.BUSY,
        )

    def renew(self) -> None:
        """Renew now, without waiting for it."""
        with self._changed:
            self._wanted = True
            self._changed.notify_all()

    def look(self) -> None:
        """Look at the clock now, which was moved."""
        with self._changed:
            self._changed.notify_all()

    def _due(self) -> bool:
        return self._wanted or (self._next is not None and self._now() >= self._next)

    def _renew(self) -> None:
        while True:
            with self._changed:
                while not self._stopped and not self._due():
                    self._changed.wait(_LOOK_SECONDS)
                if self._stopped:
                    return
                self._wanted = False
                self._running = True
            obtained, error = self._try()
            with self._changed:
                self._running = False
                self._attempts += 1
                self._settle(obtained, error)
                self._changed.notify_all()

    def _try(self) -> tuple[ServedCredentials | None, XswitchError | None]:
        try:
            return self._obtain(), None
        except XswitchError as error:
            return None, error
        except Exception as error:  # noqa: BLE001 -- the thread has to live; its text may be secret
            return None, XswitchError(
                "xswitch failed to renew the credentials.", why=type(error).__name__
            )

    def _settle(self, obtained: ServedCredentials | None, error: XswitchError | None) -> None:
        """Take the outcome of a try, and plan the next one."""
        self._error = error
        if obtained is not None and renews(self._held, obtained):
            self._held, self._failures = obtained, 0
            # Credentials that are due as soon as they are had would be asked for without an end.
            due = obtained.renew_at
            self._next = None if due is None else max(due, self._now() + retry_delay(1))
            return
        if obtained is not None and obtained.usable_at(self._now()):
            self._held = self._held or obtained
        self._failures += 1
        self._next = self._now() + retry_delay(self._failures)
