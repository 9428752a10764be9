"""The newest AWS CLI v2 signs in to the emulated Identity Center by PKCE, and by device code."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from support.aws.cli import signing_in
from support.aws.emulator import aws_server
from support.aws.identity_center import (
    CALLBACK,
    SCOPES,
    SESSION,
    START_URL,
    WORK,
    approve,
    endpoint_variables,
    fetch,
    identity_center_state,
    write_sso_config,
)
from support.e2e import Ran, run
from support.identity.clients import newest_cli
from xswitch.emulator.server import EmbeddedAws

LOGIN = ["sso", "login", "--sso-session", SESSION]


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(identity_center_state()) as server:
        yield server


@pytest.fixture
def env(aws: EmbeddedAws, tmp_path: Path) -> dict[str, str]:
    write_sso_config(tmp_path)
    return {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
        **endpoint_variables(aws),
    }


def identity(env: dict[str, str], profile: str) -> Ran:
    return run([newest_cli(), "sts", "get-caller-identity", "--profile", profile], env)


def tokens(home: Path) -> list[dict[str, Any]]:
    files = (home / ".aws" / "sso" / "cache").glob("*.json")
    read = [json.loads(file.read_text(encoding="utf-8")) for file in files]
    return [one for one in read if "accessToken" in one]


def test_it_signs_in_by_pkce_uses_it_and_signs_out(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path
) -> None:
    with signing_in(LOGIN, env, tmp_path) as cli:
        url = cli.opened()
        approve(url, follow=True)
        assert cli.ended() == 0, cli.said
    query = parse_qs(urlsplit(url).query)
    assert query["scopes"] == list(SCOPES)
    assert query["redirect_uri"][0].startswith("http://127.0.0.1:")
    (client,) = aws.sign_ins.clients.values()
    assert client.redirect_uris == (CALLBACK,)
    assert client.grant_types == {"authorization_code", "refresh_token"}
    assert (client.issuer_url, client.scopes) == (START_URL, SCOPES)
    (token,) = tokens(tmp_path)
    assert token["startUrl"] == START_URL
    assert token["refreshToken"]
    asked = [call.action for call in aws.calls if call.service == "sso-oidc"]
    assert asked == ["RegisterClient", "Authorize", "Authorize", "CreateToken"]
    ran = identity(env, "work-admin")
    assert (ran.code, ran.json["Account"]) == (0, WORK), ran.err
    assert run([newest_cli(), "sso", "logout"], env).code == 0
    assert [one.ended for one in aws.sign_ins.sign_ins()] == [True]


def test_it_registers_once_for_several_sign_ins(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path
) -> None:
    for _ in range(2):
        with signing_in(LOGIN, env, tmp_path) as cli:
            approve(cli.opened(), follow=True)
            assert cli.ended() == 0, cli.said
    assert (aws.count("RegisterClient"), aws.count("CreateToken")) == (1, 2)


@pytest.mark.parametrize(
    "words",
    [[*LOGIN, "--use-device-code"], ["sso", "login", "--profile", "legacy-admin"]],
    ids=["session", "legacy"],
)
def test_it_signs_in_by_device_code(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path, words: list[str]
) -> None:
    with signing_in(words, env, tmp_path) as cli:
        url = cli.opened()
        assert "/device?user_code=" in url
        approve(url)
        assert cli.ended() == 0, cli.said
    profile = "legacy-admin" if "--profile" in words else "work-admin"
    assert identity(env, profile).json["Account"] == WORK
    assert aws.count("Authorize") == 0


def test_it_refreshes_a_token_that_has_ended(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path
) -> None:
    with signing_in(LOGIN, env, tmp_path) as cli:
        approve(cli.opened(), follow=True)
        assert cli.ended() == 0, cli.said
    folder = tmp_path / ".aws" / "sso" / "cache"
    file = next(one for one in folder.glob("*.json") if "accessToken" in one.read_text("utf-8"))
    before = json.loads(file.read_text(encoding="utf-8"))
    file.write_text(json.dumps({**before, "expiresAt": "2026-01-01T00:00:00Z"}), encoding="utf-8")
    assert identity(env, "work-admin").json["Account"] == WORK
    after = json.loads(file.read_text(encoding="utf-8"))
    assert after["accessToken"] != before["accessToken"]
    aws.sign_ins.revoke("dana")
    shutil.rmtree(tmp_path / ".aws" / "cli" / "cache")  # of the role's own keys
    file.write_text(json.dumps({**after, "expiresAt": "2026-01-01T00:00:00Z"}), encoding="utf-8")
    assert identity(env, "work-admin").code != 0


@pytest.mark.parametrize("answer", ["deny", "wrong state"])
def test_it_says_that_a_sign_in_failed(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path, answer: str
) -> None:
    with signing_in(LOGIN, env, tmp_path) as cli:
        back = approve(cli.opened(), deny=answer == "deny")
        fetch(back.replace("state=", "state=x") if answer == "wrong state" else back)
        assert cli.ended() != 0
    assert not tokens(tmp_path)
    assert aws.count("CreateToken") == 0
