"""Which role TARGET names."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence

from xswitch.core.arn import is_account_id, parse_role_arn
from xswitch.core.errors import TargetError
from xswitch.core.model import Role
from xswitch.core.search.matcher import Matcher

_SHOWN = 20


def find(target: str, roles: Sequence[Role], managed: Mapping[str, str]) -> Role:
    """The one role that `target` means; `managed` maps managed profiles to names of roles.

    Tried in this order: profile name, managed profile, role ARN, `ACCOUNT:ROLE` (the account's id or name), a name in another case,
    words that only one role matches. Raises TargetError with candidates when there are several, with near names when there is none.
    """
    target = target.strip()
    by_name = {role.name: role for role in roles}
    exact = by_name.get(target) or by_name.get(managed.get(target, ""))
    if exact is not None:
        return exact
    if parse_role_arn(target) is not None:
        return _one(target, [role for role in roles if role.role_arn == target], by_name)
    account, mark, name = target.partition(":")
    if mark:
        named = [role for role in roles if _is_account(role, account) and _is_role(role, name)]
        if named or is_account_id(account):
            return _one(target, named, by_name)
    same = [role for role in roles if role.name.casefold() == target.casefold()]
    matched = same if len(same) == 1 else [match.role for match in Matcher(roles).filter(target)] if target else []
    return _one(target, matched, by_name)


def _is_account(role: Role, account: str) -> bool:
    return bool(account) and (role.account_id == account or role.account_name.casefold() == account.casefold())


def _is_role(role: Role, name: str) -> bool:
    return name.lstrip("/") in (role.role_name, f"{role.role_path}{role.role_name}"[1:])


def _one(target: str, found: Sequence[Role], by_name: Mapping[str, Role]) -> Role:
    if len(found) == 1:
        return found[0]
    if found:
        names = tuple(role.name for role in found[:_SHOWN])
        more = f" and {len(found) - _SHOWN} more" if len(found) > _SHOWN else ""
        raise TargetError(
            f'"{target}" matches {len(found)} roles: {", ".join(names)}{more}.',
            next_step=f"xswitch switch {shlex.quote(names[0])}",
            code="target_ambiguous",
            candidates=tuple(role.name for role in found),
        )
    import difflib  # noqa: PLC0415 -- only for a name that isn't there

    near = tuple(difflib.get_close_matches(target, list(by_name), n=3, cutoff=0.5))
    definition = parse_role_arn(target) is not None or is_account_id(target.partition(":")[0])
    step = (
        f"xswitch switch {shlex.quote(target)} --source PROFILE"
        if definition
        else f"xswitch switch {shlex.quote(near[0])}"
        if near
        else "xswitch list"
    )
    raise TargetError(
        f'No role is called "{target}", and none matches it.',
        why=f"Did you mean {' or '.join(near)}?" if near else "",
        next_step=step,
        code="target_unknown",
        candidates=near,
    )
