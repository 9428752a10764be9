"""Until when a session can be renewed without a person: an MFA code, or a sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from xswitch.core.model import CredentialSourceKind, IndexEntry, SessionPlan
from xswitch.core.roles.sources import sign_in_of_source


def renewable_until(
    plan: SessionPlan, sessions: Mapping[str, IndexEntry], now: datetime
) -> datetime | None:
    """Return until when the plan's session can be renewed without an MFA code or a sign-in.

    The index tells it. None means without end, or that the end isn't known: AWS doesn't tell the
    end of a sign-in that is renewed, and one of the shared cache isn't in the index. `now` or
    earlier means not at all. An `mfa_process` counts as a prompt. Keys in the environment don't
    count: a switch unsets them.
    """
    until = _sign_in_until(plan, sessions)
    if plan.base.kind is CredentialSourceKind.ENVIRONMENT:
        until = now
    if plan.mfa is not None and not plan.hops:
        return now  # a new session of the user needs a code
    if plan.mfa is not None:
        until = _usable_until(sessions.get(plan.mfa.key), now)
    for number, hop in enumerate(plan.hops):
        if hop.request.mfa_serial is not None:
            until = now
        if number < len(plan.hops) - 1 and until is not None:
            until = max(until, _usable_until(sessions.get(hop.key), now))
    return until


def _sign_in_until(plan: SessionPlan, sessions: Mapping[str, IndexEntry]) -> datetime | None:
    """Return until when the sign-in of an Identity Center source gives credentials."""
    if plan.base.kind is not CredentialSourceKind.SSO:
        return None
    from xswitch.core.sso.sign_in_record import MIN_LIFETIME  # noqa: PLC0415 -- of few sources

    found = [
        entry
        for entry in sessions.values()
        if entry.kind == "sso_token"
        and (entry.profile, entry.principal) == sign_in_of_source(plan.base)
    ]
    if any(entry.refreshable for entry in found):
        return None
    return max((entry.expires_at - MIN_LIFETIME for entry in found), default=None)


def _usable_until(entry: IndexEntry | None, now: datetime) -> datetime:
    return now if entry is None else entry.usable_until
