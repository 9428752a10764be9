"""Why a switch fails: every cause that can be told from the evidence, the surest and nearest first.

It says "allowed" only of a switch that worked, "proved" only of what AWS said or a whole policy
shows, and "can't be seen from here" of the rest, with the statements to look for.
"""

from __future__ import annotations

from collections.abc import Iterable

from xswitch.core.explain import non_policy, policy_types
from xswitch.core.explain.aws_message import PolicyType, parse_denial
from xswitch.core.explain.case import DeniedCall
from xswitch.core.explain.evidence import Evidence, HopEvidence, SwitchFailure
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
from xswitch.core.explain.source_account import SideAssessment, organization_allows, source_side
from xswitch.core.explain.target_account import match_trust_policy, target_side

_MOST_CERTAIN_FIRST = (Certainty.PROVED, Certainty.LIKELY, Certainty.UNSEEN)


def explain(evidence: Evidence) -> Explanation:
    """The explanation of what became of a switch."""
    failure, hops = evidence.failure, _hops(evidence)
    if failure is None or evidence.failed is None:
        return Explanation(evidence.target, ExplanationVerdict.ALLOWED, hops, ())
    hop = next((one for one in evidence.hops if one.number == evidence.failed), None)
    causes = non_policy.local_causes(evidence, failure)
    failure_causes: list[Cause] = []
    if any(
        cause.code is CauseCode.PARTITION and cause.certainty is Certainty.PROVED
        for cause in causes
    ):
        verdict, requirements = (
            ExplanationVerdict.DENIED,
            _proved_requirements(causes),
        )  # no policy reaches from one partition into another
    elif hop is not None and failure.code in non_policy.POLICY_CODES:
        verdict = ExplanationVerdict.DENIED
        failure_causes, requirements = _policy_causes(
            DeniedCall(evidence, hop, parse_denial(failure.text)), proved=bool(causes)
        )
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
    case: DeniedCall, *, proved: bool
) -> tuple[list[Cause], tuple[Requirement, ...]]:
    """Both sides, and what can be told of the one that isn't seen from the other."""
    trust = match_trust_policy(case)
    source, target = source_side(case, trust.trust_grants), target_side(case, trust)
    causes = [*_named_policy_first(case, (*source.causes, *target.causes))]
    # Of actions AWS didn't name, only what is certain is worth telling.
    proved = proved or any(cause.certainty is Certainty.PROVED for cause in causes)
    if not proved:
        causes += _possible_causes(case, source, target)
    elif case.denial.policy_type is None:
        causes += _unread_side_causes(case, source, target, causes)
    return causes, (*source.requirements, *target.requirements)


def _named_policy_first(case: DeniedCall, causes: Iterable[Cause]) -> list[Cause]:
    policy_type = case.denial.policy_type
    if policy_type is None:
        return list(causes)
    side = (
        CauseSide.TARGET if policy_type in (PolicyType.TRUST, PolicyType.RCP) else CauseSide.SOURCE
    )
    named = "trust policy" if policy_type is PolicyType.TRUST else ""
    return sorted(
        causes, key=lambda cause: not (cause.side is side or bool(named and named in cause.where))
    )


def _unread_side_causes(
    case: DeniedCall, source: SideAssessment, target: SideAssessment, known_causes: Iterable[Cause]
) -> list[Cause]:
    """One side is certainly at fault; the other one, where it wasn't seen, may be as well."""
    sides_with_causes = {cause.side for cause in known_causes}
    causes = []
    if (
        not source.seen
        and not source.causes
        and CauseSide.SOURCE not in sides_with_causes
        and not case.same_account
    ):
        causes.append(
            _unread_policy_cause(
                case,
                PolicyType.IDENTITY,
                Certainty.UNSEEN,
                "The caller's own policies could not be read; they must allow it, too.",
            )
        )
    if not target.seen and not target.causes:
        causes.append(
            _unread_policy_cause(
                case,
                PolicyType.TRUST,
                Certainty.UNSEEN,
                "The role's trust policy could not be read; it must allow it, too.",
            )
        )
    return causes


