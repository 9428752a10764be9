"""IAM's structures as its answers contain them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from xswitch.emulator.state import (
    AccessKey,
    Account,
    Group,
    IamRole,
    ManagedPolicy,
    PolicyVersion,
    User,
)
from xswitch.emulator.xml import XmlNode

Structure = dict[str, XmlNode]


def iso_time(when: datetime) -> str:
    """A time in whole seconds, UTC."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def document(text: str) -> str:
    """A policy document, percent-encoded as in IAM's answers."""
    return quote(text, safe="")


def tags(entity: Mapping[str, str]) -> list[XmlNode]:
    """A list of tags."""
    return [{"Key": key, "Value": value} for key, value in entity.items()]


def _boundary(arn: str) -> Structure:
    return (
        {
            "PermissionsBoundary": {
                "PermissionsBoundaryType": "Policy",
                "PermissionsBoundaryArn": arn,
            }
        }
        if arn
        else {}
    )


def user(entity: User, *, whole: bool = True) -> Structure:
    """A User; in lists without boundary and tags."""
    extra_members = (
        _boundary(entity.boundary) | ({"Tags": tags(entity.tags)} if entity.tags else {})
        if whole
        else {}
    )
    return {
        "Path": entity.path,
        "UserName": entity.name,
        "UserId": entity.id,
        "Arn": entity.arn,
        "CreateDate": iso_time(entity.created),
        **extra_members,
    }


def group(entity: Group) -> Structure:
    """A Group."""
    return {
        "Path": entity.path,
        "GroupName": entity.name,
        "GroupId": entity.id,
        "Arn": entity.arn,
        "CreateDate": iso_time(entity.created),
    }


def role(entity: IamRole, *, whole: bool = True) -> Structure:
    """A Role; in lists without boundary, tags, and last use.

    RoleLastUsed is empty: the emulator doesn't track it.
    """
    extra_members = (
        _boundary(entity.boundary)
        | ({"Tags": tags(entity.tags)} if entity.tags else {})
        | {"RoleLastUsed": {}}
        if whole
        else {}
    )
    return {
        "Path": entity.path,
        "RoleName": entity.name,
        "RoleId": entity.id,
        "Arn": entity.arn,
        "CreateDate": iso_time(entity.created),
        "AssumeRolePolicyDocument": document(entity.trust_text),
        **({"Description": entity.description} if entity.description else {}),
        "MaxSessionDuration": entity.max_session_seconds,
        **extra_members,
    }


def access_key(entity: AccessKey, user_name: str) -> Structure:
    """An AccessKeyMetadata."""
    return {
        "UserName": user_name,
        "AccessKeyId": entity.id,
        "Status": "Active" if entity.active else "Inactive",
        "CreateDate": iso_time(entity.created),
    }


def attached_to(arn: str, account: Account) -> list[User | Group | IamRole]:
    """The entities that a managed policy is attached to."""
    holders: list[User | Group | IamRole] = [*account.users, *account.groups, *account.roles]
    return [holder for holder in holders if arn in holder.attached]


def bounded_by(arn: str, account: Account) -> list[User | IamRole]:
    """The entities whose boundary a managed policy is."""
    holders: list[User | IamRole] = [*account.users, *account.roles]
    return [holder for holder in holders if holder.boundary == arn]


def policy(entity: ManagedPolicy, account: Account, *, whole: bool = True) -> Structure:
    """A Policy as `account` sees it; in lists without description and tags."""
    used, bounding = attached_to(entity.arn, account), bounded_by(entity.arn, account)
    node: Structure = {
        "PolicyName": entity.name,
        "PolicyId": entity.id,
        "Arn": entity.arn,
        "Path": entity.path,
        "DefaultVersionId": entity.default,
        "AttachmentCount": len(used),
        "PermissionsBoundaryUsageCount": len(bounding),
        "IsAttachable": True,
        "CreateDate": iso_time(entity.created),
        "UpdateDate": iso_time(entity.updated),
    }
    if whole and entity.description:
        node["Description"] = entity.description
    if whole:
        node["Tags"] = tags(entity.tags)
    return node


def version(entity: PolicyVersion, default: str, *, whole: bool = True) -> Structure:
    """A PolicyVersion; in lists without the document."""
    extra_members: Structure = {"Document": document(entity.text)} if whole else {}
    return {
        **extra_members,
        "VersionId": entity.id,
        "IsDefaultVersion": entity.id == default,
        "CreateDate": iso_time(entity.created),
    }


def attached(entity: ManagedPolicy) -> Structure:
    """An AttachedPolicy."""
    return {"PolicyName": entity.name, "PolicyArn": entity.arn}
