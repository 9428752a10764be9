"""Which callers the Principal element of a trust policy covers.

Source: IAM reference, "AWS JSON policy elements: Principal" and "NotPrincipal".
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
WEAKEST_GRANT_FIRST = (Grant.NONE, Grant.ACCOUNT, Grant.ROLE, Grant.EXACT)


def _grant_of(name: str, principal: Principal) -> Grant:
    """Return how one AWS entry covers this caller.

    Apart from "*" alone, ARNs have no wildcards. The unique ID (AIDA…, AROA…) that IAM shows for a
    deleted user or role covers no caller.
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
    """Return all the ways in which the entries name the caller."""
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
    """Return the strongest way in which this element covers the caller.

    In an Allow, NotPrincipal exempts a caller that is named in any way. In a Deny, all names of the
    caller must be listed: its account and, for a role session, both the role and the session.
    Other callers are covered exactly.
    """
    named = _grants_by_name(principals, principal)
    if not principals.negated:
        return max(named, key=WEAKEST_GRANT_FIRST.index, default=Grant.NONE)
    if "*" in principals.values.get("AWS", ()) or (named and not deny):
        return Grant.NONE
    return Grant.NONE if _grants_that_exempt(principal) <= named else Grant.EXACT


def _grants_that_exempt(principal: Principal) -> frozenset[Grant]:
    """Return the ways a caller must be named for a Deny with NotPrincipal to exempt it."""
    if not principal.signed or principal.kind is PrincipalKind.ROOT:
        return frozenset({Grant.EXACT})
    if not principal.role_arn:
        return frozenset({Grant.ACCOUNT, Grant.EXACT})
    session = {Grant.EXACT} if principal.arn != principal.role_arn else set()
    return frozenset({Grant.ACCOUNT, Grant.ROLE, *session})
