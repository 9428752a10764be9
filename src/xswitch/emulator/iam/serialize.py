"""IAM's structures, as its answers write them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote

from xswitch.emulator.state import AccessKey, Account, Group, ManagedPolicy, PolicyVersion, Role, User
from xswitch.emulator.xml import Node

Structure = dict[str, Node]


def moment(when: datetime) -> str:
    """A time in whole seconds, in UTC."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def document(text: str) -> str:
    """A policy document, percent-encoded as in every answer of IAM."""
    return quote(text, safe="")


def tags(found: Mapping[str, str]) -> list[Node]:
    """A list of tags."""
    return [{"Key": key, "Value": value} for key, value in found.items()]


def _boundary(arn: str) -> Structure:
    return {"PermissionsBoundary": {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}} if arn else {}


def user(found: User, *, whole: bool = True) -> Structure:
    """A User; lists leave boundary and tags out."""
    more = _boundary(found.boundary) | ({"Tags": tags(found.tags)} if found.tags else {}) if whole else {}
    return {
        "Path": found.path,
        "UserName": found.name,
        "UserId": found.id,
        "Arn": found.arn,
        "CreateDate": moment(found.created),
        **more,
    }


def group(found: Group) -> Structure:
    """A Group."""
    return {
        "Path": found.path,
        "GroupName": found.name,
        "GroupId": found.id,
        "Arn": found.arn,
        "CreateDate": moment(found.created),
    }


def role(found: Role, *, whole: bool = True) -> Structure:
    """A Role; lists leave boundary, tags and last use out. RoleLastUsed is empty: this AWS doesn't keep it."""
    more = _boundary(found.boundary) | ({"Tags": tags(found.tags)} if found.tags else {}) | {"RoleLastUsed": {}} if whole else {}
    return {
        "Path": found.path,
        "RoleName": found.name,
        "RoleId": found.id,
        "Arn": found.arn,
        "CreateDate": moment(found.created),
        "AssumeRolePolicyDocument": document(found.trust_text),
        **({"Description": found.description} if found.description else {}),
        "MaxSessionDuration": found.max_session_seconds,
        **more,
    }


def access_key(found: AccessKey, user_name: str) -> Structure:
    """An AccessKeyMetadata."""
    return {
        "UserName": user_name,
        "AccessKeyId": found.id,
        "Status": "Active" if found.active else "Inactive",
        "CreateDate": moment(found.created),
    }


def uses(arn: str, account: Account) -> list[User | Group | Role]:
    """Whom a managed policy is attached to."""
    holders: list[User | Group | Role] = [*account.users, *account.groups, *account.roles]
    return [holder for holder in holders if arn in holder.attached]


def boundaries(arn: str, account: Account) -> list[User | Role]:
    """Whose boundary a managed policy is."""
    holders: list[User | Role] = [*account.users, *account.roles]
    return [holder for holder in holders if holder.boundary == arn]


def policy(found: ManagedPolicy, account: Account, *, whole: bool = True) -> Structure:
    """A Policy as `account` sees it; lists leave description and tags out."""
    used, bounding = uses(found.arn, account), boundaries(found.arn, account)
    node: Structure = {
        "PolicyName": found.name,
        "PolicyId": found.id,
        "Arn": found.arn,
        "Path": found.path,
        "DefaultVersionId": found.default,
        "AttachmentCount": len(used),
        "PermissionsBoundaryUsageCount": len(bounding),
        "IsAttachable": True,
        "CreateDate": moment(found.created),
        "UpdateDate": moment(found.updated),
    }
    if whole and found.description:
        node["Description"] = found.description
    if whole:
        node["Tags"] = tags(found.tags)
    return node


def version(found: PolicyVersion, default: str, *, whole: bool = True) -> Structure:
    """A PolicyVersion; lists leave the document out."""
    more: Structure = {"Document": document(found.text)} if whole else {}
    return {**more, "VersionId": found.id, "IsDefaultVersion": found.id == default, "CreateDate": moment(found.created)}


def attached(found: ManagedPolicy) -> Structure:
    """An AttachedPolicy."""
    return {"PolicyName": found.name, "PolicyArn": found.arn}
