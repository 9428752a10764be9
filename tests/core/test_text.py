from __future__ import annotations

import shlex
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xswitch.core.text import command_for, last_argument, option_text, pluralize, sanitize


@pytest.mark.parametrize("name", ["corp", "a b", "it's", 'a"b', "[a]", "S\u00fcd", "50%", "$x"])
def test_an_argument_is_one_word_and_no_option(name: str) -> None:
    assert shlex.split(last_argument(name)) == [name]
    assert shlex.split(last_argument(f"-{name}")) == ["--", f"-{name}"]
    assert shlex.split(command_for("xs", name, "--x y")) == ["xs", name, "--x", "y"]
    assert shlex.split(command_for("xs", f"-{name}", "--x y")) == [
        "xs",
        "--x",
        "y",
        "--",
        f"-{name}",
    ]
    assert command_for("xs", "a") == "xs a"
    assert shlex.split(option_text("--x", name)) == ["--x", name]
    assert shlex.split(option_text("--x", f"-{name}")) == [f"--x=-{name}"]


def test_plain_text_is_unchanged() -> None:
    assert sanitize("payments-prod / Admin é 日本") == "payments-prod / Admin é 日本"


def test_an_escape_sequence_becomes_visible() -> None:
    assert sanitize("a\x1b]52;c;AAAA\x07b\r\n") == "a␛]52;c;AAAA␇b␍␊"


def test_c1_bidi_and_separators_are_replaced() -> None:
    assert sanitize("\x9b31m\u202eabc\u2028\x7f") == "\ufffd31m\ufffdabc\ufffd␡"


def test_a_limit_is_respected() -> None:
    assert sanitize("abcdef", limit=4) == "abc…"
    assert sanitize("abcd", limit=4) == "abcd"


@given(st.text())
def test_control_characters_are_replaced(text: str) -> None:
    cleaned = sanitize(text)
    assert len(cleaned) == len(text)
    assert not [c for c in cleaned if unicodedata.category(c) in {"Cc", "Cs", "Zl", "Zp"}]
    assert sanitize(cleaned) == cleaned


def test_a_count_has_its_noun() -> None:
    assert [pluralize(count, "role") for count in (0, 1, 1204)] == [
        "0 roles",
        "1 role",
        "1,204 roles",
    ]
    assert [pluralize(count, "entry", "entries") for count in (1, 2)] == ["1 entry", "2 entries"]
