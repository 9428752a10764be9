from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.errors import ExitCode
from xswitch.core.policy import PolicyError, PolicyKind, parse

ALLOW: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}
TRUST: dict[str, Any] = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"}


def identity(statement: Any, **top: Any) -> Any:
    return parse({"Version": "2012-10-17", "Statement": statement, **top}, PolicyKind.IDENTITY, "p")


def test_single_values_need_no_list() -> None:
    document = identity(ALLOW)
    (statement,) = document.statements
    assert (statement.actions, statement.resources, statement.principals) == (
        ("sts:AssumeRole",),
        ("*",),
        None,
    )
    assert (statement.index, statement.sid, statement.effect) == (0, "", "Allow")
    assert document.variables


def test_without_a_version_it_is_the_old_language_without_variables() -> None:
    assert not parse({"Statement": ALLOW}, PolicyKind.IDENTITY, "p").variables


def test_negated_elements_are_remembered_as_such() -> None:
    (statement,) = identity(
        [
            {
                "Sid": "s",
                "Effect": "Deny",
                "NotAction": ["iam:*"],
                "NotResource": ["arn:aws:iam::1:role/x"],
            }
        ]
    ).statements
    assert (statement.not_actions, statement.not_resources, statement.sid) == (True, True, "s")
    (trusted,) = parse(
        {"Statement": {**TRUST, "Effect": "Deny", "Principal": {"AWS": "1"}}}, PolicyKind.TRUST, "p"
    ).statements
    assert trusted.principals is not None
    assert not trusted.principals.negated
    assert trusted.resources is None


def test_conditions_keep_operator_quantifier_and_key() -> None:
    block = {
        "ForAnyValue:StringLikeIfExists": {"aws:TagKeys": ["a", "b"]},
        "Bool": {"aws:MultiFactorAuthPresent": True},
    }
    (statement,) = identity({**ALLOW, "Condition": block}).statements
    first, second = statement.conditions
    assert (first.operator, first.quantifier, first.if_exists, first.key, first.values) == (
        "stringlike",
        "any",
        True,
        "aws:TagKeys",
        ("a", "b"),
    )
    assert (second.operator, second.values) == ("bool", ("true",))


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "JSON"),
        ("[]", "object"),
        ('{"Statement": {"Effect": "Allow", "Effect": "Deny"}}', "twice"),
        ("[" * 100_000, "JSON"),
    ],
    ids=["empty", "a list", "twins", "too deep"],
)
def test_invalid_text(text: str, where: str) -> None:
    with pytest.raises(PolicyError, match=where) as caught:
        parse(text, PolicyKind.IDENTITY, "my policy")
    assert caught.value.what.startswith("my policy: ")
    assert caught.value.exit_code is ExitCode.CONFIG


@pytest.mark.parametrize(
    ("data", "where"),
    [
        ({"Statement": ALLOW, "Statements": []}, "unknown element 'Statements'"),
        ({"Version": "2020-01-01", "Statement": ALLOW}, "Version"),
        ({"Statement": []}, "Statement is missing"),
        ({"Statement": ["x"]}, "statement 1 is not an object"),
        ({"Statement": [ALLOW, {**ALLOW, "Efect": "x"}]}, "statement 2 has an unknown element"),
        ({"Statement": {**ALLOW, "Effect": "allow"}}, "Effect"),
        ({"Statement": {**ALLOW, "Sid": 1}}, "Sid"),
        ({"Statement": {"Effect": "Allow", "Resource": "*"}}, "either Action or NotAction"),
        ({"Statement": {**ALLOW, "NotAction": "*"}}, "either Action or NotAction"),
        ({"Statement": {**ALLOW, "Action": []}}, "text or a list"),
        ({"Statement": {**ALLOW, "Action": [1]}}, "text or a list"),
        ({"Statement": {**ALLOW, "Action": "AssumeRole"}}, "names no service"),
        ({"Statement": {"Effect": "Allow", "Action": "*"}}, "either Resource or NotResource"),
        ({"Statement": {**ALLOW, "Resource": "role/x"}}, "neither an ARN"),
        ({"Statement": {**ALLOW, "Principal": "*"}}, "only a trust policy"),
        ({"Statement": {**ALLOW, "Condition": []}}, "Condition must be an object"),
        ({"Statement": {**ALLOW, "Condition": {"Bool": "x"}}}, "Condition Bool must be an object"),
        (
            {"Statement": {**ALLOW, "Condition": {"StringEqual": {"a": "b"}}}},
            "unknown condition operator",
        ),
        (
            {"Statement": {**ALLOW, "Condition": {"ForSome:StringEquals": {"a": "b"}}}},
            "unknown condition operator",
        ),
        (
            {"Statement": {**ALLOW, "Condition": {"NullIfExists": {"a": "true"}}}},
            "unknown condition operator",
        ),
        (
            {"Statement": {**ALLOW, "Condition": {"StringEquals": {"a": {"b": "c"}}}}},
            "text or a list",
        ),
    ],
)
def test_every_break_of_the_grammar_is_named_with_its_place(data: Any, where: str) -> None:
    with pytest.raises(PolicyError, match=where):
        parse(data, PolicyKind.IDENTITY, "p")


@pytest.mark.parametrize(
    ("statement", "where"),
    [
        ({**TRUST, "Resource": "*"}, "no Resource"),
        ({"Effect": "Allow", "Action": "*"}, "either Principal or NotPrincipal"),
        ({**TRUST, "Principal": {}}, "an object"),
        ({**TRUST, "Principal": {"Aws": "*"}}, "unknown element 'Aws'"),
        ({**TRUST, "Principal": {"AWS": []}}, "text or a list"),
    ],
)
def test_trust_policies_have_another_grammar(statement: Any, where: str) -> None:
    with pytest.raises(PolicyError, match=where):
        parse({"Statement": statement}, PolicyKind.TRUST, "p")


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from(["*", "Allow", "Deny", "sts:AssumeRole", "2012-10-17", "Bool", ""]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "Version",
                    "Statement",
                    "Effect",
                    "Action",
                    "Resource",
                    "Principal",
                    "AWS",
                    "Condition",
                    "Bool",
                    "x",
                ]
            ),
            inner,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200)
@given(json_values, st.sampled_from(list(PolicyKind)))
def test_no_json_is_answered_with_anything_but_a_document_or_a_policy_error(
    data: Any, kind: PolicyKind
) -> None:
    try:
        outcome = parse(json.dumps(data), kind, "p").name
    except PolicyError as problem:
        outcome = problem.what[:1]
    assert outcome == "p"
