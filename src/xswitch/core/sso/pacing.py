"""How fast the portal of Identity Center is asked: a pure state machine over seconds.

AWS publishes no limit of the portal. Tools that started at 20 requests a second were throttled
for hours of their users' time, so a listing starts at 10. Each 429 halves the rate, each answer
gives a part of it back, and while the portal refuses few requests, the rate may slowly go beyond
the first one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

FIRST_RATE = 10.0
"""Requests a second at the start."""
LEAST_RATE = 0.5
MOST_RATE = 20.0
_REGAINED = 0.14
"""The part of the rate's limit that one answer gives back."""
_GROWTH_PER_SECOND = 0.7
_PATIENCE_SECONDS = 2.0
"""The limit stays at the first rate for so long."""
_MEMORY = 0.96
"""The weight of the past in the share of refused requests: about the last 25 count."""
_ACCEPTABLE_SHARE = 0.3
_REFUSED_IN_A_ROW = 3
"""So many refusals without an answer in between mean that the portal wants a pause."""
_DEFAULT_PAUSE_SECONDS = 1.0
_LONGEST_PAUSE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The state between two requests. Times are seconds of a clock that never goes back."""

    started_at: float
    next_at: float
    """No request starts before it."""
    rate: float = FIRST_RATE
    """Requests a second at present."""
    limit: float = FIRST_RATE
    """The rate that answers lead back to."""
    cut_at: float = -1.0
    """When the rate was halved last; requests from before it don't halve it again."""
    refused_share: float = 0.0
    refused_in_a_row: int = 0
    grown_at: float = 0.0


def start(now: float) -> Pace:
    """Return the pace of a listing that begins now."""
    return Pace(started_at=now, next_at=now, grown_at=now)


def after_request(pace: Pace, now: float) -> Pace:
    """Return the pace after a request that starts now; the next one waits for its turn.

    A turn that passed unused isn't made up for.
    """
    return replace(pace, next_at=max(pace.next_at, now) + 1 / pace.rate)


def after_answer(pace: Pace, now: float) -> Pace:
    """Return the pace after any answer but a refusal."""
    share = pace.refused_share * _MEMORY
    limit = pace.limit
    if now - pace.started_at > _PATIENCE_SECONDS:
        grown = (now - pace.grown_at) * _GROWTH_PER_SECOND
        limit = (
            min(MOST_RATE, limit + grown)
            if share < _ACCEPTABLE_SHARE
            else max(FIRST_RATE, limit - 4 * grown)
        )
    return replace(
        pace,
        rate=min(limit, pace.rate + limit * _REGAINED),
        limit=limit,
        refused_share=share,
        refused_in_a_row=0,
        grown_at=now,
    )


def after_refusal(pace: Pace, now: float, sent_at: float, retry_after: float | None) -> Pace:
    """Return the pace after a 429 for a request that was sent at `sent_at`.

    The page that was refused waits for `retry_seconds`. Everything waits for it if the portal has
    refused several requests in a row.
    """
    row = pace.refused_in_a_row + 1
    pace = replace(
        pace,
        refused_share=pace.refused_share * _MEMORY + 1 - _MEMORY,
        refused_in_a_row=row,
        next_at=max(pace.next_at, now + retry_seconds(retry_after))
        if row >= _REFUSED_IN_A_ROW
        else pace.next_at,
    )
    if sent_at < pace.cut_at:
        return pace
    rate = max(LEAST_RATE, pace.rate / 2)
    return replace(pace, rate=rate, cut_at=now, next_at=max(pace.next_at, now + 1 / rate))


def retry_seconds(retry_after: float | None) -> float:
    """Return how long a refused page waits: as the portal says, within a minute, or a second."""
    if retry_after is None or not retry_after >= 0:
        return _DEFAULT_PAUSE_SECONDS
    return min(retry_after, _LONGEST_PAUSE_SECONDS)
