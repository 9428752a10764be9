"""Every IAM action this AWS has: what it needs permission for, and what does it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.emulator.iam import account, attached_policies, groups, inline_policies, mfa, policies, roles, simulate, tags, users
from xswitch.emulator.iam import authorization as of
from xswitch.emulator.iam.authorization import Of
from xswitch.emulator.iam.call import Ask, Outcome
from xswitch.emulator.iam.kinds import GROUP, KINDS, ROLE, USER, Kind

Run = Callable[[Ask], Outcome]


@dataclass(frozen=True, slots=True)
class Action:
    """An action: its resource, and its doing."""

    target: Of
    run: Run


def _for(kind: Kind, run: Callable[[Ask, Kind], Outcome]) -> Run:
    return lambda ask: run(ask, kind)


def _of_holders() -> Mapping[str, Action]:
    """What users, groups and roles have alike."""
    found: dict[str, Action] = {}
    for kind in KINDS:
        target, title = of.TARGETS[kind.word], kind.title
        found |= {
            f"Put{title}Policy": Action(target, _for(kind, inline_policies.put)),
            f"Get{title}Policy": Action(target, _for(kind, inline_policies.read)),
            f"List{title}Policies": Action(target, _for(kind, inline_policies.names)),
            f"Delete{title}Policy": Action(target, _for(kind, inline_policies.delete)),
            f"Attach{title}Policy": Action(of.with_policy(target), _for(kind, attached_policies.attach)),
            f"Detach{title}Policy": Action(of.with_policy(target), _for(kind, attached_policies.detach)),
            f"ListAttached{title}Policies": Action(target, _for(kind, attached_policies.listed)),
        }
        if kind is not GROUP:
            found |= {
                f"Put{title}PermissionsBoundary": Action(of.bounded(target), _for(kind, attached_policies.put_boundary)),
                f"Delete{title}PermissionsBoundary": Action(target, _for(kind, attached_policies.delete_boundary)),
                f"Tag{title}": Action(of.tagged(target), _for(kind, tags.tag)),
                f"Untag{title}": Action(of.tagged(target), _for(kind, tags.untag)),
                f"List{title}Tags": Action(target, _for(kind, tags.listed)),
            }
    return found


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        **_of_holders(),
        "CreateUser": Action(of.created(USER), users.create),
        "GetUser": Action(of.self_or_user, users.read),
        "ListUsers": Action(of.listing("user"), users.listed),
        "UpdateUser": Action(of.USER_TARGET, users.update),
        "DeleteUser": Action(of.USER_TARGET, users.delete),
        "CreateAccessKey": Action(of.self_or_user, users.create_key),
        "ListAccessKeys": Action(of.self_or_user, users.list_keys),
        "UpdateAccessKey": Action(of.self_or_user, users.update_key),
        "DeleteAccessKey": Action(of.self_or_user, users.delete_key),
        "CreateGroup": Action(of.created(GROUP), groups.create),
        "GetGroup": Action(of.GROUP_TARGET, groups.read),
        "ListGroups": Action(of.listing("group"), groups.listed),
        "ListGroupsForUser": Action(of.USER_TARGET, groups.listed_for_user),
        "DeleteGroup": Action(of.GROUP_TARGET, groups.delete),
        "AddUserToGroup": Action(of.GROUP_TARGET, groups.add_user),
        "RemoveUserFromGroup": Action(of.GROUP_TARGET, groups.remove_user),
        "CreateRole": Action(of.created(ROLE), roles.create),
        "GetRole": Action(of.ROLE_TARGET, roles.read),
        "ListRoles": Action(of.listing("role"), roles.listed),
        "UpdateRole": Action(of.ROLE_TARGET, roles.update),
        "UpdateRoleDescription": Action(of.ROLE_TARGET, roles.update_description),
        "UpdateAssumeRolePolicy": Action(of.ROLE_TARGET, roles.update_trust),
        "DeleteRole": Action(of.ROLE_TARGET, roles.delete),
        "CreatePolicy": Action(of.new_policy, policies.create),
        "GetPolicy": Action(of.policy, policies.read),
        "ListPolicies": Action(of.listing("policy"), policies.listed),
        "DeletePolicy": Action(of.policy, policies.delete),
        "CreatePolicyVersion": Action(of.policy, policies.create_version),
        "GetPolicyVersion": Action(of.policy, policies.read_version),
        "ListPolicyVersions": Action(of.policy, policies.list_versions),
        "SetDefaultPolicyVersion": Action(of.policy, policies.set_default_version),
        "DeletePolicyVersion": Action(of.policy, policies.delete_version),
        "ListEntitiesForPolicy": Action(of.policy, policies.entities),
        "TagPolicy": Action(of.tagged(of.policy), policies.tag),
        "UntagPolicy": Action(of.tagged(of.policy), policies.untag),
        "ListPolicyTags": Action(of.policy, policies.list_tags),
        "CreateVirtualMFADevice": Action(of.new_mfa, mfa.create),
        "EnableMFADevice": Action(of.self_or_user, mfa.enable),
        "ResyncMFADevice": Action(of.self_or_user, mfa.resync),
        "DeactivateMFADevice": Action(of.self_or_user, mfa.deactivate),
        "DeleteVirtualMFADevice": Action(of.mfa, mfa.delete),
        "ListMFADevices": Action(of.self_or_user, mfa.listed),
        "ListVirtualMFADevices": Action(of.listing("mfa"), mfa.listed_virtual),
        "SimulatePrincipalPolicy": Action(of.principal, simulate.simulate),
        "CreateAccountAlias": Action(of.everything, account.create_alias),
        "DeleteAccountAlias": Action(of.everything, account.delete_alias),
        "ListAccountAliases": Action(of.everything, account.list_aliases),
        "GetAccountSummary": Action(of.everything, account.summary),
        "GetAccountAuthorizationDetails": Action(of.everything, account.details),
    }
)
