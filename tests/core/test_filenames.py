"""File names made from profile names are reversible, plain, and never hidden."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.errors import UsageError
from xswitch.core.filenames import config_folder_name, profile_file_name


@pytest.mark.parametrize(
    ("profile", "expected"),
    [
        ("xs-payments-admin", "xs-payments-admin"),
        ("a.b@c:d+e_f-g", "a.b@c:d+e_f-g"),
        ("team/admin", "team%2Fadmin"),
        ("foo bar", "foo%20bar"),
        ("50%", "50%25"),
        (".", "%2E"),
        ("..", "%2E."),
        (".hidden", "%2Ehidden"),
        ("ü", "%C3%BC"),
        ("a\nb", "a%0Ab"),
        ("xs-Admin", "xs-%41dmin"),
        ("\udc80", "%80"),
    ],
)
def test_file_name(profile: str, expected: str) -> None:
    assert profile_file_name(profile) == expected


@given(st.text(min_size=1))
@settings(max_examples=300, derandomize=True)
def test_every_name_is_plain_and_reversible(profile: str) -> None:
    name = profile_file_name(profile)
    assert name.isascii()
    assert not name.startswith(".")
    assert not set(name) & set("/\\\0\n\r\t *?[]{}$`'\"")
    assert unquote_to_bytes(name) == profile.encode("utf-8", "surrogateescape")


NAMES = st.text("aAbBzZ%4152kK\u017f\u212a.", min_size=1)


@given(NAMES, NAMES)
@settings(max_examples=300, derandomize=True)
def test_a_file_system_that_ignores_case_keeps_profiles_apart(one: str, other: str) -> None:
    names = [profile_file_name(profile).casefold() for profile in (one, other, other.swapcase())]
    assert (names[0] == names[1]) == (one == other)
    assert (names[1] == names[2]) == (other == other.swapcase())


def test_every_config_file_but_the_default_one_has_a_folder() -> None:
    default = "/home/me/.aws/config"
    assert config_folder_name(default, default) == ""
    others = [
        "/home/me/.aws/Config",
        "/home/me/.aws/config/",
        "//home/me/.aws/config",
        "/work/config",
    ]
    folders = {config_folder_name(path, default) for path in others}
    assert len(folders) == len(others)
    assert not any(set(folder) & set("/\\") for folder in folders)
    assert config_folder_name("/w/My config", default) == "%2Fw%2F%4Dy%20config"


def test_an_empty_name_is_rejected() -> None:
    with pytest.raises(UsageError):
        profile_file_name("")
