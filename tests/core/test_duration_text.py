from __future__ import annotations

import pytest

from xswitch.core.duration_text import (
    format_duration,
    format_remaining,
    format_remaining_exact,
    parse_duration,
)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3600", 3600),
        ("7200", 7200),
        ("90s", 90),
        ("45m", 2700),
        ("90m", 5400),
        ("90 min", 5400),
        ("12h", 43_200),
        (" 1 H ", 3600),
    ],
)
def test_one_grammar_for_options_and_the_form(text: str, seconds: int) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "x", "h", "1d", "-5", "1.5h", "1h30m", "1234567", "٣h"])
def test_other_text_is_not_a_duration(text: str) -> None:
    assert parse_duration(text) is None


@pytest.mark.parametrize(
    ("seconds", "text", "exactly"),
    [
        (-4, "0 s", "0 s"),
        (75, "75 s", "1 m 15 s"),
        (90, "90 s", "1 m 30 s"),
        (119.9, "119 s", "1 m 59 s"),
        (120, "2 m", "2 m 00 s"),
        (2472, "41 m", "41 m 12 s"),
        (27725, "7 h 42 m", "7 h 42 m 05 s"),
        (3600, "1 h 00 m", "1 h 00 m 00 s"),
    ],
)
def test_time_left(seconds: float, text: str, exactly: str) -> None:
    assert format_remaining(seconds) == text
    assert format_remaining_exact(seconds) == exactly


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3600, "1 h"), (900, "15 m"), (5400, "1 h 30 m"), (961, "961 s"), (43200, "12 h"), (0, "0 m")],
)
def test_durations(seconds: int, text: str) -> None:
    assert format_duration(seconds) == text
