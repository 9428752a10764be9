from __future__ import annotations

from dataclasses import replace

from support.explain.evidence import ROLE, USER, evidence, hop, reading, role
from xswitch.core.explain.diagnosis import explain
from xswitch.core.explain.evidence import FailureKind, Observations, SwitchFailure
from xswitch.core.explain.layout import compare_accounts
from xswitch.core.explain.model import CauseSide, Explanation, ExplanationVerdict, RequirementState

ALLOW = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": ROLE}
TRUST = {"Effect": "Allow", "Principal": {"AWS": USER}, "Action": "sts:AssumeRole"}


def test_missing_requirements_have_the_number_of_their_cause() -> None:
    trusted = {**TRUST, "Condition": {"StringEquals": {"sts:ExternalId": "x-1"}}}
    drawing = compare_accounts(
        explain(evidence(hop(Observations(principal_policies=reading(ALLOW), role=role(trusted)))))
    )
    source = {
        piece.name: (piece.state, piece.cause_numbers) for piece in drawing.source.requirements
    }
    target = {
        piece.name: (piece.state, piece.cause_numbers) for piece in drawing.target.requirements
    }
    assert source["the caller's policies"] == (RequirementState.OK, ())
    assert source["organization (SCP)"][0] is RequirementState.UNKNOWN
    assert target["the role"] == (RequirementState.OK, ())
    assert target["trust policy"] == (RequirementState.OK, ())
    assert target["external ID"] == (RequirementState.MISSING, (1,))
    assert target["longest session"] == (RequirementState.OK, ())
    assert (drawing.source.account, drawing.target.account) == ("111111111111", "222222222222")
    assert drawing.local.requirements == ()
    assert drawing.hop is not None


def test_a_deny_is_shown_as_one() -> None:
    denied = {**TRUST, "Effect": "Deny"}
    drawing = compare_accounts(explain(evidence(hop(Observations(role=role(TRUST, denied))))))
    assert (
        next(piece for piece in drawing.target.requirements if piece.name == "trust policy").state
        is RequirementState.DENIES
    )


def test_local_causes_have_a_column() -> None:
    failure = SwitchFailure(FailureKind.NETWORK, "timeout", "AWS did not answer.", exit_code=9)
    drawing = compare_accounts(explain(replace(evidence(hop()), failure=failure)))
    assert [
        (piece.name, piece.state, piece.cause_numbers) for piece in drawing.local.requirements
    ] == [("network", RequirementState.MISSING, (1,))]
    assert drawing.local.side is CauseSide.LOCAL
    assert drawing.source.requirements == drawing.target.requirements == ()


def test_every_cause_number_is_shown() -> None:
    for sight in (
        Observations(),
        Observations(principal_policies=reading()),
        Observations(role=role(TRUST)),
        Observations(role_missing=True),
    ):
        drawing = compare_accounts(explain(evidence(hop(sight))))
        marks = {
            mark
            for side in (drawing.source, drawing.target, drawing.local)
            for piece in side.requirements
            for mark in piece.cause_numbers
        }
        assert marks == set(range(1, len(drawing.causes) + 1))


def test_a_working_switch_has_no_requirements() -> None:
    drawing = compare_accounts(Explanation(ROLE, ExplanationVerdict.ALLOWED, (), ()))
    assert drawing.hop is None
    assert drawing.causes == ()
