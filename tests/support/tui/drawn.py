"""The picker's lines for every role, as text without a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xswitch.actions.api import Actions
from xswitch.actions.ports import Clock
from xswitch.tui.errors import from_misconfigured_role
from xswitch.tui.picker.detail import detail_lines, problem_lines
from xswitch.tui.picker.layout import choose_columns
from xswitch.tui.picker.lines import group_line, heading_line, role_line, title_line
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render.text import Line
from xswitch.tui.startup.preload import load_picker_data

_WIDE = 200


def drawn_lines(actions: Actions, clock: Clock) -> Iterator[str]:
    """Yield the lines of list, detail, and problems, for every role."""
    data, _, widths = load_picker_data(actions, clock)
    now = clock.now()
    state = PickerState(data=data)
    columns = choose_columns(widths, _WIDE)
    for number, role in enumerate(state.roles):
        yield _text([role_line(state, role, columns, now, {}, selected=number == 0)])
        yield _text([group_line(state, ~number, _WIDE)])
        yield _text(detail_lines(state, role, now, _WIDE))
        if role.chain is None:
            failure = from_misconfigured_role(role)
            yield f"{failure.what} {failure.why} {failure.next_step}"
    yield _text(problem_lines(data.listing.problems, _WIDE, full=True))
    yield _text([heading_line(columns), title_line(state, {}, now, _WIDE)])


def _text(lines: Iterable[Line]) -> str:
    return "\n".join("".join(text for text, _ in line) for line in lines)
