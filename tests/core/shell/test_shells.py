"""Quoting and assignments, as text; tests/shell has real shells read them."""

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
def test_nul_is_refused_everywhere(shell: str) -> None:
    with pytest.raises(UsageError):
        quote_for_shell(shell, "a\0b")
    with pytest.raises(UsageError):
        render_assignments(shell, {"AWS_PROFILE": "a\0b"})


@pytest.mark.parametrize("shell", ["powershell", "nu"])
def test_what_is_not_unicode_is_refused_where_strings_are(shell: str) -> None:
    with pytest.raises(UsageError):
        quote_for_shell(shell, "a\udc80")


def test_an_unknown_shell_is_named() -> None:
    with pytest.raises(UsageError, match="tcsh"):
        quote_for_shell("tcsh", "a")
    with pytest.raises(UsageError, match="tcsh"):
        render_assignments("tcsh", {"A": "b"})


@pytest.mark.parametrize("shell", EMIT_SHELLS)
@pytest.mark.parametrize("name", ["", "A B", "1A", "A=B", "A;id", "Ä", "A\n"])
def test_only_names_of_variables_are_assigned(shell: str, name: str) -> None:
    with pytest.raises(UsageError):
        render_assignments(shell, {name: "x"})


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
@settings(max_examples=200, derandomize=True)
def test_powershell_reads_back_what_was_quoted(text: str) -> None:
    """There may be no PowerShell to ask: its string rules are few enough to apply here."""
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


def test_a_switch_unsets_what_would_win_and_remembers_where_it_came_from() -> None:
    found = switch_assignments("xs-a", "xs-b")
    assert found == {
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
def test_the_profile_before_stays_when_there_is_none_or_it_is_the_same(
    previous: str | None,
) -> None:
    assert "XSWITCH_PREVIOUS" not in switch_assignments("xs-a", previous)


def test_unset_unsets_the_profile_too() -> None:
    assert unset_assignments() == {**dict.fromkeys(SHADOWING_VARIABLES), "AWS_PROFILE": None}
    assert unset_assignments("xs-a") == {**unset_assignments(), "XSWITCH_PREVIOUS": "xs-a"}


def test_emit_is_assignments_and_nothing_else() -> None:
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
def test_what_nu_reads_is_json_with_the_value_in_it(text: str) -> None:
    line = render_assignments("nu", {"AWS_PROFILE": text, "GONE": None})
    assert line.count("\n") == 1
    assert json.loads(line) == {"set": {"AWS_PROFILE": text}, "unset": ["GONE"]}


def test_every_hooked_shell_can_be_written_for() -> None:
    assert set(SHELLS) <= set(EMIT_SHELLS)
    assert all(
        render_assignments(shell, switch_assignments("a")).endswith("\n") for shell in EMIT_SHELLS
    )
