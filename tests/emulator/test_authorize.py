"""Authorization beyond both accounts' policies, and what AWS tells of its reason."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.aws.emulator import aws_server, refusal, sts_client
from support.aws.iam import (
    ADMINISTRATOR,
    BOB,
    BOB_ARN,
    SOURCE,
    TARGET,
    TARGET_ADMIN,
    allowing,
    assume,
    bob,
    source,
    state,
    trusting,
)

ROLE = f"arn:aws:iam::{TARGET}:role/SwitchRole"
EVERYTHING = {"name": "FullAWSAccess", "document": json.loads(allowing("*"))}
NO_STS = {
    "name": "NoSts",
    "document": {"Statement": {"Effect": "Deny", "Action": "sts:*", "Resource": "*"}},
}
ONLY_S3 = {"name": "OnlyS3", "document": json.loads(allowing("s3:*"))}
WORDS = f"User: {BOB_ARN} is not authorized to perform: sts:AssumeRole on resource: {ROLE}"


def world(trust: str = trusting({"AWS": BOB_ARN}), **account: Any) -> dict[str, Any]:
    """Bob can assume SwitchRole; `account` adds to his account."""
    data = state()
    data["accounts"][0] |= account
    data["accounts"][0]["users"][1]["policies"] = {"may": json.loads(allowing(["sts:*", "iam:*"]))}
    data["accounts"][1]["roles"] = [{"name": "SwitchRole", "trust_policy": json.loads(trust)}]
    return data


@pytest.mark.parametrize(
    ("scps", "near", "words"),
    [
        (
            [[EVERYTHING], [EVERYTHING, NO_STS]],
            False,
            " with an explicit deny in a service control policy",
        ),
        (
            [[EVERYTHING, NO_STS], [EVERYTHING]],
            True,
            " with an explicit deny in a service control policy",
        ),
        (
            [[EVERYTHING], [ONLY_S3]],
            True,
            " because no service control policy allows the sts:AssumeRole action",
        ),
        ([[EVERYTHING], [ONLY_S3]], False, ""),
        ([[ONLY_S3, EVERYTHING]], False, None),
    ],
    ids=["denied-below", "denied-above", "not-allowed", "not-allowed-far", "allowed"],
)
def test_every_level_above_the_caller_must_allow(
    scps: list[Any],
    near: bool,  # noqa: FBT001 -- a column
    words: str | None,
) -> None:
    data = {**world(scps=scps), "organization": near}
    with aws_server(data) as aws:
        if words is None:
            assert assume(aws, ROLE)
        else:
            assert refusal(lambda: assume(aws, ROLE)) == ("AccessDenied", f"{WORDS}{words}")
    data["accounts"][0]["management"] = True
    with aws_server(data) as aws:
        assert assume(aws, ROLE)


def test_the_targets_service_control_policies_do_not_count() -> None:
    data = world()
    data["accounts"][1]["scps"] = [[EVERYTHING, NO_STS]]
    with aws_server(data) as aws:
        session = assume(aws, ROLE)["Credentials"]
        assert sts_client(aws, session).get_caller_identity()["Account"] == TARGET


def test_iam_is_under_them_too() -> None:
    with aws_server(world(scps=[[EVERYTHING], [ONLY_S3]])) as aws:
        assert refusal(bob(aws).list_users)[1].endswith(
            "because no service control policy allows the iam:ListUsers action"
        )


BOUND = " because no permissions boundary allows the sts:AssumeRole action"


@pytest.mark.parametrize(
    ("organization", "suffix"), [("", ""), ("o-one", BOUND)], ids=["strangers", "organization"]
)
def test_how_much_is_told_across_accounts(organization: str, suffix: str) -> None:
    data = {**world(), "organization": organization}
    data["accounts"][0]["users"][1]["permissions_boundary"] = (
        "arn:aws:iam::aws:policy/AmazonS3FullAccess"
    )
    with aws_server(data) as aws:
        assert refusal(lambda: assume(aws, ROLE)) == ("AccessDenied", f"{WORDS}{suffix}")
    data["accounts"][1]["organization"] = "o-other"
    with aws_server(data) as aws:
        assert refusal(lambda: assume(aws, ROLE)) == ("AccessDenied", WORDS)


@pytest.mark.parametrize(
    ("organization", "allowed"), [("o-one", True), ("o-two", False), ("", False)]
)
def test_a_trust_policy_can_ask_for_the_organization(organization: str, allowed: bool) -> None:  # noqa: FBT001 -- a column
    trust = trusting({"AWS": "*"}, Condition={"StringEquals": {"aws:PrincipalOrgID": "o-one"}})
    with aws_server({**world(trust), "organization": organization}) as aws:
        if allowed:
            assert assume(aws, ROLE)
        else:
            assert refusal(lambda: assume(aws, ROLE))[0] == "AccessDenied"


def test_groups_count_for_assuming() -> None:
    data = world()
    data["accounts"][0]["users"][1]["policies"] = {}
    may = json.loads(allowing("sts:AssumeRole", ROLE))
    data["accounts"][0]["groups"] = [
        {"name": "Switchers", "users": ["Bob"], "policies": {"may": may}}
    ]
    with aws_server(data) as aws:
        assert assume(aws, ROLE)
        source(aws).remove_user_from_group(GroupName="Switchers", UserName="Bob")
        assert refusal(lambda: assume(aws, ROLE))[0] == "AccessDenied"


@pytest.mark.parametrize(
    "principal",
    [{"Service": "ec2.amazonaws.com"}, {"Federated": "cognito-identity.amazonaws.com"}],
    ids=["service", "federated"],
)
def test_trust_in_services_and_providers_is_no_trust_in_users(principal: dict[str, str]) -> None:
    with aws_server(world(trusting(principal))) as aws:
        assert refusal(lambda: assume(aws, ROLE)) == ("AccessDenied", WORDS)


def test_whose_key_it_is() -> None:
    data = state()
    data["accounts"][0]["users"][1]["attached_policies"] = [ADMINISTRATOR]
    with aws_server(data) as aws:
        sts = sts_client(aws, BOB)
        assert sts.get_access_key_info(AccessKeyId=TARGET_ADMIN[0])["Account"] == TARGET
        session = sts.get_session_token()["Credentials"]
        assert sts.get_access_key_info(AccessKeyId=session["AccessKeyId"])["Account"] == SOURCE
        for wrong in ("AKIAAAAAAAAAAAAAAAAA", "not-an-access-key-id", "0123456789012345678!"):
            assert (
                refusal(
                    sts_client(aws, BOB, validate=False).get_access_key_info, AccessKeyId=wrong
                )[0]
                == "ValidationError"
            )
        assert (
            refusal(sts.decode_authorization_message, EncodedMessage="x")[0]
            == "InvalidAuthorizationMessageException"
        )
    with aws_server(state()) as aws:
        code, text = refusal(sts_client(aws, BOB).get_access_key_info, AccessKeyId=BOB[0])
        assert code == "AccessDenied"
        assert text.endswith(
            "on resource: * because no identity-based policy allows the sts:GetAccessKeyInfo action"
        )
