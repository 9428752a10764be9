"""What the picker shows first.

Textual isn't needed for it, so it can be read while that is still being imported.
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
    """The roles, what finds words in them, and how wide their texts are.

    Raises what `Actions.listing` raises.
    """
    listing = actions.listing()
    matcher = Matcher(listing.roles, listing.memory, listing.settings, clock.now())
    matcher.prepare()
    view = None if listing.roles else actions.config()
    return states.picker_data(listing, view), matcher, measure(listing.roles)


class Preload:
    """A reading that begins now, in a thread of its own."""

    def __init__(self, actions: Actions, clock: Clock) -> None:
        self._result: Preloaded | None = None

        def run() -> None:
            # Whatever is wrong is wrong again, and told, when the screen reads for itself.
            with contextlib.suppress(Exception):
                self._result = load_picker_data(actions, clock)

        self._thread = threading.Thread(target=run, name="early", daemon=True)
        self._thread.start()

    def wait(self, seconds: float) -> None:
        """Give it so long to come to an end."""
        self._thread.join(seconds)

    def take(self) -> Preloaded | None:
        """What was read; None when that isn't done yet, or failed."""
        return self._result
