from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.aws.emulator import aws_server, iam_client, refusal, sts_client
from support.aws.iam import (
    ADMINISTRATOR,
    BOB,
    BOB_ARN,
    BOB_SERIAL,
    BOB_TOTP,
    SOURCE,
    SOURCE_ADMIN,
    TARGET_ADMIN,
    allowing,
    bob,
    source,
    state,
)
from xswitch.emulator import totp
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState

NO_ANN = ("NoSuchEntity", "The user with name Ann cannot be found.")


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state()) as server:
        yield server


def pair(key: Any) -> tuple[str, str]:
    return key["AccessKeyId"], key["SecretAccessKey"]


def test_a_user_from_making_to_deleting(aws: EmbeddedAws) -> None:
    iam = source(aws)
    made = iam.create_user(
        UserName="Ann",
        Path="/team/",
        Tags=[{"Key": "k", "Value": "v"}],
        PermissionsBoundary=ADMINISTRATOR,
    )["User"]
    assert made["Arn"] == f"arn:aws:iam::{SOURCE}:user/team/Ann"
    assert iam.get_user(UserName="Ann")["User"] == made
    assert [user["UserName"] for user in iam.list_users()["Users"]] == ["admin", "Ann", "Bob"]
    assert "Tags" not in iam.list_users(PathPrefix="/team/")["Users"][0]
    assert refusal(iam.create_user, UserName="ANN") == (
        "EntityAlreadyExists",
        "User with name ANN already exists.",
    )
    key = iam.create_access_key(UserName="Ann")["AccessKey"]
    assert (key["Status"], len(key["SecretAccessKey"])) == ("Active", 40)
    iam.create_group(GroupName="Team")
    iam.add_user_to_group(GroupName="Team", UserName="Ann")
    iam.attach_user_policy(UserName="Ann", PolicyArn=ADMINISTRATOR)
    iam.put_user_policy(UserName="Ann", PolicyName="p", PolicyDocument=allowing("s3:*"))
    undo = [
        ("delete access keys", iam.delete_access_key, {"AccessKeyId": key["AccessKeyId"]}),
        ("detach all policies", iam.detach_user_policy, {"PolicyArn": ADMINISTRATOR}),
        ("delete policies", iam.delete_user_policy, {"PolicyName": "p"}),
        ("remove users from group", iam.remove_user_from_group, {"GroupName": "Team"}),
    ]
    for must, call, more in undo:
        assert refusal(iam.delete_user, UserName="Ann") == (
            "DeleteConflict",
            f"Cannot delete entity, must {must} first.",
        )
        call(UserName="Ann", **more)
    iam.delete_user(UserName="Ann")
    assert refusal(iam.get_user, UserName="Ann") == NO_ANN
    assert (
        refusal(
            iam.put_user_policy, UserName="Ann", PolicyName="p", PolicyDocument=allowing("s3:*")
        )
        == NO_ANN
    )


def test_who_am_i(aws: EmbeddedAws) -> None:
    assert source(aws).get_user()["User"]["UserName"] == "admin"
    source(aws).put_user_policy(
        UserName="Bob",
        PolicyName="me",
        PolicyDocument=allowing("iam:GetUser", f"arn:aws:iam::{SOURCE}:user/${{aws:username}}"),
    )
    assert bob(aws).get_user()["User"]["Arn"] == BOB_ARN
    assert refusal(bob(aws).get_user, UserName="admin")[0] == "AccessDenied"


