from __future__ import annotations

from datetime import UTC, datetime, timedelta

from support.roles import KEYS, role, roles, view
from xswitch.core.model import Memory, Use
from xswitch.core.search.ranking import by_account, by_use, pins_first

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OTHER = {"role_arn": "arn:aws:iam::333333333333:role/X", "source_profile": "dev"}
ROLES = list(roles(view({"a": role("dev"), "b": OTHER, "c": role("dev"), "d": OTHER}, {"dev": KEYS})).values())


def test_used_most_first_and_the_rest_as_in_the_files() -> None:
    memory = Memory(uses={"c": Use(2, NOW), "b": Use(1, NOW), "gone": Use(9, NOW)})
    assert by_use(ROLES, memory, NOW, frecency=True) == [2, 1, 0, 3]
    assert by_use(ROLES, memory, NOW, frecency=False) == [0, 1, 2, 3]
    assert by_use(ROLES, memory, None, frecency=True) == [0, 1, 2, 3]
    assert by_use(ROLES, Memory(), NOW, frecency=True) == [0, 1, 2, 3]


def test_often_and_lately_both_count() -> None:
    old = Memory(uses={"a": Use(8, NOW - timedelta(days=56)), "b": Use(1, NOW)})
    assert by_use(ROLES, old, NOW, frecency=True)[:2] == [1, 0]
    often = Memory(uses={"a": Use(8, NOW - timedelta(days=14)), "b": Use(1, NOW)})
    assert by_use(ROLES, often, NOW, frecency=True)[:2] == [0, 1]


def test_pins_keep_the_order_they_had() -> None:
    assert pins_first([2, 1, 0, 3], ROLES, Memory(pins=frozenset("ad"))) == [0, 3, 2, 1]
    assert pins_first([2, 1, 0, 3], ROLES, Memory()) == [2, 1, 0, 3]


def test_accounts_stand_where_their_first_role_stood() -> None:
    assert by_account([1, 0, 2, 3], ROLES) == [1, 3, 0, 2]
