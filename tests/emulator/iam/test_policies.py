from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from support.aws.emulator import aws_server, refusal
from support.aws.iam import (
    ADMINISTRATOR,
    BOB_ARN,
    ROOT,
    SOURCE,
    allowing,
    bob,
    source,
    state,
    trusting,
)
from xswitch.emulator.server import EmbeddedAws

ARN = f"arn:aws:iam::{SOURCE}:policy/team/Mine"


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(state()) as server:
        yield server


def mine(iam: Any, text: str = allowing("iam:ListUsers")) -> Any:
    return iam.create_policy(
        PolicyName="Mine",
        Path="/team/",
        PolicyDocument=text,
        Description="d",
        Tags=[{"Key": "a", "Value": "b"}],
    )["Policy"]


def test_a_policy_is_made_attached_and_counts(aws: EmbeddedAws) -> None:
    iam = source(aws)
    made = mine(iam)
    assert (
        made["Arn"],
        made["DefaultVersionId"],
        made["AttachmentCount"],
        made["IsAttachable"],
    ) == (ARN, "v1", 0, True)
    found = iam.get_policy(PolicyArn=ARN)["Policy"]
    assert found == {**made, "Description": "d"}
    assert (found["Description"], found["Tags"]) == ("d", [{"Key": "a", "Value": "b"}])
    assert refusal(bob(aws).list_users)[0] == "AccessDenied"
    iam.attach_user_policy(UserName="Bob", PolicyArn=ARN)
    iam.attach_user_policy(UserName="Bob", PolicyArn=ARN)
    assert bob(aws).list_users()["Users"]
    assert iam.get_policy(PolicyArn=ARN)["Policy"]["AttachmentCount"] == 1
    assert iam.list_attached_user_policies(UserName="Bob")["AttachedPolicies"] == [
        {"PolicyName": "Mine", "PolicyArn": ARN}
    ]
    assert (
        iam.list_attached_user_policies(UserName="Bob", PathPrefix="/x/")["AttachedPolicies"] == []
    )
    assert refusal(iam.delete_policy, PolicyArn=ARN) == (
        "DeleteConflict",
        "Cannot delete a policy attached to entities.",
    )
    iam.detach_user_policy(UserName="Bob", PolicyArn=ARN)
    assert refusal(iam.detach_user_policy, UserName="Bob", PolicyArn=ARN) == (
        "NoSuchEntity",
        f"Policy {ARN} was not found.",
    )
    iam.delete_policy(PolicyArn=ARN)
    assert refusal(iam.get_policy, PolicyArn=ARN) == (
        "NoSuchEntity",
        f"Policy {ARN} was not found.",
    )
    missing = ("NoSuchEntity", f"Policy {ARN} does not exist or is not attachable.")
    assert refusal(iam.attach_user_policy, UserName="Bob", PolicyArn=ARN) == missing


def test_names_are_taken_whatever_the_path(aws: EmbeddedAws) -> None:
    iam = source(aws)
    mine(iam)
    taken = "A policy called mine already exists. Duplicate names are not allowed."
    assert refusal(iam.create_policy, PolicyName="mine", PolicyDocument=allowing("s3:*")) == (
        "EntityAlreadyExists",
        taken,
    )


def test_versions(aws: EmbeddedAws) -> None:
    iam = source(aws)
    mine(iam)
    iam.attach_user_policy(UserName="Bob", PolicyArn=ARN)
    second = iam.create_policy_version(PolicyArn=ARN, PolicyDocument=allowing("s3:*"))[
        "PolicyVersion"
    ]
    assert (second["VersionId"], second["IsDefaultVersion"]) == ("v2", False)
    assert bob(aws).list_users()["Users"]
    iam.set_default_policy_version(PolicyArn=ARN, VersionId="v2")
    assert refusal(bob(aws).list_users)[0] == "AccessDenied"
    assert iam.get_policy(PolicyArn=ARN)["Policy"]["DefaultVersionId"] == "v2"
    assert iam.get_policy_version(PolicyArn=ARN, VersionId="v2")["PolicyVersion"][
        "Document"
    ] == json.loads(allowing("s3:*"))
    conflict = ("DeleteConflict", "Cannot delete the default version of a policy.")
    assert refusal(iam.delete_policy_version, PolicyArn=ARN, VersionId="v2") == conflict
    iam.delete_policy_version(PolicyArn=ARN, VersionId="v1")
    for number in range(4):
        iam.create_policy_version(
            PolicyArn=ARN, PolicyDocument=allowing("iam:ListUsers"), SetAsDefault=number == 3
        )
    assert bob(aws).list_users()["Users"]
    versions = iam.list_policy_versions(PolicyArn=ARN)["Versions"]
    assert [version["VersionId"] for version in versions] == ["v6", "v5", "v4", "v3", "v2"]
    assert (
        refusal(iam.create_policy_version, PolicyArn=ARN, PolicyDocument=allowing("s3:*"))[0]
        == "LimitExceeded"
    )
    iam.detach_user_policy(UserName="Bob", PolicyArn=ARN)
    assert refusal(iam.delete_policy, PolicyArn=ARN)[1].startswith(
        "This policy has more than one version."
    )
    unknown = f"Policy {ARN} version v1 does not exist or is not attachable."
    assert refusal(iam.get_policy_version, PolicyArn=ARN, VersionId="v1") == (
        "NoSuchEntity",
        unknown,
    )


