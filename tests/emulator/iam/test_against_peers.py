"""The same IAM calls against this emulator and two others: codes and shapes of answers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support.aws.emulator import aws_server
from support.aws.iam import ADMINISTRATOR, allowing, trusting, user
from support.aws.peers import Peer

ACCOUNT = "123456789012"
KEY = ("AKIAPEERSPEERS234567", "peers-peers-peers-peers-peers-peers-peer")
MINE = f"arn:aws:iam::{ACCOUNT}:policy/Mine"
NO_POLICY = f"arn:aws:iam::{ACCOUNT}:policy/None"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
TAGS = [{"Key": "team", "Value": "a"}]
BAD = '{"Statement": []}'


@dataclass(frozen=True, eq=False)
class Step:
    """A call, and AWS's error code ("" for success)."""

    operation: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    code: str = ""

    @property
    def name(self) -> str:
        return f"{self.operation} {self.code}".strip()


def call(operation: str, code: str = "", **parameters: Any) -> Step:
    return Step(operation, parameters, code)


STEPS = (
    call("create_user", UserName="Ann", Path="/team/", Tags=TAGS),
    call("create_user", "EntityAlreadyExists", UserName="Ann"),
    call("get_user", UserName="Ann"),
    call("get_user", "NoSuchEntity", UserName="None"),
    call("list_users", PathPrefix="/team/"),
    call("tag_user", UserName="Ann", Tags=TAGS),
    call("list_user_tags", UserName="Ann"),
    call("create_group", GroupName="Team"),
    call("create_group", "EntityAlreadyExists", GroupName="Team"),
    call("add_user_to_group", GroupName="Team", UserName="Ann"),
    call("get_group", GroupName="Team"),
    call("get_group", "NoSuchEntity", GroupName="None"),
    call("list_groups_for_user", UserName="Ann"),
    call("put_group_policy", GroupName="Team", PolicyName="p", PolicyDocument=allowing("s3:*")),
    call("get_group_policy", GroupName="Team", PolicyName="p"),
    call("put_user_policy", UserName="Ann", PolicyName="p", PolicyDocument=allowing("s3:*")),
    call(
        "put_user_policy",
        "MalformedPolicyDocument",
        UserName="Ann",
        PolicyName="q",
        PolicyDocument=BAD,
    ),
    call("get_user_policy", UserName="Ann", PolicyName="p"),
    call("get_user_policy", "NoSuchEntity", UserName="Ann", PolicyName="q"),
    call("list_user_policies", UserName="Ann"),
    call(
        "create_role",
        RoleName="R",
        Path="/team/",
        AssumeRolePolicyDocument=trusting({"AWS": ROOT}),
        Description="d",
        Tags=TAGS,
    ),
    call(
        "create_role",
        "EntityAlreadyExists",
        RoleName="R",
        AssumeRolePolicyDocument=trusting({"AWS": ROOT}),
    ),
    call("create_role", "MalformedPolicyDocument", RoleName="S", AssumeRolePolicyDocument="{"),
    call("get_role", RoleName="R"),
    call("get_role", "NoSuchEntity", RoleName="None"),
    call("list_roles", PathPrefix="/team/"),
    call("update_role", RoleName="R", MaxSessionDuration=7_200, Description="e"),
    call("update_assume_role_policy", RoleName="R", PolicyDocument=trusting({"AWS": ROOT})),
    call("put_role_policy", RoleName="R", PolicyName="p", PolicyDocument=allowing("s3:*")),
    call("get_role_policy", RoleName="R", PolicyName="p"),
    call("get_role_policy", "NoSuchEntity", RoleName="R", PolicyName="q"),
    call("list_role_policies", RoleName="R"),
    call("delete_role", "DeleteConflict", RoleName="R"),
    call("create_policy", PolicyName="Mine", PolicyDocument=allowing("s3:*"), Description="d"),
    call(
        "create_policy", "EntityAlreadyExists", PolicyName="Mine", PolicyDocument=allowing("s3:*")
    ),
    call("create_policy", "MalformedPolicyDocument", PolicyName="Bad", PolicyDocument=BAD),
    call("get_policy", PolicyArn=MINE),
    call("get_policy", "NoSuchEntity", PolicyArn=NO_POLICY),
    call("attach_role_policy", RoleName="R", PolicyArn=MINE),
    call("attach_role_policy", "NoSuchEntity", RoleName="R", PolicyArn=NO_POLICY),
    call("list_attached_role_policies", RoleName="R"),
    call("list_entities_for_policy", PolicyArn=MINE),
    call("detach_role_policy", RoleName="R", PolicyArn=MINE),
    call("detach_role_policy", "NoSuchEntity", RoleName="R", PolicyArn=MINE),
    call(
        "create_policy_version",
        PolicyArn=MINE,
        PolicyDocument=allowing("s3:List*"),
        SetAsDefault=True,
    ),
    call("get_policy_version", PolicyArn=MINE, VersionId="v2"),
    call("get_policy_version", "NoSuchEntity", PolicyArn=MINE, VersionId="v9"),
    call("list_policy_versions", PolicyArn=MINE),
    call("delete_policy_version", "DeleteConflict", PolicyArn=MINE, VersionId="v2"),
    call("set_default_policy_version", PolicyArn=MINE, VersionId="v1"),
    call("delete_policy_version", PolicyArn=MINE, VersionId="v2"),
    call("put_role_permissions_boundary", RoleName="R", PermissionsBoundary=MINE),
    call("get_role", RoleName="R"),
    call("delete_role_permissions_boundary", RoleName="R"),
    call("attach_user_policy", UserName="Ann", PolicyArn=MINE),
    call("list_attached_user_policies", UserName="Ann"),
    call("delete_user", "DeleteConflict", UserName="Ann"),
    call("detach_user_policy", UserName="Ann", PolicyArn=MINE),
    call("create_access_key", UserName="Ann"),
    call("list_access_keys", UserName="Ann"),
    call("delete_access_key", "NoSuchEntity", UserName="Ann", AccessKeyId="AKIANOTTHERENOTTHERE"),
    call("list_mfa_devices", UserName="Ann"),
    call("list_account_aliases"),
    call("delete_role_policy", RoleName="R", PolicyName="p"),
    call("delete_role_policy", "NoSuchEntity", RoleName="R", PolicyName="p"),
    call("delete_role", RoleName="R"),
    call("delete_policy", PolicyArn=MINE),
    call("delete_policy", "NoSuchEntity", PolicyArn=MINE),
    call("delete_group", "DeleteConflict", GroupName="Team"),
    call(
        "create_role",
        RoleName="Last",
        AssumeRolePolicyDocument=trusting({"AWS": ROOT}),
        PermissionsBoundary=ADMINISTRATOR,
    ),
    call("create_policy", PolicyName="Mine", PolicyDocument=allowing("s3:*"), Tags=TAGS),
    call("attach_role_policy", RoleName="Last", PolicyArn=MINE),
    call("delete_policy", "DeleteConflict", PolicyArn=MINE),
)

