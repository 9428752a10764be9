"""Long answers in pieces, as AWS cuts them: Marker, MaxItems, IsTruncated."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TypeVar

from xswitch.emulator.errors import validation_error
from xswitch.emulator.iam.call import IamRequest
from xswitch.emulator.xml import XmlNode

_Item = TypeVar("_Item")
DEFAULT_ITEMS, MAX_ITEMS = 100, 1_000


def page(request: IamRequest, items: Sequence[_Item]) -> tuple[Sequence[_Item], dict[str, XmlNode]]:
    """The items of the page asked for, and the members that say whether there are more.

    Raises EmulatedAwsError ValidationError.
    """
    limit = request.number("MaxItems", 1, MAX_ITEMS) or DEFAULT_ITEMS
    marker = request.parameters.get("Marker")
    start = 0 if marker is None else _start(marker, request.call.action)
    remaining = items[start:]
    if len(remaining) <= limit:
        return remaining, {"IsTruncated": False}
    return remaining[:limit], {
        "IsTruncated": True,
        "Marker": base64.b64encode(f"{request.call.action}:{start + limit}".encode()).decode(),
    }


def _start(marker: str, action: str) -> int:
    """Where a page begins. A marker is only good for the action that gave it."""
    try:
        marker_action, _, number = base64.b64decode(marker, validate=True).decode().partition(":")
        if marker_action == action:
            return int(number)
    except ValueError:
        pass
    raise validation_error("Invalid Marker.")
