"""The role's side.

Is there such a role, does it trust this caller under these conditions, and does it allow sessions
this long.
"""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.core.access.model import NamedPolicy
from xswitch.core.arn import parse_role_arn
from xswitch.core.explain.aws_message import PolicyType
from xswitch.core.explain.case import DeniedCall, administrator_side
from xswitch.core.explain.conditions import cause_code_of
from xswitch.core.explain.matching import Applicability, ConditionCheck, StatementMatches
from xswitch.core.explain.model import (
    Cause,
    CauseCode,
    CauseSide,
    Certainty,
    Requirement,
    RequirementState,
)
from xswitch.core.explain.policy_types import PolicyTypeQuery, PolicyVerdict, evaluate_policy_type
from xswitch.core.explain.source_account import SideAssessment, TrustGrants
from xswitch.core.policy import PolicyKind

_CONDITION_NAMES = {
    CauseCode.EXTERNAL_ID_MISSING: "external ID",
    CauseCode.EXTERNAL_ID_WRONG: "external ID",
    CauseCode.MFA_MISSING: "MFA",
    CauseCode.MFA_TOO_OLD: "age of the MFA code",
    CauseCode.IP: "network address",
    CauseCode.DATE: "time",
    CauseCode.TAGS: "tags",
    CauseCode.SOURCE_IDENTITY: "source identity",
    CauseCode.SESSION_NAME: "session name",
}


@dataclass(frozen=True, slots=True)
class TrustPolicyMatch:
    """The trust policy's statements, weighed for every action, and what they grant the caller."""

    matches_by_action: dict[str, StatementMatches]
    trust_grants: TrustGrants


def match_trust_policy(case: DeniedCall) -> TrustPolicyMatch:
    """The trust policy as far as it was read and is of this very role."""
    role = case.hop.observations.role
    policies = (
        ()
        if role is None or role.arn != case.hop.call.role_arn
        else (NamedPolicy(case.trust_policy_name, role.trust),)
    )
    matches_by_action = {
        action: case.statement_matches(policies, PolicyKind.TRUST, action)
        for action in case.hop.call.actions
    }
    first = matches_by_action[case.hop.call.actions[0]]
    grants = frozenset(
        one.grant
        for applicability in (Applicability.YES, Applicability.MAYBE)
        for one in first.allows(applicability)
    )
    return TrustPolicyMatch(matches_by_action, TrustGrants(bool(policies), grants))


def target_side(case: DeniedCall, trust: TrustPolicyMatch) -> SideAssessment:
    """Everything the role's account says."""
    absent = _missing_role_cause(case)
    if absent is not None:
        requirement = case.requirement(
            CauseSide.TARGET, "the role", RequirementState.MISSING, case.hop.call.role_arn
        )
        trust_policy = case.requirement(CauseSide.TARGET, "trust policy", RequirementState.UNKNOWN)
        return SideAssessment((absent,), (requirement, trust_policy), passes=False, seen=True)
    verdicts = [_evaluate(case, trust, action) for action in case.hop.call.actions]
    causes = [cause for one in verdicts for cause in one.causes]
    duration_cause = _duration_cause(case)
    if duration_cause is not None:
        causes.append(duration_cause)
    state = min((one.state for one in verdicts), key=list(_WORST_FIRST).index)
    return SideAssessment(
        causes=tuple(dict.fromkeys(causes)),
        requirements=_requirements(case, trust, state, duration_cause),
        passes=state is RequirementState.OK and not causes,
        seen=trust.trust_grants.seen,
    )


_WORST_FIRST = (
    RequirementState.DENIES,
    RequirementState.MISSING,
    RequirementState.UNKNOWN,
    RequirementState.OK,
)


def _evaluate(case: DeniedCall, trust: TrustPolicyMatch, action: str) -> PolicyVerdict:
    if case.denial.policy_type is PolicyType.RCP and case.denial.action == action:
        return evaluate_policy_type(
            PolicyTypeQuery(case, PolicyType.RCP, action, StatementMatches(()), complete=False)
        )
    matches = trust.matches_by_action[action]
    return evaluate_policy_type(
        PolicyTypeQuery(
            case,
            PolicyType.TRUST,
            action,
            matches,
            trust.trust_grants.seen and not matches.unreadable,
        )
    )


