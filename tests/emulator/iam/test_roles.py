from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from conftest import FixedClock
from support.aws.emulator import aws_server, iam_client, refusal, sts_client
from support.aws.iam import (
    ADMINISTRATOR,
    BOB,
    BOB_ARN,
    ROOT,
    SOURCE,
    TARGET,
    TARGET_ADMIN,
    allowing,
    assume,
    bob,
    source,
    state,
    target,
    trusting,
)
from xswitch.emulator.server import EmbeddedAws

ROLE_ARN = f"arn:aws:iam::{TARGET}:role/SwitchRole"
CALLER = f"arn:aws:iam::{TARGET}:user/admin"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state(), clock=FixedClock(datetime(2026, 3, 1, 12, 0, tzinfo=UTC))) as server:
        yield server


def test_a_role_as_it_was_made(aws: EmbeddedAws) -> None:
    iam = target(aws)
    made = iam.create_role(
        RoleName="SwitchRole",
        Path="/team/",
        AssumeRolePolicyDocument=trusting({"AWS": ROOT}),
        Description="für alle, <die> dürfen",
        MaxSessionDuration=7_200,
        Tags=[{"Key": "team", "Value": "payments"}],
        PermissionsBoundary=ADMINISTRATOR,
    )["Role"]
    assert made["Arn"] == f"arn:aws:iam::{TARGET}:role/team/SwitchRole"
    assert made["RoleId"].startswith("AROA")
    assert made["CreateDate"] == aws.clock.now()
    found = iam.get_role(RoleName="SwitchRole")["Role"]
    assert found == {**made, "RoleLastUsed": {}}
    assert found["AssumeRolePolicyDocument"] == json.loads(trusting({"AWS": ROOT}))
    assert (found["Description"], found["MaxSessionDuration"], found["Path"]) == (
        "für alle, <die> dürfen",
        7_200,
        "/team/",
    )
    assert found["Tags"] == [{"Key": "team", "Value": "payments"}]
    assert found["PermissionsBoundary"] == {
        "PermissionsBoundaryType": "Policy",
        "PermissionsBoundaryArn": ADMINISTRATOR,
    }
    (listed,) = iam.list_roles(PathPrefix="/team/")["Roles"]
    assert "Tags" not in listed
    assert iam.list_roles(PathPrefix="/other/")["Roles"] == []
    code, text = refusal(
        iam.create_role, RoleName="switchrole", AssumeRolePolicyDocument=trusting({"AWS": ROOT})
    )
    assert (code, text) == ("EntityAlreadyExists", "Role with name switchrole already exists.")


def test_both_sides_are_set_up_and_the_user_switches(aws: EmbeddedAws) -> None:
    target(aws).create_role(
        RoleName="SwitchRole", AssumeRolePolicyDocument=trusting({"AWS": BOB_ARN})
    )
    assert refusal(lambda: assume(aws, ROLE_ARN))[0] == "AccessDenied"
    source(aws).put_user_policy(
        UserName="Bob", PolicyName="may-switch", PolicyDocument=allowing("sts:AssumeRole", ROLE_ARN)
    )
    assert (
        assume(aws, ROLE_ARN)["AssumedRoleUser"]["Arn"]
        == f"arn:aws:sts::{TARGET}:assumed-role/SwitchRole/bob"
    )
    source(aws).delete_user_policy(UserName="Bob", PolicyName="may-switch")
    assert refusal(lambda: assume(aws, ROLE_ARN))[0] == "AccessDenied"


def test_changes_of_a_role(aws: EmbeddedAws) -> None:
    iam = target(aws)
    iam.create_role(
        RoleName="SwitchRole", AssumeRolePolicyDocument=trusting({"AWS": ROOT}), Description="old"
    )
    iam.update_role(RoleName="SwitchRole", MaxSessionDuration=43_200)
    assert (iam.get_role(RoleName="SwitchRole")["Role"]["Description"]) == "old"
    iam.update_role(RoleName="SwitchRole", Description="")
    found = iam.get_role(RoleName="SwitchRole")["Role"]
    assert (found.get("Description", ""), found["MaxSessionDuration"]) == ("", 43_200)
    assert (
        iam.update_role_description(RoleName="SwitchRole", Description="new")["Role"]["Description"]
        == "new"
    )
    iam.update_assume_role_policy(
        RoleName="SwitchRole", PolicyDocument=trusting({"Service": "ec2.amazonaws.com"})
    )
    trust = iam.get_role(RoleName="SwitchRole")["Role"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] == {"Service": "ec2.amazonaws.com"}
    assert (
        refusal(iam.update_role, RoleName="SwitchRole", MaxSessionDuration=43_201)[0]
        == "ValidationError"
    )


