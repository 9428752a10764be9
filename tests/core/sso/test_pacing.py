from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.sso import pacing
from xswitch.core.sso.pacing import FIRST_RATE, LEAST_RATE, MOST_RATE, Pace


def test_a_listing_starts_at_ten_requests_a_second() -> None:
    pace = pacing.start(100.0)
    now, starts = 100.0, []
    for _ in range(15):
        now = max(now, pace.next_at)
        starts.append(now)
        pace = pacing.after_answer(pacing.after_request(pace, now), now)
    assert sum(1 for at in starts if at < 101 - 1e-6) == FIRST_RATE


def test_a_refusal_halves_the_rate_once_for_the_requests_of_that_time() -> None:
    pace = pacing.after_refusal(pacing.start(0), 5, 4.9, 1)
    assert pace.rate == FIRST_RATE / 2
    assert pacing.after_refusal(pace, 5.1, 4.95, 1).rate == FIRST_RATE / 2
    assert pacing.after_refusal(pace, 6, 5.5, 1).rate == FIRST_RATE / 4


def test_answers_give_the_rate_back_in_steps() -> None:
    pace = pacing.after_refusal(pacing.start(0), 1, 0.9, None)
    rates = []
    for _ in range(10):
        pace = pacing.after_answer(pace, 1.5)
        rates.append(pace.rate)
    assert rates == sorted(rates)
    assert rates[0] < FIRST_RATE * 0.65
    assert rates[-1] == FIRST_RATE


@pytest.mark.parametrize(
    ("header", "seconds"),
    [(None, 1), (0.0, 0), (7.0, 7), (1e9, 60), (float("nan"), 1), (-3.0, 1), (float("inf"), 60)],
)
def test_a_refused_page_waits_as_the_portal_says(header: float | None, seconds: float) -> None:
    assert pacing.retry_seconds(header) == seconds


def test_everything_waits_when_nothing_is_answered_any_more() -> None:
    pace = pacing.start(0)
    for number in range(3):
        pace = pacing.after_refusal(pace, number * 0.1, number * 0.1, 30)
    assert pace.next_at >= 30


@given(
    st.lists(
        st.tuples(st.sampled_from(["request", "answer", "refusal"]), st.floats(0, 5)), max_size=60
    )
)
def test_the_rate_stays_within_its_limits(events: list[tuple[str, float]]) -> None:
    pace: Pace = pacing.start(0)
    now = 0.0
    for kind, seconds in events:
        now += seconds
        before = pace
        if kind == "request":
            pace = pacing.after_request(pace, now)
            assert pace.next_at >= now + 1 / MOST_RATE
        elif kind == "answer":
            pace = pacing.after_answer(pace, now)
        else:
            pace = pacing.after_refusal(pace, now, now, seconds)
            assert pace.rate == max(LEAST_RATE, before.rate / 2)
        assert LEAST_RATE <= pace.rate <= pace.limit <= MOST_RATE
        assert pace.next_at >= before.next_at
