"""The order of the list: pins, then frecency, then the order of the files.

With a query, match quality goes before the latter two.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from xswitch.core.model import Role, RoleUsage, UsageState


def order_by_usage(
    roles: Sequence[Role], memory: UsageState, now: datetime | None, *, frecency: bool
) -> list[int]:
    """Positions in `roles`, those used most first.

    The order of the files without `frecency` or `now`.
    """
    if not frecency or now is None or not memory.uses:
        return list(range(len(roles)))
    uses = memory.uses
    scores = [frecency_score(uses[role.name], now) if role.name in uses else 0.0 for role in roles]
    return sorted(range(len(roles)), key=lambda position: -scores[position])


def pins_first(order: Sequence[int], roles: Sequence[Role], memory: UsageState) -> list[int]:
    """`order` with the pinned roles moved to its beginning."""
    if not memory.pins:
        return list(order)
    pinned = [position for position in order if roles[position].name in memory.pins]
    return pinned + [position for position in order if roles[position].name not in memory.pins]


HALF_LIFE_DAYS = 14.0
_MAX_COUNT = 1_000
_DAY = 86_400.0


def frecency_score(use: RoleUsage, now: datetime) -> float:
    """The number of uses, halved for every two weeks since the last one."""
    days = max(0.0, (now - use.last).total_seconds() / _DAY)
    return float(min(max(use.count, 0), _MAX_COUNT) * 0.5 ** (days / HALF_LIFE_DAYS))
