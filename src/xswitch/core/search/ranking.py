"""The order of the list: pins, then frecency, then file order.

With a query, match quality takes precedence over frecency and pins don't count.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from xswitch.core.model import Role, RoleUsage, UsageState

HALF_LIFE_DAYS = 14.0
_MAX_COUNT = 1_000
_DAY = 86_400.0


def order_by_usage(
    roles: Sequence[Role], usage: UsageState, now: datetime | None, *, frecency: bool
) -> list[int]:
    """Return indexes of `roles` by frecency, highest first; file order without it or `now`."""
    if not frecency or now is None or not usage.uses:
        return list(range(len(roles)))
    uses = usage.uses
    scores = [frecency_score(uses[role.name], now) if role.name in uses else 0.0 for role in roles]
    return sorted(range(len(roles)), key=lambda position: -scores[position])


def pins_first(order: Sequence[int], roles: Sequence[Role], usage: UsageState) -> list[int]:
    """Move the pinned roles of `order` to the front."""
    if not usage.pins:
        return list(order)
    pinned = [position for position in order if roles[position].name in usage.pins]
    return pinned + [position for position in order if roles[position].name not in usage.pins]


def frecency_score(usage: RoleUsage, now: datetime) -> float:
    """Return the number of uses, halved for every two weeks since the last one."""
    days = max(0.0, (now - usage.last).total_seconds() / _DAY)
    return float(min(max(usage.count, 0), _MAX_COUNT) * 0.5 ** (days / HALF_LIFE_DAYS))
