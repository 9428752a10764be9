"""Plain data as YAML that every version of it reads alike.

Block style, texts quoted unless they can be nothing but text.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z](?:[A-Za-z0-9:/_.+=,@-]*[A-Za-z0-9])?")
_NOT_TEXT = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"}
_LAST_SHORT = 0xFFFF


def emit(value: Any, indent: int = 0) -> list[str]:
    """The lines of a mapping or list, or the one line of anything else."""
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
            first, *rest = emit(item, indent + 2)
            lines += [f"{pad}- {first[indent + 2 :]}", *rest]
        return lines
    return [pad + scalar(value)]


def _is_block(value: Any) -> bool:
    return isinstance(value, Mapping | list) and bool(value)


def scalar(value: Any) -> str:
    """A text, number, truth value or nothing, or an empty list or mapping, on one line."""
    if not isinstance(value, str):
        return (
            {True: "true", False: "false"}[value]
            if isinstance(value, bool)
            else "null"
            if value is None
            else str(value)
        )
    if _PLAIN.fullmatch(value) and value.lower() not in _NOT_TEXT:
        return value
    return '"' + "".join(_character(character) for character in value) + '"'


def _character(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return (
        f"\\u{ord(character):04x}" if ord(character) <= _LAST_SHORT else f"\\U{ord(character):08x}"
    )
