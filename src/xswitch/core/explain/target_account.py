"""The target account: whether the role exists, trusts the caller, and allows the duration."""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.core.access.model import NamedPolicy
from xswitch.core.arn import parse_role_arn
from xswitch.core.explain.aws_message import PolicyType
from xswitch.core.explain.conditions import cause_code_of
from xswitch.core.explain.denied_call import DeniedCall
from xswitch.core.explain.matching import Applicability, ConditionCheck, StatementMatches
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
from xswitch.core.explain.policy_types import PolicyTypeQuery, PolicyVerdict, evaluate_policy_type
from xswitch.core.explain.source_account import SideAssessment, TrustGrants
from xswitch.core.policy import PolicyKind
from xswitch.core.text import command_for, last_argument


@dataclass(frozen=True, slots=True)
class TrustPolicyMatch:
    """The matches of the trust policy per action, and how it names the caller."""

    matches_by_action: dict[str, StatementMatches]
    trust_grants: TrustGrants


def match_trust_policy(denied: DeniedCall) -> TrustPolicyMatch:
    """Match the trust policy, if it was read and belongs to this role."""
    role = denied.hop.observations.role
    policies = (
        ()
        if role is None or role.arn != denied.hop.call.role_arn
        else (NamedPolicy(denied.trust_policy_name, role.trust),)
    )
    matches_by_action = {
        action: denied.statement_matches(policies, PolicyKind.TRUST, action)
        for action in denied.hop.call.actions
    }
    first = matches_by_action[denied.hop.call.actions[0]]
    grants = frozenset(
        match.grant
        for applicability in (Applicability.YES, Applicability.MAYBE)
        for match in first.allows(applicability)
    )
    return TrustPolicyMatch(matches_by_action, TrustGrants(bool(policies), grants))


def assess_target(denied: DeniedCall, trust: TrustPolicyMatch) -> SideAssessment:
    """Evaluate the role's account: the role, its trust policy, and its longest session."""
    absent = _missing_role_cause(denied)
    if absent is not None:
        requirement = denied.requirement(
            CauseSide.TARGET, "the role", RequirementState.MISSING, denied.hop.call.role_arn
        )
        trust_policy = denied.requirement(
            CauseSide.TARGET, "trust policy", RequirementState.UNKNOWN
        )
        return SideAssessment((absent,), (requirement, trust_policy), passes=False, seen=True)
    verdicts = [_evaluate(denied, trust, action) for action in denied.hop.call.actions]
    causes = [cause for verdict in verdicts for cause in verdict.causes]
    duration_cause = _duration_cause(denied)
    if duration_cause is not None:
        causes.append(duration_cause)
    state = worst_state(verdict.state for verdict in verdicts)
    return SideAssessment(
        causes=tuple(dict.fromkeys(causes)),
        requirements=_requirements(denied, trust, state, duration_cause),
        passes=state is RequirementState.OK and not causes,
        seen=trust.trust_grants.seen,
    )


def _evaluate(denied: DeniedCall, trust: TrustPolicyMatch, action: str) -> PolicyVerdict:
    if denied.denial.policy_type is PolicyType.RCP and denied.denial.action == action:
        return evaluate_policy_type(
            PolicyTypeQuery(denied, PolicyType.RCP, action, StatementMatches(()), complete=False)
        )
    matches = trust.matches_by_action[action]
    return evaluate_policy_type(
        PolicyTypeQuery(
            denied,
            PolicyType.TRUST,
            action,
            matches,
            trust.trust_grants.seen and not matches.unreadable,
        )
    )


def _missing_role_cause(denied: DeniedCall) -> Cause | None:
    """Make the cause for a role that doesn't exist, with the role that may be meant."""
    call, observations = denied.hop.call, denied.hop.observations
    wanted = call.role
    if wanted is None:
        return None
    others = (
        *((observations.role.arn,) if observations.role is not None else ()),
        *(observations.roles or ()),
    )
    if call.role_arn in others or not (observations.role_missing or observations.role is not None):
        return None
    fix = (
        f"Set role_arn to it in the profile {denied.hop.profile}, "
        f"then: xswitch switch {last_argument(denied.hop.profile)}"
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
            code = CauseCode.ROLE_CASE
            evidence = f"{call.role_arn} doesn't exist, but {other} does; ARNs are case-sensitive."
        else:
            code = CauseCode.ROLE_PATH
            evidence = (
                f"{call.role_arn} doesn't exist; the role of that name "
                f"has the path {parsed.path}: {other}."
            )
        return denied.cause(code, CauseSide.LOCAL, Certainty.PROVED, evidence, next_step=fix)
    return denied.cause(
        CauseCode.ROLE_MISSING,
        CauseSide.TARGET,
        Certainty.PROVED,
        f"Account {wanted.account_id} has no role named {wanted.name}.",
        next_step=f"An administrator of {wanted.account_id} creates it (xswitch access plan), "
        f"or correct role_arn in the profile {denied.hop.profile}.",
    )


def _duration_cause(denied: DeniedCall) -> Cause | None:
    """Make the cause for a duration over the role's maximum, which AWS would reject next."""
    role, call = denied.hop.observations.role, denied.hop.call
    if (
        role is None
        or role.arn != call.role_arn
        or call.duration_seconds <= role.max_session_seconds
    ):
        return None
    sentence = (
        f"The call requests {call.duration_seconds} s, "
        f"but the role's sessions last at most {role.max_session_seconds} s."
    )
    return denied.cause(
        CauseCode.DURATION_ROLE_MAX,
        CauseSide.LOCAL,
        Certainty.PROVED,
        sentence,
        next_step=command_for(
            "xswitch switch", denied.hop.profile, f"--duration {role.max_session_seconds}"
        ),
    )


def _requirements(
    denied: DeniedCall,
    trust: TrustPolicyMatch,
    state: RequirementState,
    duration_cause: Cause | None,
) -> tuple[Requirement, ...]:
    role = denied.hop.observations.role
    exists = RequirementState.UNKNOWN if role is None else RequirementState.OK
    side = CauseSide.TARGET
    requirements = [denied.requirement(side, "the role", exists, denied.hop.call.role_arn)]
    nearest = trust.matches_by_action[denied.hop.call.actions[0]].nearest
    conditioned = (
        nearest is not None
        and bool(nearest.unmet or nearest.unknown)
        and state is not RequirementState.DENIES
    )
    requirements.append(
        denied.requirement(
            side,
            "trust policy",
            RequirementState.OK if conditioned else state,
            "" if trust.trust_grants.seen else "not read",
        )
    )
    if nearest is not None:
        for checks, condition_state in (
            (nearest.met, RequirementState.OK),
            (nearest.unmet, RequirementState.MISSING),
            (nearest.unknown, RequirementState.UNKNOWN),
        ):
            requirements += [
                denied.requirement(side, _condition_name(denied, check), condition_state)
                for check in checks
            ]
    if role is not None:
        allowed = RequirementState.OK if duration_cause is None else RequirementState.MISSING
        requirements.append(
            denied.requirement(side, "longest session", allowed, f"{role.max_session_seconds} s")
        )
    return tuple(dict.fromkeys(requirements))


def _condition_name(denied: DeniedCall, check: ConditionCheck) -> str:
    code = cause_code_of(denied, check)
    return check.key if code is None else REQUIREMENT_BY_CAUSE[code]
