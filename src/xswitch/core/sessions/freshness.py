"""When a session is renewed, and how its state is called.

A session is renewed when fewer than 16 minutes are left: botocore re-runs a credential_process at
every signature once it has under 15. One shorter than 50 minutes would spend its life being renewed
by that rule, so it is renewed at a quarter.
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
    """When to renew behind the caller's back, and when the caller must wait for a new session.

    (soft, hard), UTC.
    """
    life = max(0.0, (expires_at - issued_at).total_seconds())
    if life < SHORT_SESSION_SECONDS:
        return expires_at - timedelta(
            seconds=int(life * _SHORT_SESSION_ADVISORY_FRACTION)
        ), expires_at - timedelta(seconds=int(life * _SHORT_SESSION_MANDATORY_FRACTION))
    return expires_at - timedelta(seconds=ADVISORY_REFRESH_SECONDS), expires_at - timedelta(
        seconds=MANDATORY_REFRESH_SECONDS
    )


def state(issued_at: datetime, expires_at: datetime, now: datetime) -> SessionState:
    """Live, expiring (due for renewal) or expired."""
    if now >= expires_at:
        return SessionState.EXPIRED
    _, mandatory_refresh_at = refresh_times(issued_at, expires_at)
    return SessionState.EXPIRING if now >= mandatory_refresh_at else SessionState.LIVE
