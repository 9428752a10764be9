"""The source account: the caller's policies, boundary, session policy, and organization."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xswitch.core.access.model import Simulation
from xswitch.core.explain.aws_message import PolicyType
from xswitch.core.explain.conditions import policy_administrator
from xswitch.core.explain.denied_call import POLICY_CAUSE_CODES, DeniedCall
from xswitch.core.explain.matching import Applicability, StatementMatches
from xswitch.core.explain.model import (
    REQUIREMENT_BY_CAUSE,
    Cause,
    CauseCode,
    CauseSide,
    Certainty,
    Requirement,
    RequirementState,
    worst_state,
)
from xswitch.core.explain.policy_types import (
    PASSES,
    UNSEEN,
    PolicyTypeQuery,
    PolicyVerdict,
    evaluate_policy_type,
    missing_allow_cause,
    unread_deny_cause,
)
from xswitch.core.policy import Grant, PolicyKind

_POLICY_TYPES = (PolicyType.IDENTITY, PolicyType.BOUNDARY, PolicyType.SESSION, PolicyType.SCP)
_NO_STATEMENTS = StatementMatches(())


@dataclass(frozen=True, slots=True)
class SideAssessment:
    """Result for one account."""

    causes: tuple[Cause, ...]
    requirements: tuple[Requirement, ...]
    passes: bool
    """Whether nothing in this account denies the call, as far as known."""
    seen: bool
    """Whether its policies were read."""


@dataclass(frozen=True, slots=True)
class TrustGrants:
    """How the trust policy names the caller, which decides what else must allow."""

    seen: bool
    grants: frozenset[Grant] = frozenset()

    def needs(self, denied: DeniedCall, policy_type: PolicyType) -> bool:
        """Check whether a kind of policy must allow the call.

        Source: IAM user guide, "Policy evaluation logic" for a single account.
        """
        if not denied.same_account or denied.denial.policy_type is policy_type:
            return True
        if policy_type is PolicyType.IDENTITY:
            return self.grants == frozenset({Grant.ACCOUNT})
        return Grant.EXACT not in self.grants and self.seen


def assess_source(denied: DeniedCall, trust_grants: TrustGrants) -> SideAssessment:
    """Evaluate the policies of the caller's account and of its session."""
    caller = denied.hop.caller
    verdicts: dict[PolicyType, list[PolicyVerdict]] = {name: [] for name in _POLICY_TYPES}
    for action in denied.hop.call.actions:
        read = {
            policy_type: _evaluate(denied, policy_type, action, trust_grants)
            for policy_type in _POLICY_TYPES
        }
        simulated = _apply_simulation(denied, action, trust_grants, read)
        for policy_type, verdict in simulated.items():
            verdicts[policy_type].append(verdict)
    causes = tuple(
        cause for of_type in verdicts.values() for verdict in of_type for cause in verdict.causes
    )
    states = {
        policy_type: worst_state(verdict.state for verdict in of_type)
        for policy_type, of_type in verdicts.items()
    }
    known = RequirementState.OK if caller.arn else RequirementState.UNKNOWN
    requirements = [denied.requirement(CauseSide.SOURCE, "the caller", known, caller.arn)]
    has_session_policy = bool(
        caller.session_policies
        or caller.session_policy_arns
        or any(cause.code is CauseCode.SESSION_POLICY for cause in causes)
    )
    requirements += [
        denied.requirement(
            policy_administrator(denied, policy_type),
            REQUIREMENT_BY_CAUSE[POLICY_CAUSE_CODES[policy_type][0]],
            states[policy_type],
            _requirement_detail(denied, policy_type),
        )
        for policy_type in _POLICY_TYPES
        if policy_type is not PolicyType.SESSION or has_session_policy
    ]
    return SideAssessment(
        causes=tuple(dict.fromkeys(causes)),
        requirements=tuple(requirements),
        passes=not causes
        and all(
            states[policy_type] is RequirementState.OK
            for policy_type in (PolicyType.IDENTITY, PolicyType.BOUNDARY, PolicyType.SESSION)
        ),
        seen=states[PolicyType.IDENTITY] is not RequirementState.UNKNOWN,
    )


def organization_allows(denied: DeniedCall) -> bool:
    """Check whether IAM's simulation says that the organization allows the call."""
    simulations = denied.hop.observations.simulations.values()
    return bool(simulations) and all(each.allowed_by_organization for each in simulations)


def _evaluate(
    denied: DeniedCall, policy_type: PolicyType, action: str, trust_grants: TrustGrants
) -> PolicyVerdict:
    query = _query(denied, policy_type, action)
    if policy_type is PolicyType.SCP:
        return _evaluate_organization(denied, action, query)
    if not query.statement_matches.matches and denied.denial.policy_type is not policy_type:
        if policy_type is PolicyType.BOUNDARY and query.complete:
            return PASSES
        if policy_type is PolicyType.SESSION:
            return UNSEEN if denied.hop.caller.session_policy_arns else PASSES
    verdict = evaluate_policy_type(query)
    if trust_grants.needs(denied, policy_type) or verdict.state is RequirementState.DENIES:
        return verdict
    return PolicyVerdict(
        RequirementState.OK, tuple(cause for cause in verdict.causes if "denies" in cause.code)
    )


