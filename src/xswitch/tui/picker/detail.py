"""The detail of a role: the pane, and its lines (pure).

Identity, session, facts with the place each was read from, chain, and problems.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from xswitch.actions.ports import Clock
from xswitch.core.arn import account_of
from xswitch.core.display import display
from xswitch.core.duration_text import format_duration, format_remaining, format_remaining_exact
from xswitch.core.model import Hop, Origin, Problem, Role, SessionState, TargetKind
from xswitch.tui.errors import FailureMessage, failure_lines
from xswitch.tui.picker.portals import format_age
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render import formatting
from xswitch.tui.render.formatting import role_title_lines
from xswitch.tui.render.text import Line, TextSpan, span, truncate, width_of, wrap
from xswitch.tui.widgets.lines import ScrollingLines

if TYPE_CHECKING:
    from xswitch.core.explain.model import Explanation

_LABEL_WIDTH = 10
_STATES = {
    SessionState.LIVE: "live",
    SessionState.EXPIRING: "expiring",
    SessionState.EXPIRED: "expired",
}
_PIPE: TextSpan = ("│ ", "line")
_ARROW: TextSpan = ("▼ ", "accent")


def detail_lines(state: PickerState, role: Role, now: datetime, width: int) -> list[Line]:
    """Return the detail of a role in lines of at most `width` cells, the most urgent first."""
    return [
        *role_title_lines(role, width),
        *_failure(state.failures.get(role.name), state.explanations.get(role.name), width),
        *_guard(role, width),
        *_session(state, role, now, width),
        [],
        *_facts(state, role, now, width),
        *_chain(state, role, now, width),
        *_problems(role.problems, width),
    ]


def _failure(
    failure: FailureMessage | None, explanation: Explanation | None, width: int
) -> list[Line]:
    if failure is None:
        return []
    lines = [[], *failure_lines(failure, width)]
    if explanation is None:
        return lines
    # Most pickers end without a failure
    from xswitch.tui.explain.lines import nearest_cause_lines  # noqa: PLC0415

    return [*lines, [], *nearest_cause_lines(explanation, width)]


def _guard(role: Role, width: int) -> list[Line]:
    if role.guard is None:
        return []
    style = f"guard-{role.guard.color}"
    instruction: list[TextSpan] = (
        [(": type ", "text"), span(role.guard.confirm, "bright"), (" to switch", "text")]
        if role.guard.confirm
        else []
    )
    name = (
        [(" (", "muted"), span(role.guard.name, "muted"), (")", "muted")] if role.guard.name else []
    )
    return [
        [],
        *wrap([(f"{formatting.GUARD_SIGN} GUARDED", style), *name, *instruction], width, hang=2),
    ]


def _session(state: PickerState, role: Role, now: datetime, width: int) -> list[Line]:
    status = state.session_status(role, now)
    expires = state.session(role).expires_at
    parts: list[TextSpan] = []
    if role.name in state.busy:
        parts = [(f"↻ {state.busy[role.name]} …", "accent")]
    elif role.chain is None:
        parts = [("✗ can't be resolved", "error")]
    elif not role.kind.has_session:
        parts = [("  needs no session", "muted")]
    elif status.state is SessionState.NONE:
        parts = [("  no session yet", "muted")]
    else:
        style_name = str(status.state)
        parts = [(f"{formatting.SESSION_SIGNS[status.state]} {_STATES[status.state]}", style_name)]
        if status.seconds > 0 and expires is not None:
            parts.append((f"{format_remaining_exact(status.seconds)} left", style_name))
            parts.append((f"until {formatting.format_local_time(expires, now)}", "muted"))
    if role.managed_profile and state.data.listing.current_profile == role.managed_profile:
        parts.append(("in this shell", "accent"))
    return [[], *_wrap_phrases(parts, width)]


def _wrap_phrases(parts: list[TextSpan], width: int) -> list[Line]:
    """Place phrases side by side; one that doesn't fit starts a new line."""
    lines: list[Line] = [[]]
    for part in parts:
        gap = "   " if lines[-1] else ""
        if lines[-1] and width_of(lines[-1]) + width_of([part]) + len(gap) > width:
            lines.append([("  ", "text")])
            gap = ""
        lines[-1] += [(gap, "text"), part] if gap else [part]
    return lines


