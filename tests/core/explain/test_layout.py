from __future__ import annotations

from dataclasses import replace

from support.explain.evidence import ROLE, USER, evidence, reading, role, step
from xswitch.core.explain.diagnosis import explain
from xswitch.core.explain.evidence import Failure, FailureKind, Sight
from xswitch.core.explain.layout import draw
from xswitch.core.explain.model import CauseSide, Explanation, PieceState, Verdict

ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}
TRUST = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"}


def test_the_missing_piece_is_marked_beside_those_that_are_there() -> None:
    trusted = {**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": "x-1"}}}
    drawing = draw(explain(evidence(step(Sight(reading=reading(ALLOW), role=role(trusted))))))
    source = {piece.name: (piece.state, piece.marks) for piece in drawing.source.pieces}
    target = {piece.name: (piece.state, piece.marks) for piece in drawing.target.pieces}
    assert source["the caller's policies"] == (PieceState.OK, ())
    assert source["organization (SCP)"][0] is PieceState.UNKNOWN
    assert target["the role"] == (PieceState.OK, ())
    assert target["trust policy"] == (PieceState.OK, ())
    assert target["external ID"] == (PieceState.MISSING, (1,))
    assert target["longest session"] == (PieceState.OK, ())
    assert (drawing.source.account, drawing.target.account) == ("111111111111", "222222222222")
    assert drawing.here.pieces == ()
    assert drawing.hop is not None


def test_a_deny_is_drawn_as_one() -> None:
    denied = {**TRUST, "Effect": "Deny"}
    drawing = draw(explain(evidence(step(Sight(role=role(TRUST, denied))))))
    assert next(piece for piece in drawing.target.pieces if piece.name == "trust policy").state is PieceState.DENIES


def test_what_lies_here_has_a_column_of_its_own() -> None:
    failure = Failure(FailureKind.NETWORK, "timeout", "AWS did not answer.", exit_code=9)
    drawing = draw(explain(replace(evidence(step()), failure=failure)))
    assert [(piece.name, piece.state, piece.marks) for piece in drawing.here.pieces] == [("network", PieceState.MISSING, (1,))]
    assert drawing.here.side is CauseSide.LOCAL
    assert drawing.source.pieces == drawing.target.pieces == ()


def test_every_cause_is_marked_somewhere() -> None:
    for sight in (Sight(), Sight(reading=reading()), Sight(role=role(TRUST)), Sight(role_missing=True)):
        drawing = draw(explain(evidence(step(sight))))
        marks = {mark for side in (drawing.source, drawing.target, drawing.here) for piece in side.pieces for mark in piece.marks}
        assert marks == set(range(1, len(drawing.causes) + 1))


def test_a_switch_that_works_has_no_sides() -> None:
    drawing = draw(Explanation(ROLE, Verdict.ALLOWED, (), ()))
    assert drawing.hop is None
    assert drawing.causes == ()