def _possible_causes(
    case: DeniedCall, source: SideAssessment, target: SideAssessment
) -> list[Cause]:
    """Nothing is certain.

    What is left is likely where the other side is known to allow, else it can't be seen.
    """
    causes: list[Cause] = []
    likely_source = Certainty.LIKELY if target.passes else Certainty.UNSEEN
    likely_target = Certainty.LIKELY if source.passes else Certainty.UNSEEN
    if not source.seen and not source.causes:
        sentence = "The caller's own policies could not be read" + (
            "; the role trusts it." if target.passes else "."
        )
        causes.append(_unread_policy_cause(case, PolicyType.IDENTITY, likely_source, sentence))
    if not target.seen and not target.causes:
        sentence = "The role's trust policy could not be read" + (
            "; the caller's own policies allow the call." if source.passes else "."
        )
        causes.append(_unread_policy_cause(case, PolicyType.TRUST, likely_target, sentence))
        causes += _possible_condition_causes(case)
    if source.passes and target.passes:
        causes.append(_organization_cause(case))
    elif not organization_allows(case):
        causes.append(
            _unread_policy_cause(
                case,
                PolicyType.SCP,
                Certainty.UNSEEN,
                "Policies of the organization can't be read from here.",
            )
        )
    return causes


def _unread_policy_cause(
    case: DeniedCall, policy_type: PolicyType, certainty: Certainty, sentence: str
) -> Cause:
    return policy_types.missing_allow_cause(
        policy_types.PolicyTypeQuery(
            case, policy_type, case.denial.action, StatementMatches(()), complete=False
        ),
        certainty,
        sentence,
    )


def _organization_cause(case: DeniedCall) -> Cause:
    policy_type = PolicyType.RCP if organization_allows(case) else PolicyType.SCP
    sentence = "Both sides were read and allow it, so it is something above them, or a change STS does not know yet."
    return policy_types.unread_deny_cause(
        policy_types.PolicyTypeQuery(
            case, policy_type, case.denial.action, StatementMatches(()), complete=False
        ),
        Certainty.LIKELY,
        sentence,
    )


def _possible_condition_causes(case: DeniedCall) -> list[Cause]:
    """What an unread trust policy often asks for and this call lacks.

    And the role itself, which AWS never says is missing.
    """
    # Only when nothing better is known
    from xswitch.core.explain.fixes import mfa_instruction  # noqa: PLC0415

    hop, unseen = case.hop, Certainty.UNSEEN
    causes = []
    if hop.call.external_id is None and not case.same_account:
        sentence = (
            "None was sent; the trust policy may ask for one, as those of other companies do."
        )
        fix = f"Ask the owner of the role, then: xswitch switch {case.profile} --external-id ID"
        causes.append(
            case.cause(
                CauseCode.EXTERNAL_ID_MISSING, CauseSide.LOCAL, unseen, sentence, next_step=fix
            )
        )
    elif hop.call.external_id is not None:
        sentence = "One was sent; whether it is the one the trust policy asks for can't be seen."
        causes.append(
            case.cause(
                CauseCode.EXTERNAL_ID_WRONG,
                CauseSide.LOCAL,
                unseen,
                sentence,
                next_step="Compare it with the role's owner.",
            )
        )
    if hop.caller.mfa is not True and (hop.caller.is_user or not hop.caller.arn):
        sentence = (
            "The call was made without MFA; the trust policy, or the caller's own, may ask for it."
        )
        causes.append(
            case.cause(
                CauseCode.MFA_MISSING,
                CauseSide.LOCAL,
                unseen,
                sentence,
                next_step=mfa_instruction(case),
            )
        )
    sentence = "AWS answers the same for a role that does not exist; its name, path and case must be exact."
    fix = f"Compare role_arn in the profile {hop.profile} with the role's ARN in the console of {case.target_account}."
    causes.append(
        case.cause(CauseCode.ROLE_MISSING, CauseSide.TARGET, unseen, sentence, next_step=fix)
    )
    return causes


def _dedupe_and_sort(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Each cause once, the surest first.

    Among equals in the order they were found, which is the nearest first.
    """
    seen: dict[tuple[CauseCode, CauseSide, str], Cause] = {}
    for cause in sorted(causes, key=lambda one: _MOST_CERTAIN_FIRST.index(one.certainty)):
        seen.setdefault((cause.code, cause.side, cause.statement), cause)
    return tuple(seen.values())


def _hops(evidence: Evidence) -> tuple[ExplainedHop, ...]:
    failed, text = (
        evidence.failed,
        "" if evidence.failure is None else evidence.failure.text or evidence.failure.what,
    )
    hops = [
        ExplainedHop(
            0,
            evidence.base_profile,
            "",
            evidence.base_arn,
            _outcome(0, failed),
            text if failed == 0 else "",
        )
    ]
    for hop in evidence.hops:
        outcome = _outcome(hop.number, failed)
        answer = text if hop.number == failed else ""
        hops.append(
            ExplainedHop(
                hop.number,
                hop.profile,
                hop.call.role_arn,
                hop.caller.arn,
                outcome,
                answer,
            )
        )
    return tuple(hops)


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
