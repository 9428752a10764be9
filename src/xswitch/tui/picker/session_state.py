"""How a role's session stands at a moment."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from xswitch.core.model import SessionState
from xswitch.core.sessions import freshness


@dataclass(frozen=True, slots=True)
class KnownSession:
    """A role's session as last heard of; `issued_at` is None until the index has told it."""

    state: SessionState = SessionState.NONE
    expires_at: datetime | None = None
    issued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SessionStatus:
    """How a session stands at a moment."""

    state: SessionState
    seconds: float = 0.0


NO_KNOWN_SESSION = KnownSession()


def standing(session: KnownSession, now: datetime) -> SessionStatus:
    """How a session stands at `now`.

    Until the index has told when it was issued, the rule for short sessions can't be applied: then
    what was said at reading time holds, and a live one counts as expiring by the rule for ordinary
    ones.
    """
    if session.expires_at is None:
        return SessionStatus(session.state)
    seconds = (session.expires_at - now).total_seconds()
    if seconds <= 0:
        return SessionStatus(SessionState.EXPIRED)
    if session.issued_at is not None:
        return SessionStatus(freshness.state(session.issued_at, session.expires_at, now), seconds)
    if session.state is SessionState.EXPIRING or seconds <= freshness.MANDATORY_REFRESH_SECONDS:
        return SessionStatus(SessionState.EXPIRING, seconds)
    return SessionStatus(SessionState.LIVE, seconds)
