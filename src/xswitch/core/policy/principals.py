"""Whom the Principal element of a trust policy covers (IAM reference, "AWS JSON policy elements.

Principal" and "NotPrincipal").
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from xswitch.core.policy.model import Grant, Principal, PrincipalKind, PrincipalSet

_ACCOUNT = re.compile(r"(?:arn:aws[a-z-]*:iam::)?([0-9]{12})(?::root)?")
_PRINCIPAL_TYPE: Mapping[PrincipalKind, str] = {
    PrincipalKind.SERVICE: "Service",
    PrincipalKind.FEDERATED: "Federated",
}
_WEAKEST_FIRST = (Grant.NONE, Grant.ACCOUNT, Grant.ROLE, Grant.EXACT)


def _grant_of(name: str, principal: Principal) -> Grant:
    """What one AWS entry is worth to this caller.

    An entry is the whole ARN: no wildcard beside "*" means anything in it, and the unique ID
    (AIDA…, AROA…) that IAM leaves in place of a deleted user or role is nobody any more (IAM
    reference, "Principal").
    """
    if principal.role_arn and name == principal.role_arn:
        return Grant.ROLE
    if name in ("*", principal.arn):
        return Grant.EXACT
    account = _ACCOUNT.fullmatch(name)
    if account is None or account[1] != principal.account:
        return Grant.NONE
    return Grant.EXACT if principal.kind is PrincipalKind.ROOT else Grant.ACCOUNT


def _grants_by_name(principals: PrincipalSet, principal: Principal) -> frozenset[Grant]:
    """Every way in which the entries name the caller."""
    everyone = "*" in principals.values.get("AWS", ())
    typed = _PRINCIPAL_TYPE.get(principal.kind)
    if typed is not None:
        named = principals.values.get(typed, ())
        return frozenset(
            {Grant.EXACT} if everyone or principal.arn in named or "*" in named else ()
        )
    return frozenset(_grant_of(name, principal) for name in principals.values.get("AWS", ())) - {
        Grant.NONE
    }


def grant(principals: PrincipalSet, principal: Principal, *, deny: bool = False) -> Grant:
    """The strongest way in which this element covers the caller.

    NotPrincipal of an Allow spares whoever is named in any way. That of a Deny spares a caller only
    when every name it goes by is listed: its account and, for a role session, the role as well as
    the session. Whoever isn't spared is covered exactly.
    """
    named = _grants_by_name(principals, principal)
    if not principals.negated:
        return max(named, key=_WEAKEST_FIRST.index, default=Grant.NONE)
    if "*" in principals.values.get("AWS", ()) or (named and not deny):
        return Grant.NONE
    return Grant.NONE if _grants_that_exempt(principal) <= named else Grant.EXACT


def _grants_that_exempt(principal: Principal) -> frozenset[Grant]:
    """How a caller must be named so that a Deny with NotPrincipal spares it."""
    if not principal.signed or principal.kind is PrincipalKind.ROOT:
        return frozenset({Grant.EXACT})
    if not principal.role_arn:
        return frozenset({Grant.ACCOUNT, Grant.EXACT})
    session = {Grant.EXACT} if principal.arn != principal.role_arn else set()
    return frozenset({Grant.ACCOUNT, Grant.ROLE, *session})