def _facts(state: PickerState, role: Role, now: datetime, width: int) -> list[Line]:
    hop = role.chain.target if role.chain else None
    origins = hop.origins if hop else {}
    chained = hop is not None and role.chain is not None and len(role.chain.hops) > 1
    rows: list[tuple[str, Line, Origin | None]] = [
        (
            "role" if role.portal_role is not None else "profile",
            [span(role.name), *([(" (CLI and boto3 only)", "warning")] if role.cli_only else [])],
            role.origin if role.portal_role is None else None,
        ),
        ("managed", [span(role.managed_profile if role.kind.has_session else "")], None),
        *_kind_rows(role),
        *_portal_rows(state, role, now),
        ("account", [span(role.account_id)], None),
        ("region", [span(role.region)], origins.get("region")),
        ("duration", _duration_line(role), origins.get("duration_seconds")),
    ]
    if hop is not None and hop.external_id and not chained:
        rows.append(("external", [span(hop.external_id)], origins.get("external_id")))
    if role.endpoint.url:
        rows.append(("endpoint", [span(role.endpoint.url)], None))
    if role.partition not in ("", "aws"):
        rows.append(("partition", [span(role.partition)], None))
    if hop is not None and hop.session_name:
        rows.append(("session", [span(hop.session_name)], origins.get("role_session_name")))
    rows += _session_parameter_rows(hop)
    if role.note:
        rows.append(("note", [span(role.note)], origins.get("xswitch_note")))
    if role.name in state.pins:
        rows.append(("pinned", [(formatting.PIN_SIGN, "pin")], None))
    lines: list[Line] = []
    for label, value, origin in rows:
        if any(text for text, _ in value):
            lines += _fact_lines(label, value, origin, width)
    return lines


def _kind_rows(role: Role) -> list[tuple[str, Line, Origin | None]]:
    """Return how the target gets its credentials; of most, a role, the chain tells it."""
    if role.kind is TargetKind.ROLE:
        return []
    explanation = formatting.KIND_EXPLANATIONS[role.kind]
    kind: Line = [(formatting.kind_text(role.kind), "text"), ("  ", "text"), (explanation, "muted")]
    rows: list[tuple[str, Line, Origin | None]] = [("kind", kind, None)]
    if role.sso is not None:
        session = role.sso.session
        rows.append(("sign-in", [span(session.label)], session.origin))
        if session.name:
            rows.append(("portal", [span(session.start_url)], None))
    return rows


def _portal_rows(
    state: PickerState, role: Role, now: datetime
) -> list[tuple[str, Line, Origin | None]]:
    """Return the age of the portal's list, and how it differs for the role."""
    portal, change = state.portal(role), state.portal_change(role)
    age: Line = []
    if portal is not None and portal.listed_at is not None:
        age = [(format_age(portal.listed_at, now), "muted")]
    elif role.portal_role is not None and role.portal_role.is_unfinished:
        age = [("by the listing under way", "muted")]
    difference: Line = []
    if change is not None:
        what = "since the list before" if change == "new" else "from the portal's list"
        difference = [formatting.PORTAL_CHANGES[change], (f" {what}", "muted")]
    return [("listed", age, None), ("change", difference, None)]


def _duration_line(role: Role) -> Line:
    length, reason = formatting.format_duration_and_reason(
        role.duration_seconds, role.duration_reason
    )
    parts: Line = [(length, "text")] if length else []
    if reason:
        parts += [*([("  ", "text")] if length else []), (reason, "muted")]
    return parts


def _session_parameter_rows(hop: Hop | None) -> list[tuple[str, Line, Origin | None]]:
    if hop is None:
        return []
    rows: list[tuple[str, Line, Origin | None]] = []
    if hop.tags:
        rows.append(
            (
                "tags",
                [span(", ".join(f"{key}={value}" for key, value in hop.tags))],
                hop.origins.get("xswitch_tags"),
            )
        )
    if hop.policy_arns or hop.policy:
        texts = [*hop.policy_arns, *(["an inline session policy"] if hop.policy else [])]
        rows.append(
            (
                "policies",
                [span(", ".join(texts))],
                hop.origins.get("xswitch_policy_arns") or hop.origins.get("xswitch_policy"),
            )
        )
    if hop.source_identity:
        rows.append(
            ("identity", [span(hop.source_identity)], hop.origins.get("xswitch_source_identity"))
        )
    return rows


def _fact_lines(label: str, value: Line, origin: Origin | None, width: int) -> list[Line]:
    line = [(label.ljust(_LABEL_WIDTH), "muted"), *value]
    origin_width = len(formatting.format_origin(origin))
    fits = not origin_width or width_of(line) + 1 + origin_width <= width
    return _with_origin(
        wrap(line, width if fits else width - origin_width - 1, hang=_LABEL_WIDTH), origin, width
    )


def _with_origin(lines: list[Line], origin: Origin | None, width: int) -> list[Line]:
    """Add an origin at the right end of the first line with room, else as a new line."""
    text = formatting.format_origin(origin)
    if not text:
        return lines
    text = truncate(text, width)
    for line in lines:
        room = width - width_of(line) - len(text)
        if room >= 1:
            line.append((" " * room + text, "faint"))
            return lines
    return [*lines, [(text.rjust(width), "faint")]]