WRONG: Mapping[str, Mapping[str, str]] = {
    "moto": {
        "create_role": "has RoleLastUsed, which AWS's answer to this call lacks",
        "create_role MalformedPolicyDocument": "takes any text for a trust policy",
        "get_group": "shows tags of members, and no IsTruncated",
        "create_policy": "lacks PermissionsBoundaryUsageCount",
        "get_policy": "lacks PermissionsBoundaryUsageCount",
        "create_policy_version": "repeats the document, which AWS's answer to this call lacks",
        "list_policy_versions": "shows documents, and no IsTruncated",
        "list_access_keys": "lacks IsTruncated",
        "list_account_aliases": "lacks IsTruncated",
        "delete_group DeleteConflict": "deletes groups with members and policies",
        "delete_policy DeleteConflict": "deletes attached policies",
    },
    "ministack": {
        "list_users": "shows tags, which lists of AWS leave out",
        "get_group": "shows tags of members",
        "create_role": "shows a description where none was given",
        "create_role MalformedPolicyDocument": "takes any text for a trust policy",
        "get_role": "lacks RoleLastUsed",
        "list_roles": "shows tags, which lists of AWS leave out",
        "create_policy": "repeats the description, which AWS's answer to this call lacks",
        "get_policy": "lacks Tags when there are none",
        "attach_role_policy NoSuchEntity": "attaches policies that don't exist",
        "set_default_policy_version": "doesn't know this call",
        "delete_policy_version": "follows from the version it could not set",
        "delete_role": "follows from the policy that doesn't exist",
        "delete_group DeleteConflict": "deletes groups with members and policies",
    },
}
"""Where the other emulators differ from AWS, and how."""


