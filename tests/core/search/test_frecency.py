from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from xswitch.core.model import Use
from xswitch.core.search.frecency import HALF_LIFE_DAYS, score

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_use_counts_half_after_a_half_life() -> None:
    assert score(Use(4, NOW), NOW) == 4
    assert score(Use(4, NOW - timedelta(days=HALF_LIFE_DAYS)), NOW) == pytest.approx(2)
    assert score(Use(4, NOW - timedelta(days=2 * HALF_LIFE_DAYS)), NOW) == pytest.approx(1)


def test_odd_memories_do_no_harm() -> None:
    assert score(Use(4, NOW + timedelta(days=9)), NOW) == 4
    assert score(Use(-4, NOW), NOW) == 0
    assert score(Use(10**30, NOW), NOW) == 1000
    assert score(Use(1, datetime(1, 1, 1, tzinfo=UTC)), NOW) == 0
