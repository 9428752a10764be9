"""Whom the Principal element of a trust policy covers (IAM reference, "AWS JSON policy elements: Principal" and "NotPrincipal")."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xswitch.core.policy.model import Grant, Principal, PrincipalKind, PrincipalSet

_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?([0-9]{12})(?::root)?")
_TYPES: Mapping[PrincipalKind, str] = {PrincipalKind.SERVICE: "Service", PrincipalKind.FEDERATED: "Federated"}
_ORDER = (Grant.NONE, Grant.ACCOUNT, Grant.ROLE, Grant.EXACT)


def _grant_of(name: str, principal: Principal) -> Grant:
    """What one AWS entry is worth to this caller."""
    if name in ("*", principal.arn):
        return Grant.EXACT
    if principal.role_arn and name == principal.role_arn:
        return Grant.ROLE
    account = _ACCOUNT.fullmatch(name)
    return Grant.ACCOUNT if account is not None and account[1] == principal.account else Grant.NONE


def grant(principals: PrincipalSet, principal: Principal) -> Grant:
    """The strongest way in which this element covers the caller.

    NotPrincipal spares a caller only when every name it goes by is listed: its account and, for a role session, the role as well as
    the session; whoever isn't spared is covered exactly.
    """
    named = [_grant_of(name, principal) for name in principals.values.get("AWS", ())]
    typed = _TYPES.get(principal.kind)
    if typed is not None:
        listed = principals.values.get(typed, ())
        named = [Grant.EXACT] if principal.arn in listed or "*" in listed or "*" in principals.values.get("AWS", ()) else []
    if principals.negated:
        needed = {Grant.EXACT} if typed is not None or principal.kind is PrincipalKind.ROOT else {Grant.ACCOUNT, Grant.EXACT}
        if principal.role_arn:
            needed.add(Grant.ROLE)
        return Grant.NONE if needed <= set(named) or "*" in principals.values.get("AWS", ()) else Grant.EXACT
    return max(named, key=_ORDER.index, default=Grant.NONE)
