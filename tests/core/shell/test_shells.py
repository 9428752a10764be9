"""Quoting and assignments as text; test_shells_real.py runs them in real shells."""

from __future__ import annotations

import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.errors import UsageError
from xswitch.core.shell.shells import (
    EMIT_SHELLS,
    SHADOWING_VARIABLES,
    SHELLS,
    quote_for_shell,
    render_assignments,
    switch_assignments,
    unset_assignments,
)

_STRING = "'(?:[ -&(-~]|'')*'"
_PIECE = rf"(?:{_STRING}|\[char\]0x[0-9a-f]{{4}})"


@pytest.mark.parametrize(
    ("shell", "text", "expected"),
    [
        ("bash", "", "''"),
        ("bash", "it's", "'it'\\''s'"),
        ("zsh", "$(id)`id`\\", "'$(id)`id`\\'"),
        ("sh", "a\nb", "'a\nb'"),
        ("fish", "it's a \\ b", "'it\\'s a \\\\ b'"),
        ("fish", "a\nb", "'a'\\n'b'"),
        ("fish", "", "''"),
        ("powershell", "it's", "'it''s'"),
        ("powershell", "", "''"),
        ("powershell", "$(id)`n", "'$(id)`n'"),
        ("powershell", "a\u2019;b", "('a' + [char]0x2019 + ';b')"),
        ("powershell", "\n", "('' + [char]0x000a)"),
        ("powershell", "😀", "('' + [char]0xd83d + [char]0xde00)"),
        ("nu", '$a "b" \\ (c)', '"$a \\"b\\" \\\\ (c)"'),
        ("nu", "a\x1b\nü", '"a\\u{1b}\\u{a}ü"'),
    ],
)
def test_quote(shell: str, text: str, expected: str) -> None:
    assert quote_for_shell(shell, text) == expected


@pytest.mark.parametrize("shell", EMIT_SHELLS)
def test_nul_is_an_error_everywhere(shell: str) -> None:
    with pytest.raises(UsageError):
        quote_for_shell(shell, "a\0b")
    with pytest.raises(UsageError):
        render_assignments(shell, {"AWS_PROFILE": "a\0b"})


@pytest.mark.parametrize("shell", ["powershell", "nu"])
def test_invalid_unicode_is_an_error_for_shells_with_unicode_strings(shell: str) -> None:
    with pytest.raises(UsageError):
        quote_for_shell(shell, "a\udc80")


def test_an_unknown_shell_is_reported() -> None:
    with pytest.raises(UsageError, match="tcsh"):
        quote_for_shell("tcsh", "a")
    with pytest.raises(UsageError, match="tcsh"):
        render_assignments("tcsh", {"A": "b"})


@pytest.mark.parametrize("shell", EMIT_SHELLS)
@pytest.mark.parametrize("name", ["", "A B", "1A", "A=B", "A;id", "Ä", "A\n"])
def test_only_valid_variable_names_are_assigned(shell: str, name: str) -> None:
    with pytest.raises(UsageError):
        render_assignments(shell, {name: "x"})


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@settings(max_examples=200, derandomize=True)
def test_powershell_reads_back_what_was_quoted(text: str) -> None:
    """PowerShell may be missing; its few string rules are applied here."""
    quoted = quote_for_shell("powershell", text)
    assert quoted.isascii()
    assert re.fullmatch(rf"{_PIECE}|\({_STRING}( \+ {_PIECE})+\)", quoted)
    units = b""
    for piece in re.findall(_PIECE, quoted):
        if piece.startswith("["):
            units += bytes.fromhex(piece[-4:])
        else:
            units += piece[1:-1].replace("''", "'").encode("utf-16-be")
    assert units.decode("utf-16-be") == text


def test_a_switch_unsets_overriding_variables_and_remembers_the_previous_profile() -> None:
    assignments = switch_assignments("xs-a", "xs-b")
    assert assignments == {
        **dict.fromkeys(SHADOWING_VARIABLES),
        "XSWITCH_PREVIOUS": "xs-b",
        "AWS_PROFILE": "xs-a",
    }
    assert set(SHADOWING_VARIABLES) == {
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_SECURITY_TOKEN",
        "AWS_DEFAULT_PROFILE",
        "AWS_CREDENTIAL_EXPIRATION",
    }


@pytest.mark.parametrize("previous", [None, "", "xs-a"])
def test_the_previous_profile_changes_only_with_the_profile(
    previous: str | None,
) -> None:
    assert "XSWITCH_PREVIOUS" not in switch_assignments("xs-a", previous)


def test_unset_unsets_the_profile_too() -> None:
    assert unset_assignments() == {**dict.fromkeys(SHADOWING_VARIABLES), "AWS_PROFILE": None}
    assert unset_assignments("xs-a") == {**unset_assignments(), "XSWITCH_PREVIOUS": "xs-a"}


def test_emit_prints_only_assignments() -> None:
    change = {"A": None, "B": "it's"}
    assert (
        render_assignments("bash", change)
        == render_assignments("zsh", change)
        == "\\builtin unset A &&\n\\builtin export B='it'\\''s'\n"
    )
    assert render_assignments("sh", change) == "unset A &&\nexport B='it'\\''s'\n"
    assert render_assignments("fish", change) == "set -eg A\nset -gx B 'it\\'s'\n"
    assert render_assignments("powershell", change) == "$env:A = $null\n$env:B = 'it''s'\n"
    assert render_assignments("nu", change) == '{"set": {"B": "it\'s"}, "unset": ["A"]}\n'


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@settings(max_examples=100, derandomize=True)
def test_nu_gets_json_with_the_value(text: str) -> None:
    line = render_assignments("nu", {"AWS_PROFILE": text, "GONE": None})
    assert line.count("\n") == 1
    assert json.loads(line) == {"set": {"AWS_PROFILE": text}, "unset": ["GONE"]}


def test_every_shell_with_a_hook_has_assignments() -> None:
    assert set(SHELLS) <= set(EMIT_SHELLS)
    assert all(
        render_assignments(shell, switch_assignments("a")).endswith("\n") for shell in EMIT_SHELLS
    )
