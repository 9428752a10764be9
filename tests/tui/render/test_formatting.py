from __future__ import annotations

from datetime import timedelta

import pytest

from support.tui.fake_actions import NOW
from xswitch.core.model import Origin
from xswitch.tui.render import formatting


@pytest.mark.parametrize(
    ("seconds", "text", "exactly"),
    [
        (-4, "0 s", "0 s"),
        (75, "75 s", "1 m 15 s"),
        (119.9, "119 s", "1 m 59 s"),
        (120, " 2 m", "2 m 00 s"),
        (2472, "41 m", "41 m 12 s"),
        (27725, "7 h 42 m", "7 h 42 m 05 s"),
        (3600, "1 h 00 m", "1 h 00 m 00 s"),
    ],
)
def test_time_left(seconds: float, text: str, exactly: str) -> None:
    assert formatting.format_remaining(seconds) == text
    assert formatting.format_remaining_exact(seconds) == exactly


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(3600, "1 h"), (900, "15 m"), (5400, "1 h 30 m"), (961, "961 s"), (43200, "12 h"), (0, "0 m")],
)
def test_durations(seconds: int, text: str) -> None:
    assert formatting.format_duration(seconds) == text


def test_a_place_is_the_files_last_name_and_the_line() -> None:
    assert formatting.format_origin(Origin("/home/dev/.aws/config", 31)) == "config:31"
    assert formatting.format_origin(Origin(r"C:\Users\dev\.aws\credentials", 4)) == "credentials:4"
    assert formatting.format_origin(None) == ""


def test_clock_times_name_another_day() -> None:
    assert formatting.format_local_time(NOW + timedelta(minutes=41), NOW) == "12:41"
    assert formatting.format_local_time(NOW + timedelta(hours=20), NOW) == "Mon 08:00"
    assert formatting.format_local_time(NOW + timedelta(days=9), NOW) == "2026-03-10 12:00"


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        ("1 h: role chaining after the MFA session", "role chaining after the MFA session"),
        (
            "1 h at most: role chaining after dev, 7200 s configured",
            "at most: role chaining after dev, 7200 s configured",
        ),
        ("default", "default"),
        ("", ""),
    ],
)
def test_a_reason_does_not_say_the_length_again(reason: str, shown: str) -> None:
    assert formatting.format_duration_and_reason(3600, reason) == ("1 h", shown)
