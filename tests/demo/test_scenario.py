"""The demo's roles do what its config promises."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.aws.emulator import allow, iam_client, refusal, sts_client, trust
from xswitch.core.settings import read_settings
from xswitch.demo import scenario
from xswitch.demo.home import config_text, settings_text, write_home
from xswitch.emulator import totp
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState

BASE = (scenario.ACCESS_KEY_ID, scenario.SECRET_ACCESS_KEY)
BY_NAME = {role.profile: role for role in scenario.ROLES}


@pytest.fixture(scope="module")
def aws() -> Iterator[EmbeddedAws]:
    with EmbeddedAws(AwsState.from_json(json.dumps(scenario.state()))) as server:
        yield server


@pytest.fixture(scope="module")
def mfa(aws: EmbeddedAws) -> Any:
    code = totp.code(scenario.TOTP_SECRET, aws.clock.now())
    return sts_client(aws, BASE).get_session_token(
        SerialNumber=scenario.MFA_SERIAL, TokenCode=code
    )["Credentials"]


def assume(aws: EmbeddedAws, role: scenario.RoleProfile, credentials: Any) -> Any:
    more: dict[str, Any] = {"ExternalId": role.external_id} if role.external_id else {}
    if pairs := role.settings.get("xswitch_tags"):
        more["Tags"] = [
            dict(zip(("Key", "Value"), pair.split("="), strict=True)) for pair in pairs.split(",")
        ]
    if seconds := role.settings.get("duration_seconds"):
        more["DurationSeconds"] = int(seconds)
    return sts_client(aws, credentials).assume_role(
        RoleArn=role.arn, RoleSessionName="dana", **more
    )["Credentials"]


def test_five_accounts_and_about_fifteen_roles() -> None:
    assert len(scenario.ACCOUNT_NAMES) == 5
    assert {role.account for role in scenario.ROLES} == set(scenario.ACCOUNT_NAMES)
    assert len(BY_NAME) == len(scenario.ROLES) == 16
    lengths = {
        (len(person.secret_access_key), len(person.access_key_id)) for person in scenario.PEOPLE
    }
    assert lengths == {(40, 20)}


@pytest.mark.parametrize(
    "name",
    [
        role.profile
        for role in scenario.ROLES
        if role.trusted == f"arn:aws:iam::{scenario.IDENTITY}:root"
    ],
)
def test_a_role_answers_as_its_profile_says(aws: EmbeddedAws, mfa: Any, name: str) -> None:
    role = BY_NAME[name]
    assert role.source == scenario.BASE_PROFILE
    assert assume(aws, role, mfa if role.mfa else BASE)["SessionToken"]
    if role.mfa:
        assert refusal(lambda: assume(aws, role, BASE))[0] == "AccessDenied"


def test_the_chain_of_three(aws: EmbeddedAws, mfa: Any) -> None:
    credentials = mfa
    for name in ("hub-gateway", "hub-jump", "payments-prod-database"):
        credentials = assume(aws, BY_NAME[name], credentials)
    assert sts_client(aws, credentials).get_caller_identity()["Account"] == scenario.PROD
    assert [
        BY_NAME[name].source for name in ("payments-prod-database", "hub-jump", "hub-gateway")
    ] == ["hub-jump", "hub-gateway", "dana"]
    assert refusal(lambda: assume(aws, BY_NAME["payments-prod-database"], mfa))[0] == "AccessDenied"


def test_the_external_id_the_denied_and_the_broken_one(aws: EmbeddedAws, mfa: Any) -> None:
    reports = BY_NAME["acme-reports"]
    assert (
        refusal(sts_client(aws, BASE).assume_role, RoleArn=reports.arn, RoleSessionName="dana")[0]
        == "AccessDenied"
    )
    assert (
        refusal(lambda: assume(aws, BY_NAME["payments-prod-breakglass"], mfa))[0] == "AccessDenied"
    )
    assert refusal(lambda: assume(aws, BY_NAME["legacy-reports"], mfa))[0] == "AccessDenied"
    assert f"[profile {BY_NAME['legacy-reports'].source}]" not in config_text("http://x")


def test_the_config_points_every_profile_at_the_embedded_aws() -> None:
    text = config_text("http://127.0.0.1:1")
    headers = re.findall(r"^\[profile (\S+)\]$", text, re.MULTILINE)
    assert headers == [*(person.profile for person in scenario.PEOPLE), *BY_NAME]
    assert text.count("endpoint_url = http://127.0.0.1:1\n") == len(headers)


def test_a_role_is_set_up_for_switch_user_who_then_switches_with_mfa(aws: EmbeddedAws) -> None:
    people = {person.profile: person for person in scenario.PEOPLE}
    keys = {
        name: (person.access_key_id, person.secret_access_key) for name, person in people.items()
    }
    user = people[scenario.SWITCH_USER]
    mine = iam_client(aws, keys[scenario.SWITCH_USER])
    assert mine.get_user()["User"]["UserName"] == "SwitchUser"
    assert mine.list_user_policies(UserName="SwitchUser")["PolicyNames"] == ["see-oneself"]
    assert mine.list_mfa_devices()["MFADevices"][0]["SerialNumber"] == user.mfa_serial
    assert refusal(mine.get_user, UserName="dana")[0] == "AccessDenied"
    for role in scenario.ROLES:
        asked = {"RoleArn": role.arn, "RoleSessionName": "me"}
        assert (
            refusal(sts_client(aws, keys[scenario.SWITCH_USER]).assume_role, **asked)[0]
            == "AccessDenied"
        )
    arn = f"arn:aws:iam::{scenario.DEV}:role/SwitchRole"
    with_mfa = trust(user.arn, Condition={"Bool": {"aws:MultiFactorAuthPresent": "true"}})
    iam_client(aws, keys[scenario.TARGET_ADMIN]).create_role(
        RoleName="SwitchRole", AssumeRolePolicyDocument=json.dumps(with_mfa)
    )
    may = json.dumps(allow(Action="sts:AssumeRole", Resource=arn))
    iam_client(aws, keys[scenario.SOURCE_ADMIN]).put_user_policy(
        UserName="SwitchUser", PolicyName="may", PolicyDocument=may
    )
    sts = sts_client(aws, keys[scenario.SWITCH_USER])
    assert refusal(sts.assume_role, RoleArn=arn, RoleSessionName="me")[0] == "AccessDenied"
    code = totp.code(user.totp_secret, aws.clock.now())
    session = sts.assume_role(
        RoleArn=arn, RoleSessionName="me", SerialNumber=user.mfa_serial, TokenCode=code
    )["Credentials"]
    assert (
        sts_client(aws, session).get_caller_identity()["Arn"]
        == f"arn:aws:sts::{scenario.DEV}:assumed-role/SwitchRole/me"
    )


@pytest.mark.parametrize("vault", ["runtime", "file"])
def test_the_settings_are_understood_without_a_problem(vault: str) -> None:
    settings = read_settings(settings_text(vault), "config.toml")
    assert settings.problems == ()
    assert (settings.vault, settings.allow_plain_files) == (vault, vault == "file")
    assert settings.account_names == scenario.ACCOUNT_NAMES
    (guard,) = settings.guards
    assert set(guard.match) <= set(BY_NAME)
    assert (guard.color, guard.confirm) == ("red", "account")


def test_a_home_leads_nowhere_but_into_itself(tmp_path: Path) -> None:
    mine = {
        "PATH": "/usr/bin",
        "HOME": "/home/me",
        "AWS_PROFILE": "mine",
        "AWS_ACCESS_KEY_ID": "AKIAMINE",
        "XSWITCH_DEMO_CLOCK": "/x",
        "XDG_CONFIG_HOME": "/home/me/.config",
        "DBUS_SESSION_BUS_ADDRESS": "unix:path=/run/bus",
        "PYTHON_KEYRING_BACKEND": "x",
        "BASH_ENV": "/home/me/.env",
        "LANG": "C.UTF-8",
        "ENVIRONMENT": "kept",
    }
    home = write_home(
        tmp_path / "h",
        "http://127.0.0.1:1",
        environ=mine,
        command=("/opt/it's here/xswitch",),
        memory=tmp_path / "m",
    )
    kept = {name: value for name, value in home.env.items() if mine.get(name) == value}
    assert kept == {"LANG": "C.UTF-8", "ENVIRONMENT": "kept"}
    for name in (
        "HOME",
        "XDG_CONFIG_HOME",
        "XDG_STATE_HOME",
        "XDG_DATA_HOME",
        "XDG_CACHE_HOME",
        "ZDOTDIR",
        "XSWITCH_DEMO_CLOCK",
    ):
        assert home.env[name].startswith(str(home.folder))
    assert home.env["XDG_RUNTIME_DIR"] == str(tmp_path / "m")
    assert sorted(name for name in home.env if name.startswith("AWS_")) == [
        "AWS_EC2_METADATA_DISABLED",
        "AWS_ENDPOINT_URL",
    ]
    assert not any("/home/me" in value for value in home.env.values())
    assert AwsState.from_json(home.state_file.read_text()).account(scenario.IDENTITY) is not None
    for path in home.folder.rglob("*"):
        assert path.is_dir() or path.stat().st_mode & 0o077 == 0
    assert (
        home.folder / "demo/bin/xswitch"
    ).read_text() == "#!/bin/sh\nexec '/opt/it'\"'\"'s here/xswitch' \"$@\"\n"
