"""Explain a failed switch: every cause in the evidence, the most certain and nearest first.

A switch is "allowed" only if it worked. "Proved" causes come from AWS's messages or from policies
that were read completely; others "can't be seen from here" and show the statements to look for.
"""

from __future__ import annotations

from collections.abc import Iterable

from xswitch.core.explain import non_policy, policy_types
from xswitch.core.explain.aws_message import PolicyType, parse_denial
from xswitch.core.explain.conditions import mfa_instruction
from xswitch.core.explain.denied_call import DeniedCall, administrator_side
from xswitch.core.explain.evidence import Evidence, HopEvidence, SwitchFailure
from xswitch.core.explain.identity_center import SSO_CODES, sso_causes
from xswitch.core.explain.matching import StatementMatches
from xswitch.core.explain.model import (
    Cause,
    CauseCode,
    CauseSide,
    Certainty,
    ExplainedHop,
    Explanation,
    ExplanationVerdict,
    HopOutcome,
    Requirement,
    RequirementState,
)
from xswitch.core.explain.source_account import SideAssessment, assess_source, organization_allows
from xswitch.core.explain.target_account import assess_target, match_trust_policy
from xswitch.core.text import command_for

_MOST_CERTAIN_FIRST = (Certainty.PROVED, Certainty.LIKELY, Certainty.UNSEEN)


def explain(evidence: Evidence) -> Explanation:
    """Explain the result of a switch."""
    failure, hops = evidence.failure, _hops(evidence)
    if failure is None or evidence.failed is None:
        return Explanation(evidence.target, ExplanationVerdict.ALLOWED, hops, ())
    hop = next((hop for hop in evidence.hops if hop.number == evidence.failed), None)
    causes = non_policy.local_causes(evidence, failure)
    failure_causes: list[Cause] = []
    if any(
        cause.code is CauseCode.PARTITION and cause.certainty is Certainty.PROVED
        for cause in causes
    ):
        # Policies can't allow anything across partitions.
        verdict, requirements = ExplanationVerdict.DENIED, _proved_requirements(causes)
    elif hop is not None and failure.code in non_policy.POLICY_CODES:
        verdict = ExplanationVerdict.DENIED
        failure_causes, requirements = _policy_causes(
            DeniedCall(evidence, hop, parse_denial(failure.text)), proved=bool(causes)
        )
    elif evidence.sso is not None and evidence.failed == 0 and failure.code in SSO_CODES:
        verdict, failure_causes = sso_causes(evidence.sso, failure.code, failure.next_step)
        requirements = _proved_requirements(failure_causes)
    else:
        verdict, failure_causes = non_policy.non_policy_causes(evidence, failure)
        requirements = _proved_requirements(failure_causes)
    return Explanation(
        target=evidence.target,
        verdict=verdict,
        hops=hops,
        causes=_dedupe_and_sort([*causes, *failure_causes]),
        error_code=failure.code,
        sources_read=_sources_read(hop, failure),
        requirements=requirements,
        exit_code=failure.exit_code,
    )


def _policy_causes(
    denied: DeniedCall, *, proved: bool
) -> tuple[list[Cause], tuple[Requirement, ...]]:
    """Evaluate both accounts, and add causes in an account that wasn't read."""
    trust = match_trust_policy(denied)
    source, target = assess_source(denied, trust.trust_grants), assess_target(denied, trust)
    causes = [*_named_policy_first(denied, (*source.causes, *target.causes))]
    proved = proved or any(cause.certainty is Certainty.PROVED for cause in causes)
    if not proved:
        causes += _possible_causes(denied, source, target)
    elif denied.denial.policy_type is None:
        causes += _unread_account_causes(denied, source, target, causes)
    return causes, (*source.requirements, *target.requirements)


def _named_policy_first(denied: DeniedCall, causes: Iterable[Cause]) -> list[Cause]:
    policy_type = denied.denial.policy_type
    if policy_type is None:
        return list(causes)
    side = administrator_side(policy_type)
    named = "trust policy" if policy_type is PolicyType.TRUST else ""
    return sorted(
        causes, key=lambda cause: not (cause.side is side or bool(named and named in cause.where))
    )


def _unread_account_causes(
    denied: DeniedCall,
    source: SideAssessment,
    target: SideAssessment,
    known_causes: Iterable[Cause],
) -> list[Cause]:
    """Add the account that wasn't read; the other one certainly denies the call."""
    causes = []
    if (
        not source.seen
        and not source.causes
        and CauseSide.SOURCE not in {cause.side for cause in known_causes}
        and not denied.same_account
    ):
        evidence = "The caller's policies could not be read; they must allow it, too."
        causes.append(_unread_policy_cause(denied, PolicyType.IDENTITY, evidence))
    if not target.seen and not target.causes:
        evidence = "The role's trust policy could not be read; it must allow it, too."
        causes.append(_unread_policy_cause(denied, PolicyType.TRUST, evidence))
    return causes


