"""Positions of statements in a policy's text."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()


@dataclass(frozen=True, slots=True)
class StatementSpan:
    """A statement's range as offsets, end exclusive."""

    start: int
    end: int


def statements(text: str) -> list[StatementSpan]:
    """The ranges of a valid document's statements, in order."""
    at = _after(text, _skip(text, 0), "{")
    while text[at] != "}":
        key, at = _DECODER.raw_decode(text, at)
        at = _after(text, _skip(text, at), ":")
        if key == "Statement":
            return (
                _list_spans(text, at)
                if text[at] == "["
                else [StatementSpan(at, _DECODER.raw_decode(text, at)[1])]
            )
        at = _separator(text, _DECODER.raw_decode(text, at)[1])
    return []


def _list_spans(text: str, at: int) -> list[StatementSpan]:
    spans: list[StatementSpan] = []
    at = _after(text, at, "[")
    while text[at] != "]":
        end = _DECODER.raw_decode(text, at)[1]
        spans.append(StatementSpan(at, end))
        at = _separator(text, end)
    return spans


def _skip(text: str, at: int) -> int:
    blank = _SPACE.match(text, at)
    return at if blank is None else blank.end()


def _after(text: str, at: int, mark: str) -> int:
    return _skip(text, at + len(mark))


def _separator(text: str, at: int) -> int:
    at = _skip(text, at)
    return _skip(text, at + 1) if text[at] == "," else at


def position(text: str, offset: int) -> dict[str, int]:
    """A Position: line and column, counted from 1."""
    before = text[:offset]
    return {"Line": before.count("\n") + 1, "Column": offset - (before.rfind("\n") + 1) + 1}
