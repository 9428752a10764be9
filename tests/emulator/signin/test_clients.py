"""Real clients and `aws login`: the AWS CLI signs in; it, boto3, Go, and JavaScript refresh."""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from support.aws.cli import signing_in
from support.aws.emulator import DEV, aws_server, default_state
from support.aws.identity_center import fetch
from support.aws.login import (
    CROSS_DEVICE,
    USER,
    answer_page,
    approve_login,
    expire_login,
    login_file,
    sign_in_to_console,
    write_login,
)
from support.e2e import Ran, run
from support.identity.clients import CLIENTS, NEWEST_CLI, Client, newest_cli
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState

_IDENTITY = Path(__file__).parents[2] / "tools" / "identity.py"


def _boto3(env: Mapping[str, str], _config: str, cwd: Path, _url: str) -> Ran:
    """Start afresh: botocore's folder of logins is that of the HOME in which it was imported."""
    return run([sys.executable, str(_IDENTITY)], env, cwd=cwd)


# Debian's AWS CLI is older than `aws login`.
ALL = (
    Client("boto3", _boto3),
    *(client for client in CLIENTS if client.name not in ("boto3", "AWS CLI")),
    NEWEST_CLI,
)


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server() as server:
        yield server


@pytest.fixture
def env(aws: EmbeddedAws, tmp_path: Path) -> dict[str, str]:
    config = tmp_path / ".aws" / "config"
    config.parent.mkdir(mode=0o700)
    config.write_text(
        f"[profile in]\nlogin_session = {USER}\nregion = eu-west-1\n\n"
        "[profile new]\nregion = eu-west-1\n",
        encoding="utf-8",
    )
    return {
        "HOME": str(tmp_path),
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_PROFILE": "in",
        "AWS_ENDPOINT_URL": aws.endpoint,
        "AWS_ENDPOINT_URL_SIGNIN": aws.endpoint,  # Go's provider reads no AWS_ENDPOINT_URL
    }


def identity(env: Mapping[str, str], profile: str) -> Ran:
    return run([newest_cli(), "sts", "get-caller-identity", "--profile", profile], env)


def test_the_aws_cli_signs_in_by_the_browser_and_signs_out(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path
) -> None:
    with signing_in(["login", "--profile", "new"], env, tmp_path) as cli:
        fetch(approve_login(aws, cli.opened()))
        assert cli.ended() == 0, cli.said
    config = (tmp_path / ".aws" / "config").read_text(encoding="utf-8")
    assert f"login_session = {USER}" in config.partition("[profile new]")[2]
    ran = identity(env, "new")
    assert (ran.code, ran.json["Arn"]) == (0, USER)
    assert aws.count("CreateOAuth2Token", service="signin") == 1
    assert run([newest_cli(), "logout", "--profile", "new"], env).code == 0
    assert not login_file(tmp_path, USER).exists()


def test_the_aws_cli_signs_in_with_a_code_from_another_device(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path
) -> None:
    with signing_in(["login", "--remote", "--profile", "new"], env, tmp_path) as cli:
        back = approve_login(aws, cli.shown(f"{aws.endpoint}/v1/authorize"))
        cli.type(fetch(back).text.partition("<code id=code>")[2].partition("<")[0])
        assert cli.ended() == 0, cli.said
    assert identity(env, "new").json["Arn"] == USER


@pytest.mark.parametrize("answer", ["deny", "wrong state", "wrong copy"])
def test_the_aws_cli_says_that_a_sign_in_failed(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path, answer: str
) -> None:
    remote = answer == "wrong copy"
    words = ["login", *(["--remote"] if remote else []), "--profile", "new"]
    with signing_in(words, env, tmp_path) as cli:
        if remote:
            approve_login(aws, cli.shown(f"{aws.endpoint}/v1/authorize"))
            cli.type(base64.b64encode(b"state=x&code=y").decode())
        elif answer == "deny":
            fetch(answer_page(cli.opened(), USER, decision="deny").location)
        else:
            fetch(approve_login(aws, cli.opened()).replace("state=", "state=x"))
        assert cli.ended() != 0
    assert not login_file(tmp_path, USER).exists()


@pytest.mark.parametrize("client", ALL, ids=lambda client: client.name)
def test_clients_use_living_keys_and_refresh_others(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path, client: Client
) -> None:
    login = sign_in_to_console(aws)
    file = write_login(tmp_path, login)
    for refreshes in (1, 2, 3):
        answer = client.ask(env, aws, tmp_path)
        assert (answer.account, answer.name) == (DEV, "user/dev"), answer
        assert aws.count("CreateOAuth2Token") == refreshes
        keys = json.loads(file.read_text(encoding="utf-8"))["accessToken"]["accessKeyId"]
        assert keys == aws.calls[-1].access_key_id
        expire_login(tmp_path, USER)


def test_the_login_of_another_device_is_refreshed_too(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path
) -> None:
    write_login(tmp_path, sign_in_to_console(aws, client_id=CROSS_DEVICE))
    for client in ALL:
        expire_login(tmp_path, USER)
        answer = client.ask(env, aws, tmp_path)
        assert (answer.account, answer.name) == (DEV, "user/dev"), (client.name, answer)


@pytest.mark.parametrize(
    ("client", "why"),
    [
        pytest.param(client, why, id=f"{client.name}-{why}")
        for client, why in zip(ALL, ("revoked", "forbidden", "key", "revoked"), strict=True)
    ],
)
def test_clients_are_refused(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path, client: Client, why: str
) -> None:
    login = sign_in_to_console(aws)
    file = write_login(tmp_path, login)
    expire_login(tmp_path, USER)
    if why == "revoked":
        aws.logins.revoke(USER)
    elif why == "forbidden":
        state = default_state()
        state["accounts"][0]["users"][0]["policies"] = {}
        aws.world = AwsState.from_json(json.dumps(state))
    else:
        other = sign_in_to_console(aws).key.pem
        data = json.loads(file.read_text(encoding="utf-8"))
        file.write_text(json.dumps({**data, "dpopKey": other}), encoding="utf-8")
    answer = client.ask(env, aws, tmp_path)
    assert answer.refused, answer
    wanted = {
        "revoked": "TOKEN_EXPIRED",
        "forbidden": "INSUFFICIENT_PERMISSIONS",
        "key": "INVALID_REQUEST",
    }
    assert aws.calls[-1].error == wanted[why]


def test_clients_that_refresh_together_all_get_keys(
    aws: EmbeddedAws, env: dict[str, str], tmp_path: Path
) -> None:
    write_login(tmp_path, sign_in_to_console(aws))
    expire_login(tmp_path, USER)
    with ThreadPoolExecutor(len(ALL)) as pool:
        answers = list(pool.map(lambda client: client.run(env, "", tmp_path, aws.endpoint), ALL))
    assert [USER in one.out for one in answers] == [True] * len(ALL), answers
