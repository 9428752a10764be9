"""One refused call under explanation, and the words causes are told in."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from xswitch.core.access.model import NamedPolicy
from xswitch.core.explain.aws_message import Layer, Said
from xswitch.core.explain.evidence import Evidence, Step
from xswitch.core.explain.matching import Heap, weigh_all
from xswitch.core.explain.model import Cause, CauseCode, CauseSide, Certainty, Piece, PieceState, StatementChange
from xswitch.core.explain.request_context import Known, known, request
from xswitch.core.explain.statement_edits import Edit
from xswitch.core.policy import PolicyKind, Request

_NO_EDIT: Edit = ("", StatementChange.NONE, "")
CODES: dict[Layer, tuple[CauseCode, CauseCode]] = {
    Layer.IDENTITY: (CauseCode.CALLER_POLICY_MISSING, CauseCode.CALLER_POLICY_DENIES),
    Layer.BOUNDARY: (CauseCode.BOUNDARY, CauseCode.BOUNDARY),
    Layer.SESSION: (CauseCode.SESSION_POLICY, CauseCode.SESSION_POLICY),
    Layer.SCP: (CauseCode.SCP, CauseCode.SCP),
    Layer.RCP: (CauseCode.SCP, CauseCode.SCP),
    Layer.TRUST: (CauseCode.TRUST_MISSING, CauseCode.TRUST_DENIES),
    Layer.ENDPOINT: (CauseCode.CALLER_POLICY_MISSING, CauseCode.CALLER_POLICY_DENIES),
}
"""The codes of a missing Allow and of a Deny in each kind of policy."""


@dataclass(frozen=True)
class Case:
    """One call AWS refused: all evidence, the hop, AWS's words."""

    evidence: Evidence
    step: Step
    said: Said

    @cached_property
    def known(self) -> Known:
        """What is known of the request's context."""
        return known(self.evidence, self.step)

    def request(self, action: str) -> Request:
        """What both sides were asked."""
        return request(self.step, action, self.known)

    def heap(self, policies: Sequence[NamedPolicy], kind: PolicyKind, action: str) -> Heap:
        """The statements of policies, weighed for an action of this call."""
        return weigh_all(policies, kind, self.request(action), self.known)

    @property
    def same_account(self) -> bool:
        """Whether caller and role are of one account."""
        role = self.step.asked.role
        return role is not None and role.account_id == self.step.calling.account

    @property
    def target_account(self) -> str:
        """The account of the role."""
        return "" if self.step.asked.role is None else self.step.asked.role.account_id

    @property
    def trust_name(self) -> str:
        """How the role's trust policy is called."""
        return f"the trust policy of {self.step.asked.role_arn}"

    @property
    def profile(self) -> str:
        """The profile of the hop, quoted for a shell."""
        return shlex.quote(self.step.profile)

    def cause(  # noqa: PLR0913 -- a cause has these parts
        self,
        code: CauseCode,
        side: CauseSide,
        certainty: Certainty,
        evidence: str,
        *,
        edit: Edit = _NO_EDIT,
        next_step: str = "",
        where: str = "",
    ) -> Cause:
        """A cause at this hop."""
        statement, change, current = edit
        return Cause(code, side, self.step.number, certainty, evidence, statement, next_step, where, change, current)

    def piece(self, side: CauseSide, name: str, state: PieceState, detail: str = "") -> Piece:
        """A piece at this hop."""
        return Piece(side, self.step.number, name, state, detail)


def side_of(layer: Layer) -> CauseSide:
    """Whose administrator keeps policies of this kind."""
    return CauseSide.TARGET if layer in (Layer.TRUST, Layer.RCP) else CauseSide.SOURCE


def edit_next(case: Case, layer: Layer, where: str) -> str:
    """How that administrator gets a statement into its place; `where` is the policy there is already, "" for none."""
    source, target = case.step.calling.account or "the source account", case.target_account
    if layer is Layer.IDENTITY:
        return f"An administrator of {source} {f'edits {where}.' if where else _put_policy(case)}"
    if layer is Layer.TRUST:
        name = case.step.asked.role.name if case.step.asked.role is not None else "ROLE"
        command = f"aws iam update-assume-role-policy --role-name {name} --policy-document file://trust.json"
        return f"An administrator of {target} edits the trust policy, then: {command}"
    return {
        Layer.BOUNDARY: f"An administrator of {source} edits the permissions boundary{f' {where}' if where else ''}.",
        Layer.SESSION: f"Edit {where or 'the session policy'} where the session gets it: xswitch_policy, a guard, a permission set.",
        Layer.SCP: f"Who administers the organization of {source} edits the service control policy{f' {where}' if where else ''}.",
        Layer.RCP: f"Who administers the organization of {target} edits the resource control policy{f' {where}' if where else ''}.",
        Layer.ENDPOINT: "Who administers the VPC endpoint edits its policy.",
    }[layer]


def _put_policy(case: Case) -> str:
    name = case.step.calling.policy_arn.rpartition("/")[2]
    if not name:
        return "adds it to the caller's policies."
    kind = "user" if case.step.calling.is_user else "role"
    policy = f"AssumeRole-{case.target_account}-{case.step.asked.role.name if case.step.asked.role is not None else 'role'}"
    return f"runs: aws iam put-{kind}-policy --{kind}-name {name} --policy-name {policy} --policy-document file://policy.json"


def upgraded(cause: Cause, certainty: Certainty) -> Cause:
    """The cause with another certainty."""
    return replace(cause, certainty=certainty)