def client(endpoint: str, key: tuple[str, str]) -> Any:
    return boto3.client(
        "iam",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key[0],
        aws_secret_access_key=key[1],
        config=Config(retries={"total_max_attempts": 1}),
    )


def outcome(iam: Any, step: Step) -> tuple[str, Any]:
    """AWS's code, and the shape of a good answer."""
    try:
        answer = getattr(iam, step.operation)(**step.parameters)
    except ClientError as refusal:
        return str(refusal.response["Error"]["Code"]), None
    return "", shape({name: value for name, value in answer.items() if name != "ResponseMetadata"})


def shape(data: Any) -> Any:
    """Names and types; of a list, those of its first item."""
    if isinstance(data, dict):
        return {name: shape(value) for name, value in sorted(data.items())}
    if isinstance(data, list):
        return [shape(data[0])] if data else []
    return type(data).__name__


def disagreements(iam: Any) -> set[str]:
    """The steps that this client's server answers differently."""
    found = ours()
    return {step.name for step in STEPS if outcome(iam, step) != found[step]}


@cache
def ours() -> Mapping[Step, tuple[str, Any]]:
    everything = user("admin", KEY, attached_policies=[ADMINISTRATOR])
    with aws_server({"version": 1, "accounts": [{"id": ACCOUNT, "users": [everything]}]}) as aws:
        return {step: outcome(client(aws.endpoint, KEY), step) for step in STEPS}


def test_every_step_ends_as_aws_ends_it() -> None:
    assert {step.name: code for step, (code, _) in ours().items()} == {
        step.name: step.code for step in STEPS
    }


def test_beside_moto(moto: Peer) -> None:
    # The first three calls aren't compared: they create the administrator who signs the others.
    iam = client(moto.endpoint, ("setup", "setup"))
    iam.create_user(UserName="admin")
    key = iam.create_access_key(UserName="admin")["AccessKey"]
    iam.put_user_policy(UserName="admin", PolicyName="p", PolicyDocument=allowing("*"))
    assert disagreements(
        client(moto.endpoint, (key["AccessKeyId"], key["SecretAccessKey"]))
    ) == set(WRONG["moto"])


def test_beside_ministack(ministack: Peer) -> None:
    assert disagreements(client(ministack.endpoint, (ACCOUNT, "test"))) == set(WRONG["ministack"])


TARGET = "arn:aws:iam::222222222222:role/team/R"
NAMED = {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}
DENIED = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": {"Effect": "Deny", "Action": "sts:*", "Resource": TARGET},
    }
)
SIMULATED: Mapping[str, tuple[dict[str, str], str]] = {
    "nothing": ({}, "implicitDeny"),
    "exact": ({"a": allowing("sts:AssumeRole", TARGET)}, "allowed"),
    "pattern": ({"a": allowing("sts:Assume*", "arn:aws:iam::222222222222:role/team/*")}, "allowed"),
    "elsewhere": ({"a": allowing("sts:AssumeRole", f"{TARGET}2")}, "implicitDeny"),
    "other-action": ({"a": allowing("sts:TagSession", TARGET)}, "implicitDeny"),
    "denied": ({"a": allowing("*"), "b": DENIED}, "explicitDeny"),
    "condition": ({"a": allowing("sts:AssumeRole", TARGET, Condition=NAMED)}, "implicitDeny"),
}


@pytest.mark.parametrize("name", SIMULATED)
def test_simulations_beside_ministack(ministack: Peer, name: str) -> None:
    policies, expected = SIMULATED[name]
    admin = user("admin", KEY, attached_policies=[ADMINISTRATOR])
    with aws_server({"version": 1, "accounts": [{"id": ACCOUNT, "users": [admin]}]}) as aws:
        found = []
        for iam in (client(aws.endpoint, KEY), client(ministack.endpoint, (ACCOUNT, "test"))):
            arn = iam.create_user(UserName=f"simulated-{name}")["User"]["Arn"]
            for policy, text in policies.items():
                iam.put_user_policy(
                    UserName=f"simulated-{name}", PolicyName=policy, PolicyDocument=text
                )
            answer = iam.simulate_principal_policy(
                PolicySourceArn=arn, ActionNames=["sts:AssumeRole"], ResourceArns=[TARGET]
            )
            found.append(answer["EvaluationResults"][0])
    assert [one["EvalDecision"] for one in found] == [expected, expected]
    assert [one["EvalResourceName"] for one in found] == [TARGET, TARGET]
