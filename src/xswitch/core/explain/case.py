"""One refused call under explanation, and the words causes are told in."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
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
    """One call AWS refused: all evidence, the hop, AWS's words."""

    evidence: Evidence
    hop: HopEvidence
    denial: DenialMessage

    @cached_property
    def context(self) -> RequestContext:
        """What is known of the request's context."""
        return request_context(self.evidence, self.hop)

    def request(self, action: str) -> Request:
        """What both sides were asked."""
        return build_request(self.hop, action, self.context)

    def statement_matches(
        self, policies: Sequence[NamedPolicy], kind: PolicyKind, action: str
    ) -> StatementMatches:
        """The statements of policies, weighed for an action of this call."""
        return match_statements(policies, kind, self.request(action), self.context)

    @property
    def same_account(self) -> bool:
        """Whether caller and role are of one account."""
        role = self.hop.call.role
        return role is not None and role.account_id == self.hop.caller.account

    @property
    def target_account(self) -> str:
        """The account of the role."""
        return "" if self.hop.call.role is None else self.hop.call.role.account_id

    @property
    def trust_policy_name(self) -> str:
        """How the role's trust policy is called."""
        return f"the trust policy of {self.hop.call.role_arn}"

    @property
    def profile(self) -> str:
        """The profile of the hop, quoted for a shell."""
        return shlex.quote(self.hop.profile)

    def cause(  # noqa: PLR0913 -- a cause has these parts
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
        """A cause at this hop."""
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
        """A piece at this hop."""
        return Requirement(side, self.hop.number, name, state, detail)


def administrator_side(policy_type: PolicyType) -> CauseSide:
    """Whose administrator keeps policies of this kind."""
    return (
        CauseSide.TARGET if policy_type in (PolicyType.TRUST, PolicyType.RCP) else CauseSide.SOURCE
    )


def edit_instruction(case: DeniedCall, policy_type: PolicyType, where: str) -> str:
    """How that administrator gets a statement into its place.

    `where` is the policy there is already, "" for none.
    """
    source, target = case.hop.caller.account or "the source account", case.target_account
    if policy_type is PolicyType.IDENTITY:
        return f"An administrator of {source} {f'edits {where}.' if where else _put_policy_instruction(case)}"
    if policy_type is PolicyType.TRUST:
        name = case.hop.call.role.name if case.hop.call.role is not None else "ROLE"
        command = f"aws iam update-assume-role-policy --role-name {name} --policy-document file://trust.json"
        return f"An administrator of {target} edits the trust policy, then: {command}"
    return {
        PolicyType.BOUNDARY: f"An administrator of {source} edits the permissions boundary{f' {where}' if where else ''}.",
        PolicyType.SESSION: f"Edit {where or 'the session policy'} where the session gets it: xswitch_policy, a guard, a permission set.",
        PolicyType.SCP: f"Who administers the organization of {source} edits the service control policy{f' {where}' if where else ''}.",
        PolicyType.RCP: f"Who administers the organization of {target} edits the resource control policy{f' {where}' if where else ''}.",
        PolicyType.ENDPOINT: "Who administers the VPC endpoint edits its policy.",
    }[policy_type]


def _put_policy_instruction(case: DeniedCall) -> str:
    name = case.hop.caller.policy_arn.rpartition("/")[2]
    if not name:
        return "adds it to the caller's policies."
    kind = "user" if case.hop.caller.is_user else "role"
    policy = f"AssumeRole-{case.target_account}-{case.hop.call.role.name if case.hop.call.role is not None else 'role'}"
    return f"runs: aws iam put-{kind}-policy --{kind}-name {name} --policy-name {policy} --policy-document file://policy.json"


def with_certainty(cause: Cause, certainty: Certainty) -> Cause:
    """The cause with another certainty."""
    return replace(cause, certainty=certainty)
