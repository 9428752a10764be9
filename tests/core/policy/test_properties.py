"""What holds of every policy and request.

The order of things, what a Deny and an Allow can do, and that written policies read back.
"""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.policy.cases import ROLE_A, ROLE_B, SERVICE, SESSION, USER, A, B, document, verdict
from support.policy.generate import Question, outcome, questions
from xswitch.core.policy import (
    Decision,
    PolicyDocument,
    PolicyError,
    PolicyKind,
    Principal,
    Request,
    evaluate,
    operator_name,
    parse,
    render,
)
from xswitch.core.policy.conditions import OPERATORS

ALLOWING = (PolicyKind.IDENTITY, PolicyKind.TRUST)
MADE = questions(120, 5)


def documents_of(question: Question) -> list[PolicyDocument]:
    return [
        parse(policy.body, policy.kind, f"{policy.kind}{index}", level=policy.level)
        for index, policy in enumerate(question.policies)
    ]


def request_of(question: Question) -> Request:
    context = {
        key.lower(): (value,) if isinstance(value, str) else tuple(value)
        for key, value in question.context.items()
    }
    return Request(
        question.principal, question.action, question.role, question.role.split(":")[4], context
    )


def gist(decision: Decision) -> tuple[str, Any, frozenset[Any]]:
    return (
        outcome(decision),
        None if decision.explicit_deny else decision.missing,
        frozenset(decision.missing_allows),
    )


made = st.sampled_from(MADE)
WORDS = "String Numeric Date Bool Binary Arn Ip Address Null Not Equals Ignore Case Like Less Greater Than"


@settings(max_examples=150, derandomize=True)
@given(made, st.randoms(use_true_random=False))
def test_the_order_of_documents_and_statements_means_nothing(
    question: Question, dice: random.Random
) -> None:
    documents = documents_of(question)
    before = evaluate(request_of(question), documents)
    shuffled = [
        replace(one, statements=tuple(dice.sample(one.statements, len(one.statements))))
        for one in documents
    ]
    dice.shuffle(shuffled)
    assert gist(evaluate(request_of(question), shuffled)) == gist(before)


@settings(max_examples=200, derandomize=True)
@given(made, made)
def test_a_deny_only_takes_and_an_allow_of_either_side_only_gives(
    question: Question, other: Question
) -> None:
    documents = documents_of(question)
    before = evaluate(request_of(question), documents)
    for extra in documents_of(other):
        denials = tuple(one for one in extra.statements if one.effect == "Deny")
        after = evaluate(request_of(question), [*documents, replace(extra, statements=denials)])
        # A document that only denies is also one that allows nothing, which limits where its kind
        # has to allow.
        assert before.allowed or not after.allowed
        assert after.explicit_deny or not before.explicit_deny
        if extra.kind in ALLOWING:
            allowances = tuple(one for one in extra.statements if one.effect == "Allow")
            given_more = evaluate(
                request_of(question), [*documents, replace(extra, statements=allowances)]
            )
            assert given_more.allowed or not before.allowed


@settings(max_examples=150, derandomize=True)
@given(made)
def test_a_decision_is_of_one_piece(question: Question) -> None:
    documents = documents_of(question)
    decision = evaluate(request_of(question), documents)
    assert decision == evaluate(request_of(question), documents)
    assert not (
        decision.allowed and (decision.explicit_deny or decision.missing_allows or decision.missing)
    )
    assert decision.allowed or decision.explicit_deny or decision.missing_allows
    assert decision.explicit_deny is bool(decision.denials)
    assert len(decision.traces) == sum(len(one.statements) for one in documents)
    for trace in decision.traces:
        assert trace.applies is (
            trace.principal and trace.action and trace.resource and not trace.unmet
        )
        assert trace.applies is not bool(trace.why_not)
    assert verdict(decision).split(" ")[0] == {"Allowed": "allow", "ExplicitlyDenied": "deny"}.get(
        outcome(decision), "no"
    )


@settings(max_examples=100, derandomize=True)
@given(made)
def test_every_limit_taken_away_leaves_what_was_allowed(question: Question) -> None:
    documents = documents_of(question)
    if evaluate(request_of(question), documents).allowed:
        assert evaluate(
            request_of(question), [one for one in documents if one.kind in ALLOWING]
        ).allowed


@settings(max_examples=150, derandomize=True)
@given(made)
def test_what_is_written_reads_back_the_same(question: Question) -> None:
    for one in documents_of(question):
        again = parse(json.dumps(render(one)), one.kind, one.name, level=one.level)
        assert again == one
        assert render(again) == render(one)


