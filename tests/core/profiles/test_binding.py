"""The words of a managed profile's command that bind it to a role and to its files."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.errors import UsageError
from xswitch.core.model import ConfigPaths
from xswitch.core.profiles.binding import (
    ProfileBinding,
    bind,
    binding_words,
    bound_environments,
    decode_word,
    encode_word,
    parse_binding,
    stored_binding,
)
from xswitch.core.profiles.process_command import quote_command

ADMIN = "arn:aws:iam::222222222222:role/Admin"
DEFAULT = ConfigPaths("/home/me/.aws/config", "/home/me/.aws/credentials")
WORK = ConfigPaths("/work/aws config", "/home/me/.aws/credentials")

TEXT = st.text(
    st.characters(exclude_categories=["Cs"]) | st.sampled_from([chr(0xDC80), chr(0xDCFF)]),
    min_size=1,
)


def test_the_default_files_are_not_named() -> None:
    assert binding_words(bind(ADMIN, DEFAULT, DEFAULT)) == (ADMIN,)
    assert binding_words(bind(ADMIN, WORK, DEFAULT)) == (
        ADMIN,
        "/work/aws=20config",
        "/home/me/.aws/credentials",
    )
    assert binding_words(None) == ()


@given(TEXT, TEXT, TEXT)
@settings(max_examples=200, derandomize=True)
def test_every_sdk_and_shell_reads_back_the_same_words(arn: str, config: str, other: str) -> None:
    binding = ProfileBinding(f"arn:{arn}", ConfigPaths(config, other))
    words = binding_words(binding)
    assert parse_binding(words) == binding
    command = quote_command(("/opt/x", "xs-a", *words))
    assert command == " ".join(("/opt/x", "xs-a", *words))
    assert shlex.split(command) == command.split(" ")


@given(st.text(max_size=12))
@settings(max_examples=200, derandomize=True)
def test_only_what_is_written_is_read(word: str) -> None:
    try:
        text = decode_word(word)
    except ValueError:
        return
    assert encode_word(text) == word


@pytest.mark.parametrize(
    "words",
    [
        ("",),
        ("Admin",),
        (ADMIN, "/a"),
        (ADMIN, "/a", "/b", "/c"),
        (f"{ADMIN}=2", "/a", "/b"),
        (f"{ADMIN}=zz",),
        (f"{ADMIN}=2f",),
        (f"{ADMIN}=41",),
        (ADMIN, "/a b", "/b"),
    ],
)
def test_other_words_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(UsageError) as caught:
        parse_binding(words)
    assert caught.value.next_step == "xswitch doctor"


@pytest.mark.parametrize(
    ("command", "binding"),
    [
        (f"/opt/x credential-process xs-a {ADMIN}", ProfileBinding(ADMIN)),
        (
            f"/p -I -S /a\\ b/l.py xs-a {ADMIN} /w=20x/c /d",
            ProfileBinding(ADMIN, ConfigPaths("/w x/c", "/d")),
        ),
        ("/opt/x credential-process xs-a", None),
        ("/opt/other --profile a", None),
        (f"/opt/x credential-process xs-b {ADMIN}", None),
        (f"xs-a {ADMIN}", None),
        ("/opt/x xs-a junk", None),
        ("", None),
    ],
)
def test_what_a_stored_command_is_bound_to(command: str, binding: ProfileBinding | None) -> None:
    view = read_view(
        DEFAULT, f"[profile xs-a]\ncredential_process = {command}\nxswitch_role = a\n", ""
    )
    assert stored_binding(view.profiles["xs-a"]) == binding


def test_the_environments_to_try() -> None:
    other = {"AWS_CONFIG_FILE": "/x", "AWS_SHARED_CREDENTIALS_FILE": "/y", "HOME": "/h"}
    home = {"HOME": "/h"}
    assert bound_environments(other, None) == (other,)
    assert bound_environments(other, ProfileBinding(ADMIN)) == (home, other)
    assert bound_environments(home, ProfileBinding(ADMIN)) == (home,)
    assert bound_environments(home, ProfileBinding(ADMIN, WORK)) == (
        {**home, "AWS_CONFIG_FILE": WORK.config, "AWS_SHARED_CREDENTIALS_FILE": WORK.credentials},
    )
