"""One denied call, and the causes and requirements that are made from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from xswitch.core.access.model import NamedPolicy
from xswitch.core.explain.aws_message import DenialMessage, PolicyType
from xswitch.core.explain.evidence import Evidence, HopEvidence
from xswitch.core.explain.matching import StatementMatches, match_statements
from xswitch.core.explain.model import (
    Cause,
    CauseCode,
    CauseSide,
    Certainty,
    Requirement,
    RequirementState,
    StatementChange,
)
from xswitch.core.explain.request_context import RequestContext, build_request, request_context
from xswitch.core.explain.statement_edits import StatementEdit
from xswitch.core.policy import PolicyKind, Request

_NO_EDIT: StatementEdit = ("", StatementChange.NONE, "")
POLICY_CAUSE_CODES: dict[PolicyType, tuple[CauseCode, CauseCode]] = {
    PolicyType.IDENTITY: (CauseCode.CALLER_POLICY_MISSING, CauseCode.CALLER_POLICY_DENIES),
    PolicyType.BOUNDARY: (CauseCode.BOUNDARY, CauseCode.BOUNDARY),
    PolicyType.SESSION: (CauseCode.SESSION_POLICY, CauseCode.SESSION_POLICY),
    PolicyType.SCP: (CauseCode.SCP, CauseCode.SCP),
    PolicyType.RCP: (CauseCode.SCP, CauseCode.SCP),
    PolicyType.TRUST: (CauseCode.TRUST_MISSING, CauseCode.TRUST_DENIES),
    PolicyType.ENDPOINT: (CauseCode.CALLER_POLICY_MISSING, CauseCode.CALLER_POLICY_DENIES),
}
"""The codes of a missing Allow and of a Deny in each kind of policy."""


@dataclass(frozen=True)
class DeniedCall:
    """A call that AWS denied, with all evidence."""

    evidence: Evidence
    hop: HopEvidence
    denial: DenialMessage

    @cached_property
    def context(self) -> RequestContext:
        """Known values of the request's context."""
        return request_context(self.evidence, self.hop)

    def request(self, action: str) -> Request:
        """Build the request that the policies of both accounts decide."""
        return build_request(self.hop, action, self.context)

    def statement_matches(
        self, policies: Sequence[NamedPolicy], kind: PolicyKind, action: str
    ) -> StatementMatches:
        """Match the statements of policies with an action of this call."""
        return match_statements(policies, kind, self.request(action), self.context)

    @property
    def same_account(self) -> bool:
        """Whether caller and role belong to one account."""
        return bool(self.target_account) and self.target_account == self.hop.caller.account

    @property
    def target_account(self) -> str:
        """Account of the role, "" if unknown."""
        return "" if self.hop.call.role is None else self.hop.call.role.account_id

    @property
    def trust_policy_name(self) -> str:
        """Name of the role's trust policy in messages."""
        return f"the trust policy of {self.hop.call.role_arn}"

    def cause(  # noqa: PLR0913 -- the fields of a cause
        self,
        code: CauseCode,
        side: CauseSide,
        certainty: Certainty,
        evidence: str,
        *,
        edit: StatementEdit = _NO_EDIT,
        next_step: str = "",
        where: str = "",
    ) -> Cause:
        """Make a cause for this hop."""
        statement, change, current = edit
        return Cause(
            code,
            side,
            self.hop.number,
            certainty,
            evidence,
            statement,
            next_step,
            where,
            change,
            current,
        )

    def requirement(
        self, side: CauseSide, name: str, state: RequirementState, detail: str = ""
    ) -> Requirement:
        """Make a requirement of this hop."""
        return Requirement(side, self.hop.number, name, state, detail)


def administrator_side(policy_type: PolicyType) -> CauseSide:
    """Return the account whose administrator can change policies of this kind."""
    target = policy_type in (PolicyType.TRUST, PolicyType.RCP)
    return CauseSide.TARGET if target else CauseSide.SOURCE


def edit_instruction(denied: DeniedCall, policy_type: PolicyType, where: str) -> str:
    """Return how the administrator edits a kind of policy; `where` names it, "" if unknown."""
    source, target = denied.hop.caller.account or "the source account", denied.target_account
    named = f" {where}" if where else ""
    if policy_type is PolicyType.IDENTITY:
        edit = f"edits {where}." if where else _put_policy_instruction(denied)
        return f"An administrator of {source} {edit}"
    if policy_type is PolicyType.TRUST:
        name = denied.hop.call.role.name if denied.hop.call.role is not None else "ROLE"
        return (
            f"An administrator of {target} edits the trust policy, then runs: "
            f"aws iam update-assume-role-policy --role-name {name} "
            "--policy-document file://trust.json"
        )
    if policy_type is PolicyType.BOUNDARY:
        return f"An administrator of {source} edits the permissions boundary{named}."
    if policy_type is PolicyType.SESSION:
        return (
            f"Edit {where or 'the session policy'} where it is set: "
            "xswitch_policy, a guard, or a permission set."
        )
    if policy_type is PolicyType.ENDPOINT:
        return "The administrator of the VPC endpoint edits its policy."
    account, kind = (source, "service") if policy_type is PolicyType.SCP else (target, "resource")
    return f"The administrator of {account}'s organization edits the {kind} control policy{named}."


def _put_policy_instruction(denied: DeniedCall) -> str:
    caller, role = denied.hop.caller, denied.hop.call.role
    name = caller.policy_arn.rpartition("/")[2]
    if not name:
        return "adds it to the caller's policies."
    kind = "user" if caller.is_user else "role"
    policy = f"AssumeRole-{denied.target_account}-{role.name if role is not None else 'role'}"
    return (
        f"runs: aws iam put-{kind}-policy --{kind}-name {name} --policy-name {policy} "
        "--policy-document file://policy.json"
    )
