"""Rereads the session index: other processes renew and forget sessions too."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from xswitch.actions.results import StatusRow
from xswitch.tui.picker import state as states

if TYPE_CHECKING:
    from xswitch.tui.app import PickerApp


class IndexWatch:
    """Reads the index in the background, one read at a time.

    A request during a read repeats it.
    """

    def __init__(self, app: PickerApp) -> None:
        self._app = app
        self._reading = False
        self._stale = False

    def refresh(self) -> None:
        """Read the index and show its sessions."""
        if self._reading:
            self._stale = True
            return
        self._reading, self._stale = True, False
        self._app.start_job(lambda _job: self._app.actions.status(), self._done, self._failed)

    def _done(self, rows: Sequence[StatusRow]) -> None:
        self._reading = False
        if self._stale:
            # The result may be older than the action that requested another read.
            self.refresh()
        else:
            self._app.picker.update(partial(states.with_status, rows=rows))

    def _failed(self, _error: BaseException) -> None:
        # Keep the listed sessions; the next action reports the error.
        self._reading = False