def _possible_causes(
    denied: DeniedCall, source: SideAssessment, target: SideAssessment
) -> list[Cause]:
    """List causes if none is certain; they are likely if the other account allows the call."""
    causes: list[Cause] = []
    if not source.seen and not source.causes:
        note = "; the role trusts it." if target.passes else "."
        evidence = f"The caller's policies could not be read{note}"
        certainty = Certainty.LIKELY if target.passes else Certainty.UNSEEN
        causes.append(_unread_policy_cause(denied, PolicyType.IDENTITY, evidence, certainty))
    if not target.seen and not target.causes:
        note = "; the caller's policies allow the call." if source.passes else "."
        evidence = f"The role's trust policy could not be read{note}"
        certainty = Certainty.LIKELY if source.passes else Certainty.UNSEEN
        causes.append(_unread_policy_cause(denied, PolicyType.TRUST, evidence, certainty))
        causes += _possible_condition_causes(denied)
    if source.passes and target.passes:
        causes.append(_organization_cause(denied))
    elif not organization_allows(denied):
        evidence = "The organization's policies can't be read from here."
        causes.append(_unread_policy_cause(denied, PolicyType.SCP, evidence))
    return causes


def _unread_policy_cause(
    denied: DeniedCall,
    policy_type: PolicyType,
    evidence: str,
    certainty: Certainty = Certainty.UNSEEN,
) -> Cause:
    return policy_types.missing_allow_cause(_unread_query(denied, policy_type), certainty, evidence)


def _unread_query(denied: DeniedCall, policy_type: PolicyType) -> policy_types.PolicyTypeQuery:
    return policy_types.PolicyTypeQuery(
        denied, policy_type, denied.denial.action, StatementMatches(()), complete=False
    )


def _organization_cause(denied: DeniedCall) -> Cause:
    policy_type = PolicyType.RCP if organization_allows(denied) else PolicyType.SCP
    return policy_types.unread_deny_cause(
        _unread_query(denied, policy_type),
        Certainty.LIKELY,
        "Both accounts were read and allow it, so an organization policy denies it, "
        "or a change hasn't reached STS yet.",
    )


def _possible_condition_causes(denied: DeniedCall) -> list[Cause]:
    """List what unread trust policies often require, and the role, which AWS never reports."""
    hop, local = denied.hop, CauseSide.LOCAL
    possible: list[tuple[CauseCode, CauseSide, str, str]] = []
    if hop.call.external_id is not None:
        evidence = "One was sent; whether the trust policy requires this one can't be seen."
        fix = "Compare it with the role's owner."
        possible.append((CauseCode.EXTERNAL_ID_WRONG, local, evidence, fix))
    elif not denied.same_account:
        evidence = "None was sent; trust policies of other companies often require one."
        fix = (
            "Ask the role's owner, then: "
            f"{command_for('xswitch switch', denied.hop.profile, '--external-id ID')}"
        )
        possible.append((CauseCode.EXTERNAL_ID_MISSING, local, evidence, fix))
    if hop.caller.mfa is not True and (hop.caller.is_user or not hop.caller.arn):
        evidence = "The call was made without MFA; a policy of either account may require it."
        possible.append((CauseCode.MFA_MISSING, local, evidence, mfa_instruction(denied)))
    evidence = (
        "AWS answers the same for a role that doesn't exist; its name, path and case must be exact."
    )
    fix = (
        f"Compare role_arn in the profile {hop.profile} "
        f"with the role's ARN in the console of {denied.target_account}."
    )
    possible.append((CauseCode.ROLE_MISSING, CauseSide.TARGET, evidence, fix))
    return [
        denied.cause(code, side, Certainty.UNSEEN, evidence, next_step=fix)
        for code, side, evidence, fix in possible
    ]


def _dedupe_and_sort(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Keep each cause once, the most certain first; equals stay in order, the nearest first."""
    seen: dict[tuple[CauseCode, CauseSide, str], Cause] = {}
    for cause in sorted(causes, key=lambda cause: _MOST_CERTAIN_FIRST.index(cause.certainty)):
        seen.setdefault((cause.code, cause.side, cause.statement), cause)
    return tuple(seen.values())


def _hops(evidence: Evidence) -> tuple[ExplainedHop, ...]:
    failed, failure = evidence.failed, evidence.failure
    answer = "" if failure is None else failure.text or failure.what
    hops = [(0, evidence.base_profile, "", evidence.base_arn)]
    hops += [(hop.number, hop.profile, hop.call.role_arn, hop.caller.arn) for hop in evidence.hops]
    return tuple(
        ExplainedHop(*hop, _outcome(hop[0], failed), answer if hop[0] == failed else "")
        for hop in hops
    )


def _outcome(number: int, failed: int | None) -> HopOutcome:
    if failed is None or number < failed:
        return HopOutcome.OK
    return HopOutcome.FAILED if number == failed else HopOutcome.NOT_TRIED


def _sources_read(hop: HopEvidence | None, failure: SwitchFailure) -> tuple[str, ...]:
    answer = ("AWS's answer",) if failure.text else ()
    return answer + (hop.observations.sources_read if hop is not None else ())


def _proved_requirements(causes: Iterable[Cause]) -> tuple[Requirement, ...]:
    return tuple(
        Requirement(
            cause.side, cause.hop, cause.code.value.replace("_", " "), RequirementState.MISSING
        )
        for cause in causes
        if cause.certainty is Certainty.PROVED
    )
