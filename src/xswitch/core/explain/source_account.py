"""The caller's side.

Its own policies, its boundary, the policy of its session, and what its organization allows.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from xswitch.core.access.model import Simulation
from xswitch.core.explain.aws_message import PolicyType
from xswitch.core.explain.case import DeniedCall, administrator_side
from xswitch.core.explain.conditions import policy_administrator
from xswitch.core.explain.matching import Applicability, StatementMatches
from xswitch.core.explain.model import Cause, Certainty, Requirement, RequirementState
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

_WORST_FIRST = (
    RequirementState.DENIES,
    RequirementState.MISSING,
    RequirementState.UNKNOWN,
    RequirementState.OK,
)
_REQUIREMENT_NAMES: Mapping[PolicyType, str] = {
    PolicyType.IDENTITY: "the caller's policies",
    PolicyType.BOUNDARY: "permissions boundary",
    PolicyType.SESSION: "session policy",
    PolicyType.SCP: "organization (SCP)",
}
_NO_STATEMENTS = StatementMatches(())


@dataclass(frozen=True, slots=True)
class SideAssessment:
    """One side judged.

    Its causes, its pieces, and whether nothing of it stands in the way for all that can be context.
    """

    causes: tuple[Cause, ...]
    requirements: tuple[Requirement, ...]
    passes: bool
    seen: bool


@dataclass(frozen=True, slots=True)
class TrustGrants:
    """What the role's trust policy grants this caller, as far as it was read.

    It decides what else must allow within an account.
    """

    seen: bool
    grants: frozenset[Grant] = frozenset()

    def needs(self, case: DeniedCall, policy_type: PolicyType) -> bool:
        """Whether a kind of policy must hold an Allow.

        Source: IAM user guide, "Policy evaluation logic" for a single account.
        """
        if not case.same_account or case.denial.policy_type is policy_type:
            return True
        if policy_type is PolicyType.IDENTITY:
            return self.grants == frozenset({Grant.ACCOUNT})
        return Grant.EXACT not in self.grants and self.seen


def source_side(case: DeniedCall, trust_grants: TrustGrants) -> SideAssessment:
    """Everything the caller's account, and its session, say."""
    verdicts_by_type: dict[PolicyType, list[PolicyVerdict]] = {
        policy_type: [] for policy_type in _REQUIREMENT_NAMES
    }
    for action in case.hop.call.actions:
        verdicts_of_action = _apply_simulation(
            case,
            action,
            trust_grants,
            {
                policy_type: _evaluate(case, policy_type, action, trust_grants)
                for policy_type in _REQUIREMENT_NAMES
            },
        )
        for policy_type, judged in verdicts_of_action.items():
            verdicts_by_type[policy_type].append(judged)
    causes = tuple(
        cause for judged in verdicts_by_type.values() for one in judged for cause in one.causes
    )
    states = {policy_type: _worst_state(judged) for policy_type, judged in verdicts_by_type.items()}
    requirements = [
        case.requirement(
            administrator_side(PolicyType.IDENTITY),
            "the caller",
            _caller_state(case),
            case.hop.caller.arn,
        )
    ]
    for policy_type, name in _REQUIREMENT_NAMES.items():
        if (
            policy_type is not PolicyType.SESSION
            or case.hop.caller.session_policies
            or case.hop.caller.session_policy_arns
            or has_cause_of(policy_type, causes)
        ):
            requirements.append(
                case.requirement(
                    policy_administrator(case, policy_type),
                    name,
                    states[policy_type],
                    _requirement_detail(case, policy_type),
                )
            )
    caller_states = [
        states[policy_type]
        for policy_type in (PolicyType.IDENTITY, PolicyType.BOUNDARY, PolicyType.SESSION)
    ]
    return SideAssessment(
        causes=tuple(dict.fromkeys(causes)),
        requirements=tuple(requirements),
        passes=all(state is RequirementState.OK for state in caller_states) and not causes,
        seen=states[PolicyType.IDENTITY] is not RequirementState.UNKNOWN,
    )


def has_cause_of(policy_type: PolicyType, causes: Iterable[Cause]) -> bool:
    """Whether a cause is of this kind of policy."""
    return any(cause.code.value.startswith(policy_type.value) for cause in causes)


def organization_allows(case: DeniedCall) -> bool:
    """Whether IAM's simulation says that the organization allows the call."""
    answers = [one.allowed_by_organization for one in case.hop.observations.simulations.values()]
    return bool(answers) and all(answers)


def _evaluate(
    case: DeniedCall, policy_type: PolicyType, action: str, trust_grants: TrustGrants
) -> PolicyVerdict:
    query = _query(case, policy_type, action)
    if policy_type is PolicyType.SCP:
        return _evaluate_organization(case, action, query)
    if (
        policy_type is PolicyType.BOUNDARY
        and query.complete
        and not query.statement_matches.matches
        and case.denial.policy_type is not policy_type
    ):
        return PASSES
    if (
        policy_type is PolicyType.SESSION
        and case.denial.policy_type is not policy_type
        and not query.statement_matches.matches
    ):
        return UNSEEN if case.hop.caller.session_policy_arns else PASSES
    verdict = evaluate_policy_type(query)
    if trust_grants.needs(case, policy_type) or verdict.state is RequirementState.DENIES:
        return verdict
    return PolicyVerdict(
        RequirementState.OK, tuple(cause for cause in verdict.causes if "denies" in cause.code)
    )


