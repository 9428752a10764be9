"""Loads the data the picker shows first.

It doesn't need Textual, so the data loads while Textual is being imported.
"""

from __future__ import annotations

import contextlib
import threading

from xswitch.actions.api import Actions
from xswitch.actions.ports import Clock
from xswitch.core.search.matcher import Matcher
from xswitch.tui.picker import state as states
from xswitch.tui.picker.layout import Widths, measure
from xswitch.tui.picker.state import PickerData

Preloaded = tuple[PickerData, Matcher, Widths]


def load_picker_data(actions: Actions, clock: Clock) -> Preloaded:
    """Return the roles, their matcher, and the widths of their columns.

    Raises the errors of `Actions.listing`.
    """
    listing = actions.listing()
    matcher = Matcher(listing.roles, listing.usage, listing.settings, clock.now())
    matcher.prepare()
    view = None if listing.roles else actions.config()
    return states.picker_data(listing, view), matcher, measure(listing.roles)


class Preload:
    """Picker data that loads in a thread from now on."""

    def __init__(self, actions: Actions, clock: Clock) -> None:
        self._result: Preloaded | None = None

        def run() -> None:
            # The picker loads the data again after an error, and reports it then.
            with contextlib.suppress(Exception):
                self._result = load_picker_data(actions, clock)

        self._thread = threading.Thread(target=run, name="early", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Wait until the data is loaded, but at most `seconds`."""
        self._thread.join(seconds)

    def take(self) -> Preloaded | None:
        """Return the data; None if it isn't loaded yet or failed to load."""
        return self._result
