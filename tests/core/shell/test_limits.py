"""The hook's words about what keeps a switch from reaching the shell, and what they become."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.shell.limits import LIMITS_VARIABLE, Limits, parse_limits, refusal, shortfall


def test_without_words_everything_holds() -> None:
    for environment in ({}, {LIMITS_VARIABLE: ""}, {LIMITS_VARIABLE: "  "}):
        limits = parse_limits(environment)
        assert limits == Limits()
        assert refusal(limits) is None
        assert shortfall(limits, "xs a") is None


def test_every_word_is_understood_once() -> None:
    words = " read-only:AWS_VAULT local:AWS_VAULT read-only:AWS_VAULT attributes:AWS_PROFILE"
    limits = parse_limits(
        {LIMITS_VARIABLE: f"{words} hidden:AWS_ROLE_ARN universal:AWS_REGION subshell group"}
    )
    assert limits == Limits(
        read_only=("AWS_VAULT",),
        attributes=("AWS_PROFILE",),
        local=("AWS_VAULT",),
        hidden=("AWS_ROLE_ARN",),
        universal=("AWS_REGION",),
        subshell=True,
        group=True,
    )


@given(st.text())
def test_other_words_are_ignored(text: str) -> None:
    limits = parse_limits({LIMITS_VARIABLE: f"local:AWS_PROFILE {text} local:HOME \x1b[31m:X"})
    assert limits.local[0] == "AWS_PROFILE"
    assert "HOME" not in limits.local


@pytest.mark.parametrize(
    ("limits", "next_step"),
    [
        (Limits(read_only=("AWS_PROFILE",)), "readonly AWS_PROFILE"),
        (Limits(attributes=("AWS_PROFILE", "AWS_VAULT")), "unset AWS_PROFILE AWS_VAULT"),
    ],
)
def test_what_can_not_be_changed_is_refused(limits: Limits, next_step: str) -> None:
    found = refusal(limits)
    assert found is not None
    assert "AWS_PROFILE" in found[0]
    assert next_step in found[1]


@pytest.mark.parametrize(
    ("limits", "next_step"),
    [
        (Limits(subshell=True), "run it alone: xs a"),
        (Limits(local=("AWS_PROFILE",)), "run it alone: xs a"),
        (Limits(hidden=("AWS_PROFILE", "AWS_REGION")), "run it alone: xs a"),
        (Limits(universal=("AWS_VAULT", "AWS_SSO")), "set -eU AWS_VAULT AWS_SSO"),
    ],
)
def test_what_does_not_hold_is_one_sentence_and_a_command(limits: Limits, next_step: str) -> None:
    found = shortfall(limits, "xs a")
    assert found is not None
    assert found[1] == next_step
    assert re.fullmatch(r"[A-Z][^.]+\.", found[0])
