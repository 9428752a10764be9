from __future__ import annotations

from dataclasses import Field, fields
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.model import GuardRule, Settings
from xswitch.core.settings import read_settings

FULL = """\
# every setting
vault = "runtime"
profile_prefix = "aws."
session_name = "alice@laptop"
mfa_duration_seconds = 28800
verify_identity = false
frecency = false
theme = "light"
group_by_account = true
allow_plain_files = true

[account_names]
"222222222222" = " payments "
012345678901 = "data"

[[guards]]
name = "production"
match = ["*prod*", "222222222222"]
color = "magenta"
confirm = "account"
duration_seconds = 900
policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
policy = '''
{ "Version": "2012-10-17" }
'''

[[guards]]
match = "*:role/Admin"
confirm = "I know what I am doing"
"""


def read(text: str) -> Settings:
    return read_settings(text, "config.toml")


def reported(text: str) -> list[tuple[str, str, int | None]]:
    return [(problem.code, problem.severity, problem.line) for problem in read(text).problems]


def test_every_setting_is_read() -> None:
    assert read(FULL) == Settings(
        vault="runtime",
        profile_prefix="aws.",
        session_name="alice@laptop",
        mfa_duration_seconds=28_800,
        verify_identity=False,
        frecency=False,
        theme="light",
        group_by_account=True,
        allow_plain_files=True,
        account_names={"222222222222": "payments", "012345678901": "data"},
        guards=(
            GuardRule(
                "production",
                ("*prod*", "222222222222"),
                "magenta",
                "account",
                900,
                ("arn:aws:iam::aws:policy/ReadOnlyAccess",),
                '{"Version":"2012-10-17"}',
            ),
            GuardRule("guard 2", ("*:role/Admin",), confirm="I know what I am doing"),
        ),
    )


def test_an_empty_file_is_all_defaults() -> None:
    assert read("") == read("# only a comment\r\n") == Settings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('vault = "cloud"', ("settings_value", "warning", 1)),
        ("vault = 1", ("settings_value", "warning", 1)),
        ('\n\nprofile_prefix = ""', ("settings_value", "warning", 3)),
        ('profile_prefix = "a b"', ("settings_value", "warning", 1)),
        ("profile_prefix = 3", ("settings_type", "warning", 1)),
        ('session_name = "x y"', ("settings_value", "warning", 1)),
        ("mfa_duration_seconds = 899", ("settings_value", "warning", 1)),
        ("mfa_duration_seconds = 129601", ("settings_value", "warning", 1)),
        ('mfa_duration_seconds = "12h"', ("settings_value", "warning", 1)),
        ("mfa_duration_seconds = true", ("settings_value", "warning", 1)),
        ('frecency = "no"', ("settings_type", "warning", 1)),
        ('theme = "pink"', ("settings_value", "warning", 1)),
        ("\nverfy_identity = false", ("settings_unknown", "warning", 2)),
        ("[colors]\nred = 1", ("settings_unknown", "warning", 1)),
        ("account_names = 3", ("settings_type", "warning", 1)),
        ('[account_names]\n"12" = "x"', ("settings_value", "warning", 2)),
        ('[account_names]\n"222222222222" = ""', ("settings_value", "warning", 2)),
        ('[account_names]\n"222222222222" = "a\\u001b[2J"', ("settings_value", "warning", 2)),
        ("[account_names]\n222222222222 = 1", ("settings_value", "warning", 2)),
        ('guards = "prod"', ("settings_type", "error", 1)),
        ("[guards]\nmatch = 1", ("settings_type", "error", 1)),
        ('[[guards]]\nname = "x"', ("guard_without_match", "error", 1)),
        ("[[guards]]\nmatch = []", ("guard_without_match", "error", 2)),
        (
            '[[guards]]\nmatch = "x"\n[[guards]]\nmatch = "y"\ncolor = "pink"',
            ("settings_value", "warning", 5),
        ),
        ('[[guards]]\nmatch = "x"\nconfirm = ""', ("settings_value", "warning", 3)),
        ('[[guards]]\nmatch = "x"\nduration_seconds = 60', ("settings_value", "warning", 3)),
        ('[[guards]]\nmatch = "x"\npolicy = "{"', ("guard_policy_invalid", "error", 3)),
        ('[[guards]]\nmatch = "x"\npolicy_arns = ["x"]', ("guard_policy_invalid", "error", 3)),
        ('[[guards]]\nmatch = "x"\nmatches = "y"', ("settings_unknown", "warning", 3)),
        ("vault = \n", ("settings_syntax", "error", 1)),
        ('frecency = true\n[[guards]\nmatch = "x"', ("settings_syntax", "error", 2)),
        ("frecency = true\nfrecency = true", ("settings_syntax", "error", 2)),
    ],
)
def test_every_mistake_is_reported_with_its_line(text: str, expected: tuple[str, str, int]) -> None:
    assert reported(text) == [expected]


def test_a_mistake_affects_only_its_own_setting() -> None:
    parsed = read(
        'theme = "pink"\nfrecency = false\n'
        '[[guards]]\nmatch = "x"\ncolor = "pink"\nconfirm = "role"'
    )
    assert (parsed.theme, parsed.frecency) == ("auto", False)
    assert parsed.guards == (GuardRule("guard 1", ("x",), "red", "role"),)


def test_strings_that_are_not_strings() -> None:
    assert [code for code, _, _ in reported("[[guards]]\nmatch = [1]")] == [
        "settings_type",
        "guard_without_match",
    ]


def test_a_similar_name_is_suggested() -> None:
    assert "verify_identity" in read("verfy_identity = false").problems[0].message


def test_a_syntax_error_says_that_guards_are_ignored() -> None:
    assert "guards are ignored" in read("[").problems[0].message


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    parts=st.lists(
        st.sampled_from(
            [*"ab[]=\"\n#.{}1 '\\", "guards", "[[guards]]\n", "match=", "account_names"]
        ),
        max_size=40,
    )
)
def test_any_text_gives_settings_or_problems(parts: list[str]) -> None:
    parsed = read("".join(parts))
    assert parsed.problems or parsed == Settings() or parsed.guards or parsed.account_names


def test_colour_is_accepted_for_color() -> None:
    assert read('[[guards]]\nmatch = "x"\ncolour = "blue"').guards[0].color == "blue"
    assert reported('[[guards]]\nmatch = "x"\ncolour = "pink"') == [
        ("settings_value", "warning", 3)
    ]


def documentation_row(entry: Field[Any]) -> str:
    default = "required" if entry.name == "match" else "none"
    if entry.name == "name":
        default = '`"guard N"`'
    elif isinstance(entry.default, bool | int):
        default = f"`{str(entry.default).lower()}`"
    elif isinstance(entry.default, str):
        default = f'`"{entry.default}"`'
    choices = ", ".join(f"`{choice}`" for choice in entry.metadata.get("choices", ()))
    limits = " to ".join(str(limit) for limit in entry.metadata.get("limits", ()))
    meaning = entry.metadata["doc"].format(choices=choices, limits=limits)
    return f"| `{entry.name}` | {default} | {meaning} |"


@pytest.mark.parametrize("table", [Settings, GuardRule])
def test_the_documentation_lists_every_setting(table: type[Settings | GuardRule]) -> None:
    page = Path("docs/reference-settings.md").read_text().splitlines()
    rows = [documentation_row(entry) for entry in fields(table) if "doc" in entry.metadata]
    start = page.index(rows[0])
    assert page[start : start + len(rows)] == rows
