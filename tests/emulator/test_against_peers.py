"""The emulator beside two others, on the questions that each answers as AWS does."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from support.aws.emulator import allow, aws_server, role, trust
from support.aws.peers import Peer

A, B = "111111111111", "222222222222"
OTHER = "333333333333"


@dataclass(frozen=True)
class Case:
    """A user in account A with `identity` policies assumes a role in account B."""

    name: str
    trust: dict[str, Any]
    identity: dict[str, Any] | None
    allowed: bool
    ask: dict[str, Any] = field(default_factory=dict)


ASSUME = allow(Action="sts:AssumeRole", Resource="*")
STS = allow(Action="sts:*", Resource="*")
ROOT = f"arn:aws:iam::{A}:root"
EXTERNAL = {"StringEquals": {"sts:ExternalId": "unicorn-42"}}
LISTED = {"StringLike": {"sts:RoleSessionName": ["dana-*", "root"]}}
BANNED = {
    "Version": "2012-10-17",
    "Statement": [
        *ASSUME["Statement"],
        {"Effect": "Deny", "Action": "sts:AssumeRole", "Resource": "*"},
    ],
}
ELSEWHERE = allow(Action="sts:AssumeRole", Resource=f"arn:aws:iam::{B}:role/other/*")
TAGS = {"Tags": [{"Key": "team", "Value": "payments"}]}

CASES = [
    Case("root-and-identity", trust(ROOT), ASSUME, allowed=True),
    Case("account-id", trust(A), ASSUME, allowed=True),
    Case("user-by-arn", trust(f"arn:aws:iam::{A}:user/dana"), ASSUME, allowed=True),
    Case("no-identity", trust(ROOT), None, allowed=False),
    Case("identity-for-others", trust(ROOT), ELSEWHERE, allowed=False),
    Case("identity-denies", trust(ROOT), BANNED, allowed=False),
    Case("trusts-another", trust(f"arn:aws:iam::{OTHER}:root"), ASSUME, allowed=False),
    Case(
        "trusts-a-service",
        allow(Principal={"Service": "ec2.amazonaws.com"}, Action="sts:AssumeRole"),
        ASSUME,
        allowed=False,
    ),
    Case(
        "external-id",
        trust(ROOT, Condition=EXTERNAL),
        ASSUME,
        allowed=True,
        ask={"ExternalId": "unicorn-42"},
    ),
    Case(
        "external-id-wrong",
        trust(ROOT, Condition=EXTERNAL),
        ASSUME,
        allowed=False,
        ask={"ExternalId": "horse"},
    ),
    Case("external-id-missing", trust(ROOT, Condition=EXTERNAL), ASSUME, allowed=False),
    Case(
        "session-name-listed",
        trust(ROOT, Condition=LISTED),
        ASSUME,
        allowed=True,
        ask={"RoleSessionName": "dana-1"},
    ),
    Case("session-name-not-listed", trust(ROOT, Condition=LISTED), ASSUME, allowed=False),
    Case(
        "tags-trusted", trust(ROOT, "sts:AssumeRole", "sts:TagSession"), STS, allowed=True, ask=TAGS
    ),
    Case("tags-not-trusted", trust(ROOT), STS, allowed=False, ask=TAGS),
]


def client(service: Any, endpoint: str, key: str, secret: str, token: str | None = None) -> Any:
    return boto3.client(
        service,
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id=key,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 1}),
    )


def code_of(call: Callable[..., Any], **parameters: Any) -> str:
    """The error code, "" for success."""
    try:
        call(**parameters)
    except ClientError as refusal:
        return str(refusal.response["Error"]["Code"])
    return ""


def shape(data: Any) -> Any:
    """The shape of an answer, without values."""
    if isinstance(data, dict):
        return {
            key: shape(value)
            for key, value in data.items()
            if key not in ("ResponseMetadata", "PackedPolicySize")
        }
    return type(data).__name__


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_both_sides_of_cross_account_access_as_ministack_sees_them(
    case: Case, ministack: Peer
) -> None:
    name = f"dana-{case.name}" if case.name != "user-by-arn" else "dana"
    ask = {
        "RoleArn": f"arn:aws:iam::{B}:role/{case.name}",
        "RoleSessionName": "session",
        **case.ask,
    }

    ours = client("iam", ministack.endpoint, A, "test")
    ours.create_user(UserName=name)
    if case.identity is not None:
        ours.put_user_policy(
            UserName=name, PolicyName="p", PolicyDocument=json.dumps(case.identity)
        )
    key = ours.create_access_key(UserName=name)["AccessKey"]
    client("iam", ministack.endpoint, B, "test").create_role(
        RoleName=case.name, AssumeRolePolicyDocument=json.dumps(case.trust)
    )
    theirs = code_of(
        client("sts", ministack.endpoint, key["AccessKeyId"], key["SecretAccessKey"]).assume_role,
        **ask,
    )

    user: dict[str, Any] = {
        "name": name,
        "access_keys": [{"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}],
    }
    if case.identity is not None:
        user["policies"] = {"p": case.identity}
    state = {
        "version": 1,
        "accounts": [{"id": A, "users": [user]}, {"id": B, "roles": [role(case.name, case.trust)]}],
    }
    with aws_server(state) as aws:
        found = code_of(
            client("sts", aws.endpoint, key["AccessKeyId"], key["SecretAccessKey"]).assume_role,
            **ask,
        )
    assert found == theirs == ("" if case.allowed else "AccessDenied")


def test_signatures_keys_and_answers_as_moto_sees_them(moto: Peer) -> None:
    # The first three calls aren't compared: they create the user of the others.
    iam = client("iam", moto.endpoint, "setup", "setup")
    iam.create_user(UserName="dana")
    key = iam.create_access_key(UserName="dana")["AccessKey"]
    iam.put_user_policy(
        UserName="dana", PolicyName="p", PolicyDocument=json.dumps(allow(Action="*", Resource="*"))
    )
    account = "123456789012"
    keys = [{"id": key["AccessKeyId"], "secret": key["SecretAccessKey"]}]
    user = {"name": "dana", "access_keys": keys, "policies": {"p": allow(Action="*", Resource="*")}}
    target = role("Target", trust(f"arn:aws:iam::{account}:user/dana"))
    state = {"version": 1, "accounts": [{"id": account, "users": [user], "roles": [target]}]}
    with aws_server(state) as aws:
        endpoints = (aws.endpoint, moto.endpoint)
        good = [
            client("sts", endpoint, key["AccessKeyId"], key["SecretAccessKey"])
            for endpoint in endpoints
        ]
        client("iam", moto.endpoint, key["AccessKeyId"], key["SecretAccessKey"]).create_role(
            RoleName="Target", AssumeRolePolicyDocument=json.dumps(target["trust_policy"])
        )
        ours, theirs = (sts.get_caller_identity() for sts in good)
        assert (
            (ours["Arn"], ours["Account"])
            == (theirs["Arn"], theirs["Account"])
            == (f"arn:aws:iam::{account}:user/dana", account)
        )
        assert shape(ours) == shape(theirs)

        ask = {"RoleArn": f"arn:aws:iam::{account}:role/Target", "RoleSessionName": "session"}
        ours, theirs = (sts.assume_role(**ask) for sts in good)
        assert shape(ours) == shape(theirs)
        assert ours["AssumedRoleUser"]["Arn"] == theirs["AssumedRoleUser"]["Arn"]
        assert [answer["Credentials"]["AccessKeyId"][:4] for answer in (ours, theirs)] == [
            "ASIA",
            "ASIA",
        ]
        ours, theirs = (sts.get_session_token() for sts in good)
        assert shape(ours) == shape(theirs)

        refused = {
            "SignatureDoesNotMatch": (key["AccessKeyId"], "wrong"),
            "InvalidClientTokenId": ("AKIAUNKNOWNUNKNOWN22", "x"),
        }
        for code, identity in refused.items():
            assert [
                code_of(client("sts", endpoint, *identity).get_caller_identity)
                for endpoint in endpoints
            ] == [code, code]
