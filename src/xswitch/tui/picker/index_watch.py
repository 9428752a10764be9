"""Looking into the index now and then: another process may have renewed or forgotten something."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from xswitch.actions.api import StatusRow
from xswitch.tui.picker import state as states

if TYPE_CHECKING:
    from xswitch.tui.app import PickerApp


class IndexWatch:
    """One look at a time; whoever asks meanwhile gets another one after it."""

    def __init__(self, app: PickerApp) -> None:
        self._app = app
        self._reading = False
        self._stale = False

    def refresh(self) -> None:
        """Read the index, and draw what it says."""
        if self._reading:
            self._stale = True
            return
        self._reading, self._stale = True, False
        self._app.start_job(lambda _job: self._app.actions.status(), self._done, self._failed)

    def _done(self, rows: Sequence[StatusRow]) -> None:
        self._reading = False
        if self._stale:
            # Something was done meanwhile: what was read may be older than that.
            self.refresh()
        else:
            self._app.picker.update(partial(states.with_status, rows=rows))

    def _failed(self, _error: BaseException) -> None:
        # The list stays as it was read; whatever is wrong is told when something is asked for.
        self._reading = False
