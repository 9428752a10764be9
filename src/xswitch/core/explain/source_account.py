"""The caller's side: its own policies, its boundary, the policy of its session, and what its organization allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from xswitch.core.access.model import Simulation
from xswitch.core.explain.aws_message import Layer
from xswitch.core.explain.case import Case, side_of
from xswitch.core.explain.conditions import layer_side
from xswitch.core.explain.matching import Fit, Heap
from xswitch.core.explain.model import Cause, Certainty, Piece, PieceState
from xswitch.core.explain.policy_types import PASSES, UNSEEN, Judged, Question, denies, judge, missing
from xswitch.core.policy import Grant, PolicyKind

_WORST = (PieceState.DENIES, PieceState.MISSING, PieceState.UNKNOWN, PieceState.OK)
_PIECES: Mapping[Layer, str] = {
    Layer.IDENTITY: "the caller's policies",
    Layer.BOUNDARY: "permissions boundary",
    Layer.SESSION: "session policy",
    Layer.SCP: "organization (SCP)",
}
_NOTHING = Heap(())


@dataclass(frozen=True, slots=True)
class Side:
    """One side judged: its causes, its pieces, and whether nothing of it stands in the way for all that can be known."""

    causes: tuple[Cause, ...]
    pieces: tuple[Piece, ...]
    passes: bool
    seen: bool


@dataclass(frozen=True, slots=True)
class Trusted:
    """What the role's trust policy grants this caller, as far as it was read; it decides what else must allow within an account."""

    seen: bool
    grants: frozenset[Grant] = frozenset()

    def needs(self, case: Case, layer: Layer) -> bool:
        """Whether a kind of policy must hold an Allow. Source: IAM user guide, "Policy evaluation logic" for a single account."""
        if not case.same_account or case.said.layer is layer:
            return True
        if layer is Layer.IDENTITY:
            return self.grants == frozenset({Grant.ACCOUNT})
        return Grant.EXACT not in self.grants and self.seen


def source_side(case: Case, trusted: Trusted) -> Side:
    """Everything the caller's account, and its session, say."""
    layers: dict[Layer, list[Judged]] = {layer: [] for layer in _PIECES}
    for action in case.step.asked.actions:
        found = _simulated(case, action, trusted, {layer: _judged(case, layer, action, trusted) for layer in _PIECES})
        for layer, judged in found.items():
            layers[layer].append(judged)
    causes = tuple(cause for judged in layers.values() for one in judged for cause in one.causes)
    states = {layer: _worst(judged) for layer, judged in layers.items()}
    pieces = [case.piece(side_of(Layer.IDENTITY), "the caller", _known(case), case.step.calling.arn)]
    for layer, name in _PIECES.items():
        if (
            layer is not Layer.SESSION
            or case.step.calling.session_policies
            or case.step.calling.session_policy_arns
            or causes_of(layer, causes)
        ):
            pieces.append(case.piece(layer_side(case, layer), name, states[layer], _detail(case, layer)))
    own = [states[layer] for layer in (Layer.IDENTITY, Layer.BOUNDARY, Layer.SESSION)]
    return Side(
        causes=tuple(dict.fromkeys(causes)),
        pieces=tuple(pieces),
        passes=all(state is PieceState.OK for state in own) and not causes,
        seen=states[Layer.IDENTITY] is not PieceState.UNKNOWN,
    )


def causes_of(layer: Layer, causes: Iterable[Cause]) -> bool:
    """Whether a cause is of this kind of policy."""
    return any(cause.code.value.startswith(layer.value) for cause in causes)


def scp_cleared(case: Case) -> bool:
    """Whether IAM's simulation says that the organization allows the call."""
    found = [one.allowed_by_organization for one in case.step.sight.simulations.values()]
    return bool(found) and all(found)


def _judged(case: Case, layer: Layer, action: str, trusted: Trusted) -> Judged:
    question = _question(case, layer, action)
    if layer is Layer.SCP:
        return _organization(case, action, question)
    if layer is Layer.BOUNDARY and question.complete and not question.heap.weighed and case.said.layer is not layer:
        return PASSES
    if layer is Layer.SESSION and case.said.layer is not layer and not question.heap.weighed:
        return UNSEEN if case.step.calling.session_policy_arns else PASSES
    found = judge(question)
    if trusted.needs(case, layer) or found.state is PieceState.DENIES:
        return found
    return Judged(PieceState.OK, tuple(cause for cause in found.causes if "denies" in cause.code))


