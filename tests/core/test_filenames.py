"""File names made from profile names are reversible, plain, and never hidden."""

from __future__ import annotations

from urllib.parse import unquote_to_bytes

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.errors import UsageError
from xswitch.core.filenames import profile_file_name


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


def test_an_empty_name_is_rejected() -> None:
    with pytest.raises(UsageError):
        profile_file_name("")
