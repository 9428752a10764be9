"""The list of roles. It draws only the visible rows, so its length costs nothing."""

from __future__ import annotations

from datetime import datetime

from textual import events
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from xswitch.actions.ports import Clock
from xswitch.core.search.matcher import Matcher
from xswitch.tui.picker.layout import Column, Widths, choose_columns, measure
from xswitch.tui.picker.lines import group_line, heading_line, mfa_text, role_line, session_text
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render.text import Line
from xswitch.tui.widgets.lines import SingleLine, palette_of, to_strip

_DOUBLE_CLICK = 2


class RoleList(ScrollView):
    """Draws the rows of the state, and reports clicks."""

    DEFAULT_CSS = """
    RoleList {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    }
    """
    ALLOW_SELECT = False
    can_focus = False

    class RowClicked(Message):
        """A row was clicked; `twice` for a double click."""

        def __init__(self, row: int, *, twice: bool) -> None:
            super().__init__()
            self.row = row
            self.twice = twice

    # Textual's own argument
    def __init__(self, clock: Clock, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self._state = PickerState()
        self._matcher: Matcher | None = None
        self._widths: Widths = measure(())
        self._drawn_cells: dict[int, tuple[str, str]] = {}

    @property
    def columns(self) -> tuple[Column, ...]:
        """The columns at the current width."""
        return choose_columns(
            self._widths, self.scrollable_content_region.width, grouped=self._state.grouped
        )

    def load(self, matcher: Matcher, widths: Widths) -> None:
        """Take the matcher and column widths of newly loaded roles."""
        self._matcher = matcher
        self._widths = widths

    def show(self, state: PickerState) -> None:
        """Draw a state: everything if its rows changed, else the rows that differ."""
        before, self._state = self._state, state
        if (
            before.rows != state.rows
            or before.data is not state.data
            or before.query != state.query
        ):
            self.virtual_size = Size(self.scrollable_content_region.width, len(state.rows))
            self.refresh()
            if before.cursor >= 0 and before.role == state.role and before.query == state.query:
                # Rows that came or went don't move the cursor on the screen
                offset = max(0, self.scroll_offset.y + state.cursor - before.cursor)
                self.scroll_to(y=offset, animate=False)
            else:
                self.keep_cursor_visible(top=state.cursor <= 1)
            return
        for row in {before.cursor, state.cursor} if before.cursor != state.cursor else ():
            self.refresh_line(row)
        if before.cursor != state.cursor:
            self.keep_cursor_visible(top=False)
        if before.pins != state.pins:
            self.refresh()
        self.tick()

    def keep_cursor_visible(self, *, top: bool) -> None:
        """Scroll as little as needed to show the cursor; `top` scrolls to the first row."""
        height = self.scrollable_content_region.height
        cursor, first = self._state.cursor, self.scroll_offset.y
        if cursor < 0 or height < 1:
            return
        if top:
            target = 0
        elif cursor < first:
            has_header = cursor > 0 and self._state.rows[cursor - 1] < 0
            target = cursor - 1 if has_header else cursor
        elif cursor >= first + height:
            target = cursor - height + 1
        else:
            return
        self.scroll_to(y=target, animate=False)

    def on_resize(self) -> None:
        """Choose the columns for the new width, and keep the cursor visible."""
        self.virtual_size = Size(self.scrollable_content_region.width, len(self._state.rows))
        self.refresh()
        self.keep_cursor_visible(top=False)

    @property
    def page(self) -> int:
        """The number of rows a page key moves."""
        return max(1, self.scrollable_content_region.height - 1)

    def tick(self) -> None:
        """Redraw the visible rows whose text changed with time or with an activity."""
        now = self._clock.now()
        first = self.scroll_offset.y
        shown: dict[int, tuple[str, str]] = {}
        for row in range(first, min(first + self.size.height, len(self._state.rows))):
            shown[row] = self._words(row, now)
            if self._drawn_cells.get(row) != shown[row]:
                self.refresh_line(row)
        self._drawn_cells = shown

    def _words(self, row: int, now: datetime) -> tuple[str, str]:
        role = self._state.role_at(row)
        if role is None:
            return "", ""
        return session_text(self._state, role, now)[0], mfa_text(self._state, role, now)[0]

    def render_line(self, y: int) -> Strip:
        """Draw a visible row."""
        width = self.scrollable_content_region.width
        row = y + self.scroll_offset.y
        palette, base = palette_of(self), self.rich_style
        if row >= len(self._state.rows):
            return to_strip([], width, palette, base)
        index = self._state.rows[row]
        if index < 0:
            return to_strip(group_line(self._state, index, width), width, palette, base)
        spans = (
            self._matcher.spans(index, self._state.query)
            if self._matcher is not None and self._state.query
            else {}
        )
        selected = row == self._state.cursor
        role = self._state.roles[index]
        line = role_line(
            self._state, role, self.columns, self._clock.now(), spans, selected=selected
        )
        return to_strip(line, width, palette, base, palette.cursor if selected else None)

    def on_click(self, event: events.Click) -> None:
        """Select the clicked role; a double click switches."""
        row = event.y + self.scroll_offset.y
        if self._state.role_at(row) is not None:
            self.post_message(self.RowClicked(row, twice=event.chain == _DOUBLE_CLICK))


class Headings(SingleLine):
    """The headings above the list's columns."""

    def __init__(self, roles: RoleList) -> None:
        super().__init__()
        self._roles = roles

    def line(self, width: int) -> Line:  # noqa: ARG002 -- the list knows its width
        """Return the headings at the list's width."""
        return heading_line(self._roles.columns)
