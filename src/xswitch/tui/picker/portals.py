"""The portals of Identity Center in the picker: what is known of each, and its line. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from xswitch.core.display import show_value
from xswitch.core.duration_text import format_remaining
from xswitch.core.model import SsoSession, TargetKind
from xswitch.core.text import pluralize
from xswitch.tui.render.formatting import KIND_SIGNS
from xswitch.tui.render.text import Line, span, truncate_line

if TYPE_CHECKING:  # few configs have a portal
    from xswitch.actions.sso.discovery import DiscoveryUpdate

SIGN_IN_KEY = "s"


class PortalStage(StrEnum):
    """The stage of a portal's listing."""

    IDLE = "idle"
    LISTING = "listing"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PortalState:
    """The picker's facts about one portal."""

    label: str
    """Of its session."""
    listed_at: datetime | None = None
    """None if it has never been listed whole."""
    is_due: bool = False
    """Whether its list is missing or old."""
    signed_in: bool = False
    """Whether there is a sign-in; it may have expired."""
    stage: PortalStage = PortalStage.IDLE
    accounts_done: int = 0
    accounts_known: int = 0
    roles_found: int = 0
    throttled: bool = False
    failure: str = ""
    sign_in_ended: bool = False


Portals = Mapping[str, PortalState]
"""By portal address."""


def started(portal: PortalState) -> PortalState:
    """Begin a listing."""
    return replace(
        portal,
        stage=PortalStage.LISTING,
        signed_in=True,
        accounts_done=0,
        accounts_known=0,
        roles_found=0,
        throttled=False,
        failure="",
        sign_in_ended=False,
    )


def with_update(portal: PortalState, update: DiscoveryUpdate) -> PortalState:
    """Take the progress of a listing."""
    return replace(
        portal,
        accounts_done=update.accounts_done,
        accounts_known=update.accounts_known,
        roles_found=update.roles_found,
        throttled=update.throttled,
    )


def finished(portal: PortalState, listed_at: datetime) -> PortalState:
    """End a listing."""
    return replace(portal, stage=PortalStage.IDLE, listed_at=listed_at, is_due=False)


def failed(portal: PortalState, failure: str, *, sign_in_ended: bool) -> PortalState:
    """Record why a listing ended early."""
    return replace(
        portal,
        stage=PortalStage.FAILED,
        failure=failure,
        signed_in=portal.signed_in and not sign_in_ended,
        sign_in_ended=sign_in_ended,
    )


def format_age(listed_at: datetime, now: datetime) -> str:
    """Return how long ago a portal was listed."""
    seconds = (now - listed_at).total_seconds()
    return "just now" if seconds < 60 else f"{format_remaining(seconds)} ago"  # noqa: PLR2004


def sign_in_note(portal: PortalState | None, session: SsoSession, now: datetime) -> str:
    """Return whether the user is signed in to a session, and when its portal was listed."""
    if portal is None:
        return ""
    parts = []
    # Of two sessions of one portal, only one sign-in is known
    if portal.label == session.label or not portal.signed_in:
        parts.append("signed in" if portal.signed_in else "not signed in")
    if portal.listed_at is not None:
        parts.append(f"listed {format_age(portal.listed_at, now)}")
    return ", ".join(parts)


def portals_line(
    portals: Portals, now: datetime, width: int, *, row_session: str = "", offers: bool = True
) -> Line:
    """Return the line about the portals; empty if there is nothing to tell.

    The most urgent portal is told: a listing under way, then a failure, then an old or missing
    list. `row_session` is the label of the session that the selected row signs in to, which is the
    one that the key for it signs in to. Without `offers`, no sign-in is offered: the empty list
    does that.
    """
    told = [(portal, _tell(portal, now, row_session, offers=offers)) for portal in portals.values()]
    urgency = (PortalStage.LISTING, PortalStage.FAILED, PortalStage.IDLE)
    told = sorted(
        ((portal, text) for portal, text in told if text),
        key=lambda one: urgency.index(one[0].stage),
    )
    if not told:
        return []
    portal, text = told[0]
    sign = (f"{KIND_SIGNS[TargetKind.SSO]} ", "accent")
    more: Line = [(f"   and {len(told) - 1} more", "muted")] if len(told) > 1 else []
    return truncate_line([sign, span(show_value(portal.label), "bright"), *text, *more], width)


def _tell(portal: PortalState, now: datetime, row_session: str, *, offers: bool) -> Line:
    if portal.stage is PortalStage.LISTING:
        return _progress(portal)
    sign_in: Line = [("   ", "text"), (SIGN_IN_KEY, "key"), (" signs in and lists it", "muted")]
    if row_session not in ("", portal.label):
        sign_in = []
    if portal.sign_in_ended:
        return [("  the sign-in has ended", "warning"), *sign_in]
    if portal.stage is PortalStage.FAILED:
        return [("  ", "text"), span(portal.failure, "warning")]
    if not portal.is_due or portal.signed_in or not offers:
        return []
    if portal.listed_at is None:
        return [("  not signed in", "muted"), *sign_in]
    return [(f"  listed {format_age(portal.listed_at, now)}", "muted"), *sign_in]


def _progress(portal: PortalState) -> Line:
    if not portal.accounts_known:
        line: Line = [("  listing accounts and roles …", "text")]
    else:
        line = [
            ("  accounts ", "muted"),
            (f"{portal.accounts_done:,} of {portal.accounts_known:,}", "text"),
            (", ", "muted"),
            (pluralize(portal.roles_found, "role"), "text"),
        ]
    if portal.throttled:
        line.append(("   the portal slows it down; it goes on by itself", "muted"))
    return line
