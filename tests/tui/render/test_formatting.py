from __future__ import annotations

from datetime import timedelta

import pytest

from support.tui.fake_actions import NOW
from xswitch.core.model import Origin
from xswitch.tui.render import formatting


def test_an_origin_is_the_file_name_and_line() -> None:
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
def test_a_reason_does_not_repeat_the_duration(reason: str, shown: str) -> None:
    assert formatting.format_duration_and_reason(3600, reason) == ("1 h", shown)