def test_keys(aws: EmbeddedAws) -> None:
    iam = source(aws)
    iam.put_user_policy(
        UserName="Bob", PolicyName="keys", PolicyDocument=allowing("iam:*AccessKey*", BOB_ARN)
    )
    mine = bob(aws)
    key = mine.create_access_key()["AccessKey"]
    assert refusal(mine.create_access_key) == (
        "LimitExceeded",
        "Cannot exceed quota for AccessKeysPerUser: 2",
    )
    assert [found["AccessKeyId"] for found in mine.list_access_keys()["AccessKeyMetadata"]] == [
        BOB[0],
        key["AccessKeyId"],
    ]
    assert sts_client(aws, pair(key)).get_caller_identity()["Arn"] == BOB_ARN
    mine.update_access_key(AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert refusal(sts_client(aws, pair(key)).get_caller_identity)[0] == "InvalidClientTokenId"
    mine.update_access_key(AccessKeyId=key["AccessKeyId"], Status="Active")
    assert sts_client(aws, pair(key)).get_caller_identity()["Arn"] == BOB_ARN
    mine.delete_access_key(AccessKeyId=key["AccessKeyId"])
    assert refusal(sts_client(aws, pair(key)).get_caller_identity)[0] == "InvalidClientTokenId"
    gone = ("NoSuchEntity", f"The Access Key with id {key['AccessKeyId']} cannot be found.")
    assert refusal(mine.delete_access_key, AccessKeyId=key["AccessKeyId"]) == gone
    assert refusal(mine.update_access_key, AccessKeyId=key["AccessKeyId"], Status="Active") == gone
    assert pair(key)[1] not in aws.world.to_json()


@pytest.mark.parametrize(
    ("parameters", "code", "text"),
    [
        ({"UserName": "a b"}, "ValidationError", "The specified value for userName is invalid."),
        (
            {"UserName": ""},
            "ValidationError",
            "Value '' at 'userName' failed to satisfy constraint: Member must have length greater",
        ),
        (
            {"UserName": "x" * 65},
            "ValidationError",
            "Member must have length less than or equal to 64",
        ),
        (
            {},
            "ValidationError",
            "Value null at 'userName' failed to satisfy constraint: Member must not be null",
        ),
        ({"UserName": "x", "Path": "team"}, "ValidationError", "It must begin and end with /"),
        (
            {"UserName": "x", "PermissionsBoundary": "arn:aws:iam::aws:policy/None"},
            "NoSuchEntity",
            "Scope ARN: arn:aws:iam::",
        ),
        (
            {"UserName": "x", "Tags": [{"Key": "a", "Value": ""}, {"Key": "A", "Value": ""}]},
            "InvalidInput",
            "Duplicate tag keys",
        ),
        (
            {"UserName": "x", "Tags": [{"Key": "aws:a", "Value": ""}]},
            "InvalidInput",
            "aws: prefixed",
        ),
        (
            {"UserName": "x", "Tags": [{"Key": "a*", "Value": ""}]},
            "ValidationError",
            "'tags.1.member.key'",
        ),
    ],
    ids=["blank", "empty", "long", "none", "path", "boundary", "twins", "reserved", "star"],
)
def test_names_tags_and_boundaries_that_are_none(
    aws: EmbeddedAws, parameters: dict[str, Any], code: str, text: str
) -> None:
    found = refusal(iam_client(aws, SOURCE_ADMIN, validate=False).create_user, **parameters)
    assert found[0] == code
    assert text in found[1]


def test_tags_are_set_kept_and_taken_away(aws: EmbeddedAws) -> None:
    iam = source(aws)
    iam.tag_user(
        UserName="Bob", Tags=[{"Key": "team", "Value": "a"}, {"Key": "cost", "Value": "1"}]
    )
    iam.tag_user(UserName="Bob", Tags=[{"Key": "Team", "Value": "b"}])
    assert iam.list_user_tags(UserName="Bob")["Tags"] == [
        {"Key": "Team", "Value": "b"},
        {"Key": "cost", "Value": "1"},
    ]
    iam.untag_user(UserName="Bob", TagKeys=["TEAM", "none"])
    assert iam.get_user(UserName="Bob")["User"]["Tags"] == [{"Key": "cost", "Value": "1"}]
    many = [{"Key": f"k{number}", "Value": ""} for number in range(50)]
    assert refusal(iam.tag_user, UserName="Bob", Tags=many)[0] == "InvalidInput"


def test_groups_give_their_members_what_they_may(aws: EmbeddedAws) -> None:
    iam = source(aws)
    group = iam.create_group(GroupName="Readers", Path="/x/")["Group"]
    iam.put_group_policy(
        GroupName="Readers", PolicyName="look", PolicyDocument=allowing("iam:ListUsers")
    )
    assert refusal(bob(aws).list_users)[0] == "AccessDenied"
    iam.add_user_to_group(GroupName="Readers", UserName="Bob")
    iam.add_user_to_group(GroupName="Readers", UserName="Bob")
    assert len(bob(aws).list_users()["Users"]) == 2
    found = iam.get_group(GroupName="Readers")
    assert (found["Group"], [user["UserName"] for user in found["Users"]]) == (group, ["Bob"])
    assert (
        iam.list_groups_for_user(UserName="Bob")["Groups"] == [group] == iam.list_groups()["Groups"]
    )
    iam.attach_group_policy(GroupName="Readers", PolicyArn="arn:aws:iam::aws:policy/AWSDenyAll")
    assert refusal(bob(aws).list_users)[1].endswith(
        "with an explicit deny in an identity-based policy"
    )
    assert (
        iam.list_attached_group_policies(GroupName="Readers")["AttachedPolicies"][0]["PolicyName"]
        == "AWSDenyAll"
    )
    steps = [
        ("remove users from group", iam.remove_user_from_group, {"UserName": "Bob"}),
        (
            "detach all policies",
            iam.detach_group_policy,
            {"PolicyArn": "arn:aws:iam::aws:policy/AWSDenyAll"},
        ),
        ("delete policies", iam.delete_group_policy, {"PolicyName": "look"}),
    ]
    for must, call, more in steps:
        assert refusal(iam.delete_group, GroupName="Readers") == (
            "DeleteConflict",
            f"Cannot delete entity, must {must} first.",
        )
        call(GroupName="Readers", **more)
    iam.delete_group(GroupName="Readers")
    missing = ("NoSuchEntity", "The group with name Readers cannot be found.")
    assert refusal(iam.get_group, GroupName="Readers") == missing
    assert refusal(iam.add_user_to_group, GroupName="Readers", UserName="Bob") == missing


def test_a_user_is_in_ten_groups_at_most(aws: EmbeddedAws) -> None:
    iam = source(aws)
    for number in range(11):
        iam.create_group(GroupName=f"g{number}")
        if number < 10:
            iam.add_user_to_group(GroupName=f"g{number}", UserName="Bob")
    assert refusal(iam.add_user_to_group, GroupName="g10", UserName="Bob") == (
        "LimitExceeded",
        "Cannot exceed quota for GroupsPerUser: 10",
    )
    iam.update_user(UserName="Bob", NewUserName="Rob")
    assert len(iam.list_groups_for_user(UserName="Rob")["Groups"]) == 10


# -- MFA


def test_a_device_is_made_given_by_two_codes_used_and_taken_away(aws: EmbeddedAws) -> None:
    iam = source(aws)
    device = iam.create_virtual_mfa_device(VirtualMFADeviceName="phone")["VirtualMFADevice"]
    serial, seed = device["SerialNumber"], device["Base32StringSeed"].decode()
    assert serial == f"arn:aws:iam::{SOURCE}:mfa/phone"
    assert (
        refusal(iam.create_virtual_mfa_device, VirtualMFADeviceName="phone")[0]
        == "EntityAlreadyExists"
    )

    def codes(first: int, second: int) -> dict[str, str]:
        step = totp.step_of(aws.clock.now())
        return {
            "AuthenticationCode1": totp.code_at(seed, step + first),
            "AuthenticationCode2": totp.code_at(seed, step + second),
        }

    for wrong in ((0, 0), (1, 0), (-2, 0), (-9, -8), (5, 6)):
        code, text = refusal(
            iam.enable_mfa_device, UserName="Bob", SerialNumber=serial, **codes(*wrong)
        )
        assert (code, text) == (
            "InvalidAuthenticationCode",
            "Authentication code for device is not valid.",
        )
    given = codes(-1, 0)
    iam.enable_mfa_device(UserName="Bob", SerialNumber=serial, **given)
    assert [
        found["SerialNumber"] for found in iam.list_mfa_devices(UserName="Bob")["MFADevices"]
    ] == [BOB_SERIAL, serial]
    assigned = iam.list_virtual_mfa_devices(AssignmentStatus="Assigned")["VirtualMFADevices"]
    assert [found["User"]["UserName"] for found in assigned] == ["Bob", "Bob"]
    sts = sts_client(aws, BOB)
    used = refusal(
        sts.get_session_token, SerialNumber=serial, TokenCode=given["AuthenticationCode2"]
    )
    assert used[0] == "AccessDenied"
    aws.clock.advance(60)
    assert sts.get_session_token(SerialNumber=serial, TokenCode=totp.code(seed, aws.clock.now()))[
        "Credentials"
    ]
    assert (
        refusal(iam.enable_mfa_device, UserName="admin", SerialNumber=serial, **codes(0, 1))[0]
        == "EntityAlreadyExists"
    )
    assert refusal(iam.delete_virtual_mfa_device, SerialNumber=serial)[0] == "DeleteConflict"
    assert refusal(iam.delete_user, UserName="Bob")[0] == "DeleteConflict"
    aws.clock.advance(300)
    iam.resync_mfa_device(UserName="Bob", SerialNumber=serial, **codes(-1, 0))
    iam.deactivate_mfa_device(UserName="Bob", SerialNumber=serial)
    unassigned = iam.list_virtual_mfa_devices(AssignmentStatus="Unassigned")["VirtualMFADevices"]
    assert unassigned == [{"SerialNumber": serial}]
    iam.delete_virtual_mfa_device(SerialNumber=serial)
    for call, more in (
        (iam.delete_virtual_mfa_device, {}),
        (iam.deactivate_mfa_device, {"UserName": "Bob"}),
    ):
        assert refusal(call, SerialNumber=serial, **more)[0] == "NoSuchEntity"
    assert (
        refusal(iam.enable_mfa_device, UserName="Bob", SerialNumber=serial, **codes(0, 1))[0]
        == "NoSuchEntity"
    )


def test_a_session_without_mfa_calls_nothing_of_iam(aws: EmbeddedAws) -> None:
    source(aws).attach_user_policy(UserName="Bob", PolicyArn=ADMINISTRATOR)
    sts = sts_client(aws, BOB)
    plain = sts.get_session_token()["Credentials"]
    assert refusal(iam_client(aws, plain).list_users)[0] == "InvalidClientTokenId"
    code = totp.code(BOB_TOTP, aws.clock.now())
    strong = sts.get_session_token(SerialNumber=BOB_SERIAL, TokenCode=code)["Credentials"]
    assert iam_client(aws, strong).get_user()["User"]["UserName"] == "Bob"


# -- paging, and the account


def test_long_lists_come_in_pages(aws: EmbeddedAws) -> None:
    data = json.loads(aws.world.to_json())
    data["accounts"][0]["users"] += [{"name": f"u{number:03}"} for number in range(248)]
    aws.world = AwsState.from_json(json.dumps(data))
    iam = source(aws)
    pages = list(iam.get_paginator("list_users").paginate())
    assert [len(page["Users"]) for page in pages] == [100, 100, 50]
    assert len({user["UserName"] for page in pages for user in page["Users"]}) == 250
    small = list(iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 99}))
    assert [len(page["Users"]) for page in small] == [99, 99, 52]
    first = iam.list_users(MaxItems=10)
    assert (first["IsTruncated"], len(first["Users"])) == (True, 10)
    assert refusal(iam.list_roles, Marker=first["Marker"]) == ("ValidationError", "Invalid Marker.")
    assert refusal(iam.list_users, Marker="junk!")[0] == "ValidationError"
    assert refusal(iam.list_users, MaxItems=1_001)[0] == "ValidationError"


