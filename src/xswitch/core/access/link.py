"""The console's switch-role link of a role one may switch to already."""

from __future__ import annotations

from xswitch.core.access.console import MAX_CONSOLE_NAME, console_url
from xswitch.core.access.model import AccessRequest, PrincipalType, TrustedPrincipal
from xswitch.core.errors import ErrorCode, UsageError
from xswitch.core.model import Role


def console_url_for_role(role: Role) -> str:
    """The link; its colour is the guard's.

    Raises UsageError for a role the console can't switch to, with the reason.
    """
    request = AccessRequest(
        role.partition,
        role.account_id,
        role.role_name,
        TrustedPrincipal(PrincipalType.ACCOUNT, role.account_id),
        role.role_path,
    )
    reason = ""
    if role.external_id:
        reason = "The console can't send the external ID this role asks for."
    elif len(role.role_path + role.role_name) - 1 > MAX_CONSOLE_NAME:
        reason = "The console's form takes 64 characters of path and name together."
    url = (
        ""
        if reason
        else console_url(
            request, role.account_name or role.name, role.guard.color if role.guard else ""
        )
    )
    if not url:
        raise UsageError(
            f"There is no console link for {role.name}.",
            why=reason or f"The console of the partition {role.partition} is not known.",
            next_step=f"xswitch switch {role.name}",
            code=ErrorCode.NO_CONSOLE_LINK,
        )
    return url
