from __future__ import annotations

import pytest

from xswitch.core.awsconfig.edit import find_shadowing
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.model import ConfigPaths, Problem

PATHS = ConfigPaths("/c", "/d")
OURS = "[profile xs-a]\ncredential_process = /x\nxswitch_role = a\n"


def find(config: str, credentials: str | None = None) -> tuple[Problem, ...]:
    return find_shadowing(read_view(PATHS, config, credentials), "xs-a")


def test_the_way_is_free_when_there_is_nothing_or_only_our_own() -> None:
    assert find("[profile a]\nrole_arn = r\n") == ()
    assert find(OURS + "region = x\n") == ()


def test_a_profile_without_the_mark_is_not_ours() -> None:
    (problem,) = find("\n[profile xs-a]\nregion = x\n")
    assert (problem.code, problem.severity, problem.file, problem.line, problem.profile) == (
        "not_ours",
        "error",
        "/c",
        2,
        "xs-a",
    )
    assert find("", "[xs-a]\naws_access_key_id = k\n")[0].file == "/d"


def test_a_profile_only_the_cli_sees_is_not_ours() -> None:
    (problem,) = find("[profile 'xs-a']\nxswitch_role = a\n")
    assert problem.code == "not_ours"
    assert "only the AWS CLI" in problem.message


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ("role_arn = r\nsource_profile = b\n", "role_arn, source_profile"),
        ("credential_source = Environment\n", "credential_source"),
        ("web_identity_token_file = /t\n", "web_identity_token_file"),
        ("sso_account_id = 1\nsso_role_name = r\n", "sso_account_id, sso_role_name"),
        ("sso_session = s\n", "sso_session"),
        ("login_session = l\n", "login_session"),
        (
            "aws_access_key_id = k\naws_secret_access_key = s3cret\n",
            "aws_access_key_id, aws_secret_access_key",
        ),
    ],
)
def test_other_credential_keys_of_that_name_shadow_in_either_file(keys: str, words: str) -> None:
    for config, credentials, place in (
        (OURS + keys, None, ("/c", 4)),
        (OURS, f"[xs-a]\n{keys}", ("/d", 2)),
    ):
        (problem,) = find(config, credentials)
        assert (problem.code, problem.severity) == ("shadowed", "error")
        assert (problem.file, problem.line) == place
        assert words in problem.message
        assert "s3cret" not in problem.message


def test_another_command_in_the_credentials_file_shadows() -> None:
    (problem,) = find(OURS, "[xs-a]\ncredential_process = /y\n")
    assert (problem.code, problem.file) == ("shadowed", "/d")


def test_several_kinds_are_several_problems() -> None:
    assert (
        len(find(OURS + "role_arn = r\nsso_session = s\n", "[xs-a]\naws_access_key_id = k\n")) == 3
    )


def test_temporary_keys_xswitch_wrote_itself_are_only_a_warning() -> None:
    (problem,) = find(
        OURS, "[xs-a]\naws_access_key_id = k\naws_session_token = t\nxswitch_role = a\n"
    )
    assert (problem.code, problem.severity, problem.file) == ("own_static_keys", "warning", "/d")
    problems = find(OURS + "sso_session = s\n", "[xs-a]\naws_access_key_id = k\nxswitch_role = a\n")
    assert {p.code for p in problems} == {"shadowed", "own_static_keys"}
