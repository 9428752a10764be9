"""The pane that tells all of one role."""

from __future__ import annotations

from xswitch.actions.ports import Clock
from xswitch.tui.picker.detail import detail_lines
from xswitch.tui.picker.state import PickerState
from xswitch.tui.widgets.lines import ScrollingLines

_SIDE = 1


class Detail(ScrollingLines):
    """Draws the role under the cursor.

    Another role begins at the top again, the same one keeps its place.
    """

    # Textual's own argument
    def __init__(self, clock: Clock, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self._state = PickerState()
        self._role = ""

    def describe(self, state: PickerState) -> None:
        """Draw the role under this state's cursor."""
        self._state = state
        role = state.role
        if role is not None and role.name != self._role:
            self.scroll_to(y=0, animate=False)
        self._role = role.name if role is not None else ""
        self.tick()

    def tick(self) -> None:
        """Draw what changed with the time."""
        role, width = self._state.role, self.scrollable_content_region.width
        if width > _SIDE:
            self.show(
                detail_lines(self._state, role, self._clock.now(), width - _SIDE)
                if role is not None
                else []
            )

    def on_resize(self) -> None:
        """Another width: the words break elsewhere."""
        self.tick()