texts = st.text(st.characters(codec="utf-8"), min_size=1, max_size=8)
conditions = st.dictionaries(
    st.builds(
        lambda prefix, name, suffix: prefix + name + ("" if name.lower() == "null" else suffix),
        st.sampled_from(["", "ForAllValues:", "forAnyValue:"]),
        st.sampled_from(sorted(OPERATORS)).flatmap(
            lambda name: st.sampled_from([name, name.upper(), name.capitalize()])
        ),
        st.sampled_from(["", "IfExists"]),
    ),
    st.dictionaries(
        texts,
        st.lists(texts | st.booleans() | st.integers(0, 99), min_size=1, max_size=3) | texts,
        min_size=1,
        max_size=3,
    ),
    max_size=4,
)


@settings(max_examples=300, derandomize=True)
@given(conditions)
def test_every_condition_block_reads_back_the_same(block: Any) -> None:
    one = document(
        PolicyKind.IDENTITY,
        {"Effect": "Deny", "NotAction": "a:b", "NotResource": "*", "Condition": block},
    )
    assert parse(render(one), one.kind, one.name).statements == one.statements


def spelled(operator: str) -> str:
    body = {"Effect": "Allow", "Action": "*", "Resource": "*", "Condition": {operator: {"k": "v"}}}
    (condition,) = document(PolicyKind.IDENTITY, body).statements[0].conditions
    return operator_name(condition)


@pytest.mark.parametrize("name", sorted(OPERATORS))
def test_every_operator_is_spelled_in_words(name: str) -> None:
    words = re.findall("[A-Z][a-z]*", spelled(f"ForAnyValue:{name}"))
    assert words[:3] == ["For", "Any", "Value"]
    assert "".join(words[3:]).lower() == name
    assert {*words[3:]} <= {*WORDS.split()}


@pytest.mark.parametrize(
    ("operator", "expected"),
    [
        ("stringnotequalsignorecase", "StringNotEqualsIgnoreCase"),
        ("notipaddress", "NotIpAddress"),
        ("dategreaterthanequals", "DateGreaterThanEquals"),
        ("BINARYEQUALS", "BinaryEquals"),
        ("forallvalues:arnnotlikeIFEXISTS", "ForAllValues:ArnNotLikeIfExists"),
    ],
)
def test_whatever_the_case_they_came_in(operator: str, expected: str) -> None:
    assert spelled(operator) == expected


def test_everything_of_a_statement_is_written() -> None:
    body = {
        "Version": "2008-10-17",
        "Statement": [
            {"Sid": "a", "Effect": "Allow", "Principal": "*", "Action": ["sts:AssumeRole"]},
            {
                "Effect": "Deny",
                "NotPrincipal": {"AWS": [A, USER.arn], "Service": [SERVICE.arn]},
                "NotAction": ["sts:TagSession"],
            },
        ],
    }
    assert render(parse(body, PolicyKind.TRUST, "t")) == body
    rcp = {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Principal": "*", "Action": ["sts:*"], "Resource": ["*"]}],
    }
    assert render(parse(rcp, PolicyKind.RCP, "r")) == rcp


@pytest.mark.parametrize("principal", [None, {"AWS": A}, "me"])
def test_an_rcp_is_about_everyone(principal: Any) -> None:
    statement = {"Effect": "Deny", "Action": "sts:*", "Resource": "*"} | (
        {} if principal is None else {"Principal": principal}
    )
    with pytest.raises(PolicyError, match='Principal of a resource control policy must be "'):
        parse({"Statement": statement}, PolicyKind.RCP, "r")


@pytest.mark.parametrize(
    "kind", [PolicyKind.SCP, PolicyKind.BOUNDARY, PolicyKind.SESSION, PolicyKind.IDENTITY]
)
def test_no_other_kind_but_trust_has_a_principal(kind: PolicyKind) -> None:
    with pytest.raises(PolicyError, match="only a trust policy has a Principal"):
        parse(
            {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"}},
            kind,
            "p",
        )


@settings(max_examples=100, derandomize=True)
@given(
    st.sampled_from([USER, SESSION]),
    st.sampled_from([ROLE_A, ROLE_B]),
    st.sampled_from([A, B, USER.arn, SESSION.role_arn, "*"]),
)
def test_without_a_trust_policy_that_names_the_caller_nobody_gets_in(
    principal: Principal, role: str, name: str
) -> None:
    trust = document(
        PolicyKind.TRUST, {"Effect": "Allow", "Principal": {"AWS": name}, "Action": "sts:*"}
    )
    everything = document(PolicyKind.IDENTITY, {"Effect": "Allow", "Action": "*", "Resource": "*"})
    names = {"*", principal.account, principal.arn, principal.role_arn}
    decision = evaluate(
        Request(principal, "sts:AssumeRole", role, role.split(":")[4]), [trust, everything]
    )
    assert decision.allowed is (name in names)