def _query(denied: DeniedCall, policy_type: PolicyType, action: str) -> PolicyTypeQuery:
    observations, caller = denied.hop.observations, denied.hop.caller
    policies = observations.principal_policies
    if policy_type is PolicyType.SESSION:
        matches = denied.statement_matches(caller.session_policies, PolicyKind.SESSION, action)
        return PolicyTypeQuery(denied, policy_type, action, matches, not caller.session_policy_arns)
    if policies is None or policy_type is PolicyType.SCP:
        return PolicyTypeQuery(denied, policy_type, action, _NO_STATEMENTS, complete=False)
    if policy_type is PolicyType.BOUNDARY:
        boundaries = () if policies.boundary is None else (policies.boundary,)
        matches = denied.statement_matches(boundaries, PolicyKind.BOUNDARY, action)
        complete = bool(boundaries) or observations.complete
        return PolicyTypeQuery(denied, policy_type, action, matches, complete)
    matches = denied.statement_matches(policies.identity, PolicyKind.IDENTITY, action)
    complete = observations.complete and not matches.unreadable
    return PolicyTypeQuery(denied, policy_type, action, matches, complete)


def _evaluate_organization(
    denied: DeniedCall, action: str, query: PolicyTypeQuery
) -> PolicyVerdict:
    if denied.denial.action == action and denied.denial.policy_type in (
        PolicyType.SCP,
        PolicyType.ENDPOINT,
    ):
        return evaluate_policy_type(replace(query, policy_type=denied.denial.policy_type))
    simulation = denied.hop.observations.simulations.get(action)
    if simulation is None or simulation.allowed_by_organization is None:
        return UNSEEN
    if simulation.allowed_by_organization:
        return PASSES
    sentence = (
        "IAM's simulation says that the organization does not allow "
        f"{action} on {denied.hop.call.role_arn}."
    )
    cause = (
        unread_deny_cause(query, Certainty.PROVED, sentence)
        if simulation.decision == "explicitDeny"
        else missing_allow_cause(query, Certainty.PROVED, sentence)
    )
    return PolicyVerdict(RequirementState.MISSING, (cause,))


# -- IAM's simulation


def _apply_simulation(
    denied: DeniedCall,
    action: str,
    trust_grants: TrustGrants,
    verdicts: dict[PolicyType, PolicyVerdict],
) -> dict[PolicyType, PolicyVerdict]:
    """Add the results of SimulatePrincipalPolicy for policies that weren't all read."""
    simulation = denied.hop.observations.simulations.get(action)
    if simulation is None or verdicts[PolicyType.SCP].blocks:
        return verdicts
    caller_types = (PolicyType.IDENTITY, PolicyType.BOUNDARY)
    if simulation.decision == "allowed":
        return verdicts | {
            policy_type: PASSES for policy_type in caller_types if not verdicts[policy_type].blocks
        }
    if (
        any(verdicts[policy_type].blocks for policy_type in caller_types)
        or denied.denial.policy_type in caller_types
        or not trust_grants.needs(denied, PolicyType.IDENTITY)
    ):
        return verdicts
    policy_type = (
        PolicyType.BOUNDARY
        if simulation.allowed_by_boundary is False and not _lacks_identity_allow(denied, action)
        else PolicyType.IDENTITY
    )
    query = _query(denied, policy_type, action)
    if simulation.missing_context and simulation.decision != "explicitDeny":
        return verdicts
    return verdicts | {policy_type: _simulation_verdict(query, simulation)}


def _lacks_identity_allow(denied: DeniedCall, action: str) -> bool:
    query = _query(denied, PolicyType.IDENTITY, action)
    return query.complete and not query.statement_matches.allows(Applicability.YES)


def _simulation_verdict(query: PolicyTypeQuery, simulation: Simulation) -> PolicyVerdict:
    subject = f"{query.action} on {query.denied.hop.call.role_arn}"
    if simulation.decision == "explicitDeny":
        matched = f" (in {', '.join(simulation.matched)})" if simulation.matched else ""
        evidence = f"IAM's simulation says that a policy denies {subject}{matched}."
        cause = unread_deny_cause(query, Certainty.PROVED, evidence)
        return PolicyVerdict(RequirementState.DENIES, (cause,))
    reason = (
        "the permissions boundary does not allow"
        if query.policy_type is PolicyType.BOUNDARY
        else "no policy of the caller allows"
    )
    evidence = f"IAM's simulation says that {reason} {subject}."
    cause = missing_allow_cause(query, Certainty.PROVED, evidence)
    return PolicyVerdict(RequirementState.MISSING, (cause,))


def _requirement_detail(denied: DeniedCall, policy_type: PolicyType) -> str:
    policies = denied.hop.observations.principal_policies
    if policy_type not in (PolicyType.IDENTITY, PolicyType.BOUNDARY):
        return ""
    if policies is None:
        return "not read"
    if policy_type is PolicyType.IDENTITY:
        return ", ".join(policy.name for policy in policies.identity) or "none"
    return "none" if policies.boundary is None else policies.boundary.name
