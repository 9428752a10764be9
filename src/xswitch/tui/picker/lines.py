"""The picker's single lines as spans: title, notice, headings, roles, groups. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from xswitch.core.display import display
from xswitch.core.duration_text import format_remaining
from xswitch.core.model import CredentialSourceKind, Role, SessionState
from xswitch.core.search.matcher import SearchField, Spans
from xswitch.core.text import pluralize
from xswitch.core.variables import own_regions
from xswitch.tui.picker.layout import GAP, GUTTER, Column, role_text
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render import formatting
from xswitch.tui.render.text import Line, highlight, pad, span, truncate, width_of, wrap

CURSOR_BAR = "▌"
_ID_MIN_WIDTH = 44


def session_text(state: PickerState, role: Role, now: datetime) -> tuple[str, str]:
    """Return the session column of a role and its style: the activity, else the session's state."""
    activity = state.busy.get(role.name)
    if activity:
        return f"↻ {activity}", "accent"
    if role.chain is None:
        return "✗ broken", "error"
    status = state.session_status(role, now)
    if role.name in state.failures:
        return "✗ failed", "error"
    if status.state is SessionState.NONE:
        change = state.portal_change(role)
        return formatting.PORTAL_CHANGES[change] if change is not None else ("", "muted")
    sign = formatting.SESSION_SIGNS[status.state]
    if status.state is SessionState.EXPIRED:
        return f"{sign} expired", "expired"
    return f"{sign} {format_remaining(status.seconds):>4}", str(status.state)


def mfa_text(state: PickerState, role: Role, now: datetime) -> tuple[str, str]:
    """Return the MFA column of a role and its style: whether a switch needs a code."""
    if role.mfa_serial is None:
        return "", "muted"
    return ("ready", "live") if state.mfa_for(role, now) else ("code", "expiring")


def role_line(  # noqa: PLR0913 -- a row is a function of all of these
    state: PickerState,
    role: Role,
    columns: Sequence[Column],
    now: datetime,
    spans: Spans,
    *,
    selected: bool,
) -> Line:
    """Return the row of a role."""
    guard = f"guard-{role.guard.color}" if role.guard else ""
    line: Line = [
        (CURSOR_BAR if selected else " ", guard or "accent"),
        (formatting.PIN_SIGN if role.name in state.pins else " ", "pin"),
        (formatting.GUARD_SIGN if guard else " ", guard or "text"),
        (" ", "text"),
    ]
    named = bool(role.account_name) and not state.grouped
    for position, column in enumerate(columns):
        if position:
            line.append((" " * GAP, "text"))
        match column.name:
            case "account":
                field: SearchField = "account_name" if named else "name"
                text = role.account_name if named else role.name
                line += highlight(
                    display(text),
                    column.width,
                    guard or ("bright" if selected else "text"),
                    spans.get(field, ()),
                )
            case "id":
                line += highlight(
                    display(role.account_id), column.width, "muted", spans.get("account_id", ())
                )
            case "role":
                line += highlight(
                    "" if state.grouped and not role.role_name else display(role_text(role)),
                    column.width,
                    guard or ("bright" if selected else "text"),
                    spans.get("role_name" if role.role_name else "name", ()),
                )
            case "region":
                line += highlight(
                    display(role.region), column.width, "muted", spans.get("region", ())
                )
            case "profile":
                line += highlight(display(role.name), column.width, "muted", spans.get("name", ()))
            case "kind":
                line.append(
                    (pad(formatting.kind_text(role.kind)[: column.width], column.width), "muted")
                )
            case "mfa":
                text, style_name = mfa_text(state, role, now)
                line.append((pad(text, column.width), style_name))
            case _:
                text, style_name = session_text(state, role, now)
                line.append((pad(text, column.width), style_name))
    return line


