"""Evidence made by hand: one user, one role, and what each side's policies say."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from xswitch.core.access.documents import canonical
from xswitch.core.access.model import NamedPolicy, PolicyReading, RoleState
from xswitch.core.explain.evidence import Asked, Calling, Evidence, Failure, FailureKind, Sight, Step

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
USER = "arn:aws:iam::111111111111:user/dev"
ROLE = "arn:aws:iam::222222222222:role/Admin"
DENIED = f"User: {USER} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"


def document(*statements: dict[str, Any]) -> str:
    return canonical({"Version": "2012-10-17", "Statement": list(statements)})


def named(name: str, *statements: dict[str, Any]) -> NamedPolicy:
    return NamedPolicy(name, document(*statements))


def reading(*statements: dict[str, Any], **more: Any) -> PolicyReading:
    """The caller's policies, read whole: one document, or none."""
    return PolicyReading((named("inline policy p of user dev", *statements),) if statements else (), **more)


def role(*statements: dict[str, Any], arn: str = ROLE, **more: Any) -> RoleState:
    return RoleState(arn, document(*statements), **more)


def step(sight: Sight | None = None, *, calling: Calling | None = None, number: int = 1, **asked: Any) -> Step:
    values = {"role_arn": ROLE, "session_name": "dana@host", "duration_seconds": 3600, "region": "eu-west-1", **asked}
    caller = calling or Calling(USER, user_id="AIDAX", mfa=False)
    return Step(number, "admin", Asked(**values), caller, sight or Sight())


def evidence(one: Step, text: str = DENIED, code: str = "not_authorized", **more: Any) -> Evidence:
    failure = Failure(FailureKind.DENIED, code, "AWS does not allow it.", text, "Ask.", "AccessDenied", ROLE, 4)
    found = Evidence(one.asked.role_arn, "dev", USER, (one,), NOW, failed=one.number, failure=failure)
    return replace(found, **more)
