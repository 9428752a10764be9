from __future__ import annotations

from support_homes import aws, home

__all__ = ["aws", "home"]