def test_awss_own_policies_are_read_and_not_touched(aws: EmbeddedAws) -> None:
    iam = source(aws)
    assert iam.get_policy(PolicyArn=ADMINISTRATOR)["Policy"]["AttachmentCount"] == 1
    document = iam.get_policy_version(PolicyArn=ADMINISTRATOR, VersionId="v1")["PolicyVersion"][
        "Document"
    ]
    assert document["Statement"][0]["Action"] == "*"
    code, text = refusal(iam.delete_policy, PolicyArn=ADMINISTRATOR)
    assert (code, text.split(" on resource: ")[1]) == ("AccessDenied", f"policy {ADMINISTRATOR}")
    assert (
        iam.list_entities_for_policy(PolicyArn=ADMINISTRATOR)["PolicyUsers"][0]["UserName"]
        == "admin"
    )
    assert (
        refusal(iam.get_policy, PolicyArn="arn:aws:iam::222222222222:policy/x")[0] == "AccessDenied"
    )
    assert (
        refusal(iam.get_policy, PolicyArn="arn:aws:iam::aws:policy/NoSuchThing")[0]
        == "NoSuchEntity"
    )
    assert refusal(iam.get_policy, PolicyArn="x" * 20) == (
        "InvalidInput",
        f"ARN {'x' * 20} is not valid.",
    )
    view = "arn:aws:iam::aws:policy/job-function/ViewOnlyAccess"
    assert iam.get_policy(PolicyArn=view)["Policy"]["Path"] == "/job-function/"
    assert (
        refusal(
            iam.attach_user_policy,
            UserName="Bob",
            PolicyArn="arn:aws:iam::aws:policy/ViewOnlyAccess",
        )[0]
        == "NoSuchEntity"
    )


def test_lists_of_policies(aws: EmbeddedAws) -> None:
    iam = source(aws)
    mine(iam)

    def names(**parameters: Any) -> set[str]:
        return {policy["PolicyName"] for policy in iam.list_policies(**parameters)["Policies"]}

    assert names(Scope="Local") == {"Mine"}
    assert {"Mine", "AdministratorAccess", "SecurityAudit"} <= names()
    assert "Mine" not in names(Scope="AWS")
    assert names(PathPrefix="/team/") == {"Mine"}
    assert names(OnlyAttached=True) == {"AdministratorAccess"}
    iam.put_user_permissions_boundary(UserName="Bob", PermissionsBoundary=ARN)
    assert names(OnlyAttached=True, PolicyUsageFilter="PermissionsBoundary") == {"Mine"}
    assert refusal(iam.delete_policy, PolicyArn=ARN)[0] == "DeleteConflict"
    assert refusal(iam.list_policies, Scope="Mine")[0] == "ValidationError"


def test_whom_a_policy_is_attached_to(aws: EmbeddedAws) -> None:
    iam = source(aws)
    mine(iam)
    iam.create_group(GroupName="G", Path="/g/")
    iam.create_role(
        RoleName="R", AssumeRolePolicyDocument=trusting({"AWS": ROOT}), PermissionsBoundary=ARN
    )
    iam.attach_group_policy(GroupName="G", PolicyArn=ARN)
    iam.attach_user_policy(UserName="Bob", PolicyArn=ARN)

    def names(**parameters: Any) -> list[str]:
        found = iam.list_entities_for_policy(PolicyArn=ARN, **parameters)
        lists = ((kind, found[f"Policy{kind}s"]) for kind in ("User", "Group", "Role"))
        return [one[f"{kind}Name"] for kind, entries in lists for one in entries]

    assert names() == ["Bob", "G", "R"]
    assert names(EntityFilter="Group") == ["G"]
    assert names(PathPrefix="/g/") == ["G"]
    assert names(PolicyUsageFilter="PermissionsBoundary") == ["R"]
    assert names(PolicyUsageFilter="PermissionsPolicy") == ["Bob", "G"]


