"""Plain data as YAML that all YAML versions read alike: block style, ambiguous text quoted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from xswitch.core.access.render.common import escaped

_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9:/_.+=,@-]*[A-Za-z0-9])?")
_NOT_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})


def emit(value: Any, indent: int = 0) -> list[str]:
    """Write a mapping or list as lines, and anything else as one line."""
    pad = " " * indent
    lines: list[str] = []
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            if _is_block(item):
                lines += [f"{pad}{scalar(str(key))}:", *emit(item, indent + 2)]
            else:
                lines.append(f"{pad}{scalar(str(key))}: {scalar(item)}")
        return lines
    if isinstance(value, list) and value:
        for item in value:
            first, *others = emit(item, indent + 2)
            lines += [f"{pad}- {first[indent + 2 :]}", *others]
        return lines
    return [pad + scalar(value)]


def _is_block(value: Any) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def scalar(value: Any) -> str:
    """Write a string, number, boolean, None, or empty collection on one line."""
    if value is None:
        return "null"
    if not isinstance(value, str):
        return str(value).lower() if isinstance(value, bool) else str(value)
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return f'"{escaped(value)}"'