def test_deleting_a_role_needs_its_policies_gone(aws: EmbeddedAws) -> None:
    iam = target(aws)
    iam.create_role(RoleName="SwitchRole", AssumeRolePolicyDocument=trusting({"AWS": ROOT}))
    iam.attach_role_policy(RoleName="SwitchRole", PolicyArn=ADMINISTRATOR)
    iam.put_role_policy(RoleName="SwitchRole", PolicyName="p", PolicyDocument=allowing("s3:*"))
    assert refusal(iam.delete_role, RoleName="SwitchRole") == (
        "DeleteConflict",
        "Cannot delete entity, must detach all policies first.",
    )
    iam.detach_role_policy(RoleName="SwitchRole", PolicyArn=ADMINISTRATOR)
    assert refusal(iam.delete_role, RoleName="SwitchRole") == (
        "DeleteConflict",
        "Cannot delete entity, must delete policies first.",
    )
    iam.delete_role_policy(RoleName="SwitchRole", PolicyName="p")
    iam.delete_role(RoleName="SwitchRole")
    missing = ("NoSuchEntity", "The role with name SwitchRole cannot be found.")
    assert refusal(iam.get_role, RoleName="SwitchRole") == missing
    assert refusal(iam.delete_role, RoleName="SwitchRole") == missing


def test_service_linked_roles_are_not_for_changing() -> None:
    data = state()
    trust = json.loads(trusting({"Service": "x.amazonaws.com"}))
    data["accounts"][1]["roles"] = [
        {
            "name": "AWSServiceRoleForX",
            "path": "/aws-service-role/x.amazonaws.com/",
            "trust_policy": trust,
        }
    ]
    with aws_server(data) as aws:
        code, text = refusal(
            target(aws).put_role_policy,
            RoleName="AWSServiceRoleForX",
            PolicyName="p",
            PolicyDocument=allowing("s3:*"),
        )
        assert code == "UnmodifiableEntity"
        assert "protected role 'AWSServiceRoleForX'" in text


def test_a_session_ends_with_its_role_even_if_one_of_that_name_comes_back(aws: EmbeddedAws) -> None:
    iam = target(aws)
    iam.create_role(RoleName="SwitchRole", AssumeRolePolicyDocument=trusting({"AWS": CALLER}))
    session = assume(aws, ROLE_ARN, TARGET_ADMIN)["Credentials"]
    assert sts_client(aws, session).get_caller_identity()["Account"] == TARGET
    iam.delete_role(RoleName="SwitchRole")
    iam.create_role(RoleName="SwitchRole", AssumeRolePolicyDocument=trusting({"AWS": CALLER}))
    assert refusal(sts_client(aws, session).get_caller_identity)[0] == "InvalidClientTokenId"


# -- trust policies


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("{", "This policy contains invalid Json"),
        ('{"Statement": []}', "Syntax errors in policy."),
        (allowing("sts:AssumeRole"), "Has prohibited field Resource"),
        (
            '{"Statement": {"Effect": "Allow", "Action": "sts:AssumeRole"}}',
            "Missing required field Principal",
        ),
        (
            trusting({"AWS": "*"}, Action="s3:GetObject"),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (
            trusting({"AWS": "*"}, Action="*"),
            "AssumeRole policy may only specify STS AssumeRole actions.",
        ),
        (trusting({"AWS": f"{BOB_ARN}y"}), f'Invalid principal in policy: "AWS":"{BOB_ARN}y"'),
        (
            trusting({"AWS": f"arn:aws:iam::{SOURCE}:group/Some"}),
            f'Invalid principal in policy: "AWS":"arn:aws:iam::{SOURCE}:group/Some"',
        ),
        (
            trusting({"AWS": f"arn:aws:iam::{SOURCE}:user/*"}),
            f'Invalid principal in policy: "AWS":"arn:aws:iam::{SOURCE}:user/*"',
        ),
        (
            trusting({"AWS": f"arn:aws-cn:iam::{SOURCE}:root"}),
            f'Invalid principal in policy: "AWS":"arn:aws-cn:iam::{SOURCE}:root"',
        ),
        (
            trusting({"AWS": "AIDAQQQQQQQQQQQQQQQQQ"}),
            'Invalid principal in policy: "AWS":"AIDAQQQQQQQQQQQQQQQQQ"',
        ),
        (trusting({"Service": "my laptop"}), 'Invalid principal in policy: "SERVICE":"my laptop"'),
    ],
    ids=[
        "no-json",
        "no-statement",
        "resource",
        "no-principal",
        "other-service",
        "any-action",
        "no-such-user",
        "group",
        "wildcard",
        "partition",
        "unique-id",
        "service",
    ],
)
def test_trust_policies_aws_does_not_take(aws: EmbeddedAws, document: str, text: str) -> None:
    iam = target(aws)
    assert refusal(iam.create_role, RoleName="Bad", AssumeRolePolicyDocument=document) == (
        "MalformedPolicyDocument",
        text,
    )
    assert refusal(iam.get_role, RoleName="Bad")[0] == "NoSuchEntity"


