"""Account-wide IAM actions: alias, summary, authorization details."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xswitch.emulator.errors import entity_already_exists, no_such_entity, validation_error
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome
from xswitch.emulator.iam.holders import GROUP, MAX_ATTACHED, ROLE, USER, page
from xswitch.emulator.iam.policies import MAX_TEXT, MAX_VERSIONS
from xswitch.emulator.iam.users import MAX_KEYS
from xswitch.emulator.parameters import members
from xswitch.emulator.state import Group, IamRole, ManagedPolicy, User
from xswitch.emulator.state.aws_managed import all_aws_managed
from xswitch.emulator.xml import XmlMap, XmlNode

_DETAIL_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")


def create_alias(request: IamRequest) -> Outcome:
    """CreateAccountAlias: an account has one alias; a new one replaces it."""
    alias = _alias(request)
    if any(
        account.alias == alias
        for account in request.world.accounts
        if account.id != request.account.id
    ):
        raise entity_already_exists(f"The account alias {alias} already exists.")
    return request.with_account_changes(alias=alias), None


def delete_alias(request: IamRequest) -> Outcome:
    """DeleteAccountAlias."""
    alias = _alias(request)
    if request.account.alias != alias:
        raise no_such_entity(f"The account alias {alias} cannot be found.")
    return request.with_account_changes(alias=""), None


def _alias(request: IamRequest) -> str:
    alias = request.text("AccountAlias", 3, 63, required=True) or ""
    if not _ALIAS.fullmatch(alias):
        message = (
            f"Value '{alias}' at 'accountAlias' failed to satisfy constraint: Member must satisfy"
            " regular expression pattern: "
        )
        raise validation_error(
            f"1 validation error detected: {message}^[a-z0-9]([a-z0-9]|-(?!-)){{1,61}}[a-z0-9]$"
        )
    return alias


def list_aliases(request: IamRequest) -> Outcome:
    """ListAccountAliases."""
    page_items, page_members = page(
        request, [request.account.alias] if request.account.alias else []
    )
    return request.world, {"AccountAliases": page_items, **page_members}


def summary(request: IamRequest) -> Outcome:
    """GetAccountSummary, for the entities the emulator has."""
    account = request.account
    in_use = sum(len(user.mfa_devices) for user in account.users)
    numbers = {
        "Users": len(account.users),
        "Groups": len(account.groups),
        "Roles": len(account.roles),
        "Policies": len(account.policies),
        "MFADevices": in_use + len(account.devices),
        "MFADevicesInUse": in_use,
        "AccountMFAEnabled": 0,
        "AccountAccessKeysPresent": 0,
        "AccessKeysPerUserQuota": MAX_KEYS,
        "AttachedPoliciesPerUserQuota": MAX_ATTACHED,
        "AttachedPoliciesPerGroupQuota": MAX_ATTACHED,
        "AttachedPoliciesPerRoleQuota": MAX_ATTACHED,
        "UserPolicySizeQuota": USER.inline_bytes,
        "GroupPolicySizeQuota": GROUP.inline_bytes,
        "RolePolicySizeQuota": ROLE.inline_bytes,
        "PolicySizeQuota": MAX_TEXT,
        "VersionsPerPolicyQuota": MAX_VERSIONS,
    }
    return request.world, {"SummaryMap": XmlMap(numbers)}


def authorization_details(request: IamRequest) -> Outcome:
    """GetAccountAuthorizationDetails: the filtered entities, paged across the lists."""
    wanted = set(members(request.parameters, "Filter")) or {
        "User",
        "Group",
        "Role",
        "LocalManagedPolicy",
        "AWSManagedPolicy",
    }
    account = request.account
    aws = [
        policy
        for policy in all_aws_managed(account.partition)
        if serialize.attached_to(policy.arn, account)
    ]
    entries: list[tuple[str, serialize.Structure]] = []
    if "User" in wanted:
        entries += [("UserDetailList", _user(request, user)) for user in account.users]
    if "Group" in wanted:
        entries += [
            ("GroupDetailList", {**serialize.group(group), **_policies(request, group, "Group")})
            for group in account.groups
        ]
    if "Role" in wanted:
        entries += [("RoleDetailList", _role(request, role)) for role in account.roles]
    local = account.policies if "LocalManagedPolicy" in wanted else ()
    entries += [
        ("Policies", _policy(request, policy))
        for policy in (*local, *(aws if "AWSManagedPolicy" in wanted else ()))
    ]
    page_items, page_members = page(request, entries)
    lists: dict[str, XmlNode] = {
        name: [entry for known, entry in page_items if known == name] for name in _DETAIL_LISTS
    }
    return request.world, {**lists, **page_members}


def _policies(
    request: IamRequest, holder: User | Group | IamRole, word: str
) -> Mapping[str, XmlNode]:
    attached = [
        policy for arn in holder.attached if (policy := request.world.policy(arn)) is not None
    ]
    inline: list[XmlNode] = [
        {"PolicyName": name, "PolicyDocument": serialize.document(text)}
        for name, text in sorted(holder.inline.items())
    ]
    return {
        f"{word}PolicyList": inline,
        "AttachedManagedPolicies": [serialize.attached(policy) for policy in attached],
    }


def _user(request: IamRequest, user: User) -> serialize.Structure:
    groups: list[XmlNode] = [group.name for group in request.account.groups_of(user.name)]
    return {**serialize.user(user), **_policies(request, user, "User"), "GroupList": groups}


def _role(request: IamRequest, role: IamRole) -> serialize.Structure:
    left_out = ("MaxSessionDuration", "Description")
    node = {name: value for name, value in serialize.role(role).items() if name not in left_out}
    return {**node, **_policies(request, role, "Role"), "InstanceProfileList": []}


def _policy(request: IamRequest, policy: ManagedPolicy) -> serialize.Structure:
    versions: list[XmlNode] = [
        serialize.version(version, policy.default) for version in policy.versions
    ]
    return {**serialize.policy(policy, request.account, whole=False), "PolicyVersionList": versions}