def group_line(state: PickerState, row: int, width: int) -> Line:
    """Return the header of an account's group; `row` is its negative row."""
    role = state.roles[~row]
    count = f" {pluralize(state.group_sizes.get(row, 0), 'role')} "
    name = display(role.account_name or role.account_id or "no account")
    account_id = (
        "  " + display(role.account_id) if role.account_name and width >= _ID_MIN_WIDTH else ""
    )
    room = max(4, width - GUTTER - len(count) - width_of([(account_id, "")]))
    line: Line = [("  ", "text"), (truncate(name, room), "title"), (account_id, "muted")]
    rule = width - width_of(line) - len(count) - 2
    if rule > 0:
        line.append((" " + "─" * rule, "line"))
    line.append((count, "muted"))
    return line


def heading_line(columns: Sequence[Column]) -> Line:
    """Return the headings."""
    line: Line = [(" " * GUTTER, "faint")]
    for position, column in enumerate(columns):
        line.append(((" " * GAP if position else "") + pad(column.heading, column.width), "muted"))
    return line


# -- the title

_SEPARATOR = " · "
_MAX_NAME_WIDTH = 32
_NEVER_MFA = frozenset(
    {
        CredentialSourceKind.SSO,
        CredentialSourceKind.LOGIN_SESSION,
        CredentialSourceKind.WEB_IDENTITY,
    }
)
"""Sources whose credentials are temporary: AWS gives them no MFA session."""


def title_line(state: PickerState, environ: Mapping[str, str], now: datetime, width: int) -> Line:
    """Return the title in `width` cells.

    Parts that don't fit are dropped whole: first the vault, then the region, then MFA.
    """
    left: Line = [(" xswitch ", "key"), ("  ", "text"), *_identity(state)]
    parts = [("mfa", _mfa(state, now)), ("vault", _vault(state))]
    right = _region(state, environ)
    for dropped in ((), ("vault",), ("vault", "region"), ("vault", "region", "mfa")):
        line = list(left)
        for name, part in parts:
            if part and name not in dropped:
                line += [(_SEPARATOR, "faint"), *part]
        tail = [] if "region" in dropped else right
        room = width - width_of(line) - width_of(tail) - 1
        if room >= 1:
            return [*line, (" " * room, "text"), *tail, (" ", "text")]
    return [*left]


def _identity(state: PickerState) -> Line:
    if state.base is None:
        return [("no source credentials", "muted")] if state.loaded else [("reading …", "muted")]
    name = state.base.profile or formatting.SOURCE_LABELS.get(
        _source_kind(state.base.kind), "environment"
    )
    line: Line = [span(truncate(name, _MAX_NAME_WIDTH), "bright")]
    if state.base.account_id:
        line += [(" @ ", "faint"), span(state.base.account_id, "text")]
    return line


def _source_kind(kind: str) -> CredentialSourceKind:
    return (
        CredentialSourceKind(kind)
        if kind in set(CredentialSourceKind)
        else CredentialSourceKind.ENVIRONMENT
    )


def _mfa(state: PickerState, now: datetime) -> Line:
    session = state.base_mfa(now)
    if session is None and state.base is not None and state.base.kind in _NEVER_MFA:
        return []
    if session is None:
        return (
            [("MFA none", "muted")] if any(role.mfa_serial for role in state.roles[:1000]) else []
        )
    seconds = (session.expires_at - now).total_seconds()
    if seconds <= 0:
        return [(f"MFA {formatting.SESSION_SIGNS[SessionState.EXPIRED]} expired", "expired")]
    return [
        ("MFA ", "text"),
        (
            format_remaining(seconds),
            "live" if seconds > formatting.MFA_EXPIRING_SECONDS else "expiring",
        ),
    ]


def _vault(state: PickerState) -> Line:
    return (
        [("vault: ", "muted"), span(state.data.listing.vault_label, "text")]
        if state.data.listing.vault_label
        else []
    )


def _region(state: PickerState, environ: Mapping[str, str]) -> Line:
    for name, region in own_regions(environ).items():
        return [(f"{name}=", "muted"), span(truncate(region, 20), "text")]
    role = state.role
    return [span(truncate(role.region, 20), "muted")] if role is not None else []


def notice_lines(notice: str, width: int) -> list[Line]:
    """Return the notice under the title."""
    return wrap([("◆ ", "accent"), (display(notice), "text")], width, hang=2)
