"""Find the role that a TARGET argument names."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence

from xswitch.core.arn import is_account_id, parse_role_arn
from xswitch.core.errors import ErrorCode, TargetError
from xswitch.core.model import Role
from xswitch.core.search.matcher import Matcher
from xswitch.core.text import command_for, last_argument

_MAX_LISTED = 20


def find_role(target: str, roles: Sequence[Role], managed: Mapping[str, str]) -> Role:
    """Find the one role that `target` names; `managed` maps managed profiles to role names.

    In this order: profile name, managed profile, role ARN, `ACCOUNT:ROLE` (with the account's ID or
    name), profile name ignoring case, and words that match only one role. Raises TargetError with
    the candidates if several roles match, or with similar names if none does.
    """
    target = target.strip()
    by_name = {role.name: role for role in roles}
    exact_match = by_name.get(target) or by_name.get(managed.get(target, ""))
    if exact_match is not None:
        return exact_match
    if parse_role_arn(target) is not None:
        matching = [
            role
            for role in roles
            if role.role_arn == target
            or (role.sso is not None and fnmatch.fnmatchcase(target, role.role_arn))
        ]
        return _single_match(target, matching, by_name)
    account, colon, name = target.partition(":")
    if colon:
        named_roles = [
            role for role in roles if _is_account(role, account) and _is_role(role, name)
        ]
        if named_roles or is_account_id(account):
            return _single_match(target, named_roles, by_name)
    same_name = [role for role in roles if role.name.casefold() == target.casefold()]
    matched = (
        same_name
        if len(same_name) == 1
        else [match.role for match in Matcher(roles).filter(target)]
        if target
        else []
    )
    return _single_match(target, matched, by_name)


def _is_account(role: Role, account: str) -> bool:
    return bool(account) and (
        role.account_id == account or role.account_name.casefold() == account.casefold()
    )


def _is_role(role: Role, name: str) -> bool:
    return name.lstrip("/") in (role.role_name, f"{role.role_path}{role.role_name}"[1:])


def _single_match(target: str, role_matches: Sequence[Role], by_name: Mapping[str, Role]) -> Role:
    if len(role_matches) == 1:
        return role_matches[0]
    if role_matches:
        names = tuple(role.name for role in role_matches[:_MAX_LISTED])
        remaining = (
            f" and {len(role_matches) - _MAX_LISTED} more"
            if len(role_matches) > _MAX_LISTED
            else ""
        )
        raise TargetError(
            f'"{target}" matches {len(role_matches)} roles: {", ".join(names)}{remaining}.',
            next_step=f"xswitch switch {last_argument(names[0])}",
            code=ErrorCode.TARGET_AMBIGUOUS,
            candidates=tuple(role.name for role in role_matches),
        )
    import difflib  # noqa: PLC0415 -- needed only for an unknown name

    close_matches = tuple(difflib.get_close_matches(target, list(by_name), n=3, cutoff=0.5))
    is_ad_hoc = parse_role_arn(target) is not None or is_account_id(target.partition(":")[0])
    step = (
        command_for("xswitch switch", target, "--source PROFILE")
        if is_ad_hoc
        else f"xswitch switch {last_argument(close_matches[0])}"
        if close_matches
        else "xswitch list"
    )
    raise TargetError(
        f'No roles match "{target}".',
        why=f"Did you mean {' or '.join(close_matches)}?" if close_matches else "",
        next_step=step,
        code=ErrorCode.TARGET_UNKNOWN,
        candidates=close_matches,
    )
