"""Real clients sign in or use a shared sign-in: the AWS CLI v2, boto3, Go, JavaScript."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.aws.emulator import aws_server
from support.aws.identity_center import (
    SESSION,
    START_URL,
    WORK,
    approve,
    endpoint_variables,
    identity_center_state,
    sign_in,
    write_endpoint_models,
    write_shared_token,
    write_sso_config,
)
from support.e2e import Ran, run
from support.identity.clients import CLIENTS, Client
from xswitch.emulator.server import EmbeddedAws

CLI = "/usr/bin/aws"
_IDENTITY = Path(__file__).parents[2] / "tools" / "identity.py"


def _boto3(env: Mapping[str, str], _config: str, cwd: Path, _url: str) -> Ran:
    """Start afresh: botocore's folder of tokens is that of the HOME in which it was imported."""
    return run([sys.executable, str(_IDENTITY)], env, cwd=cwd)


# The AWS CLI uses its own sign-in below.
SDKS = (
    Client("boto3", _boto3),
    *(client for client in CLIENTS if client.name not in ("boto3", "AWS CLI")),
)
_PAGE = re.compile(r"http://127\.0\.0\.1:\d+/device\?user_code=\S+")


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(identity_center_state()) as server:
        yield server


@pytest.fixture
def env(aws: EmbeddedAws, tmp_path: Path) -> dict[str, str]:
    write_sso_config(tmp_path)
    write_endpoint_models(tmp_path, aws)
    return {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
        **endpoint_variables(aws),
    }


@contextmanager
def signing_in(env: dict[str, str], *words: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [CLI, "sso", "login", "--no-browser", *words],
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def shown_page(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    seen = ""
    for line in process.stdout:
        seen += line
        if found := _PAGE.search(line):
            return found[0]
    raise AssertionError(seen)


@pytest.mark.parametrize(
    "words", [("--sso-session", SESSION), ("--profile", "legacy-admin")], ids=["session", "legacy"]
)
def test_the_aws_cli_signs_in_uses_it_and_signs_out(
    aws: EmbeddedAws,
    env: dict[str, str],
    need: Callable[[str], str],
    tmp_path: Path,
    words: tuple[str, str],
) -> None:
    need(CLI)
    with signing_in(env, *words) as process:
        approve(shown_page(process))
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 0, said
    assert "Successfully logged" in said
    files = [json.loads(one.read_text()) for one in (tmp_path / ".aws/sso/cache").iterdir()]
    token = next(one for one in files if "accessToken" in one)
    assert token["startUrl"] == START_URL
    assert ("refreshToken" in token) == (words[0] == "--sso-session")
    profile = "legacy-admin" if words[0] == "--profile" else "work-admin"
    ask = [CLI, "--profile", profile, "--endpoint-url", aws.endpoint, "sts", "get-caller-identity"]
    ran = run(ask, env)
    assert ran.code == 0, ran.err
    assert ran.json["Account"] == WORK
    assert re.search(r"assumed-role/AWSReservedSSO_Admin_[0-9a-f]{16}/dana$", ran.json["Arn"])
    assert run([CLI, "sso", "logout"], env).code == 0
    assert aws.count("Logout") == 1
    assert [one.ended for one in aws.sign_ins.sign_ins()] == [True]


def test_the_aws_cli_says_that_a_sign_in_was_denied(
    env: dict[str, str], need: Callable[[str], str]
) -> None:
    need(CLI)
    with signing_in(env, "--sso-session", SESSION) as process:
        approve(shown_page(process), deny=True)
        said, _ = process.communicate(timeout=60)
    assert process.returncode
    assert "AccessDeniedException" in said


@pytest.mark.parametrize("profile", ["work-admin", "legacy-admin"])
@pytest.mark.parametrize("client", SDKS, ids=lambda client: client.name)
def test_clients_get_credentials_by_a_shared_token(
    aws: EmbeddedAws,
    env: dict[str, str],
    tmp_path: Path,
    client: Client,
    profile: str,
) -> None:
    token = sign_in(aws)
    write_shared_token(tmp_path, START_URL if profile == "legacy-admin" else SESSION, token)
    answer = client.ask({**env, "AWS_PROFILE": profile}, aws, tmp_path)
    assert answer.account == WORK, answer
    assert answer.name.startswith("AWSReservedSSO_Admin_")
    assert aws.count("GetRoleCredentials", service="sso") == 1


@pytest.mark.parametrize("client", SDKS, ids=lambda client: client.name)
def test_clients_refresh_a_token_that_ends(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path, client: Client
) -> None:
    token = sign_in(aws)
    file = write_shared_token(tmp_path, SESSION, token)
    data = json.loads(file.read_text())
    file.write_text(json.dumps({**data, "expiresAt": "2026-01-01T00:00:00Z"}))
    answer = client.ask({**env, "AWS_PROFILE": "work-admin"}, aws, tmp_path)
    assert answer.account == WORK, answer
    refreshed = json.loads(file.read_text())
    assert refreshed["accessToken"] != token.access_token
    assert refreshed["refreshToken"] != token.refresh_token


@pytest.mark.parametrize("client", SDKS, ids=lambda client: client.name)
def test_clients_are_refused_after_the_sign_in_was_revoked(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path, client: Client
) -> None:
    write_shared_token(tmp_path, SESSION, sign_in(aws))
    aws.sign_ins.revoke("dana")
    answer = client.ask({**env, "AWS_PROFILE": "work-admin"}, aws, tmp_path)
    assert answer.refused, answer
