from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core import sts_limits

TAG_TEXT = st.text(
    st.characters(codec="utf-8", categories=("L", "N")) | st.sampled_from("_.:/+-@ "), max_size=20
).map(str.strip)


@pytest.mark.parametrize(
    ("text", "legal"),
    [
        ("ab", True),
        ("a", False),
        ("x" * 64, True),
        ("x" * 65, False),
        ("me@host+=,.-_", True),
        ("a b", False),
        ("jörg", False),
        ("ab\n", False),
    ],
)
def test_session_names(text: str, *, legal: bool) -> None:
    assert sts_limits.is_session_name(text) is legal


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=st.text(max_size=100))
def test_any_text_becomes_a_legal_session_name(text: str) -> None:
    assert sts_limits.is_session_name(sts_limits.clean_session_name(text))


def test_external_ids_and_serials() -> None:
    assert sts_limits.is_external_id("a:b/c=d")
    assert not sts_limits.is_external_id("a")
    assert not sts_limits.is_external_id("a b")
    assert not sts_limits.is_external_id("x" * 1225)
    assert sts_limits.is_mfa_serial("arn:aws:iam::111111111111:mfa/dev")
    assert sts_limits.is_mfa_serial("GAHT12345678")
    assert not sts_limits.is_mfa_serial("short")


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("900", 900),
        (" 900 ", 900),
        ("1_000", None),
        ("9e2", None),
        ("-900", None),
        ("٩٠٠", None),
        ("", None),
    ],
)
def test_integers(text: str, number: int | None) -> None:
    assert sts_limits.parse_integer(text) == number
    assert sts_limits.parse_integer("9" * 5000) is None


@settings(max_examples=100, deadline=None, derandomize=True)
@given(tags=st.dictionaries(TAG_TEXT.filter(bool), TAG_TEXT, max_size=5))
def test_tags_survive_a_round_trip(tags: dict[str, str]) -> None:
    if len({key.casefold() for key in tags}) < len(tags):
        with pytest.raises(ValueError, match="twice"):
            sts_limits.validate_tags(tags.items())
    else:
        checked = sts_limits.validate_tags(tags.items())
        assert (
            sts_limits.parse_tags(sts_limits.format_tags(checked))
            == checked
            == tuple(sorted(tags.items()))
        )


@pytest.mark.parametrize(
    "pairs",
    [
        [("a=b", "c")],
        [("", "c")],
        [("a", "b,c")],
        [("a", " b")],
        [("a", "b\nc")],
        [("x" * 129, "")],
        [("a", "x" * 257)],
    ],
)
def test_invalid_tags_are_rejected(pairs: list[tuple[str, str]]) -> None:
    with pytest.raises(ValueError, match="tag"):
        sts_limits.validate_tags(pairs)


def test_counts() -> None:
    with pytest.raises(ValueError, match="51 tags"):
        sts_limits.validate_tags((f"k{i}", "") for i in range(51))
    with pytest.raises(ValueError, match="11 session policies"):
        sts_limits.validate_policy_arns(f"arn:aws:iam::aws:policy/P{i}" for i in range(11))
    assert sts_limits.validate_policy_arns(["arn:aws:iam::aws:policy/P"] * 11) == (
        "arn:aws:iam::aws:policy/P",
    )


def test_policies_are_one_line_without_comment_starts() -> None:
    text = '{\n  "Sid": "a # b ; c",\n  "x": ["ü", 1]\n}'
    line = sts_limits.compact_policy(text)
    assert json.loads(line) == json.loads(text)
    assert not any(mark in line for mark in ("\n", " #", " ;"))
    assert sts_limits.compact_policy(line) == line


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"a": "' + "x" * 2048 + '"}', "[" * 100_000])
def test_invalid_policies_are_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="session policy"):
        sts_limits.compact_policy(text)