def _question(case: Case, layer: Layer, action: str) -> Question:
    reading, calling = case.step.sight.reading, case.step.calling
    if layer is Layer.SESSION:
        heap = case.heap(calling.session_policies, PolicyKind.SESSION, action)
        return Question(case, layer, action, heap, not calling.session_policy_arns)
    if reading is None or layer is Layer.SCP:
        return Question(case, layer, action, _NOTHING, complete=False)
    if layer is Layer.BOUNDARY:
        there = () if reading.boundary is None else (reading.boundary,)
        heap = case.heap(there, PolicyKind.BOUNDARY, action)
        return Question(case, layer, action, heap, bool(there) or case.step.sight.complete)
    heap = case.heap(reading.identity, PolicyKind.IDENTITY, action)
    return Question(case, layer, action, heap, case.step.sight.complete and not heap.unreadable)


def _organization(case: Case, action: str, question: Question) -> Judged:
    if case.said.action == action and case.said.layer in (Layer.SCP, Layer.ENDPOINT):
        return judge(replace(question, layer=case.said.layer))
    simulation = case.step.sight.simulations.get(action)
    if simulation is None or simulation.allowed_by_organization is None:
        return UNSEEN
    if simulation.allowed_by_organization:
        return PASSES
    told = f"IAM's simulation says that the organization does not allow {action} on {case.step.asked.role_arn}."
    cause = denies(question, Certainty.PROVED, told) if simulation.decision == "explicitDeny" else missing(question, Certainty.PROVED, told)
    return Judged(PieceState.MISSING, (cause,))


# -- what IAM's simulation adds ------------------------------------------------------------------------------------


def _simulated(case: Case, action: str, trusted: Trusted, found: dict[Layer, Judged]) -> dict[Layer, Judged]:
    """The layers with what SimulatePrincipalPolicy says of those that could not be read whole."""
    simulation = case.step.sight.simulations.get(action)
    if simulation is None or found[Layer.SCP].blocked:
        return found
    own = (Layer.IDENTITY, Layer.BOUNDARY)
    if simulation.decision == "allowed":
        return found | {layer: PASSES for layer in own if not found[layer].blocked}
    if any(found[layer].blocked for layer in own) or case.said.layer in own or not trusted.needs(case, Layer.IDENTITY):
        return found
    layer = Layer.BOUNDARY if simulation.allowed_by_boundary is False and not _identity_lacks(case, action) else Layer.IDENTITY
    question = _question(case, layer, action)
    if simulation.missing_context and simulation.decision != "explicitDeny":
        return found
    return found | {layer: Judged(*_told(question, simulation))}


def _identity_lacks(case: Case, action: str) -> bool:
    question = _question(case, Layer.IDENTITY, action)
    return question.complete and not question.heap.allows(Fit.YES)


def _told(question: Question, simulation: Simulation) -> tuple[PieceState, tuple[Cause, ...]]:
    asked = f"{question.action} on {question.case.step.asked.role_arn}"
    if simulation.decision == "explicitDeny":
        matched = f" (in {', '.join(simulation.matched)})" if simulation.matched else ""
        return PieceState.DENIES, (denies(question, Certainty.PROVED, f"IAM's simulation says that a policy denies {asked}{matched}."),)
    what = "the permissions boundary does not allow" if question.layer is Layer.BOUNDARY else "no policy of the caller allows"
    return PieceState.MISSING, (missing(question, Certainty.PROVED, f"IAM's simulation says that {what} {asked}."),)


# -- words ---------------------------------------------------------------------------------------------------------


def _worst(judged: Iterable[Judged]) -> PieceState:
    return min((one.state for one in judged), key=_WORST.index, default=PieceState.UNKNOWN)


def _known(case: Case) -> PieceState:
    return PieceState.OK if case.step.calling.arn else PieceState.UNKNOWN


def _detail(case: Case, layer: Layer) -> str:
    reading = case.step.sight.reading
    if layer is Layer.IDENTITY:
        return "not read" if reading is None else ", ".join(policy.name for policy in reading.identity) or "none"
    if layer is Layer.BOUNDARY:
        return "not read" if reading is None else "none" if reading.boundary is None else reading.boundary.name
    return ""
