from __future__ import annotations

from support.homes import aws, home
from support.sso.corp import corp

__all__ = ["aws", "corp", "home"]
