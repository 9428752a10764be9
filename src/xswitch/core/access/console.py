"""Switch-role links for users who are signed in to the console.

Source: IAM user guide, "Switch from a user to an IAM role (console)".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import quote

from xswitch.core.access.model import AccessRequest, PrincipalType, TrustedPrincipal
from xswitch.core.display import display
from xswitch.core.errors import ErrorCode, UsageError
from xswitch.core.model import Role, TargetKind
from xswitch.core.text import last_argument

MAX_DISPLAY_NAME = 64
MAX_CONSOLE_NAME = 64
"""The longest path and name, together, in the console's switch-role form."""

_HOSTS: Mapping[str, str] = MappingProxyType(
    {
        "aws": "signin.aws.amazon.com",
        "aws-cn": "signin.amazonaws.cn",
        "aws-us-gov": "signin.amazonaws-us-gov.com",
    }
)
# The console's form has five colors; other colors of guards have the nearest one.
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


def console_url(request: AccessRequest, display_name: str = "", color: str = "") -> str:
    """Return the switch-role link, "" for partitions with an unknown console.

    `display_name` is cut to 64 characters; `color` is a name in COLORS or six hex digits. Raises
    UsageError for other colors. The console can't switch to roles with an external ID or a path
    and name over 64 characters; the plan's warnings say so.
    """
    host = _HOSTS.get(request.partition)
    if host is None:
        return ""
    values = {
        "account": request.target_account,
        "roleName": f"{request.role_path}{request.role_name}".removeprefix("/"),
        "displayName": display(display_name)[:MAX_DISPLAY_NAME],
        "color": color_code(color) if color else "",
    }
    return f"https://{host}/switchrole?" + "&".join(
        f"{name}={quote(value)}" for name, value in values.items() if value
    )


def color_code(color: str) -> str:
    """Return a color's six hex digits. Raises UsageError for unknown colors."""
    hex_digits = _HEX.fullmatch(color)
    if hex_digits is not None:
        return hex_digits[1].upper()
    code = COLORS.get(color.lower())
    if code is None:
        raise UsageError(
            f"{color!r} isn't a console color.",
            why=f"Use {', '.join(COLORS)}, or six hex digits.",
            code=ErrorCode.COLOUR_INVALID,
        )
    return code


def console_url_for_role(role: Role) -> str:
    """Return the link for a role profile, in the color of its guard.

    Raises UsageError, with the reason, if the console can't switch to the role.
    """
    request = AccessRequest(
        role.partition,
        role.account_id,
        role.role_name,
        TrustedPrincipal(PrincipalType.ACCOUNT, role.account_id),
        role.role_path,
    )
    reason = ""
    if role.kind is not TargetKind.ROLE:
        reason = "The console switches only to roles that are assumed."
    elif role.external_id:
        reason = "The console can't send the external ID that this role requires."
    elif len(role.role_path + role.role_name) - 1 > MAX_CONSOLE_NAME:
        reason = f"The console allows {MAX_CONSOLE_NAME} characters for path and name together."
    color = role.guard.color if role.guard else ""
    url = "" if reason else console_url(request, role.account_name or role.name, color)
    if not url:
        raise UsageError(
            f"{role.name} has no console link.",
            why=reason or f"The console of the partition {role.partition} is unknown.",
            next_step=f"xswitch switch {last_argument(role.name)}",
            code=ErrorCode.NO_CONSOLE_LINK,
        )
    return url