def test_how_principals_come_back(aws: EmbeddedAws) -> None:
    iam = target(aws)
    principals = [SOURCE, "999999999999", BOB_ARN, f"arn:aws:sts::{SOURCE}:assumed-role/x/y"]
    given = {"AWS": principals, "Federated": ["cognito-identity.amazonaws.com"]}
    iam.create_role(RoleName="SwitchRole", AssumeRolePolicyDocument=trusting(given))
    kept = iam.get_role(RoleName="SwitchRole")["Role"]["AssumeRolePolicyDocument"]["Statement"][0][
        "Principal"
    ]
    roots = [ROOT, "arn:aws:iam::999999999999:root"]
    assert kept == {
        "AWS": [*roots, BOB_ARN, principals[3]],
        "Federated": "cognito-identity.amazonaws.com",
    }


def principal(aws: EmbeddedAws, name: str = "SwitchRole") -> Any:
    return target(aws).get_role(RoleName=name)["Role"]["AssumeRolePolicyDocument"]["Statement"][0][
        "Principal"
    ]


def test_a_principal_that_is_deleted_turns_into_its_unique_id(aws: EmbeddedAws) -> None:
    admin = source(aws)
    ann = f"arn:aws:iam::{SOURCE}:user/Ann"
    unique = admin.create_user(UserName="Ann")["User"]["UserId"]
    target(aws).create_role(RoleName="SwitchRole", AssumeRolePolicyDocument=trusting({"AWS": ann}))
    admin.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=allowing("sts:*"))
    keys = admin.create_access_key(UserName="Ann")["AccessKey"]
    assert assume(aws, ROLE_ARN, (keys["AccessKeyId"], keys["SecretAccessKey"]))
    admin.delete_access_key(UserName="Ann", AccessKeyId=keys["AccessKeyId"])
    admin.delete_user_policy(UserName="Ann", PolicyName="p")
    admin.delete_user(UserName="Ann")
    assert principal(aws) == {"AWS": unique}
    assert (
        refusal(
            target(aws).update_assume_role_policy,
            RoleName="SwitchRole",
            PolicyDocument=trusting({"AWS": unique}),
        )[0]
        == "MalformedPolicyDocument"
    )
    assert admin.create_user(UserName="Ann")["User"]["UserId"] != unique
    admin.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=allowing("sts:*"))
    keys = admin.create_access_key(UserName="Ann")["AccessKey"]
    assert (
        refusal(lambda: assume(aws, ROLE_ARN, (keys["AccessKeyId"], keys["SecretAccessKey"])))[0]
        == "AccessDenied"
    )


def test_a_principal_that_is_renamed_stays_trusted(aws: EmbeddedAws) -> None:
    source(aws).put_user_policy(UserName="Bob", PolicyName="p", PolicyDocument=allowing("sts:*"))
    bobs_id = source(aws).get_user(UserName="Bob")["User"]["UserId"]
    target(aws).create_role(
        RoleName="SwitchRole", AssumeRolePolicyDocument=trusting({"AWS": bobs_id})
    )
    assert principal(aws) == {"AWS": BOB_ARN}
    source(aws).update_user(UserName="Bob", NewUserName="Robert", NewPath="/old/")
    assert principal(aws) == {"AWS": f"arn:aws:iam::{SOURCE}:user/old/Robert"}
    assert assume(aws, ROLE_ARN)


# -- who may


def test_nobody_without_permission(aws: EmbeddedAws) -> None:
    def no(action: str, shown: str) -> tuple[str, str]:
        why = f"because no identity-based policy allows the iam:{action} action"
        return (
            "AccessDenied",
            (
                f"User: {BOB_ARN} is not authorized to perform: iam:{action} on resource: {shown}"
                f" {why}"
            ),
        )

    iam = bob(aws)
    arn = f"arn:aws:iam::{SOURCE}:role/New"
    assert refusal(
        iam.create_role, RoleName="New", AssumeRolePolicyDocument=trusting({"AWS": "*"})
    ) == no("CreateRole", arn)
    assert refusal(iam.get_role, RoleName="New") == no("GetRole", "role New")
    assert refusal(iam.get_user) == no("GetUser", "user Bob")
    assert refusal(iam.list_roles) == no("ListRoles", f"arn:aws:iam::{SOURCE}:role/")
    assert refusal(iam.put_role_policy, RoleName="New", PolicyName="p", PolicyDocument="{}") == no(
        "PutRolePolicy", "role New"
    )


