from __future__ import annotations

from datetime import UTC, datetime, timedelta

from xswitch.adapters.system.clock import SystemClock


def test_now_is_now_in_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=30)
