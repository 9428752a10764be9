"""The machine's clock."""

from __future__ import annotations

from datetime import UTC, datetime


class SystemClock:
    """Fits the port `Clock`."""

    def now(self) -> datetime:
        """Now, timezone-aware, UTC."""
        return datetime.now(UTC)
