"""Why a switch fails: every cause that can be told from the evidence, the surest and nearest first.

It says "allowed" only of a switch that worked, "proved" only of what AWS said or a whole policy shows, and "can't be seen from here" of
the rest, with the statements to look for.
"""

from __future__ import annotations

from collections.abc import Iterable

from xswitch.core.explain import non_policy, policy_types
from xswitch.core.explain.aws_message import Layer, said
from xswitch.core.explain.case import Case
from xswitch.core.explain.evidence import Evidence, Failure, Step
from xswitch.core.explain.matching import Heap
from xswitch.core.explain.model import (
    Cause,
    CauseCode,
    CauseSide,
    Certainty,
    ExplainedHop,
    Explanation,
    HopOutcome,
    Piece,
    PieceState,
    Verdict,
)
from xswitch.core.explain.source_account import Side, scp_cleared, source_side
from xswitch.core.explain.target_account import read_trust, target_side

_SURENESS = (Certainty.PROVED, Certainty.LIKELY, Certainty.UNSEEN)


def explain(evidence: Evidence) -> Explanation:
    """The explanation of what became of a switch."""
    failure, hops = evidence.failure, _hops(evidence)
    if failure is None or evidence.failed is None:
        return Explanation(evidence.target, Verdict.ALLOWED, hops, ())
    step = next((one for one in evidence.steps if one.number == evidence.failed), None)
    causes = non_policy.local_causes(evidence, failure)
    found: list[Cause] = []
    if any(cause.code is CauseCode.PARTITION and cause.certainty is Certainty.PROVED for cause in causes):
        verdict, pieces = Verdict.DENIED, _plain_pieces(causes)  # no policy reaches from one partition into another
    elif step is not None and failure.code in non_policy.POLICY_CODES:
        verdict = Verdict.DENIED
        found, pieces = _policies(Case(evidence, step, said(failure.text)), proved=bool(causes))
    else:
        verdict, found = non_policy.plain(evidence, failure)
        pieces = _plain_pieces(found)
    return Explanation(
        target=evidence.target,
        verdict=verdict,
        hops=hops,
        causes=_ordered([*causes, *found]),
        error_code=failure.code,
        looked_at=_looked_at(step, failure),
        pieces=pieces,
        exit_code=failure.exit_code,
    )


def _policies(case: Case, *, proved: bool) -> tuple[list[Cause], tuple[Piece, ...]]:
    """Both sides, and what can be told of the one that isn't seen from the other."""
    trust = read_trust(case)
    source, target = source_side(case, trust.trusted), target_side(case, trust)
    found = [*_said_first(case, (*source.causes, *target.causes))]
    # Of actions AWS didn't name, only what is certain is worth telling.
    proved = proved or any(cause.certainty is Certainty.PROVED for cause in found)
    if not proved:
        found += _unseen_sides(case, source, target)
    elif case.said.layer is None:
        found += _other_side(case, source, target, found)
    return found, (*source.pieces, *target.pieces)


def _said_first(case: Case, causes: Iterable[Cause]) -> list[Cause]:
    layer = case.said.layer
    if layer is None:
        return list(causes)
    side = CauseSide.TARGET if layer in (Layer.TRUST, Layer.RCP) else CauseSide.SOURCE
    named = "trust policy" if layer is Layer.TRUST else ""
    return sorted(causes, key=lambda cause: not (cause.side is side or bool(named and named in cause.where)))


def _other_side(case: Case, source: Side, target: Side, found: Iterable[Cause]) -> list[Cause]:
    """One side is certainly at fault; the other one, where it wasn't seen, may be as well."""
    layer_found = {cause.side for cause in found}
    causes = []
    if not source.seen and not source.causes and CauseSide.SOURCE not in layer_found and not case.same_account:
        causes.append(
            _unseen(case, Layer.IDENTITY, Certainty.UNSEEN, "The caller's own policies could not be read; they must allow it, too.")
        )
    if not target.seen and not target.causes:
        causes.append(_unseen(case, Layer.TRUST, Certainty.UNSEEN, "The role's trust policy could not be read; it must allow it, too."))
    return causes