def _chain(state: PickerState, role: Role, now: datetime, width: int) -> list[Line]:
    if role.chain is None:
        return []
    base = role.chain.base
    source = base.profile or ("this environment" if role.sso is None else role.sso.session.label)
    name = truncate(display(source), width - 2)
    lines: list[Line] = [[], *_with_origin([[(name, "bright")]], base.origin, width)]
    detail_spans: Line = [("  ", "text"), span(base.detail, "muted")] if base.detail else []
    lines += _chain_lines(
        _PIPE, [(formatting.SOURCE_LABELS[base.kind], "text"), *detail_spans], None, width
    )
    if role.mfa_serial:
        lines += _mfa(state, role, now, width)
    last = len(role.chain.hops) - 1
    for position, hop in enumerate(role.chain.hops):
        lines += _hop(state, role, hop, width, last=position == last)
    return lines


def _mfa(state: PickerState, role: Role, now: datetime, width: int) -> list[Line]:
    hops = role.chain.hops if role.chain else ()
    origin = next((hop.origins.get("mfa_serial") for hop in hops if hop.mfa_serial), None)
    serial = (role.mfa_serial or "").rpartition(":")[2] or role.mfa_serial or ""
    lines = _chain_lines(_PIPE, [("MFA ", "text"), span(serial, "text")], origin, width)
    session = state.mfa_for(role, now)
    if session is None:
        lines += _chain_lines(_PIPE, [("  requires a code", "expiring")], None, width)
    else:
        ready = f"  ready, {format_remaining((session.expires_at - now).total_seconds())} left"
        lines += _chain_lines(_PIPE, [(ready, "live")], None, width)
    return lines


def _hop(state: PickerState, role: Role, hop: Hop, width: int, *, last: bool) -> list[Line]:
    lines: list[Line] = []
    if hop.external_id:
        lines += _chain_lines(
            _PIPE,
            [("external ID ", "muted"), span(hop.external_id)],
            hop.origins.get("external_id"),
            width,
        )
    duration: Line = [("  " + format_duration(role.duration_seconds), "muted")] if last else []
    lines += _chain_lines(
        _ARROW,
        [("AssumeRole", "text"), *duration],
        hop.origins.get("role_arn") if last else None,
        width,
    )
    guard = f"guard-{role.guard.color}" if role.guard and last else "bright"
    account, name = _account_and_role(state, hop)
    title: Line = [span(account, guard), (" / ", "faint"), span(name, guard)]
    return [*lines, *_with_origin(wrap(title, width, hang=2), hop.origin, width)]


def _chain_lines(sign: TextSpan, line: Line, origin: Origin | None, width: int) -> list[Line]:
    """Return a line with the chain drawn to its left, also where it wraps."""
    first, *continuation = wrap(line, width - width_of([sign]))
    return _with_origin([[sign, *first], *([_PIPE, *row] for row in continuation)], origin, width)


def _account_and_role(state: PickerState, hop: Hop) -> tuple[str, str]:
    return state.account_label(account_of(hop.role_arn)), hop.role_arn.rpartition("/")[2]


def _problems(problems: tuple[Problem, ...], width: int) -> list[Line]:
    if not problems:
        return []
    return [[], *problem_lines(problems, width)]


def problem_lines(problems: tuple[Problem, ...], width: int, *, full: bool = False) -> list[Line]:
    """Return problems, errors first, each with its file and line.

    `full` shows the file's whole path.
    """
    lines: list[Line] = []
    for problem in sorted(
        problems, key=lambda item: ("error", "warning", "info").index(item.severity)
    ):
        location = ""
        if problem.file and problem.line:
            location = (
                f"{display(problem.file)}:{problem.line}"
                if full
                else formatting.format_origin(Origin(problem.file, problem.line))
            ) + "  "
        lines += wrap(
            [
                formatting.SEVERITY_SIGNS[problem.severity],
                (location, "muted"),
                span(problem.message),
            ],
            width,
            hang=2,
        )
    return lines


_SIDE = 1


class Detail(ScrollingLines):
    """The detail pane: draws the role under the cursor.

    Another role starts at the top; the same role keeps its scroll position.
    """

    # Textual's own argument
    def __init__(self, clock: Clock, *, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id)
        self._clock = clock
        self._state = PickerState()
        self._role = ""

    def describe(self, state: PickerState) -> None:
        """Draw the role under the cursor of a state."""
        self._state = state
        role = state.role
        if role is not None and role.name != self._role:
            self.scroll_to(y=0, animate=False)
        self._role = role.name if role is not None else ""
        self.tick()

    def tick(self) -> None:
        """Redraw what changes with time."""
        role, width = self._state.role, self.scrollable_content_region.width
        if width > _SIDE:
            self.show(
                detail_lines(self._state, role, self._clock.now(), width - _SIDE)
                if role is not None
                else []
            )

    def on_resize(self) -> None:
        """Wrap for the new width."""
        self.tick()