def test_permission_by_arn_tag_and_boundary(aws: EmbeddedAws) -> None:
    admin = source(aws)
    admin.create_role(
        RoleName="Mine",
        Path="/bob/",
        AssumeRolePolicyDocument=trusting({"AWS": ROOT}),
        Tags=[{"Key": "owner", "Value": "bob"}],
    )
    admin.create_role(RoleName="Other", AssumeRolePolicyDocument=trusting({"AWS": ROOT}))
    rules = {
        "own": allowing("iam:GetRole", f"arn:aws:iam::{SOURCE}:role/bob/*"),
        "tag": allowing(
            "iam:DeleteRole",
            Condition={"StringEquals": {"iam:ResourceTag/owner": "${aws:username}"}},
        ),
        "new": allowing(
            "iam:CreateRole", Condition={"StringEquals": {"iam:PermissionsBoundary": ADMINISTRATOR}}
        ),
        "attach": allowing(
            "iam:AttachRolePolicy",
            Condition={"ArnLike": {"iam:PolicyARN": "arn:aws:iam::aws:policy/ReadOnly*"}},
        ),
    }
    for name, text in rules.items():
        admin.put_user_policy(UserName="Bob", PolicyName=name, PolicyDocument=text)
    iam = bob(aws)
    assert iam.get_role(RoleName="Mine")["Role"]["Path"] == "/bob/"
    assert refusal(iam.get_role, RoleName="Other")[0] == "AccessDenied"
    assert refusal(iam.delete_role, RoleName="Mine")[0] == "AccessDenied"
    new = {"RoleName": "New", "AssumeRolePolicyDocument": trusting({"AWS": ROOT})}
    assert refusal(iam.create_role, **new)[0] == "AccessDenied"
    tagged = refusal(
        iam.create_role, **new, PermissionsBoundary=ADMINISTRATOR, Tags=[{"Key": "a", "Value": "b"}]
    )
    assert "iam:TagRole on resource: arn:aws:iam::" in tagged[1]
    assert iam.create_role(**new, PermissionsBoundary=ADMINISTRATOR)
    assert (
        refusal(iam.attach_role_policy, RoleName="New", PolicyArn=ADMINISTRATOR)[0]
        == "AccessDenied"
    )
    iam.attach_role_policy(RoleName="New", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")


def test_an_explicit_deny_a_boundary_and_a_session_policy_count(aws: EmbeddedAws) -> None:
    admin = source(aws)
    deny = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": {"Effect": "Deny", "Action": "iam:ListUsers", "Resource": "*"},
        }
    )
    admin.put_user_policy(UserName="Bob", PolicyName="all", PolicyDocument=allowing("*"))
    admin.put_user_policy(UserName="Bob", PolicyName="no", PolicyDocument=deny)
    assert refusal(bob(aws).list_users)[1].endswith(
        "with an explicit deny in an identity-based policy"
    )
    admin.put_user_permissions_boundary(
        UserName="Bob", PermissionsBoundary="arn:aws:iam::aws:policy/AmazonS3FullAccess"
    )
    assert refusal(bob(aws).list_roles)[1].endswith(
        "because no permissions boundary allows the iam:ListRoles action"
    )
    admin.delete_user_permissions_boundary(UserName="Bob")
    assert bob(aws).list_roles()["Roles"] == []
    admin.create_role(RoleName="Local", AssumeRolePolicyDocument=trusting({"AWS": ROOT}))
    admin.attach_role_policy(RoleName="Local", PolicyArn=ADMINISTRATOR)
    session = assume(aws, f"arn:aws:iam::{SOURCE}:role/Local", BOB, Policy=allowing("iam:GetRole"))[
        "Credentials"
    ]
    from_session = iam_client(aws, session)
    assert from_session.get_role(RoleName="Local")
    assert refusal(from_session.list_roles)[1].endswith(
        "because no session policy allows the iam:ListRoles action"
    )
    assert refusal(from_session.get_user) == (
        "ValidationError",
        "Must specify userName when calling with non-User credentials",
    )
