"""Real clients, each with a managed profile and with a static one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import TOOLS, missing
from support.aws.emulator import PROD
from support.e2e import Home, Ran, run
from xswitch.emulator.server import EmbeddedAws

HERE = Path(__file__).parent
_BOTO3 = "import boto3; print(boto3.Session().client('sts').get_caller_identity()['Arn'])"


def _boto3(home: Home, profile: str, endpoint: str, need: Callable[[str], str]) -> Ran:
    del endpoint, need
    import sys  # noqa: PLC0415

    return run([sys.executable, "-c", _BOTO3], {**home.env, "AWS_PROFILE": profile})


def _cli_1(home: Home, profile: str, endpoint: str, need: Callable[[str], str]) -> Ran:
    del need
    aws = TOOLS / "peers" / "bin" / "aws"
    if not aws.exists():
        missing("AWS CLI v1 is not installed (make test-tools)")
    words = [
        "sts",
        "get-caller-identity",
        "--query",
        "Arn",
        "--output",
        "text",
        "--endpoint-url",
        endpoint,
    ]
    return run([str(aws), *words], {**home.env, "AWS_PROFILE": profile})


def _cli_2(home: Home, profile: str, endpoint: str, need: Callable[[str], str]) -> Ran:
    need("/usr/bin/aws")
    words = [
        "sts",
        "get-caller-identity",
        "--query",
        "Arn",
        "--output",
        "text",
        "--endpoint-url",
        endpoint,
    ]
    return run(["/usr/bin/aws", *words], {**home.env, "AWS_PROFILE": profile})


def _javascript(home: Home, profile: str, endpoint: str, need: Callable[[str], str]) -> Ran:
    node = need("node")
    modules = TOOLS / "node_modules"
    if not (modules / "@aws-sdk" / "client-sts").exists():
        missing("@aws-sdk/client-sts is not installed (make test-tools)")
    env = {
        **home.env,
        "AWS_PROFILE": profile,
        "NODE_PATH": str(modules),
        "AWS_ENDPOINT_URL": endpoint,
    }
    return run([node, str(HERE.parent / "tools" / "identity.cjs")], env)


_CLIENTS = {"boto3": _boto3, "cli-1": _cli_1, "cli-2": _cli_2, "javascript": _javascript}


@pytest.mark.parametrize("static", [False, True], ids=["process", "static"])
@pytest.mark.parametrize("client", list(_CLIENTS))
def test_a_client_gets_credentials(
    home: Home, aws: EmbeddedAws, need: Callable[[str], str], client: str, *, static: bool
) -> None:
    switched = home.run("switch", "reader", "--json", *(["--static"] if static else []))
    assert switched.code == 0, switched.err
    profile = switched.json["data"]["managed_profile"]
    answer = _CLIENTS[client](home, profile, aws.endpoint, need)
    assert answer.code == 0, answer.err
    assert answer.out.strip().startswith(f"arn:aws:sts::{PROD}:assumed-role/Reader/")
    assert aws.count("AssumeRole") == 1
