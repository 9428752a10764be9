from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.roles import KEYS, MFA, arn, role, roles, view
from xswitch.core.awsconfig.sdk_reader import read_view
from xswitch.core.errors import ConfigError, UsageError
from xswitch.core.model import ConfigPaths, GuardRule, Origin, Problem, Profile, Property, Settings
from xswitch.core.profiles.managed import (
    Overrides,
    check_guard_policy,
    find_shadowing,
    managed_profile_name,
    managed_properties,
    merge_overrides,
    overrides_from_profile,
    overrides_to_properties,
    source_profile,
    validate_overrides,
)

DEV = {"dev": KEYS}
COMMAND = "/bin/xswitch credential-process xs-r"
POLICY = "arn:aws:iam::aws:policy/ReadOnlyAccess"
WORD = st.text("abcXYZ019+=,.@-", min_size=2, max_size=20)
TAG = st.text("abcXYZ019 .:/+@-", min_size=1, max_size=10).map(str.strip).filter(bool)

OVERRIDES = st.builds(
    Overrides,
    region=st.none() | st.sampled_from(["eu-west-1", "us-gov-east-1"]),
    duration_seconds=st.none() | st.integers(900, 43_200),
    session_name=st.none() | WORD,
    external_id=st.none() | WORD,
    policy_arns=st.lists(
        st.sampled_from([POLICY, "arn:aws:iam::222222222222:policy/a/b"]), max_size=2, unique=True
    ).map(tuple),
    policy=st.none()
    | st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=2).map(json.dumps),
    tags=st.dictionaries(TAG, TAG, max_size=3)
    .filter(lambda tags: len({key.casefold() for key in tags}) == len(tags))
    .map(lambda tags: tuple(tags.items())),
    mfa_serial=st.none() | st.just(MFA),
)


def profile(properties: dict[str, str], name: str = "xs-r") -> Profile:
    return Profile(
        name,
        {key: Property(value, Origin("config", 2)) for key, value in properties.items()},
        Origin("config", 1),
    )


@settings(max_examples=150, deadline=None, derandomize=True)
@given(overrides=OVERRIDES)
def test_overrides_survive_a_round_trip(overrides: Overrides) -> None:
    fine = validate_overrides(overrides)
    properties = overrides_to_properties(fine)
    assert overrides_from_profile(profile(properties)) == fine
    assert validate_overrides(fine) == fine
    assert not any(char in value for value in properties.values() for char in "\r\n\0")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"region": "eu west"}, "bad_region"),
        ({"duration_seconds": 899}, "bad_duration"),
        ({"duration_seconds": 43_201}, "bad_duration"),
        ({"session_name": "a b"}, "bad_session_name"),
        ({"external_id": "x"}, "bad_external_id"),
        ({"mfa_serial": "x"}, "bad_mfa_serial"),
        ({"policy": "{"}, "bad_override"),
        ({"policy_arns": ("ReadOnlyAccess",)}, "bad_override"),
        ({"tags": (("a", "b\n[profile x]"),)}, "bad_override"),
        ({"tags": (("a=b", "c"),)}, "bad_override"),
    ],
)
def test_invalid_overrides_are_rejected(change: dict[str, Any], code: str) -> None:
    with pytest.raises(UsageError) as caught:
        validate_overrides(Overrides(**change))
    assert caught.value.code == code


