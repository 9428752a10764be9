"""The refresh times of a session, and its state.

A session must be renewed when less than 16 minutes remain: below 15 minutes, botocore re-runs a
credential_process at every signature. A session shorter than 50 minutes is renewed when a quarter
of it remains, because it would otherwise be renewed most of the time.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from xswitch.core.model import SessionState

MANDATORY_REFRESH_SECONDS = 16 * 60
ADVISORY_REFRESH_SECONDS = 25 * 60
SHORT_SESSION_SECONDS = 50 * 60
_SHORT_SESSION_MANDATORY_FRACTION = 0.25
_SHORT_SESSION_ADVISORY_FRACTION = 0.4


def refresh_times(issued_at: datetime, expires_at: datetime) -> tuple[datetime, datetime]:
    """Return the advisory and the mandatory refresh time.

    From the first, a session is renewed in the background; from the second, callers wait for the
    new session.
    """
    advisory, mandatory = ADVISORY_REFRESH_SECONDS, MANDATORY_REFRESH_SECONDS
    duration = max(0.0, (expires_at - issued_at).total_seconds())
    if duration < SHORT_SESSION_SECONDS:
        advisory = int(duration * _SHORT_SESSION_ADVISORY_FRACTION)
        mandatory = int(duration * _SHORT_SESSION_MANDATORY_FRACTION)
    return expires_at - timedelta(seconds=advisory), expires_at - timedelta(seconds=mandatory)


def session_state(issued_at: datetime, expires_at: datetime, now: datetime) -> SessionState:
    """Return the state of a session at a given time: live, expiring, or expired."""
    if now >= expires_at:
        return SessionState.EXPIRED
    _, mandatory_refresh_at = refresh_times(issued_at, expires_at)
    return SessionState.EXPIRING if now >= mandatory_refresh_at else SessionState.LIVE