def _query(case: DeniedCall, policy_type: PolicyType, action: str) -> PolicyTypeQuery:
    reading, caller = case.hop.observations.principal_policies, case.hop.caller
    if policy_type is PolicyType.SESSION:
        matches = case.statement_matches(caller.session_policies, PolicyKind.SESSION, action)
        return PolicyTypeQuery(case, policy_type, action, matches, not caller.session_policy_arns)
    if reading is None or policy_type is PolicyType.SCP:
        return PolicyTypeQuery(case, policy_type, action, _NO_STATEMENTS, complete=False)
    if policy_type is PolicyType.BOUNDARY:
        boundaries = () if reading.boundary is None else (reading.boundary,)
        matches = case.statement_matches(boundaries, PolicyKind.BOUNDARY, action)
        return PolicyTypeQuery(
            case, policy_type, action, matches, bool(boundaries) or case.hop.observations.complete
        )
    matches = case.statement_matches(reading.identity, PolicyKind.IDENTITY, action)
    return PolicyTypeQuery(
        case,
        policy_type,
        action,
        matches,
        case.hop.observations.complete and not matches.unreadable,
    )


def _evaluate_organization(case: DeniedCall, action: str, query: PolicyTypeQuery) -> PolicyVerdict:
    if case.denial.action == action and case.denial.policy_type in (
        PolicyType.SCP,
        PolicyType.ENDPOINT,
    ):
        return evaluate_policy_type(replace(query, policy_type=case.denial.policy_type))
    simulation = case.hop.observations.simulations.get(action)
    if simulation is None or simulation.allowed_by_organization is None:
        return UNSEEN
    if simulation.allowed_by_organization:
        return PASSES
    sentence = f"IAM's simulation says that the organization does not allow {action} on {case.hop.call.role_arn}."
    cause = (
        unread_deny_cause(query, Certainty.PROVED, sentence)
        if simulation.decision == "explicitDeny"
        else missing_allow_cause(query, Certainty.PROVED, sentence)
    )
    return PolicyVerdict(RequirementState.MISSING, (cause,))


# -- what IAM's simulation adds
# ------------------------------------------------------------------------------------


def _apply_simulation(
    case: DeniedCall,
    action: str,
    trust_grants: TrustGrants,
    verdicts: dict[PolicyType, PolicyVerdict],
) -> dict[PolicyType, PolicyVerdict]:
    """The layers with what SimulatePrincipalPolicy says of those that could not be read whole."""
    simulation = case.hop.observations.simulations.get(action)
    if simulation is None or verdicts[PolicyType.SCP].blocks:
        return verdicts
    caller_types = (PolicyType.IDENTITY, PolicyType.BOUNDARY)
    if simulation.decision == "allowed":
        return verdicts | {
            policy_type: PASSES for policy_type in caller_types if not verdicts[policy_type].blocks
        }
    if (
        any(verdicts[policy_type].blocks for policy_type in caller_types)
        or case.denial.policy_type in caller_types
        or not trust_grants.needs(case, PolicyType.IDENTITY)
    ):
        return verdicts
    policy_type = (
        PolicyType.BOUNDARY
        if simulation.allowed_by_boundary is False and not _lacks_identity_allow(case, action)
        else PolicyType.IDENTITY
    )
    query = _query(case, policy_type, action)
    if simulation.missing_context and simulation.decision != "explicitDeny":
        return verdicts
    return verdicts | {policy_type: PolicyVerdict(*_simulation_outcome(query, simulation))}


def _lacks_identity_allow(case: DeniedCall, action: str) -> bool:
    query = _query(case, PolicyType.IDENTITY, action)
    return query.complete and not query.statement_matches.allows(Applicability.YES)


def _simulation_outcome(
    query: PolicyTypeQuery, simulation: Simulation
) -> tuple[RequirementState, tuple[Cause, ...]]:
    subject = f"{query.action} on {query.case.hop.call.role_arn}"
    if simulation.decision == "explicitDeny":
        matched = f" (in {', '.join(simulation.matched)})" if simulation.matched else ""
        return RequirementState.DENIES, (
            unread_deny_cause(
                query,
                Certainty.PROVED,
                f"IAM's simulation says that a policy denies {subject}{matched}.",
            ),
        )
    reason = (
        "the permissions boundary does not allow"
        if query.policy_type is PolicyType.BOUNDARY
        else "no policy of the caller allows"
    )
    return RequirementState.MISSING, (
        missing_allow_cause(
            query, Certainty.PROVED, f"IAM's simulation says that {reason} {subject}."
        ),
    )


# -- words
# ---------------------------------------------------------------------------------------------------------


def _worst_state(verdicts: Iterable[PolicyVerdict]) -> RequirementState:
    return min(
        (one.state for one in verdicts), key=_WORST_FIRST.index, default=RequirementState.UNKNOWN
    )


def _caller_state(case: DeniedCall) -> RequirementState:
    return RequirementState.OK if case.hop.caller.arn else RequirementState.UNKNOWN


def _requirement_detail(case: DeniedCall, policy_type: PolicyType) -> str:
    reading = case.hop.observations.principal_policies
    if policy_type is PolicyType.IDENTITY:
        return (
            "not read"
            if reading is None
            else ", ".join(policy.name for policy in reading.identity) or "none"
        )
    if policy_type is PolicyType.BOUNDARY:
        return (
            "not read"
            if reading is None
            else "none"
            if reading.boundary is None
            else reading.boundary.name
        )
    return ""
