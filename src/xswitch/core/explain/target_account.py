"""The role's side: is there such a role, does it trust this caller under these conditions, and does it allow sessions this long."""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.core.access.model import NamedPolicy
from xswitch.core.arn import parse_role_arn
from xswitch.core.explain.aws_message import Layer
from xswitch.core.explain.case import Case, side_of
from xswitch.core.explain.conditions import code_of
from xswitch.core.explain.matching import Fit, Heap, Test
from xswitch.core.explain.model import Cause, CauseCode, CauseSide, Certainty, Piece, PieceState
from xswitch.core.explain.policy_types import Judged, Question, judge
from xswitch.core.explain.source_account import Side, Trusted
from xswitch.core.policy import PolicyKind

_CONDITIONS = {
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
class Trust:
    """The trust policy's statements, weighed for every action, and what they grant the caller."""

    heaps: dict[str, Heap]
    trusted: Trusted


def read_trust(case: Case) -> Trust:
    """The trust policy as far as it was read and is of this very role."""
    role = case.step.sight.role
    there = () if role is None or role.arn != case.step.asked.role_arn else (NamedPolicy(case.trust_name, role.trust),)
    heaps = {action: case.heap(there, PolicyKind.TRUST, action) for action in case.step.asked.actions}
    first = heaps[case.step.asked.actions[0]]
    grants = frozenset(one.grant for fit in (Fit.YES, Fit.MAYBE) for one in first.allows(fit))
    return Trust(heaps, Trusted(bool(there), grants))


def target_side(case: Case, trust: Trust) -> Side:
    """Everything the role's account says."""
    absent = _absent(case)
    if absent is not None:
        piece = case.piece(CauseSide.TARGET, "the role", PieceState.MISSING, case.step.asked.role_arn)
        unknown = case.piece(CauseSide.TARGET, "trust policy", PieceState.UNKNOWN)
        return Side((absent,), (piece, unknown), passes=False, seen=True)
    judged = [_judged(case, trust, action) for action in case.step.asked.actions]
    causes = [cause for one in judged for cause in one.causes]
    limit = _too_long(case)
    if limit is not None:
        causes.append(limit)
    state = min((one.state for one in judged), key=list(_ORDER).index)
    return Side(
        causes=tuple(dict.fromkeys(causes)),
        pieces=_pieces(case, trust, state, limit),
        passes=state is PieceState.OK and not causes,
        seen=trust.trusted.seen,
    )


_ORDER = (PieceState.DENIES, PieceState.MISSING, PieceState.UNKNOWN, PieceState.OK)


def _judged(case: Case, trust: Trust, action: str) -> Judged:
    if case.said.layer is Layer.RCP and case.said.action == action:
        return judge(Question(case, Layer.RCP, action, Heap(()), complete=False))
    heap = trust.heaps[action]
    return judge(Question(case, Layer.TRUST, action, heap, trust.trusted.seen and not heap.unreadable))


def _absent(case: Case) -> Cause | None:
    """The cause when there is no role of this ARN, or another one that may be meant."""
    asked, sight = case.step.asked, case.step.sight
    wanted = asked.role
    if wanted is None:
        return None
    others = (*((sight.role.arn,) if sight.role is not None else ()), *(sight.roles or ()))
    if asked.role_arn in others or not (sight.role_missing or sight.role is not None):
        return None
    where = f"Set role_arn to it in the profile {case.step.profile}, then: xswitch switch {case.profile}"
    for other in others:
        found = parse_role_arn(other)
        if found is None or found.partition != wanted.partition or found.name.casefold() != wanted.name.casefold():
            continue
        if (found.path + found.name).casefold() == (wanted.path + wanted.name).casefold():
            told = f"There is no {asked.role_arn}; there is {other}, and ARNs are compared letter by letter."
            return case.cause(CauseCode.ROLE_CASE, CauseSide.LOCAL, Certainty.PROVED, told, next_step=where)
        told = f"There is no {asked.role_arn}; the role of that name has the path {found.path}: {other}."
        return case.cause(CauseCode.ROLE_PATH, CauseSide.LOCAL, Certainty.PROVED, told, next_step=where)
    step = (
        f"An administrator of {wanted.account_id} makes it (xswitch access plan), or correct role_arn in the profile {case.step.profile}."
    )
    told = f"The account {wanted.account_id} has no role of the name {wanted.name}."
    return case.cause(CauseCode.ROLE_MISSING, CauseSide.TARGET, Certainty.PROVED, told, next_step=step)


def _too_long(case: Case) -> Cause | None:
    """What AWS would say next: the role's sessions are shorter than what is asked."""
    role, asked = case.step.sight.role, case.step.asked
    if role is None or role.arn != asked.role_arn or asked.duration_seconds <= role.max_session_seconds:
        return None
    told = f"{asked.duration_seconds} s are asked for, and the role's sessions last at most {role.max_session_seconds} s."
    return case.cause(
        CauseCode.DURATION_ROLE_MAX,
        CauseSide.LOCAL,
        Certainty.PROVED,
        told,
        next_step=f"xswitch switch {case.profile} --duration {role.max_session_seconds}",
    )


def _pieces(case: Case, trust: Trust, state: PieceState, limit: Cause | None) -> tuple[Piece, ...]:
    role = case.step.sight.role
    exists = PieceState.UNKNOWN if role is None else PieceState.OK
    side = side_of(Layer.TRUST)
    pieces = [case.piece(side, "the role", exists, case.step.asked.role_arn)]
    nearest = trust.heaps[case.step.asked.actions[0]].nearest
    conditioned = nearest is not None and bool(nearest.unmet or nearest.unknown) and state is not PieceState.DENIES
    pieces.append(case.piece(side, "trust policy", PieceState.OK if conditioned else state, "" if trust.trusted.seen else "not read"))
    if nearest is not None:
        for tests, found in ((nearest.met, PieceState.OK), (nearest.unmet, PieceState.MISSING), (nearest.unknown, PieceState.UNKNOWN)):
            pieces += [case.piece(side, _name(case, test), found) for test in tests]
    if role is not None:
        allowed = PieceState.OK if limit is None else PieceState.MISSING
        pieces.append(case.piece(side, "longest session", allowed, f"{role.max_session_seconds} s"))
    return tuple(dict.fromkeys(pieces))


def _name(case: Case, test: Test) -> str:
    code = code_of(case, test)
    return test.key if code is None else _CONDITIONS[code]
