"""Until when a role can be assumed again without an MFA prompt."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from xswitch.core.model import CredentialSourceKind, IndexEntry, SessionPlan


def renewable_until(
    plan: SessionPlan, sessions: Mapping[str, IndexEntry], now: datetime
) -> datetime | None:
    """Return until when indexed sessions can renew the plan's role without an MFA code.

    None means without end, and `now` or earlier means not at all. An `mfa_process` counts as a
    prompt. Keys in the environment don't count: a switch unsets them.
    """
    until: datetime | None = None
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


def _usable_until(entry: IndexEntry | None, now: datetime) -> datetime:
    return now if entry is None else entry.usable_until