def _unseen_sides(case: Case, source: Side, target: Side) -> list[Cause]:
    """Nothing is certain: what is left is likely where the other side is known to allow, else it can't be seen."""
    causes: list[Cause] = []
    likely_source = Certainty.LIKELY if target.passes else Certainty.UNSEEN
    likely_target = Certainty.LIKELY if source.passes else Certainty.UNSEEN
    if not source.seen and not source.causes:
        told = "The caller's own policies could not be read" + ("; the role trusts it." if target.passes else ".")
        causes.append(_unseen(case, Layer.IDENTITY, likely_source, told))
    if not target.seen and not target.causes:
        told = "The role's trust policy could not be read" + ("; the caller's own policies allow the call." if source.passes else ".")
        causes.append(_unseen(case, Layer.TRUST, likely_target, told))
        causes += _conditions(case)
    if source.passes and target.passes:
        causes.append(_organization(case))
    elif not scp_cleared(case):
        causes.append(_unseen(case, Layer.SCP, Certainty.UNSEEN, "Policies of the organization can't be read from here."))
    return causes


def _unseen(case: Case, layer: Layer, certainty: Certainty, told: str) -> Cause:
    return policy_types.missing(policy_types.Question(case, layer, case.said.action, Heap(()), complete=False), certainty, told)


def _organization(case: Case) -> Cause:
    layer = Layer.RCP if scp_cleared(case) else Layer.SCP
    told = "Both sides were read and allow it, so it is something above them, or a change STS does not know yet."
    return policy_types.denies(policy_types.Question(case, layer, case.said.action, Heap(()), complete=False), Certainty.LIKELY, told)


def _conditions(case: Case) -> list[Cause]:
    """What an unread trust policy often asks for and this call lacks; and the role itself, which AWS never says is missing."""
    from xswitch.core.explain.fixes import mfa_step  # noqa: PLC0415 -- only when nothing better is known

    step, unseen = case.step, Certainty.UNSEEN
    causes = []
    if step.asked.external_id is None and not case.same_account:
        told = "None was sent; the trust policy may ask for one, as those of other companies do."
        fix = f"Ask the owner of the role, then: xswitch switch {case.profile} --external-id ID"
        causes.append(case.cause(CauseCode.EXTERNAL_ID_MISSING, CauseSide.LOCAL, unseen, told, next_step=fix))
    elif step.asked.external_id is not None:
        told = "One was sent; whether it is the one the trust policy asks for can't be seen."
        causes.append(case.cause(CauseCode.EXTERNAL_ID_WRONG, CauseSide.LOCAL, unseen, told, next_step="Compare it with the role's owner."))
    if step.calling.mfa is not True and (step.calling.is_user or not step.calling.arn):
        told = "The call was made without MFA; the trust policy, or the caller's own, may ask for it."
        causes.append(case.cause(CauseCode.MFA_MISSING, CauseSide.LOCAL, unseen, told, next_step=mfa_step(case)))
    told = "AWS answers the same for a role that does not exist; its name, path and case must be exact."
    fix = f"Compare role_arn in the profile {step.profile} with the role's ARN in the console of {case.target_account}."
    causes.append(case.cause(CauseCode.ROLE_MISSING, CauseSide.TARGET, unseen, told, next_step=fix))
    return causes


def _ordered(causes: Iterable[Cause]) -> tuple[Cause, ...]:
    """Each cause once, the surest first; among equals in the order they were found, which is the nearest first."""
    seen: dict[tuple[CauseCode, CauseSide, str], Cause] = {}
    for cause in sorted(causes, key=lambda one: _SURENESS.index(one.certainty)):
        seen.setdefault((cause.code, cause.side, cause.statement), cause)
    return tuple(seen.values())


def _hops(evidence: Evidence) -> tuple[ExplainedHop, ...]:
    failed, text = evidence.failed, "" if evidence.failure is None else evidence.failure.text or evidence.failure.what
    hops = [ExplainedHop(0, evidence.base_profile, "", evidence.base_arn, _outcome(0, failed), text if failed == 0 else "")]
    for step in evidence.steps:
        outcome = _outcome(step.number, failed)
        answer = text if step.number == failed else ""
        hops.append(ExplainedHop(step.number, step.profile, step.asked.role_arn, step.calling.arn, outcome, answer))
    return tuple(hops)


def _outcome(number: int, failed: int | None) -> HopOutcome:
    if failed is None or number < failed:
        return HopOutcome.OK
    return HopOutcome.FAILED if number == failed else HopOutcome.NOT_TRIED


def _looked_at(step: Step | None, failure: Failure) -> tuple[str, ...]:
    answer = ("AWS's answer",) if failure.text else ()
    return answer + (step.sight.looked_at if step is not None else ())


def _plain_pieces(causes: Iterable[Cause]) -> tuple[Piece, ...]:
    return tuple(
        Piece(cause.side, cause.hop, cause.code.value.replace("_", " "), PieceState.MISSING)
        for cause in causes
        if cause.certainty is Certainty.PROVED
    )
