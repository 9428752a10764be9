"""What a decision tells to explain it.

The parts of each statement, every unmet condition, what is in the way, and the whole of a call.
"""

from __future__ import annotations

import pytest

from support.policy.cases import (
    ELSEWHERE,
    ROLE_B,
    SERVICE,
    USER,
    A,
    B,
    Case,
    allows,
    denies,
    document,
    scp,
    trusts,
)
from xswitch.core.policy import (
    AssumeRole,
    Blocker,
    Condition,
    Decision,
    PolicyDocument,
    PolicyKind,
    PolicySide,
    Request,
    UnmetCondition,
    blockers,
    evaluate_assume_role,
    failing,
    parse,
    unique_ids,
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
    return [(one.key, one.operator, one.wanted, one.given) for one in decision.traces[index].unmet]


def test_every_unmet_condition_is_told_with_what_is_wanted_and_what_is_there() -> None:
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


def test_conditions_are_told_whatever_else_does_not_fit() -> None:
    trace = decide(trusts(B, Action="sts:TagSession", Condition=EXTERNAL)).traces[0]
    assert (trace.principal, trace.action, trace.resource, len(trace.unmet)) == (
        False,
        False,
        True,
        1,
    )
    assert failing(trace) == ("principal", "action", "condition")
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
        Condition("stringequals", "aws:username", first.wanted),
        ("dana",),
        ("aws:PrincipalTag/owner",),
    )


def test_a_statement_that_applies_has_nothing_failing() -> None:
    trace = decide(trusts(), allows()).traces[0]
    assert (trace.allows, trace.denies, failing(trace), trace.why_not) == (True, False, (), "")


def test_blockers_are_denials_first_then_each_lack_with_its_near_misses() -> None:
    decision = decide(
        scp("root", **ELSEWHERE),
        denies(PolicyKind.SCP, level="ou"),
        document(
            PolicyKind.TRUST,
            {"Sid": "far", "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": B}},
            {
                "Sid": "two",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": A},
                "Condition": MFA,
            },
            {
                "Sid": "one",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": A},
                "Condition": EXTERNAL,
            },
            {
                "Sid": "both",
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": B},
                "Condition": EXTERNAL,
            },
            {"Sid": "tags", "Effect": "Allow", "Action": "sts:TagSession", "Principal": {"AWS": A}},
            {
                "Sid": "deny",
                "Effect": "Deny",
                "Action": "sts:AssumeRole",
                "Principal": {"AWS": A},
                "Condition": EXTERNAL,
            },
        ),
        allows(**ELSEWHERE),
    )
    found = blockers(decision)
    told = [
        (
            one.kind,
            one.level,
            one.side,
            one.denial is not None,
            [trace.statement.sid for trace in one.near],
        )
        for one in found
    ]
    assert told == [
        (PolicyKind.SCP, "ou", PolicySide.SOURCE, True, []),
        (PolicyKind.SCP, "root", PolicySide.SOURCE, False, [""]),
        (PolicyKind.SCP, "ou", PolicySide.SOURCE, False, []),
        (PolicyKind.TRUST, "", PolicySide.TARGET, False, ["one", "two", "far"]),
        (PolicyKind.IDENTITY, "", PolicySide.SOURCE, False, [""]),
    ]
    assert failing(found[1].near[0]) == ("resource",)


def test_nothing_blocks_what_is_allowed() -> None:
    assert blockers(decide(trusts(), allows())) == ()
    assert blockers(decide(allows())) == (Blocker(PolicyKind.TRUST),)


def test_the_ids_of_deleted_users_and_roles_are_known_by_their_form() -> None:
    (statement,) = trusts(
        ["AIDAJQABLZS4A3QDU576Q", A, USER.arn, "AROADBQP57FF2AEXAMPLE"]
    ).statements
    assert statement.principals is not None
    assert unique_ids(statement.principals) == ("AIDAJQABLZS4A3QDU576Q", "AROADBQP57FF2AEXAMPLE")


# -- a whole call
# ----------------------------------------------------------------------------------------------------

REQUEST = Request(USER, "", ROLE_B, B, {"aws:username": ("dana",)})
WIDE = (
    trusts(Action=["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"]),
    allows(Action="sts:*"),
)


@pytest.mark.parametrize(
    ("call", "actions"),
    [
        (AssumeRole(REQUEST, "s"), ("sts:AssumeRole",)),
        (AssumeRole(REQUEST, "s", tags={"team": "blue"}), ("sts:AssumeRole", "sts:TagSession")),
        (AssumeRole(REQUEST, "s", inherited_tags=True), ("sts:AssumeRole", "sts:TagSession")),
        (
            AssumeRole(REQUEST, "s", source_identity="dana"),
            ("sts:AssumeRole", "sts:SetSourceIdentity"),
        ),
        (
            AssumeRole(REQUEST, "s", source_identity="dana", tags={"team": "blue"}),
            ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"),
        ),
    ],
    ids=["plain", "tags", "inherited tags", "source identity", "all"],
)
def test_a_call_asks_for_what_it_brings(call: AssumeRole, actions: tuple[str, ...]) -> None:
    decision = evaluate_assume_role(call, WIDE)
    assert tuple(decision.parts) == actions
    assert (decision.allowed, decision.refused) == (True, None)
    narrow = evaluate_assume_role(call, (trusts(), allows()))
    assert narrow.allowed is (len(actions) == 1)
    if len(actions) > 1:
        assert narrow.refused is not None
        assert (narrow.refused[0], narrow.refused[1].missing) == (actions[1], PolicyKind.TRUST)


def test_what_a_call_brings_can_be_asked_about() -> None:
    block = {
        "StringEquals": {
            "sts:ExternalId": "unicorn-42",
            "sts:RoleSessionName": "${aws:username}",
            "sts:SourceIdentity": "dana",
            "aws:RequestTag/Team": "blue",
        },
        "ForAllValues:StringEquals": {"aws:TagKeys": ["Team", "ticket"]},
        "ForAnyValue:StringEquals": {"sts:TransitiveTagKeys": ["Team"]},
    }
    documents = (trusts(Action="sts:*", Condition=block), allows(Action="sts:*"))
    call = AssumeRole(
        REQUEST, "dana", "unicorn-42", "dana", {"Team": "blue", "ticket": "7"}, ("Team",)
    )
    assert evaluate_assume_role(call, documents).allowed
    bare = evaluate_assume_role(AssumeRole(REQUEST, "kim"), documents)
    assert bare.refused is not None
    assert [one.key for one in bare.refused[1].traces[0].unmet] == [
        "sts:ExternalId",
        "sts:RoleSessionName",
        "sts:SourceIdentity",
        "aws:RequestTag/Team",
        "sts:TransitiveTagKeys",
    ]


def test_a_service_has_only_the_trust_policy_to_pass() -> None:
    call = AssumeRole(Request(SERVICE, "", ROLE_B, B), "s", tags={"a": "b"})
    assert evaluate_assume_role(call, (trusts({"Service": SERVICE.arn}, Action="sts:*"),)).allowed


def test_the_level_of_an_scp_is_part_of_the_document() -> None:
    text = '{"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'
    assert parse(text, PolicyKind.SCP, "FullAWSAccess", level="ou").level == "ou"