def test_tags_of_a_policy(aws: EmbeddedAws) -> None:
    iam = source(aws)
    mine(iam)
    iam.tag_policy(PolicyArn=ARN, Tags=[{"Key": "A", "Value": "c"}, {"Key": "z", "Value": ""}])
    iam.untag_policy(PolicyArn=ARN, TagKeys=["z"])
    assert iam.list_policy_tags(PolicyArn=ARN)["Tags"] == [{"Key": "A", "Value": "c"}]


def test_inline_policies_come_back_as_written(aws: EmbeddedAws) -> None:
    iam = source(aws)
    text = json.dumps(
        json.loads(allowing("s3:GetObject", "arn:aws:s3:::bücket/*")), indent=4, ensure_ascii=False
    )
    iam.put_user_policy(UserName="Bob", PolicyName="p", PolicyDocument=text)
    found = iam.get_user_policy(UserName="Bob", PolicyName="p")
    assert (found["UserName"], found["PolicyName"], found["PolicyDocument"]) == (
        "Bob",
        "p",
        json.loads(text),
    )
    assert aws.world.user(BOB_ARN).inline["p"] == text  # type: ignore[union-attr] # Bob is there
    assert iam.list_user_policies(UserName="Bob")["PolicyNames"] == ["p"]
    missing = ("NoSuchEntity", "The user policy with name q cannot be found.")
    assert refusal(iam.get_user_policy, UserName="Bob", PolicyName="q") == missing
    assert refusal(iam.delete_user_policy, UserName="Bob", PolicyName="q") == missing


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ("[", "This policy contains invalid Json"),
        (trusting("*"), "Policy document should not specify a principal."),
        (
            '{"Statement": {"Effect": "Allow", "Action": "s3:*"}}',
            "Policy statement must contain resources.",
        ),
        (
            '{"Statement": {"Effect": "Allow", "Resource": "*"}}',
            "Policy statement must contain actions.",
        ),
        (
            allowing("everything"),
            "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
        ),
        (allowing("s3:*", "bucket"), 'Resource bucket must be in ARN format or "*".'),
        (allowing("s3:*", Effect="Perhaps"), "Syntax errors in policy."),
        (allowing("s3:*", Sid="a b"), "Statement IDs (SID) must be alpha-numeric."),
        (
            json.dumps(
                {
                    "Statement": [
                        {"Sid": "A", "Effect": "Allow", "Action": "s3:*", "Resource": "*"}
                    ]
                    * 2
                }
            ),
            "Statement IDs (SID) in a single policy must be unique.",
        ),
    ],
    ids=[
        "json",
        "principal",
        "no-resource",
        "no-action",
        "vendor",
        "resource",
        "effect",
        "sid",
        "sids",
    ],
)
def test_documents_aws_does_not_take(aws: EmbeddedAws, document: str, text: str) -> None:
    iam = source(aws)
    for call, more in ((iam.put_user_policy, {"UserName": "Bob"}), (iam.create_policy, {})):
        code, found = refusal(call, PolicyName="p", PolicyDocument=document, **more)
        assert code == "MalformedPolicyDocument"
        assert found.startswith(text)


def test_quotas(aws: EmbeddedAws) -> None:
    iam = source(aws)
    iam.create_role(RoleName="R", AssumeRolePolicyDocument=trusting({"AWS": ROOT}))
    long = allowing("s3:*", [f"arn:aws:s3:::bucket-{number:05}" for number in range(80)])
    assert refusal(iam.put_user_policy, UserName="Bob", PolicyName="p", PolicyDocument=long) == (
        "LimitExceeded",
        "Maximum policy size of 2048 bytes exceeded for user Bob",
    )
    iam.put_role_policy(RoleName="R", PolicyName="p", PolicyDocument=long)
    longer = allowing("s3:*", [f"arn:aws:s3:::bucket-{number:05}" for number in range(240)])
    assert refusal(iam.create_policy, PolicyName="p", PolicyDocument=longer) == (
        "LimitExceeded",
        "Cannot exceed quota for PolicySize: 6144",
    )
    trust = trusting({"AWS": [f"{number:012}" for number in range(60)]})
    quota = ("LimitExceeded", "Cannot exceed quota for ACLSizePerRole: 2048")
    assert refusal(iam.update_assume_role_policy, RoleName="R", PolicyDocument=trust) == quota
    names = [policy["Arn"] for policy in iam.list_policies(Scope="AWS")["Policies"]]
    for arn in names[:10]:
        iam.attach_role_policy(RoleName="R", PolicyArn=arn)
    assert refusal(iam.attach_role_policy, RoleName="R", PolicyArn=names[10]) == (
        "LimitExceeded",
        "Cannot exceed quota for PoliciesPerRole: 10",
    )