def _missing_role_cause(case: DeniedCall) -> Cause | None:
    """The cause when there is no role of this ARN, or another one that may be meant."""
    call, observations = case.hop.call, case.hop.observations
    wanted = call.role
    if wanted is None:
        return None
    others = (
        *((observations.role.arn,) if observations.role is not None else ()),
        *(observations.roles or ()),
    )
    if call.role_arn in others or not (observations.role_missing or observations.role is not None):
        return None
    retry_step = (
        f"Set role_arn to it in the profile {case.hop.profile}, then: xswitch switch {case.profile}"
    )
    for other in others:
        parsed = parse_role_arn(other)
        if (
            parsed is None
            or parsed.partition != wanted.partition
            or parsed.name.casefold() != wanted.name.casefold()
        ):
            continue
        if (parsed.path + parsed.name).casefold() == (wanted.path + wanted.name).casefold():
            sentence = f"There is no {call.role_arn}; there is {other}, and ARNs are compared letter by letter."
            return case.cause(
                CauseCode.ROLE_CASE,
                CauseSide.LOCAL,
                Certainty.PROVED,
                sentence,
                next_step=retry_step,
            )
        sentence = f"There is no {call.role_arn}; the role of that name has the path {parsed.path}: {other}."
        return case.cause(
            CauseCode.ROLE_PATH, CauseSide.LOCAL, Certainty.PROVED, sentence, next_step=retry_step
        )
    creation_step = f"An administrator of {wanted.account_id} makes it (xswitch access plan), or correct role_arn in the profile {case.hop.profile}."
    sentence = f"The account {wanted.account_id} has no role of the name {wanted.name}."
    return case.cause(
        CauseCode.ROLE_MISSING,
        CauseSide.TARGET,
        Certainty.PROVED,
        sentence,
        next_step=creation_step,
    )


def _duration_cause(case: DeniedCall) -> Cause | None:
    """What AWS would say next: the role's sessions are shorter than what is asked."""
    role, call = case.hop.observations.role, case.hop.call
    if (
        role is None
        or role.arn != call.role_arn
        or call.duration_seconds <= role.max_session_seconds
    ):
        return None
    sentence = f"{call.duration_seconds} s are asked for, and the role's sessions last at most {role.max_session_seconds} s."
    return case.cause(
        CauseCode.DURATION_ROLE_MAX,
        CauseSide.LOCAL,
        Certainty.PROVED,
        sentence,
        next_step=f"xswitch switch {case.profile} --duration {role.max_session_seconds}",
    )


def _requirements(
    case: DeniedCall, trust: TrustPolicyMatch, state: RequirementState, duration_cause: Cause | None
) -> tuple[Requirement, ...]:
    role = case.hop.observations.role
    exists = RequirementState.UNKNOWN if role is None else RequirementState.OK
    side = administrator_side(PolicyType.TRUST)
    requirements = [case.requirement(side, "the role", exists, case.hop.call.role_arn)]
    nearest = trust.matches_by_action[case.hop.call.actions[0]].nearest
    conditioned = (
        nearest is not None
        and bool(nearest.unmet or nearest.unknown)
        and state is not RequirementState.DENIES
    )
    requirements.append(
        case.requirement(
            side,
            "trust policy",
            RequirementState.OK if conditioned else state,
            "" if trust.trust_grants.seen else "not read",
        )
    )
    if nearest is not None:
        for tests, condition_state in (
            (nearest.met, RequirementState.OK),
            (nearest.unmet, RequirementState.MISSING),
            (nearest.unknown, RequirementState.UNKNOWN),
        ):
            requirements += [
                case.requirement(side, _condition_name(case, test), condition_state)
                for test in tests
            ]
    if role is not None:
        allowed = RequirementState.OK if duration_cause is None else RequirementState.MISSING
        requirements.append(
            case.requirement(side, "longest session", allowed, f"{role.max_session_seconds} s")
        )
    return tuple(dict.fromkeys(requirements))


def _condition_name(case: DeniedCall, test: ConditionCheck) -> str:
    code = cause_code_of(case, test)
    return test.key if code is None else _CONDITION_NAMES[code]
