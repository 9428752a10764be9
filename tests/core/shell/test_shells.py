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
    SHELLS,
    quote_for_shell,
    render_assignments,
    render_change,
    set_command,
    switch_change,
    unset_change,
    unset_command,
)
from xswitch.core.variables import (
    CLEARED_VARIABLES,
    OWN_REGIONS,
    REGION_VARIABLES,
    SET_ASIDE_VARIABLES,
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


def test_a_switch_unsets_what_goes_before_it_and_remembers_the_previous_profile() -> None:
    change = switch_change("xs-a", "", {"AWS_PROFILE": "xs-b"})
    assert change.assignments == {
        **dict.fromkeys(CLEARED_VARIABLES),
        "XSWITCH_PREVIOUS": "xs-b",
        "AWS_PROFILE": "xs-a",
    }
    assert change.set_aside
    assert not change.give_back


@pytest.mark.parametrize("previous", ["", "xs-a"])
def test_the_previous_profile_changes_only_with_the_profile(previous: str) -> None:
    change = switch_change("xs-a", "", {"AWS_PROFILE": previous})
    assert "XSWITCH_PREVIOUS" not in change.assignments


def test_a_region_is_set_for_every_program_and_what_was_there_is_exported() -> None:
    before = {"AWS_REGION": "us-west-2"}
    change = switch_change("xs-a", "eu-west-1", before)
    assert change.own_regions == {}
    assert {name: change.assignments[name] for name in (*REGION_VARIABLES, "XSWITCH_REGION")} == {
        **dict.fromkeys(REGION_VARIABLES, "eu-west-1"),
        "XSWITCH_REGION": "eu-west-1",
    }
    assert [change.assignments[OWN_REGIONS[name]] for name in REGION_VARIABLES] == [
        "us-west-2",
        None,
    ]


SWITCHED = {
    **dict.fromkeys((*REGION_VARIABLES, "XSWITCH_REGION"), "eu-west-1"),
    OWN_REGIONS["AWS_REGION"]: "us-west-2",
}


def test_a_second_region_keeps_what_was_there_before_the_first() -> None:
    change = switch_change("xs-b", "eu-central-1", SWITCHED)
    assert change.own_regions == {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": None}
    assert [change.assignments[OWN_REGIONS[name]] for name in REGION_VARIABLES] == [
        "us-west-2",
        None,
    ]


def test_a_role_without_a_region_and_leaving_get_the_shells_own_back() -> None:
    for change in (switch_change("xs-b", "", SWITCHED), unset_change(SWITCHED)):
        assert change.own_regions == {"AWS_REGION": "us-west-2", "AWS_DEFAULT_REGION": None}
        assert change.assignments["XSWITCH_REGION"] is None
        assert change.assignments[OWN_REGIONS["AWS_REGION"]] is None


def test_a_region_that_the_user_set_after_the_switch_counts_as_their_own() -> None:
    environment = {**SWITCHED, "AWS_REGION": "ap-south-1"}
    assert switch_change("xs-b", "", environment).own_regions == {"AWS_DEFAULT_REGION": None}
    again = switch_change("xs-b", "eu-west-2", environment).assignments
    assert again[OWN_REGIONS["AWS_REGION"]] == "ap-south-1"


def test_leaving_unsets_the_profile_and_gives_back() -> None:
    assert unset_change({}).assignments == {"AWS_PROFILE": None}
    change = unset_change({"AWS_PROFILE": "xs-a"})
    assert change.assignments == {"AWS_PROFILE": None, "XSWITCH_PREVIOUS": "xs-a"}
    assert change.give_back


@pytest.mark.parametrize("shell", EMIT_SHELLS)
def test_what_is_emitted_never_holds_a_value_of_a_variable_it_sets_aside(shell: str) -> None:
    environment = {name: f"secret-{name}" for name in (*SET_ASIDE_VARIABLES, "AWS_PROFILE")}
    for change in (switch_change("p", "", environment), unset_change(environment)):
        code = render_change(shell, change, environment)
        assert set(re.findall(r"secret-\w+", code)) <= {"secret-AWS_PROFILE"}


def test_commands_to_type() -> None:
    names = ("A", "B")
    assert [unset_command(shell, names) for shell in ("bash", "zsh", "sh")] == ["unset A B"] * 3
    assert unset_command("fish", names) == "set -e A B"
    assert unset_command("nu", names) == "hide-env A B"
    assert (
        unset_command("powershell", names) == "Remove-Item -ErrorAction Ignore -Path Env:A, Env:B"
    )
    values = {"A": "eu-west-1", "B": "it's"}
    assert set_command("bash", values) == "export A=eu-west-1 B='it'\\''s'"
    assert set_command("fish", values) == "set -gx A eu-west-1; set -gx B 'it\\'s'"
    assert set_command("nu", values) == '$env.A = "eu-west-1"; $env.B = "it\'s"'
    assert set_command("powershell", values) == "$env:A = 'eu-west-1'; $env:B = 'it''s'"


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
        render_change(shell, switch_change("a", "", {}), {}).endswith("\n") for shell in EMIT_SHELLS
    )
