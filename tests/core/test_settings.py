from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.model import GuardRule, Settings
from xswitch.core.settings import read_settings

FULL = """\
# everything there is
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
colour = "magenta"
confirm = "account"
duration_seconds = 900
policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]
policy = '''
{ "Version": "2012-10-17" }
'''

[[guards]]
match = "*:role/Admin"
confirm = "I know what I do"
"""


def read(text: str) -> Settings:
    return read_settings(text, "config.toml")


def told(text: str) -> list[tuple[str, str, int | None]]:
    return [(problem.code, problem.severity, problem.line) for problem in read(text).problems]


def test_everything() -> None:
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
            GuardRule("guard 2", ("*:role/Admin",), confirm="I know what I do"),
        ),
    )


def test_nothing_is_all_defaults() -> None:
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
        ("[colours]\nred = 1", ("settings_unknown", "warning", 1)),
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
            '[[guards]]\nmatch = "x"\n[[guards]]\nmatch = "y"\ncolour = "pink"',
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
def test_every_mistake_is_told_with_its_line(text: str, expected: tuple[str, str, int]) -> None:
    assert told(text) == [expected]


def test_a_mistake_costs_that_setting_alone() -> None:
    found = read(
        'theme = "pink"\nfrecency = false\n[[guards]]\nmatch = "x"\ncolour = "pink"\nconfirm = "role"'
    )
    assert (found.theme, found.frecency) == ("auto", False)
    assert found.guards == (GuardRule("guard 1", ("x",), "red", "role"),)


def test_words_that_are_no_words() -> None:
    assert [code for code, _, _ in told("[[guards]]\nmatch = [1]")] == [
        "settings_type",
        "guard_without_match",
    ]


def test_a_near_name_is_suggested() -> None:
    assert "verify_identity" in read("verfy_identity = false").problems[0].message


def test_without_guards_the_syntax_error_says_so() -> None:
    assert "no guard" in read("[").problems[0].message


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    parts=st.lists(
        st.sampled_from(
            [*"ab[]=\"\n#.{}1 '\\", "guards", "[[guards]]\n", "match=", "account_names"]
        ),
        max_size=40,
    )
)
def test_no_text_is_too_odd(parts: list[str]) -> None:
    found = read("".join(parts))
    assert found.problems or found == Settings() or found.guards or found.account_names
