"""Handmade evidence: one user, one role, and the policies of both accounts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from xswitch.core.access.documents import canonical_json
from xswitch.core.access.model import NamedPolicy, PrincipalPolicies, RoleState
from xswitch.core.explain.evidence import (
    AttemptedCall,
    Caller,
    Evidence,
    FailureKind,
    HopEvidence,
    Observations,
    SwitchFailure,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
USER = "arn:aws:iam::111111111111:user/dev"
ROLE = "arn:aws:iam::222222222222:role/Admin"
DENIED = f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"


def document(*statements: dict[str, Any]) -> str:
    return canonical_json({"Version": "2012-10-17", "Statement": list(statements)})


def named(name: str, *statements: dict[str, Any]) -> NamedPolicy:
    return NamedPolicy(name, document(*statements))


def reading(*statements: dict[str, Any], **more: Any) -> PrincipalPolicies:
    """The caller's policies, read completely: one document, or none."""
    return PrincipalPolicies(
        (named("inline policy p of user dev", *statements),) if statements else (), **more
    )


def role(*statements: dict[str, Any], arn: str = ROLE, **more: Any) -> RoleState:
    return RoleState(arn, document(*statements), **more)


def hop(
    observations: Observations | None = None,
    *,
    caller: Caller | None = None,
    number: int = 1,
    **asked: Any,
) -> HopEvidence:
    values = {
        "role_arn": ROLE,
        "session_name": "dana@host",
        "duration_seconds": 3600,
        "region": "eu-west-1",
        **asked,
    }
    caller = caller or Caller(USER, user_id="AIDAX", mfa=False)
    return HopEvidence(
        number, "admin", AttemptedCall(**values), caller, observations or Observations()
    )


def evidence(
    hop_evidence: HopEvidence, text: str = DENIED, code: str = "not_authorized", **more: Any
) -> Evidence:
    failure = SwitchFailure(
        FailureKind.DENIED, code, "AWS does not allow it.", text, "Ask.", "AccessDenied", ROLE, 4
    )
    switch = Evidence(
        hop_evidence.call.role_arn,
        "dev",
        USER,
        (hop_evidence,),
        NOW,
        failed=hop_evidence.number,
        failure=failure,
    )
    return replace(switch, **more)