def test_alias_numbers_and_everything_at_once(aws: EmbeddedAws) -> None:
    iam = source(aws)
    assert iam.list_account_aliases()["AccountAliases"] == []
    iam.create_account_alias(AccountAlias="my-company")
    iam.create_account_alias(AccountAlias="our-company")
    assert iam.list_account_aliases()["AccountAliases"] == ["our-company"]
    assert refusal(iam.delete_account_alias, AccountAlias="my-company")[0] == "NoSuchEntity"
    target = iam_client(aws, TARGET_ADMIN)
    assert refusal(target.create_account_alias, AccountAlias="our-company") == (
        "EntityAlreadyExists",
        "The account alias our-company already exists.",
    )
    assert refusal(iam.create_account_alias, AccountAlias="a--b")[0] == "ValidationError"
    iam.delete_account_alias(AccountAlias="our-company")
    numbers = iam.get_account_summary()["SummaryMap"]
    assert (
        numbers["Users"],
        numbers["Roles"],
        numbers["MFADevicesInUse"],
        numbers["VersionsPerPolicyQuota"],
    ) == (2, 0, 1, 5)
    iam.create_group(GroupName="g")
    iam.put_user_policy(UserName="Bob", PolicyName="p", PolicyDocument=allowing("s3:*"))
    iam.create_policy(PolicyName="Mine", PolicyDocument=allowing("s3:*"))
    iam.create_role(
        RoleName="R",
        AssumeRolePolicyDocument=allowing("sts:AssumeRole").replace(
            '"Resource": "*"', '"Principal": "*"'
        ),
    )
    found = iam.get_account_authorization_details()
    assert [user["UserName"] for user in found["UserDetailList"]] == ["admin", "Bob"]
    assert found["UserDetailList"][1]["UserPolicyList"][0]["PolicyDocument"] == json.loads(
        allowing("s3:*")
    )
    assert found["UserDetailList"][0]["AttachedManagedPolicies"][0]["PolicyArn"] == ADMINISTRATOR
    assert [policy["PolicyName"] for policy in found["Policies"]] == ["Mine", "AdministratorAccess"]
    assert (len(found["GroupDetailList"]), found["RoleDetailList"][0]["RoleName"]) == (1, "R")
    only = iam.get_account_authorization_details(Filter=["Role"])
    assert (len(only["RoleDetailList"]), only["UserDetailList"]) == (1, [])
    pages = list(
        iam.get_paginator("get_account_authorization_details").paginate(
            PaginationConfig={"PageSize": 2}
        )
    )
    assert sum(len(page["UserDetailList"]) + len(page["Policies"]) for page in pages) == 4
