"""The link with which somebody signed in to the console switches to a role.

Source: IAM user guide, "Switch from a user to an IAM role (console)". The colours are those the
console's own form offers.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from xswitch.core.access.model import AccessRequest
from xswitch.core.errors import ErrorCode, UsageError
from xswitch.core.text import sanitize

MAX_DISPLAY_NAME = 64
MAX_CONSOLE_NAME = 64
"""The longest path and name together that the console's switch-role form takes."""

_HOSTS: Mapping[str, str] = MappingProxyType(
    {
        "aws": "signin.aws.amazon.com",
        "aws-cn": "signin.amazonaws.cn",
        "aws-us-gov": "signin.amazonaws-us-gov.com",
    }
)
# The form has five colours; those of a guard's that it hasn't got take the nearest.
COLORS: Mapping[str, str] = MappingProxyType(
    {
        "red": "F2B0A9",
        "orange": "FBBF93",
        "yellow": "FAD791",
        "green": "B7CA9D",
        "blue": "99BCE3",
        "cyan": "99BCE3",
        "magenta": "F2B0A9",
    }
)
_HEX = re.compile(r"#?([0-9A-Fa-f]{6})")


def console_url(request: AccessRequest, display_name: str = "", colour: str = "") -> str:
    """The switch-role link, "" for a partition whose console isn't known.

    `display_name` is cut to 64 characters; `colour` is a word of COLOURS or six hex digits. Raises
    UsageError for another colour. A role with an external ID, or with more than 64 characters of
    path and name, can't be switched to there: the plan's warnings say so.
    """
    host = _HOSTS.get(request.partition)
    if host is None:
        return ""
    values = {
        "account": request.target_account,
        "roleName": f"{request.role_path}{request.role_name}".removeprefix("/"),
        "displayName": sanitize(display_name)[:MAX_DISPLAY_NAME],
        "color": color_code(colour) if colour else "",
    }
    return f"https://{host}/switchrole?" + "&".join(
        f"{name}={quote(value)}" for name, value in values.items() if value
    )


def color_code(color: str) -> str:
    """Six hex digits for a colour's word or its digits. Raises UsageError for anything else."""
    hex_digits = _HEX.fullmatch(color)
    if hex_digits is not None:
        return hex_digits[1].upper()
    code = COLORS.get(color.lower())
    if code is None:
        raise UsageError(
            f"{color!r} is no colour of the console.",
            why=f"It has {', '.join(COLORS)}; or six hex digits.",
            code=ErrorCode.COLOUR_INVALID,
        )
    return code
