"""Until when a role can be assumed anew without a question."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from xswitch.core.model import IndexEntry, SessionPlan

# A session is a source until this close to its end: time for the call that uses it, and for a clock
# that is a little off.
MIN_SOURCE_LIFETIME = timedelta(seconds=60)


def renewable_until(
    plan: SessionPlan, sessions: Mapping[str, IndexEntry], now: datetime
) -> datetime | None:
    """The end of the sessions the plan's role can be made from without an MFA code, by the index.

    None is for ever, `now` or earlier not at all. An `mfa_process` counts as a question.
    """
    until: datetime | None = None
    if plan.mfa is not None:
        until = _usable_until(sessions.get(plan.mfa.key), now)
    for number, hop in enumerate(plan.hops):
        if hop.request.mfa_serial is not None:
            until = now
        if number < len(plan.hops) - 1 and until is not None:
            until = max(until, _usable_until(sessions.get(hop.key), now))
    return until


def _usable_until(entry: IndexEntry | None, now: datetime) -> datetime:
    return now if entry is None else entry.expires_at - MIN_SOURCE_LIFETIME
