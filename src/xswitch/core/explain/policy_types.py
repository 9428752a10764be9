"""One kind of policy at a time: does it let the call through, and if not, why; with what AWS said, and what could be read."""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.core.explain import statement_edits
from xswitch.core.explain.aws_message import Layer
from xswitch.core.explain.case import CODES, Case, edit_next, upgraded
from xswitch.core.explain.conditions import denial_cause, layer_side, unmet_causes
from xswitch.core.explain.evidence import ASSUME_ROLE, SET_SOURCE_IDENTITY, TAG_SESSION
from xswitch.core.explain.matching import Fit, Heap, Weighed
from xswitch.core.explain.model import Cause, CauseCode, Certainty, PieceState, StatementChange

_OF_ACTION = {TAG_SESSION: CauseCode.TAGS, SET_SOURCE_IDENTITY: CauseCode.SOURCE_IDENTITY}
_NAMES = {
    Layer.IDENTITY: "the caller's own policies",
    Layer.BOUNDARY: "the caller's permissions boundary",
    Layer.SESSION: "the session policy of the calling session",
    Layer.SCP: "a service control policy over the caller's account",
    Layer.RCP: "a resource control policy over the role's account",
    Layer.TRUST: "the role's trust policy",
    Layer.ENDPOINT: "the policy of the VPC endpoint",
}


@dataclass(frozen=True, slots=True)
class Judged:
    """What a kind of policy says: `state` of its piece, and the causes found."""

    state: PieceState
    causes: tuple[Cause, ...] = ()

    @property
    def blocked(self) -> bool:
        """Whether it stands in the way for certain."""
        return any(cause.certainty is Certainty.PROVED for cause in self.causes)


UNSEEN = Judged(PieceState.UNKNOWN)
PASSES = Judged(PieceState.OK)


@dataclass(frozen=True, slots=True)
class Question:
    """One kind of policy asked about one action: its statements, and whether all of its policies were read."""

    case: Case
    layer: Layer
    action: str
    heap: Heap
    complete: bool


def judge(question: Question) -> Judged:
    """What was read of one kind of policy, then what AWS said of it."""
    found = _read(question)
    said = question.case.said
    if said.layer is not question.layer or said.action != question.action:
        return found
    return _said_denial(question, found) if said.explicit else _said_missing(question, found)


def missing(question: Question, certainty: Certainty, evidence: str) -> Cause:
    """The cause for an Allow that isn't there, with the statement to add."""
    case, layer, action = question.case, question.layer, question.action
    code = CODES[layer][0]
    if layer in (Layer.IDENTITY, Layer.TRUST):
        code = _OF_ACTION.get(action, code)
    where, edit = _addition(question)
    return case.cause(code, layer_side(case, layer), certainty, evidence, edit=edit, next_step=edit_next(case, layer, where), where=where)


def denies(question: Question, certainty: Certainty, evidence: str, *, policy: str = "") -> Cause:
    """The cause for a Deny nobody here can read."""
    case, layer = question.case, question.layer
    arn = case.step.calling.policy_arn or case.step.calling.arn
    text = statement_edits.exception_for_scp(case.step) if arn and layer in (Layer.SCP, Layer.RCP, Layer.TRUST) else ""
    edit: statement_edits.Edit = (text, StatementChange.REPLACE if text else StatementChange.NONE, "")
    return case.cause(
        CODES[layer][1],
        layer_side(case, layer),
        certainty,
        evidence,
        edit=edit,
        next_step=edit_next(case, layer, policy),
        where=policy or (case.trust_name if layer is Layer.TRUST else ""),
    )


# -- what was read ------------------------------------------------------------------------------------------------


def _read(question: Question) -> Judged:
    case, heap, layer = question.case, question.heap, question.layer
    sure = [denial_cause(case, one, layer, Certainty.PROVED) for one in heap.denies(Fit.YES)]
    if sure:
        return Judged(PieceState.DENIES, tuple(sure))
    perhaps = tuple(denial_cause(case, one, layer, Certainty.LIKELY) for one in heap.denies(Fit.MAYBE))
    if heap.allows(Fit.YES):
        seen = question.complete and not perhaps
        return Judged(PieceState.OK if seen else PieceState.UNKNOWN, perhaps)
    found = _lacking(question)
    return Judged(found.state, (*found.causes, *perhaps))


def _lacking(question: Question) -> Judged:
    """No Allow applies for certain."""
    case, heap, layer, nearest = question.case, question.heap, question.layer, question.heap.nearest
    if nearest is not None:
        certainty = Certainty.PROVED if question.complete else Certainty.LIKELY
        causes = unmet_causes(case, nearest, layer, nearest.unmet, certainty)
        causes += unmet_causes(case, nearest, layer, nearest.unknown, Certainty.LIKELY)
        state = PieceState.MISSING if nearest.unmet and question.complete else PieceState.UNKNOWN
        return Judged(state, tuple(causes))
    if not question.complete or heap.unreadable:
        return UNSEEN
    return Judged(PieceState.MISSING, (missing(question, Certainty.PROVED, _nothing(question)),))


