"""Fake use cases of cross-account access, with set results and recorded calls."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from support.tui.fake_actions import NOW
from xswitch.actions.access.api import (
    AccessActions,
    AccessApplyResult,
    AccessCheckResult,
    AccessInputs,
    AccessPlanResult,
    ChangeListener,
)
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.core.access.model import (
    AccessPlan,
    AccessRequest,
    AccountPlan,
    AccountSide,
    Finding,
    IamCall,
    IamChange,
    NamedPolicy,
    PrincipalType,
    TrustedPrincipal,
)
from xswitch.core.errors import CancelledError, XswitchError
from xswitch.core.model import CallerIdentity, MfaChallenge

SOURCE, TARGET = "111111111111", "222222222222"
ROLE = f"arn:aws:iam::{TARGET}:role/SwitchRole"
USER = f"arn:aws:iam::{SOURCE}:user/SwitchUser"
LINK = "https://signin.aws.amazon.com/switchrole?account=222222222222&roleName=SwitchRole"
PERMISSION = {
    "Version": "2012-10-17",
    "Statement": {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE},
}
TRUST = {
    "Version": "2012-10-17",
    "Statement": {
        "Effect": "Allow",
        "Principal": {"AWS": USER},
        "Action": "sts:AssumeRole",
        "Condition": {"Bool": {"aws:MultiFactorAuthPresent": "true"}},
    },
}


def _text(document: object) -> str:
    return json.dumps(document, indent=2)


def changes() -> tuple[IamChange, IamChange, IamChange]:
    role = "role SwitchRole"
    return (
        IamChange(
            AccountSide.SOURCE,
            "user SwitchUser",
            "let user SwitchUser assume the role",
            IamCall(
                "PutUserPolicy",
                {
                    "UserName": "SwitchUser",
                    "PolicyName": "AssumeRole",
                    "PolicyDocument": _text(PERMISSION),
                },
            ),
            (IamCall("DeleteUserPolicy", {"UserName": "SwitchUser", "PolicyName": "AssumeRole"}),),
            after=_text(PERMISSION),
        ),
        IamChange(
            AccountSide.TARGET,
            role,
            "create role SwitchRole, trusting user SwitchUser",
            IamCall(
                "CreateRole", {"RoleName": "SwitchRole", "AssumeRolePolicyDocument": _text(TRUST)}
            ),
            (IamCall("DeleteRole", {"RoleName": "SwitchRole"}),),
            after=_text(TRUST),
        ),
        IamChange(
            AccountSide.TARGET,
            role,
            "attach ReadOnlyAccess",
            IamCall(
                "AttachRolePolicy",
                {"RoleName": "SwitchRole", "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"},
            ),
            (
                IamCall(
                    "DetachRolePolicy",
                    {
                        "RoleName": "SwitchRole",
                        "PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess",
                    },
                ),
            ),
            after="arn:aws:iam::aws:policy/ReadOnlyAccess",
        ),
    )


def plan_for(inputs: AccessInputs, *, empty: bool = False) -> AccessPlan:
    request = AccessRequest(
        "aws",
        TARGET,
        inputs.role_name,
        TrustedPrincipal(PrincipalType.USER, SOURCE, "SwitchUser"),
        require_mfa=inputs.require_mfa,
    )
    first, *rest = changes()
    source = AccountPlan(
        AccountSide.SOURCE, SOURCE, inputs.source_profile, True, () if empty else (first,)
    )
    target = AccountPlan(
        AccountSide.TARGET,
        TARGET,
        inputs.target_profile,
        inputs.target_profile is not None,
        () if empty else tuple(rest),
    )
    warning = Finding(
        "long_session",
        "warning",
        "Sessions from an MFA session last an hour at most.",
        "trust policy",
    )
    return AccessPlan(request, target, source, _text(TRUST), _text(PERMISSION), (warning,))


@dataclass
class FakeAccess(AccessActions):
    """Use cases of access with set results.

    `fail_at` is the number of the change that fails; `gate` blocks each change after the first.
    """

    empty: bool = False
    fail_at: int = -1
    error: XswitchError | None = None
    plan_error: XswitchError | None = None
    check_errors: list[XswitchError] = field(default_factory=list)
    code: str = ""
    gate: threading.Event | None = None
    asked: list[tuple[str, object]] = field(default_factory=list)

    def plan(self, inputs: AccessInputs, ask: MfaPrompt, progress: Progress) -> AccessPlanResult:  # noqa: ARG002 -- the port's signature
        self.asked.append(("plan", inputs))
        progress("reading account 111111111111")
        if self.plan_error is not None:
            raise self.plan_error
        return AccessPlanResult(inputs, plan_for(inputs, empty=self.empty), LINK)

    def apply(
        # The port's signature
        self,
        planned: AccessPlanResult,
        ask: MfaPrompt,  # noqa: ARG002
        steps: ChangeListener,
    ) -> AccessApplyResult:
        self.asked.append(("apply", planned.inputs.role_name))
        every = [
            (side.side, change)
            for side in planned.plan.sides
            if side.profile
            for change in side.changes
        ]
        done: list[tuple[AccountSide, IamChange]] = []
        for number, (side, change) in enumerate(every):
            try:
                steps(side, change, "doing")
            except CancelledError as stopped:
                return AccessApplyResult(planned, tuple(done), tuple(every[number:]), stopped)
            if number == self.fail_at and self.error is not None:
                self.fail_at = -1
                steps(side, change, "failed")
                return AccessApplyResult(planned, tuple(done), tuple(every[number:]), self.error)
            if self.gate is not None:
                self.gate.wait(20)
            steps(side, change, "done")
            done.append((side, change))
        return AccessApplyResult(planned, tuple(done))

    def rollback(
        # The port's signature
        self,
        applied: AccessApplyResult,
        ask: MfaPrompt,  # noqa: ARG002
        steps: ChangeListener,
    ) -> AccessApplyResult:
        self.asked.append(("take_back", len(applied.done)))
        for side, change in reversed(applied.done):
            steps(side, change, "taken_back")
        return AccessApplyResult(applied.planned, tuple(reversed(applied.done)))

    def check(
        self, planned: AccessPlanResult, ask: MfaPrompt, progress: Progress
    ) -> AccessCheckResult:
        self.asked.append(("check", planned.inputs.role_name))
        progress("switching as SwitchUser")
        if self.code:
            assert (
                ask.code(
                    MfaChallenge(f"arn:aws:iam::{SOURCE}:mfa/SwitchUser", "switch-user", 1, "")
                )
                == self.code
            )
        if self.check_errors:
            raise self.check_errors.pop(0)
        identity = CallerIdentity(
            TARGET, f"arn:aws:sts::{TARGET}:assumed-role/SwitchRole/dev@box", "AROA:dev@box"
        )
        profile = planned.inputs.save_as or "payments-read"
        return AccessCheckResult(
            identity, NOW + timedelta(hours=1), profile, f"xs {profile}", LINK, 1
        )

    def lint(
        self,
        documents: Sequence[NamedPolicy],
        roles: Sequence[str],
        profile: str | None,
        ask: MfaPrompt,
    ) -> tuple[Finding, ...]:
        raise NotImplementedError(documents, roles, profile)
