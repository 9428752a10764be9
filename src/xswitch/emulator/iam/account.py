"""What is asked of an account as a whole: its alias, its numbers, everything at once."""

from __future__ import annotations

import re
from collections.abc import Mapping

from xswitch.emulator.errors import validation
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import Ask, Outcome
from xswitch.emulator.iam.errors import exists, gone
from xswitch.emulator.iam.kinds import GROUP, MAX_ATTACHED, ROLE, USER
from xswitch.emulator.iam.paging import page
from xswitch.emulator.iam.policies import MAX_TEXT, MAX_VERSIONS
from xswitch.emulator.iam.users import MAX_KEYS
from xswitch.emulator.parameters import members
from xswitch.emulator.state import Group, ManagedPolicy, Role, User
from xswitch.emulator.state.aws_managed import all_aws_managed
from xswitch.emulator.xml import Entries, Node

_LISTS = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
_ALIAS = re.compile(r"[a-z0-9](?:[a-z0-9]|-(?!-)){1,61}[a-z0-9]")


def create_alias(ask: Ask) -> Outcome:
    """CreateAccountAlias: an account has one, and the new one replaces it."""
    alias = _alias(ask)
    if any(account.alias == alias for account in ask.world.accounts if account.id != ask.account.id):
        raise exists(f"The account alias {alias} already exists.")
    return ask.saved(alias=alias), None


def delete_alias(ask: Ask) -> Outcome:
    """DeleteAccountAlias."""
    alias = _alias(ask)
    if ask.account.alias != alias:
        raise gone(f"The account alias {alias} cannot be found.")
    return ask.saved(alias=""), None


def _alias(ask: Ask) -> str:
    alias = ask.text("AccountAlias", 3, 63, required=True) or ""
    if not _ALIAS.fullmatch(alias):
        message = f"Value '{alias}' at 'accountAlias' failed to satisfy constraint: Member must satisfy regular expression pattern: "
        raise validation(f"1 validation error detected: {message}^[a-z0-9]([a-z0-9]|-(?!-)){{1,61}}[a-z0-9]$")
    return alias


def list_aliases(ask: Ask) -> Outcome:
    """ListAccountAliases."""
    found, more = page(ask, [ask.account.alias] if ask.account.alias else [])
    return ask.world, {"AccountAliases": found, **more}


def summary(ask: Ask) -> Outcome:
    """GetAccountSummary, as far as this AWS has what is counted."""
    account = ask.account
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
    return ask.world, {"SummaryMap": Entries(numbers)}


def details(ask: Ask) -> Outcome:
    """GetAccountAuthorizationDetails: everything the filter names, cut into pages across the lists."""
    wanted = set(members(ask.parameters, "Filter")) or {"User", "Group", "Role", "LocalManagedPolicy", "AWSManagedPolicy"}
    account = ask.account
    aws = [policy for policy in all_aws_managed(account.partition) if serialize.uses(policy.arn, account)]
    entries: list[tuple[str, serialize.Structure]] = []
    if "User" in wanted:
        entries += [("UserDetailList", _user(ask, user)) for user in account.users]
    if "Group" in wanted:
        entries += [("GroupDetailList", {**serialize.group(group), **_policies(ask, group, "Group")}) for group in account.groups]
    if "Role" in wanted:
        entries += [("RoleDetailList", _role(ask, role)) for role in account.roles]
    local = account.policies if "LocalManagedPolicy" in wanted else ()
    entries += [("Policies", _policy(ask, policy)) for policy in (*local, *(aws if "AWSManagedPolicy" in wanted else ()))]
    found, more = page(ask, entries)
    lists: dict[str, Node] = {name: [entry for known, entry in found if known == name] for name in _LISTS}
    return ask.world, {**lists, **more}


def _policies(ask: Ask, holder: User | Group | Role, word: str) -> Mapping[str, Node]:
    attached = [policy for arn in holder.attached if (policy := ask.world.policy(arn)) is not None]
    inline: list[Node] = [{"PolicyName": name, "PolicyDocument": serialize.document(text)} for name, text in sorted(holder.inline.items())]
    return {f"{word}PolicyList": inline, "AttachedManagedPolicies": [serialize.attached(policy) for policy in attached]}


def _user(ask: Ask, user: User) -> serialize.Structure:
    groups: list[Node] = [group.name for group in ask.account.groups_of(user.name)]
    return {**serialize.user(user), **_policies(ask, user, "User"), "GroupList": groups}


def _role(ask: Ask, role: Role) -> serialize.Structure:
    left_out = ("MaxSessionDuration", "Description")
    node = {name: value for name, value in serialize.role(role).items() if name not in left_out}
    return {**node, **_policies(ask, role, "Role"), "InstanceProfileList": []}


def _policy(ask: Ask, policy: ManagedPolicy) -> serialize.Structure:
    versions: list[Node] = [serialize.version(version, policy.default) for version in policy.versions]
    return {**serialize.policy(policy, ask.account, whole=False), "PolicyVersionList": versions}
