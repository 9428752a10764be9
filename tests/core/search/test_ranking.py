from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from support.roles import KEYS, role, roles, view
from xswitch.core.model import RoleUsage, UsageState
from xswitch.core.search.ranking import (
    HALF_LIFE_DAYS,
    frecency_score,
    order_by_usage,
    pins_first,
)

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OTHER = {"role_arn": "arn:aws:iam::333333333333:role/X", "source_profile": "dev"}
ROLES = list(
    roles(
        view({"a": role("dev"), "b": OTHER, "c": role("dev"), "d": OTHER}, {"dev": KEYS})
    ).values()
)


def test_frecency_first_then_file_order() -> None:
    memory = UsageState(
        uses={"c": RoleUsage(2, NOW), "b": RoleUsage(1, NOW), "gone": RoleUsage(9, NOW)}
    )
    assert order_by_usage(ROLES, memory, NOW, frecency=True) == [2, 1, 0, 3]
    assert order_by_usage(ROLES, memory, NOW, frecency=False) == [0, 1, 2, 3]
    assert order_by_usage(ROLES, memory, None, frecency=True) == [0, 1, 2, 3]
    assert order_by_usage(ROLES, UsageState(), NOW, frecency=True) == [0, 1, 2, 3]


def test_frequency_and_recency_both_count() -> None:
    old = UsageState(uses={"a": RoleUsage(8, NOW - timedelta(days=56)), "b": RoleUsage(1, NOW)})
    assert order_by_usage(ROLES, old, NOW, frecency=True)[:2] == [1, 0]
    often = UsageState(uses={"a": RoleUsage(8, NOW - timedelta(days=14)), "b": RoleUsage(1, NOW)})
    assert order_by_usage(ROLES, often, NOW, frecency=True)[:2] == [0, 1]


def test_pins_keep_their_order() -> None:
    assert pins_first([2, 1, 0, 3], ROLES, UsageState(pins=frozenset("ad"))) == [0, 3, 2, 1]
    assert pins_first([2, 1, 0, 3], ROLES, UsageState()) == [2, 1, 0, 3]


def test_a_use_counts_half_after_one_half_life() -> None:
    assert frecency_score(RoleUsage(4, NOW), NOW) == 4
    assert frecency_score(RoleUsage(4, NOW - timedelta(days=HALF_LIFE_DAYS)), NOW) == pytest.approx(
        2
    )
    assert frecency_score(
        RoleUsage(4, NOW - timedelta(days=2 * HALF_LIFE_DAYS)), NOW
    ) == pytest.approx(1)


def test_invalid_usage_is_harmless() -> None:
    assert frecency_score(RoleUsage(4, NOW + timedelta(days=9)), NOW) == 4
    assert frecency_score(RoleUsage(-4, NOW), NOW) == 0
    assert frecency_score(RoleUsage(10**30, NOW), NOW) == 1000
    assert frecency_score(RoleUsage(1, datetime(1, 1, 1, tzinfo=UTC)), NOW) == 0
