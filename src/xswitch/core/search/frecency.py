"""How much a role is in use: often and lately both count."""

from __future__ import annotations

from datetime import datetime

from xswitch.core.model import RoleUsage

HALF_LIFE_DAYS = 14.0
_MAX_COUNT = 1_000
_DAY = 86_400.0


def frecency_score(use: RoleUsage, now: datetime) -> float:
    """The number of uses, halved for every two weeks since the last one."""
    days = max(0.0, (now - use.last).total_seconds() / _DAY)
    return float(min(max(use.count, 0), _MAX_COUNT) * 0.5 ** (days / HALF_LIFE_DAYS))
