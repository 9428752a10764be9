from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.policy.patterns import (
    MissingVariableError,
    expand,
    matches,
    matches_arn,
    matches_resource,
    tokens,
)

CONTEXT = {"aws:username": ("dana",), "aws:principaltag/team": ("a*b",), "aws:tagkeys": ("x", "y")}


def fits(pattern: str, text: str) -> bool:
    return matches(tokens(pattern, CONTEXT), text)


@settings(max_examples=300)
@given(st.text("ab*?:.", max_size=8), st.text("ab:.", max_size=10))
def test_wildcards_are_those_of_a_regular_expression(pattern: str, text: str) -> None:
    expected = "".join(
        {"*": ".*", "?": "."}.get(character, re.escape(character)) for character in pattern
    )
    assert fits(pattern, text) == (re.fullmatch(expected, text, re.DOTALL) is not None)


@settings(max_examples=300)
@given(st.text("ab*:", max_size=9), st.text("ab:", max_size=11))
def test_a_star_inside_an_arn_segment_does_not_leave_it(pattern: str, text: str) -> None:
    head, tail = pattern.split(":")[:5], pattern.split(":")[5:]
    parts = [re.escape(part).replace(r"\*", "[^:]*") for part in head]
    parts = [re.sub(r"\[\^:\]\*$", ".*", part) for part in parts] + [
        re.escape(part).replace(r"\*", ".*") for part in tail
    ]
    assert matches_resource(tokens(pattern, {}), text) == (
        re.fullmatch(":".join(parts), text) is not None
    )


def test_a_hostile_pattern_costs_no_more_than_its_length_times_the_texts() -> None:
    assert not fits("*a" * 1_000 + "b", "a" * 5_000)


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("arn:aws:iam::*:role/*", "arn:aws:iam::111111111111:role/x/y", True),
        ("arn:aws:iam::1*2:role/x", "arn:aws:iam::1:role/x:2:role/x", False),
        ("arn:aws:iam::*", "arn:aws:iam::111111111111:role/x", True),
        ("arn:aws:iam::111111111111:role/a*z", "arn:aws:iam::111111111111:role/a:b/z", True),
        ("*", "arn:aws:iam::111111111111:role/x", True),
    ],
)
def test_resources(pattern: str, arn: str, expected: bool) -> None:  # noqa: FBT001 -- a table
    assert matches_resource(tokens(pattern, {}), arn) is expected


@pytest.mark.parametrize(
    ("pattern", "arn", "expected"),
    [
        ("arn:aws:iam::*:role/*", "arn:aws:iam::111111111111:role/x", True),
        ("arn:*", "arn:aws:iam::111111111111:role/x", False),
        ("arn:aws:*:*:*:*", "arn:aws:iam::111111111111:role/x:y", True),
        ("arn:aws:iam::*:role/x", "arn:aws:iam::1:2:role/x", False),
        ("*", "*", False),
    ],
)
def test_arns_are_matched_segment_by_segment(pattern: str, arn: str, expected: bool) -> None:  # noqa: FBT001 -- a table
    assert matches_arn(tokens(pattern, {}), arn) is expected


def test_what_a_variable_stands_for_is_no_wildcard() -> None:
    assert fits("x/${aws:PrincipalTag/team}", "x/a*b")
    assert not fits("x/${aws:PrincipalTag/team}", "x/aXb")
    assert fits("${*}${?}${$}", "*?$")
    assert expand("${aws:username}-*", CONTEXT) == "dana-*"
    assert expand("${aws:nobody, 'all'}", CONTEXT) == "all"
    assert expand("${aws:username", CONTEXT) == "${aws:username"


@pytest.mark.parametrize("text", ["${aws:nobody}", "${aws:TagKeys}", "${aws:nobody, all}", "${}"])
def test_a_variable_without_one_value_is_missing(text: str) -> None:
    with pytest.raises(MissingVariableError):
        expand(text, CONTEXT)


def test_the_old_language_has_no_variables() -> None:
    assert expand("${aws:username}", CONTEXT, variables=False) == "${aws:username}"
