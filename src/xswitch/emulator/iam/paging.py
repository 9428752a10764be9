"""Long answers in pieces, as AWS cuts them: Marker, MaxItems, IsTruncated."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TypeVar

from xswitch.emulator.errors import validation
from xswitch.emulator.iam.call import Ask
from xswitch.emulator.xml import Node

_Item = TypeVar("_Item")
DEFAULT_ITEMS, MAX_ITEMS = 100, 1_000


def page(ask: Ask, items: Sequence[_Item]) -> tuple[Sequence[_Item], dict[str, Node]]:
    """The items of the page asked for, and the members that say whether there are more. Raises AwsAnswerError ValidationError."""
    room = ask.number("MaxItems", 1, MAX_ITEMS) or DEFAULT_ITEMS
    marker = ask.parameters.get("Marker")
    start = 0 if marker is None else _start(marker, ask.call.action)
    rest = items[start:]
    if len(rest) <= room:
        return rest, {"IsTruncated": False}
    return rest[:room], {"IsTruncated": True, "Marker": base64.b64encode(f"{ask.call.action}:{start + room}".encode()).decode()}


def _start(marker: str, action: str) -> int:
    """Where a page begins. A marker is only good for the action that gave it."""
    try:
        given, _, number = base64.b64decode(marker, validate=True).decode().partition(":")
        if given == action:
            return int(number)
    except ValueError:
        pass
    raise validation("Invalid Marker.")
