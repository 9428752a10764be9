"""`exec --serve`: a command gets a target's credentials from an endpoint of its own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from support.aws.emulator import DEV_KEY, DEV_SECRET, PROD
from support.e2e import XSWITCH, Home
from xswitch.emulator.server import EmbeddedAws

PAGE = (Path(__file__).parents[2] / "docs/containers.md").read_text(encoding="utf-8")
EXAMPLES = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]
WHO = """
import boto3
session = boto3.Session()
print(session.get_credentials().method, session.client("sts").get_caller_identity()["Arn"])
"""
READER = f"arn:aws:sts::{PROD}:assumed-role/Reader/"
GUARD = '[[guards]]\nname = "prod"\nmatch = "reader"\nconfirm = "account"\n'
HOSTILE = {
    "default keys": {"AWS_ACCESS_KEY_ID": DEV_KEY, "AWS_SECRET_ACCESS_KEY": DEV_SECRET},
    "web identity": {"AWS_WEB_IDENTITY_TOKEN_FILE": "/nowhere", "AWS_ROLE_ARN": "arn:x"},
    "a missing profile": {"AWS_PROFILE": "missing"},
    "another default profile": {"AWS_DEFAULT_PROFILE": "dev"},
    "another tool": {"AWS_VAULT": "x", "AWSUME_PROFILE": "x"},
    "another region": {"AWS_REGION": "ap-south-1", "AWS_DEFAULT_REGION": "ap-south-1"},
    "no metadata service": {"AWS_EC2_METADATA_DISABLED": "true"},
    "a container's endpoint": {
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/other",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "other",
    },
}


def default_keys(home: Home) -> None:
    keys = home.credentials.read_text(encoding="utf-8")
    home.credentials.write_text(
        f"[default]\naws_access_key_id = {DEV_KEY}\naws_secret_access_key = {DEV_SECRET}\n{keys}",
        encoding="utf-8",
    )


def left(home: Home) -> list[Path]:
    return list(home.runtime.glob("xswitch-serve-*"))


@pytest.mark.parametrize("surroundings", HOSTILE)
def test_the_command_is_the_target(home: Home, aws: EmbeddedAws, surroundings: str) -> None:
    default_keys(home)
    env = {**HOSTILE[surroundings], "AWS_ENDPOINT_URL": aws.endpoint}
    ran = home.run("exec", "--serve", "reader", "--", sys.executable, "-c", WHO, env=env)
    assert ran.code == 0, ran.err
    assert ran.out.startswith(f"container-role {READER}")
    assert not left(home)


def test_no_key_is_in_its_environment_and_the_config_is_unchanged(home: Home) -> None:
    config = home.config.read_bytes()
    ran = home.run("exec", "--serve", "reader", "--", "env")
    assert ran.code == 0, ran.err
    names = {line.partition("=")[0] for line in ran.out.splitlines()}
    assert {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONFIG_FILE", "AWS_REGION"} <= names
    assert not {"AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"} & names
    assert home.config.read_bytes() == config


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_the_page(
    home: Home, aws: EmbeddedAws, example: str, need: Callable[[str], str]
) -> None:
    path = home.env["PATH"]
    if " aws " in example:
        # The AWS CLI of Debian 12 takes an endpoint from nowhere else
        stub = home.folder / "bin" / "aws"
        stub.parent.mkdir()
        stub.write_text(f'#!/bin/sh\nexec {need("aws")} --endpoint-url {aws.endpoint} "$@"\n')
        stub.chmod(0o755)
        path = f"{stub.parent}:{path}"
    ran = subprocess.run(
        ["sh", "-c", example],
        env={**home.env, "AWS_ENDPOINT_URL": aws.endpoint, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    code, shown = (7, "") if "exit 7" in example else (0, READER)
    assert ran.returncode == code, ran.stderr
    assert shown in ran.stdout


def test_a_profile_without_a_session_is_served(home: Home, aws: EmbeddedAws) -> None:
    env = {"AWS_ENDPOINT_URL": aws.endpoint}
    ran = home.run("exec", "--serve", "dev", "--", sys.executable, "-c", WHO, env=env)
    assert ran.code == 0, ran.err
    assert ran.out.startswith("container-role arn:aws:iam::")


def test_a_guarded_role_is_confirmed(home: Home) -> None:
    settings = home.folder / ".config" / "xswitch" / "config.toml"
    settings.write_text(f'vault = "runtime"\n{GUARD}', encoding="utf-8")
    refused = home.run("exec", "--serve", "reader", "--", "true")
    assert refused.code == 2
    step = refused.err.partition("next: ")[2].splitlines()[0]
    assert step.startswith("xswitch exec --serve reader --confirm")
    ran = subprocess.run(["sh", "-c", step], env=home.env, capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize("words", [("--serve",), ("--serve", "--env", "reader")])
def test_a_form_that_cannot_be_served_is_a_mistake(home: Home, words: tuple[str, ...]) -> None:
    assert home.run("exec", *words, "--", "true").code == 2


def test_a_command_that_is_missing_is_told_before_aws_is_asked(home: Home) -> None:
    ran = home.run("exec", "--serve", "reader", "--", "no-such-command")
    assert ran.code == 127
    assert not left(home)


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_is_passed_on_and_nothing_is_left(home: Home, name: str) -> None:
    number = signal.Signals[name]
    command = [
        str(XSWITCH),
        "exec",
        "--serve",
        "reader",
        "--",
        "sh",
        "-c",
        "echo up; exec sleep 99",
    ]
    with subprocess.Popen(
        command, env=home.env, stdout=subprocess.PIPE, start_new_session=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"up\n"
        assert left(home)
        os.kill(process.pid, number)
        assert process.wait(60) == -number
    assert not left(home)


def test_ctrl_z_stops_both_and_fg_continues(home: Home) -> None:
    bash = pexpect.spawn(
        "bash",
        ["--norc", "--noprofile", "-i"],
        env={**home.env, "PS1": "prompt$ ", "TERM": "dumb"},
        encoding="utf-8",
        timeout=60,
        echo=False,
    )
    try:
        bash.expect_exact("prompt$ ")
        bash.sendline("xswitch exec --serve reader -- sh -c 'echo re\"\"ady; read x; echo got $x'")
        bash.expect_exact("ready")
        bash.send("\x1a")
        bash.expect_exact("Stopped")
        bash.expect_exact("prompt$ ")
        bash.sendline("fg")
        bash.sendline("typed")
        bash.expect_exact("got typed")
        bash.expect_exact("prompt$ ")
        bash.sendline("xswitch exec --serve reader -- sleep 99")
        for _ in range(600):
            if left(home):
                break
            time.sleep(0.1)
        bash.send("\x03")
        bash.expect_exact("prompt$ ")
        bash.sendline("echo code $?")
        bash.expect_exact("code 130")
    finally:
        bash.close(force=True)
    assert not left(home)
