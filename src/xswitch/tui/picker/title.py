"""What the title line says. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from xswitch.core.duration_text import format_remaining
from xswitch.core.model import CredentialSourceKind, SessionState
from xswitch.tui.picker.state import PickerState
from xswitch.tui.render import formatting
from xswitch.tui.render.text import Line, span, truncate, width_of

_SEPARATOR = " · "
_MAX_NAME_WIDTH = 32


def title_line(state: PickerState, environ: Mapping[str, str], now: datetime, width: int) -> Line:
    """The title line in `width` cells.

    What doesn't fit is left out whole, the vault first, then the region.
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
        return [("no base credentials", "muted")] if state.loaded else [("reading …", "muted")]
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
        [("vault: ", "muted"), span(state.read.listing.vault_label, "text")]
        if state.read.listing.vault_label
        else []
    )


def _region(state: PickerState, environ: Mapping[str, str]) -> Line:
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):
        if environ.get(name):
            return [(f"{name}=", "muted"), span(truncate(environ[name], 20), "text")]
    role = state.role
    return [span(truncate(role.region, 20), "muted")] if role is not None else []
