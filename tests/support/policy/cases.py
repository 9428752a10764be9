"""Short forms of policies, callers and verdicts for tables of evaluation cases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from xswitch.core.policy import (
    Decision,
    PolicyDocument,
    PolicyKind,
    Principal,
    PrincipalKind,
    Request,
    evaluate,
    parse,
)

A, B = "111111111111", "222222222222"
USER = Principal(PrincipalKind.USER, f"arn:aws:iam::{A}:user/team/dana", A)
SESSION = Principal(
    PrincipalKind.ROLE_SESSION,
    f"arn:aws:sts::{A}:assumed-role/Gate/me",
    A,
    f"arn:aws:iam::{A}:role/hub/Gate",
)
SIMULATED = Principal(PrincipalKind.ROLE_SESSION, SESSION.role_arn, A, SESSION.role_arn)
ROOT = Principal(PrincipalKind.ROOT, f"arn:aws:iam::{A}:root", A)
MANAGER = Principal(PrincipalKind.USER, USER.arn, A, management=True)
LINKED = Principal(
    PrincipalKind.ROLE_SESSION,
    f"arn:aws:sts::{A}:assumed-role/AWSServiceRoleForSupport/s",
    A,
    f"arn:aws:iam::{A}:role/aws-service-role/support.amazonaws.com/AWSServiceRoleForSupport",
)
SERVICE = Principal(PrincipalKind.SERVICE, "ec2.amazonaws.com", "")
SAML = Principal(PrincipalKind.FEDERATED, f"arn:aws:iam::{B}:saml-provider/idp", B)
OIDC = Principal(PrincipalKind.FEDERATED, f"arn:aws:iam::{B}:oidc-provider/token.example.com", B)
ROLE_A, ROLE_B = f"arn:aws:iam::{A}:role/ops/Target", f"arn:aws:iam::{B}:role/ops/Target"

ASSUME = "sts:AssumeRole"
Json = Mapping[str, Any]


def document(
    kind: PolicyKind,
    *statements: Json,
    version: str = "2012-10-17",
    level: str = "",
    name: str = "",
) -> PolicyDocument:
    return parse(
        {"Version": version, "Statement": list(statements)}, kind, name or kind.value, level=level
    )


def trusts(principal: Any = A, *, version: str = "2012-10-17", **elements: Any) -> PolicyDocument:
    """A trust policy with one statement; a string or list is an AWS principal."""
    whom = (
        {"AWS": principal}
        if isinstance(principal, list) or (isinstance(principal, str) and principal != "*")
        else principal
    )
    scope = {} if "NotPrincipal" in elements else {"Principal": whom}
    doing = {} if "NotAction" in elements else {"Action": ASSUME}
    return document(
        PolicyKind.TRUST, {"Effect": "Allow", **doing, **scope, **elements}, version=version
    )


def _scoped(
    kind: PolicyKind, effect: str, elements: Json, version: str = "2012-10-17", level: str = ""
) -> PolicyDocument:
    doing = {} if "NotAction" in elements else {"Action": ASSUME}
    scope = {} if "NotResource" in elements else {"Resource": "*"}
    everyone = {"Principal": "*"} if kind is PolicyKind.RCP else {}
    return document(
        kind,
        {"Effect": effect, **doing, **scope, **everyone, **elements},
        version=version,
        level=level,
    )


def allows(
    kind: PolicyKind = PolicyKind.IDENTITY,
    /,
    *,
    version: str = "2012-10-17",
    level: str = "",
    **elements: Any,
) -> PolicyDocument:
    return _scoped(kind, "Allow", elements, version, level)


def denies(
    kind: PolicyKind = PolicyKind.IDENTITY, /, *, level: str = "", **elements: Any
) -> PolicyDocument:
    return _scoped(kind, "Deny", elements, level=level)


def boundary(**elements: Any) -> PolicyDocument:
    return allows(PolicyKind.BOUNDARY, **elements)


def session(**elements: Any) -> PolicyDocument:
    return allows(PolicyKind.SESSION, **elements)


def scp(level: str = "root", **elements: Any) -> PolicyDocument:
    return allows(PolicyKind.SCP, level=level, **elements)


ELSEWHERE: dict[str, Any] = {"Resource": f"arn:aws:iam::{B}:role/Other"}
"""A scope without the roles here."""


@dataclass(frozen=True, slots=True)
class Case:
    """A request for a role, with its documents and the expected `verdict`."""

    id: str
    principal: Principal
    resource: str
    documents: tuple[PolicyDocument, ...]
    expected: str
    page: str = ""
    """The page of AWS's guides with the rule."""
    action: str = ASSUME
    context: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    management: bool = False

    def decide(self) -> Decision:
        context = {
            key.lower(): (value,) if isinstance(value, str) else value
            for key, value in self.context.items()
        }
        account = self.resource.split(":")[4]
        return evaluate(
            Request(
                self.principal,
                self.action,
                self.resource,
                account,
                context,
                resource_management=self.management,
            ),
            self.documents,
        )


def verdict(decision: Decision) -> str:
    """Summarize: "allow by trust" (kind and Sid), "deny by scp", "no identity, boundary"."""
    if decision.allowed:
        assert decision.missing is None
        return f"allow by {_by(decision)}"
    if decision.explicit_deny:
        return f"deny by {_by(decision)}"
    assert decision.deciding_statement is None
    assert decision.missing is decision.missing_allows[0].kind
    return "no " + ", ".join(
        f"{lack.kind.value}{f' of {lack.level}' if lack.level else ''}"
        for lack in decision.missing_allows
    )


def _by(decision: Decision) -> str:
    if decision.deciding_statement is None:
        return "no policy"
    sid = decision.deciding_statement.statement.sid
    return f"{decision.deciding_statement.kind.value}{f'/{sid}' if sid else ''}"
