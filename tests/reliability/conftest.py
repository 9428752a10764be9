from __future__ import annotations

from support.homes import aws, home

__all__ = ["aws", "home"]
