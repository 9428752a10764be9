from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from xswitch.core.model import RoleUsage
from xswitch.core.search.frecency import HALF_LIFE_DAYS, frecency_score

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def test_a_use_counts_half_after_a_half_life() -> None:
    assert frecency_score(RoleUsage(4, NOW), NOW) == 4
    assert frecency_score(RoleUsage(4, NOW - timedelta(days=HALF_LIFE_DAYS)), NOW) == pytest.approx(
        2
    )
    assert frecency_score(
        RoleUsage(4, NOW - timedelta(days=2 * HALF_LIFE_DAYS)), NOW
    ) == pytest.approx(1)


def test_odd_memories_do_no_harm() -> None:
    assert frecency_score(RoleUsage(4, NOW + timedelta(days=9)), NOW) == 4
    assert frecency_score(RoleUsage(-4, NOW), NOW) == 0
    assert frecency_score(RoleUsage(10**30, NOW), NOW) == 1000
    assert frecency_score(RoleUsage(1, datetime(1, 1, 1, tzinfo=UTC)), NOW) == 0