def _nothing(question: Question) -> str:
    """Why no statement is about this call, with the nearest miss."""
    case, action = question.case, question.action
    allows = [one for one in question.heap.weighed if not one.given.deny]
    if question.layer is not Layer.TRUST:
        others = [one for one in allows if one.action and not one.resource]
        near = f": statement {others[0].given.number} of {others[0].given.name} does for other resources" if others else ""
        return f"All of {_NAMES[question.layer]} could be read, and none allows {action} on {case.step.asked.role_arn}{near}."
    if action != ASSUME_ROLE and any(one.principal for one in allows):
        return f"{_title(case.trust_name)} trusts this caller, and not with {action}."
    named = sorted(
        {name for one in allows if one.given.statement.principals for name in one.given.statement.principals.values.get("AWS", ())}
    )
    who = f"; it names {', '.join(named[:3])}{' and others' if len(named) > 3 else ''}" if named else ""  # noqa: PLR2004 -- three are enough to see
    return f"{_title(case.trust_name)} does not name {case.step.calling.policy_arn or case.step.calling.arn}{who}.{_ghost(named)}"


def _ghost(named: list[str]) -> str:
    """Principals that were deleted stand in a trust policy by their unique id (IAM reference, "Principal")."""
    ids = [name for name in named if name.startswith(("AIDA", "AROA")) and ":" not in name]
    return f" {ids[0]} was deleted; one made anew under the same name is another." if ids else ""


def _addition(question: Question) -> tuple[str, statement_edits.Edit]:
    case, action = question.case, question.action
    actions = case.step.asked.actions if action == ASSUME_ROLE else (action,)
    if question.layer is not Layer.TRUST:
        name = next((one.given.name for one in question.heap.weighed), "") if question.layer is not Layer.IDENTITY else ""
        return name, (statement_edits.permission(case.step, actions), StatementChange.ADD, "")
    almost = _trusting(question)
    if almost is not None:
        return case.trust_name, statement_edits.with_action(almost, action)
    return case.trust_name, (statement_edits.trust(case.step, actions), StatementChange.ADD, "")


def _trusting(question: Question) -> Weighed | None:
    """The Allow that trusts this caller already, and lacks the action alone."""
    fitting = [one for one in question.heap.weighed if not one.given.deny and one.principal and not one.action and not one.unmet]
    return next((one for one in fitting if "Action" in one.given.raw), None) if question.action != ASSUME_ROLE else None


# -- what AWS said ------------------------------------------------------------------------------------------------


def _said_denial(question: Question, found: Judged) -> Judged:
    if found.state is PieceState.DENIES:
        return found
    said, perhaps = question.case.said, question.heap.denies(Fit.MAYBE)
    if len(perhaps) == 1:
        # AWS says that one of these applies, and there is no other.
        return Judged(PieceState.DENIES, (denial_cause(question.case, perhaps[0], question.layer, Certainty.PROVED),))
    named = f" ({said.policy})" if said.policy else ""
    cause = denies(question, Certainty.PROVED, f"AWS says that {_NAMES[question.layer]}{named} denies it.", policy=said.policy)
    return Judged(PieceState.DENIES, (cause,))


def _said_missing(question: Question, found: Judged) -> Judged:
    heap, nearest = question.heap, question.heap.nearest
    allowing = [cause for cause in found.causes if cause.change is not StatementChange.NONE]
    if nearest is not None and nearest.unmet:
        # Meeting its conditions makes it apply, and AWS lacks nothing else of this kind of policy.
        causes = unmet_causes(question.case, nearest, question.layer, nearest.unmet, Certainty.PROVED)
        return Judged(
            PieceState.MISSING, (*causes, *unmet_causes(question.case, nearest, question.layer, nearest.unknown, Certainty.LIKELY))
        )
    if nearest is not None and len(nearest.unknown) == 1 and len(heap.allows(Fit.MAYBE)) == 1 and not heap.allows(Fit.YES):
        return Judged(PieceState.MISSING, tuple(upgraded(cause, Certainty.PROVED) for cause in allowing))
    if heap.allows(Fit.YES):
        note = "though what was read allows it: a change takes a while until STS knows it"
    else:
        note = "and it could not be read" if not question.complete else "and so does what was read"
    if found.blocked:
        return found
    evidence = f"AWS says that {_NAMES[question.layer]} does not allow {question.action}, {note}."
    return Judged(PieceState.MISSING, (missing(question, Certainty.PROVED, evidence), *found.causes))


def _title(text: str) -> str:
    return text[:1].upper() + text[1:]
