"""The picker's screen: holds the state, draws it, and turns keys and clicks into actions.

Work that takes time is the app's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container, Horizontal, Vertical
from textual.message import Message
from textual.screen import Screen
from textual.timer import Timer
from textual.widgets import Input

from xswitch.actions.ports import Clock
from xswitch.core.display import display
from xswitch.core.model import Role, SsoSession, portal_address
from xswitch.core.search.matcher import Matcher
from xswitch.core.text import pluralize
from xswitch.tui.picker import state as states
from xswitch.tui.picker.detail import Detail
from xswitch.tui.picker.empty import empty_lines
from xswitch.tui.picker.filter_input import Filter
from xswitch.tui.picker.keys import ACTIONS, picker_key_items
from xswitch.tui.picker.layout import BELOW_ROWS, ROOMY_ROWS, SIDE_COLUMNS, Widths
from xswitch.tui.picker.lines import notice_lines, title_line
from xswitch.tui.picker.portals import portals_line, sign_in_note
from xswitch.tui.picker.role_list import Headings, RoleList
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render import formatting
from xswitch.tui.render.text import Line
from xswitch.tui.widgets.key_bar import KeyBar
from xswitch.tui.widgets.lines import Lines, SingleLine

_MESSAGE_SECONDS = 5.0


@dataclass
class ActionRequested(Message):
    """The user requested an action of the app, about the role under the cursor if there is one."""

    action: str
    role: Role | None = None


class Header(SingleLine):
    """The title line; it redraws as the MFA session runs out."""

    def __init__(self, clock: Clock, environ: Mapping[str, str]) -> None:
        super().__init__()
        self._clock = clock
        self._environ = environ
        self._state = PickerState()

    def show(self, state: PickerState) -> None:
        """Draw the title of this state."""
        self._state = state
        self.tick()

    def line(self, width: int) -> Line:
        """Return the title line."""
        return title_line(self._state, self._environ, self._clock.now(), width)


class PickerScreen(Screen[None]):
    """The picker, drawn from `state`. Its style sheet is picker.tcss."""

    AUTO_FOCUS = "#filter"
    # The filter has the focus and handles every key first. These bindings only apply if it ever
    # loses the focus.
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(key, f"do('{action}')", action, show=False) for key, action in ACTIONS.items()
    ]

    def __init__(
        self, clock: Clock, environ: Mapping[str, str], notice: str, begin: Callable[[], None]
    ) -> None:
        super().__init__()
        self.state = PickerState()
        self.matcher: Matcher | None = None
        self._notice = notice
        self._begin = begin
        self._clock = clock
        self.header = Header(clock, environ)
        self.filter = Filter()
        self.count = Lines(lambda _width: [self._count()], id="count")
        self.list = RoleList(clock, id="roles")
        self.headings = Headings(self.list)
        self.empty = Lines(lambda width: empty_lines(self.state, width), id="empty")
        self.detail = Detail(clock, id="detail")
        self.portals = Lines(self._portal_lines, id="portals")
        self.keys = KeyBar(picker_key_items(empty=True), id="keys")
        self._detail_open = False
        self._detail_hidden = False
        self._message_timer: Timer | None = None
        # The actions this screen does itself. The app does the others: `on_action_requested`.
        self._handlers: Mapping[str, Callable[[], None]] = {
            "group": partial(self.update, states.toggle_grouping),
            "filter": self.filter.begin_text,
            "detail": self._toggle_detail,
            "explain": self._explain,
            "up": partial(self._move, -1),
            "down": partial(self._move, 1),
            "page_up": partial(self._page, -1),
            "page_down": partial(self._page, 1),
            "first": self._move_to_first,
            "last": self._move_to_last,
            "detail_up": partial(self._scroll_detail, -1),
            "detail_down": partial(self._scroll_detail, 1),
        }

    def compose(self) -> ComposeResult:
        """Yield the title, notice, filter, list, detail, and keys."""
        yield self.header
        if self._notice:
            yield Lines(lambda width: notice_lines(self._notice, width), id="notice")
        with Horizontal(id="query"):
            yield Lines(lambda _width: [[(formatting.PROMPT_SIGN, "accent")]], classes="prompt")
            yield self.filter
            yield self.count
        yield self.portals
        with Container(id="body"):
            with Vertical(id="left"):
                yield self.headings
                yield self.list
                yield self.empty
            yield self.detail
        yield self.keys

    def on_mount(self) -> None:
        """Show the empty state, then begin loading."""
        self.show(self.state)
        self._begin()

    def load(self, state: PickerState, matcher: Matcher, widths: Widths) -> None:
        """Draw newly loaded roles."""
        self.matcher = matcher
        self.list.load(matcher, widths)
        self.show(state)

    def show(self, state: PickerState) -> None:
        """Draw a state; widgets redraw only what changed."""
        before, self.state = self.state, state
        self.header.show(state)
        self.list.show(state)
        self.detail.describe(state)
        if before.data is not state.data or before.grouped != state.grouped:
            self.headings.refresh()
        if before.data is not state.data or before.query != state.query:
            self.count.styles.width = sum(len(text) for text, _ in self._count())
            self.count.show(lambda _width: [self._count()])
        if state.portals and (before.portals is not state.portals or before.role is not state.role):
            self.portals.show(self._portal_lines)
        self.set_class(not state.rows, "-empty")
        if not state.rows:
            self.empty.show(lambda width: empty_lines(self.state, width))
        self._show_keys()

    def update(self, change: Callable[[PickerState], PickerState]) -> None:
        """Change the state and draw it."""
        self.show(change(self.state))

    def show_message(self, text: str, sign: str = "✓", style_name: str = "live") -> None:
        """Show a message in place of the keys, until the next key or for a few seconds."""
        self.keys.show_message([(f"{sign} ", style_name), (display(text), "text")])
        if self._message_timer is not None:
            self._message_timer.stop()
        self._message_timer = self.set_timer(_MESSAGE_SECONDS, lambda: self.keys.show_message([]))

    def sign_in_note(self, session: SsoSession) -> str:
        """Return what is known of a session's sign-in and portal, in a few words."""
        portal = self.state.portals.get(portal_address(session.start_url))
        return sign_in_note(portal, session, self._clock.now())

    def tick(self) -> None:
        """Redraw what changes with time."""
        self.header.tick()
        self.list.tick()
        self.detail.tick()
        if self.state.portals:
            self.portals.show(self._portal_lines)

    def repaint(self) -> None:
        """Redraw everything in new colors."""
        for widget in (
            self.header,
            self.count,
            self.portals,
            self.list,
            self.headings,
            self.empty,
            self.detail,
            self.keys,
        ):
            widget.refresh()

    def _count(self) -> Line:
        total, shown = len(self.state.roles), len(self.state.order)
        if not total:
            return [("", "muted")]
        problems = [problem for problem in self.state.problems if problem.severity != "info"]
        warn: Line = (
            [(f"  {formatting.WARNING_SIGN} {pluralize(len(problems), 'problem')}", "warning")]
            if problems
            else []
        )
        text = (
            f"  {shown:,} of {total:,}"
            if self.state.query.strip()
            else f"  {pluralize(total, 'role')}"
        )
        return [*warn, (text, "muted")]

    def _portal_lines(self, width: int) -> list[Line]:
        state = self.state
        role = state.role
        line = portals_line(
            state.portals,
            self._clock.now(),
            width,
            row_session="" if role is None or role.sso is None else role.sso.session.label,
            offers=bool(state.roles),
        )
        return [line] if line else []

    def _show_keys(self) -> None:
        self.keys.show(
            picker_key_items(empty=self.filter.letters_act, back=self.detail_covers_list)
        )

    def on_resize(self, event: events.Resize) -> None:
        """Place the detail pane according to the size of the screen."""
        side = event.size.width >= SIDE_COLUMNS
        below = not side and event.size.height >= BELOW_ROWS
        self.set_class(side, "-side")
        self.set_class(below, "-below")
        self.set_class(not side and not below, "-behind")
        self.set_class(event.size.height >= ROOMY_ROWS, "-roomy")
        self._show_detail()

    @property
    def detail_covers_list(self) -> bool:
        """Whether the detail pane is shown in place of the list."""
        return self.has_class("-behind") and self._detail_open

    def _show_detail(self) -> None:
        self.set_class(self._detail_open, "-open")
        self.set_class(self._detail_hidden and not self.has_class("-behind"), "-closed")
        self.headings.refresh()
        self._show_keys()
        self.call_after_refresh(self.detail.tick)

    def open_detail(self) -> None:
        """Show the detail pane, scrolled to its top."""
        self._detail_open, self._detail_hidden = True, False
        self._show_detail()
        self.detail.scroll_to(y=0, animate=False)

    def action_do(self, action: str) -> None:
        """Do an action by name."""
        if not self.is_active:
            return
        self.keys.show_message([])
        if action == "leave" and self.detail_covers_list:
            self._toggle_detail()
        elif action in self._handlers:
            self._handlers[action]()
        else:
            self.post_message(ActionRequested(action, self.state.role))

    def _toggle_detail(self) -> None:
        if self.has_class("-behind"):
            self._detail_open = not self._detail_open
        else:
            self._detail_hidden = not self._detail_hidden
        self._show_detail()

    def _explain(self) -> None:
        role = self.state.role
        if role is None:
            return
        if role.name in self.state.explanations:
            self.post_message(ActionRequested("explain", role))
        elif role.name not in self.state.failures and not role.problems:
            self.show_message(
                f"No problems: {role.name} is configured correctly and hasn't failed."
            )
        else:
            self.open_detail()

    def _move(self, steps: int) -> None:
        self.filter.resume_commands()
        self.update(partial(states.move_cursor, steps=steps))

    def _page(self, direction: int) -> None:
        if self.detail_covers_list:
            self._scroll_detail(direction * (self.detail.size.height - 1))
        else:
            self._move(direction * self.list.page)

    def _move_to_first(self) -> None:
        self.update(partial(states.move_cursor_to, row=0))
        self.list.keep_cursor_visible(top=True)

    def _move_to_last(self) -> None:
        self.update(partial(states.move_cursor_to, row=len(self.state.rows), forward=False))

    def _scroll_detail(self, lines: int) -> None:
        self.detail.scroll_relative(y=lines, animate=False)

    def on_input_changed(self, event: Input.Changed) -> None:
        """Filter the list."""
        event.stop()
        self.keys.show_message([])
        if event.value != self.state.query and self.matcher is not None:
            order = self.matcher.filter(event.value).order
            self.show(states.with_query(self.state, event.value, order))
        self._show_keys()

    def on_filter_command_entered(self, event: Filter.CommandEntered) -> None:
        """Do the action of a key or letter."""
        event.stop()
        self.action_do(event.action)

    def on_filter_letter_mode_changed(self, event: Filter.LetterModeChanged) -> None:
        """Show whether letters act."""
        event.stop()
        self._show_keys()

    def on_role_list_row_clicked(self, event: RoleList.RowClicked) -> None:
        """Select the clicked row; a double click switches."""
        event.stop()
        self.update(partial(states.move_cursor_to, row=event.row))
        if event.twice:
            self.action_do("switch")
