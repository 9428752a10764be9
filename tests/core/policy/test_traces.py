"""Traces of statements: matching parts, and every unmet condition."""

from __future__ import annotations

from support.policy.cases import (
    ROLE_B,
    USER,
    B,
    Case,
    allows,
    trusts,
)
from xswitch.core.policy import (
    Condition,
    Decision,
    PolicyDocument,
    PolicyKind,
    UnmetCondition,
    parse,
)

MFA = {
    "Bool": {"aws:MultiFactorAuthPresent": "true"},
    "NumericLessThan": {"aws:MultiFactorAuthAge": "3600"},
}
EXTERNAL = {"StringEquals": {"sts:ExternalId": "unicorn-42"}}


def decide(*documents: PolicyDocument, **context: str) -> Decision:
    return Case(
        "",
        USER,
        ROLE_B,
        documents,
        "",
        context={key.replace("__", ":"): value for key, value in context.items()},
    ).decide()


def unmet(
    decision: Decision, index: int = 0
) -> list[tuple[str, str, tuple[str, ...], tuple[str, ...] | None]]:
    return [
        (condition.key, condition.operator, condition.expected, condition.actual)
        for condition in decision.traces[index].unmet
    ]


def test_unmet_conditions_have_expected_and_actual_values() -> None:
    block = {
        **EXTERNAL,
        **MFA,
        "IpAddress": {"aws:SourceIp": ["203.0.113.0/24"]},
        "DateLessThan": {"aws:CurrentTime": "2026-01-01"},
    }
    facts = {
        "sts__ExternalId": "horse",
        "aws__SourceIp": "198.51.100.7",
        "aws__CurrentTime": "2026-03-01T12:00:00Z",
    }
    decision = decide(trusts(Condition=block), allows(), **facts)
    assert unmet(decision) == [
        ("sts:ExternalId", "stringequals", ("unicorn-42",), ("horse",)),
        ("aws:MultiFactorAuthPresent", "bool", ("true",), None),
        ("aws:MultiFactorAuthAge", "numericlessthan", ("3600",), None),
        ("aws:SourceIp", "ipaddress", ("203.0.113.0/24",), ("198.51.100.7",)),
        ("aws:CurrentTime", "datelessthan", ("2026-01-01",), ("2026-03-01T12:00:00Z",)),
    ]
    met = decide(
        trusts(Condition=MFA),
        allows(),
        aws__MultiFactorAuthPresent="true",
        aws__MultiFactorAuthAge="7200",
    )
    assert unmet(met) == [("aws:MultiFactorAuthAge", "numericlessthan", ("3600",), ("7200",))]


def test_unmet_conditions_are_listed_even_if_other_parts_fail() -> None:
    trace = decide(trusts(B, Action="sts:TagSession", Condition=EXTERNAL)).traces[0]
    assert (trace.principal, trace.action, trace.resource, len(trace.unmet)) == (
        False,
        False,
        True,
        1,
    )
    assert trace.why_not == f"its principal is not {USER.arn}"


def test_a_variable_without_a_value_is_named() -> None:
    block = {
        "StringEquals": {"aws:username": ["${aws:PrincipalTag/owner}", "${aws:username}x"]},
        "Bool": {"aws:x": "${aws:y}"},
    }
    decision = decide(trusts(Condition=block), aws__username="dana")
    first, second = decision.traces[0].unmet
    assert (first.unresolved, second.unresolved) == (("aws:PrincipalTag/owner",), ())
    old = decide(trusts(Condition=block, version="2008-10-17"), aws__username="dana")
    assert old.traces[0].unmet[0].unresolved == ()
    assert first == UnmetCondition(
        Condition("stringequals", "aws:username", first.expected),
        ("dana",),
        ("aws:PrincipalTag/owner",),
    )


def test_a_statement_that_applies_has_no_unmet_condition() -> None:
    trace = decide(trusts(), allows()).traces[0]
    assert (trace.allows, trace.denies, trace.unmet, trace.why_not) == (True, False, (), "")


def test_the_level_of_an_scp_is_part_of_the_document() -> None:
    text = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    assert parse(text, PolicyKind.SCP, "FullAWSAccess", level="ou").level == "ou"
