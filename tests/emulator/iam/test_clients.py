"""Real clients: boto3 and both AWS CLIs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from support.aws.emulator import aws_server
from support.aws.iam import (
    SOURCE,
    SOURCE_ADMIN,
    TARGET,
    TARGET_ADMIN,
    allowing,
    source,
    state,
    target,
    trusting,
)
from support.aws.peers import BIN
from xswitch.emulator.server import EmbeddedAws

ARN = f"arn:aws:iam::{TARGET}:role/team/SwitchRole"
BOB_ARN = f"arn:aws:iam::{SOURCE}:user/Bob"
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state()) as server:
        yield server


def test_boto3_sets_a_role_up_looks_at_it_and_takes_it_away(aws: EmbeddedAws) -> None:
    def session(key: tuple[str, str]) -> boto3.Session:
        return boto3.Session(
            aws_access_key_id=key[0], aws_secret_access_key=key[1], region_name="eu-central-1"
        )

    iam = session(TARGET_ADMIN).client("iam", endpoint_url=aws.endpoint)
    iam.create_role(
        RoleName="SwitchRole", Path="/team/", AssumeRolePolicyDocument=trusting({"AWS": BOB_ARN})
    )
    iam.attach_role_policy(RoleName="SwitchRole", PolicyArn=READ_ONLY)
    iam.get_waiter("role_exists").wait(
        RoleName="SwitchRole", WaiterConfig={"Delay": 0, "MaxAttempts": 1}
    )
    role = session(TARGET_ADMIN).resource("iam", endpoint_url=aws.endpoint).Role("SwitchRole")
    assert (role.arn, [policy.arn for policy in role.attached_policies.all()]) == (ARN, [READ_ONLY])
    other = session(SOURCE_ADMIN).client("iam", endpoint_url=aws.endpoint)
    other.put_user_policy(
        UserName="Bob", PolicyName="may", PolicyDocument=allowing("sts:AssumeRole", ARN)
    )
    found = other.simulate_principal_policy(
        PolicySourceArn=BOB_ARN, ActionNames=["sts:AssumeRole"], ResourceArns=[ARN]
    )
    assert found["EvaluationResults"][0]["EvalDecision"] == "allowed"
    role.detach_policy(PolicyArn=READ_ONLY)
    role.delete()
    with pytest.raises(iam.exceptions.NoSuchEntityException):
        iam.get_role(RoleName="SwitchRole")


@pytest.mark.parametrize("program", [str(BIN / "aws"), "/usr/bin/aws"], ids=["v1", "v2"])
def test_the_aws_cli_does_the_same(
    aws: EmbeddedAws, need: Callable[[str], str], tmp_path: Path, program: str
) -> None:
    command = need(program)

    def cli(key: tuple[str, str], *words: str, code: int = 0) -> Any:
        env = {
            "HOME": str(tmp_path),
            "PATH": "/usr/bin:/bin",
            "AWS_ACCESS_KEY_ID": key[0],
            "AWS_SECRET_ACCESS_KEY": key[1],
            "AWS_DEFAULT_REGION": "eu-west-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_PAGER": "",
        }
        words = (command, "--endpoint-url", aws.endpoint, "--output", "json", "iam", *words)
        done = subprocess.run(
            words, env=env, capture_output=True, text=True, timeout=60, check=False
        )
        assert done.returncode == code, done.stderr
        if code:
            return done.stderr
        return json.loads(done.stdout) if done.stdout.strip() else None

    named = ("--role-name", "SwitchRole")
    trust = (
        "--assume-role-policy-document",
        trusting({"AWS": BOB_ARN}),
        "--description",
        "the demo's, für Bob",
    )
    made = cli(
        TARGET_ADMIN,
        "create-role",
        *named,
        "--path",
        "/team/",
        *trust,
        "--tags",
        "Key=team,Value=a",
    )
    assert made["Role"]["Arn"] == ARN
    cli(
        TARGET_ADMIN,
        "put-role-policy",
        *named,
        "--policy-name",
        "p",
        "--policy-document",
        allowing("s3:*"),
    )
    assert target(aws).get_role_policy(RoleName="SwitchRole", PolicyName="p")[
        "PolicyDocument"
    ] == json.loads(allowing("s3:*"))
    assert [
        role["RoleName"] for role in cli(TARGET_ADMIN, "list-roles", "--page-size", "1")["Roles"]
    ] == ["SwitchRole"]
    source(aws).put_user_policy(
        UserName="Bob", PolicyName="may", PolicyDocument=allowing("sts:AssumeRole", ARN)
    )
    asked = (
        "--policy-source-arn",
        BOB_ARN,
        "--action-names",
        "sts:AssumeRole",
        "--resource-arns",
        ARN,
    )
    result = cli(SOURCE_ADMIN, "simulate-principal-policy", *asked)["EvaluationResults"][0]
    assert (result["EvalDecision"], result["MatchedStatements"][0]["SourcePolicyId"]) == (
        "allowed",
        "user_Bob_may",
    )
    text = cli(TARGET_ADMIN, "delete-role", *named, code=254 if program == "/usr/bin/aws" else 255)
    assert (
        "An error occurred (DeleteConflict) when calling the DeleteRole operation: Cannot delete"
        " entity, must delete" in text
    )
    target(aws).delete_role_policy(RoleName="SwitchRole", PolicyName="p")
    cli(TARGET_ADMIN, "delete-role", *named)
    assert target(aws).list_roles()["Roles"] == []
