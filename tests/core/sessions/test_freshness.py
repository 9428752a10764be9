from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.model import SessionState
from xswitch.core.sessions.freshness import refresh_times, session_state

START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def test_an_hour_is_renewed_at_25_minutes_and_must_be_at_16() -> None:
    assert refresh_times(START, after(60)) == (after(35), after(44))


def test_a_short_session_is_renewed_at_a_quarter() -> None:
    assert refresh_times(START, after(15)) == (after(9), after(11.25))


def test_states() -> None:
    assert session_state(START, after(60), after(43.9)) is SessionState.LIVE
    assert session_state(START, after(60), after(44)) is SessionState.EXPIRING
    assert session_state(START, after(60), after(60)) is SessionState.EXPIRED


@given(st.integers(min_value=0, max_value=130_000))
def test_refresh_times_are_ordered_and_inside_the_session(seconds: int) -> None:
    end = START + timedelta(seconds=seconds)
    soft, hard = refresh_times(START, end)
    assert START <= soft <= hard <= end