@pytest.mark.parametrize(
    "change",
    [
        {"xswitch_duration_seconds": "1h"},
        {"xswitch_duration_seconds": "60"},
        {"xswitch_tags": "a"},
        {"xswitch_policy": "x"},
    ],
)
def test_a_damaged_managed_profile_is_named_with_its_line(change: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        overrides_from_profile(profile(change))
    assert "config:1" in caught.value.what
    assert caught.value.next_step


def test_a_managed_profile_has_the_command_the_settings_and_the_role() -> None:
    config = role(
        "dev",
        region="eu-west-1",
        output="json",
        endpoint_url="http://127.0.0.1:1",
        services="local",
        ca_bundle="/ca",
        retry_mode="standard",
        s3="\nmax_concurrent_requests = 2",
        mfa_serial=MFA,
        mfa_process="code",
        external_id="ext",
        duration_seconds="900",
        role_session_name="me",
        sso_region="eu-west-1",
        aws_account_id="222222222222",
        xswitch_note="note",
        xswitch_tags="a=b",
    )
    config_view = view({"r": config}, DEV)
    assert managed_properties(roles(config_view)["r"], config_view, Overrides(), COMMAND) == {
        "credential_process": COMMAND,
        "region": "eu-west-1",
        "output": "json",
        "endpoint_url": "http://127.0.0.1:1",
        "services": "local",
        "ca_bundle": "/ca",
        "retry_mode": "standard",
        "xswitch_role": "r",
    }


def test_overrides_are_stored_with_the_role() -> None:
    config_view = view({"r": role("dev", region="eu-west-1")}, DEV)
    asked = Overrides(
        "us-east-2", 900, "me", "ext", (POLICY,), '{ "a": 1 }', (("b", "2"), ("a", "1"))
    )
    assert managed_properties(roles(config_view)["r"], config_view, asked, COMMAND) == {
        "credential_process": COMMAND,
        "region": "us-east-2",
        "xswitch_role": "r",
        "xswitch_duration_seconds": "900",
        "xswitch_session_name": "me",
        "xswitch_external_id": "ext",
        "xswitch_policy_arns": POLICY,
        "xswitch_policy": '{"a":1}',
        "xswitch_tags": "a=1,b=2",
        "xswitch_region": "us-east-2",
    }


def test_an_ad_hoc_role_is_stored_with_its_source() -> None:
    managed = {
        "credential_process": "/old",
        "xswitch_role": arn("Ops"),
        "xswitch_source_profile": "dev",
        "xswitch_external_id": "ext",
        "output": "text",
    }
    config_view = view({"dev": {"output": "json"}, "xs-ops": managed}, DEV)
    resolved = roles(config_view)["222222222222:Ops"]
    assert source_profile(resolved) == "dev"
    assert managed_properties(resolved, config_view, Overrides(), COMMAND) == managed | {
        "credential_process": COMMAND
    }
    more = managed_properties(resolved, config_view, Overrides(session_name="me"), COMMAND)
    assert (more["xswitch_session_name"], more["xswitch_external_id"]) == ("me", "ext")


def test_an_ad_hoc_role_without_a_source_cant_be_stored() -> None:
    config_view = view(
        {
            "xs-ops": {
                "credential_process": "/x",
                "xswitch_role": arn("Ops"),
                "xswitch_source_profile": "gone",
            }
        }
    )
    resolved = roles(config_view)["222222222222:Ops"]
    assert source_profile(resolved) is None
    with pytest.raises(ConfigError):
        managed_properties(resolved, config_view, Overrides(), COMMAND)


def test_a_second_policy_next_to_a_guards_is_rejected() -> None:
    settings_ = Settings(guards=(GuardRule("prod", ("*",), policy_arns=(POLICY,)),))
    config_view = view({"r": role("dev")}, DEV)
    guarded, plain = roles(config_view, settings_)["r"], roles(config_view)["r"]
    for asked in (Overrides(policy="{}"), Overrides(policy_arns=(POLICY,))):
        with pytest.raises(UsageError, match="guard"):
            managed_properties(guarded, config_view, asked, COMMAND)
        check_guard_policy(plain, asked)
    check_guard_policy(guarded, Overrides(session_name="me"))


def test_only_tags_are_merged_by_key() -> None:
    lower = Overrides("a", 900, "low", "low", (POLICY,), "{}", (("a", "1"), ("b", "1")), MFA)
    assert merge_overrides(lower, Overrides()) == lower
    upper = Overrides(session_name="up", tags=(("b", "2"),))
    assert merge_overrides(lower, upper) == Overrides(
        "a", 900, "up", "low", (POLICY,), "{}", (("a", "1"), ("b", "2")), MFA
    )


PATHS = ConfigPaths("/c", "/d")
OURS = "[profile xs-a]\ncredential_process = /x\nxswitch_role = a\n"


def find(config: str, credentials: str | None = None) -> tuple[Problem, ...]:
    return find_shadowing(read_view(PATHS, config, credentials), "xs-a")


def test_no_profile_or_a_managed_profile_shadows_nothing() -> None:
    assert find("[profile a]\nrole_arn = r\n") == ()
    assert find(OURS + "region = x\n") == ()


def test_a_profile_without_the_role_key_isnt_managed() -> None:
    (problem,) = find("\n[profile xs-a]\nregion = x\n")
    assert (problem.code, problem.severity, problem.file, problem.line, problem.profile) == (
        "not_ours",
        "error",
        "/c",
        2,
        "xs-a",
    )
    assert find("", "[xs-a]\naws_access_key_id = k\n")[0].file == "/d"


def test_a_profile_only_the_cli_sees_isnt_managed() -> None:
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


def test_each_kind_of_credentials_is_one_problem() -> None:
    assert (
        len(find(OURS + "role_arn = r\nsso_session = s\n", "[xs-a]\naws_access_key_id = k\n")) == 3
    )


def test_temporary_keys_written_by_xswitch_are_a_warning() -> None:
    (problem,) = find(
        OURS, "[xs-a]\naws_access_key_id = k\naws_session_token = t\nxswitch_role = a\n"
    )
    assert (problem.code, problem.severity, problem.file) == ("own_static_keys", "warning", "/d")
    problems = find(OURS + "sso_session = s\n", "[xs-a]\naws_access_key_id = k\nxswitch_role = a\n")
    assert {p.code for p in problems} == {"shadowed", "own_static_keys"}


def test_managed_names_are_legal_and_distinct() -> None:
    assert managed_profile_name("xs-", "payments.prod/x@y:z") == "xs-payments.prod/x@y:z"
    assert managed_profile_name("xs-", "333333333333:team/Ops") == "xs-333333333333-team/Ops"
    odd = [
        managed_profile_name("xs-", name)
        for name in (
            "foo bar",
            "foo-bar",
            "foo]bar",
            "föö bar",
            "333333333333:a=b",
            "333333333333:a,b",
        )
    ]
    assert len(set(odd)) == len(odd)
    assert all(re.fullmatch(r"[A-Za-z0-9_\-/.%@:+]+", name) for name in odd)
