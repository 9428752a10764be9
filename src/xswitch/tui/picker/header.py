"""The title line.

Which program, as whom, how long the MFA session lives, which vault, which region.
"""

from __future__ import annotations

from collections.abc import Mapping

from textual.strip import Strip
from textual.widget import Widget

from xswitch.actions.ports import Clock
from xswitch.tui.picker.lines import title_line
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render.text import Line
from xswitch.tui.widgets.lines import base_style, palette_of, to_strip


class Header(Widget):
    """The title line, ticking."""

    DEFAULT_CSS = "Header { height: 1; width: 100%; }"
    ALLOW_SELECT = False

    def __init__(self, clock: Clock, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._clock = clock
        self._environ = environ
        self._state = PickerState()
        self._drawn: Line = []

    def show(self, state: PickerState) -> None:
        """Speak of this state."""
        self._state = state
        self.tick()

    def tick(self) -> None:
        """Draw again if the words changed."""
        if self._line() != self._drawn:
            self.refresh()

    def _line(self) -> Line:
        return title_line(self._state, self._environ, self._clock.now(), self.size.width)

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 -- there is one line
        """The one line."""
        self._drawn = self._line()
        return to_strip(self._drawn, self.size.width, palette_of(self), base_style(self))
