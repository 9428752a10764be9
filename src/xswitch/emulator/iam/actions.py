"""The table of IAM actions: the resource each needs permission for, and its handler."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.emulator.iam import (
    account,
    groups,
    holder_policies,
    holders,
    mfa,
    policies,
    roles,
    simulate,
    users,
)
from xswitch.emulator.iam import authorization as of
from xswitch.emulator.iam.authorization import TargetResolver
from xswitch.emulator.iam.call import IamRequest, Outcome
from xswitch.emulator.iam.holders import GROUP, KINDS, ROLE, USER, IdentityKind

Run = Callable[[IamRequest], Outcome]


@dataclass(frozen=True, slots=True)
class Action:
    """An action: its target resource and its handler."""

    target: TargetResolver
    run: Run


def _bind_kind(kind: IdentityKind, run: Callable[[IamRequest, IdentityKind], Outcome]) -> Run:
    return lambda request: run(request, kind)


def _holder_actions() -> Mapping[str, Action]:
    """Actions that users, groups, and roles share."""
    actions: dict[str, Action] = {}
    for kind in KINDS:
        target, title = of.TARGETS[kind.word], kind.title
        actions |= {
            f"Put{title}Policy": Action(target, _bind_kind(kind, holder_policies.put)),
            f"Get{title}Policy": Action(target, _bind_kind(kind, holder_policies.read)),
            f"List{title}Policies": Action(target, _bind_kind(kind, holder_policies.names)),
            f"Delete{title}Policy": Action(target, _bind_kind(kind, holder_policies.delete)),
            f"Attach{title}Policy": Action(
                of.with_policy(target), _bind_kind(kind, holder_policies.attach)
            ),
            f"Detach{title}Policy": Action(
                of.with_policy(target), _bind_kind(kind, holder_policies.detach)
            ),
            f"ListAttached{title}Policies": Action(
                target, _bind_kind(kind, holder_policies.listed)
            ),
        }
        if kind is not GROUP:
            actions |= {
                f"Put{title}PermissionsBoundary": Action(
                    of.bounded(target), _bind_kind(kind, holder_policies.put_boundary)
                ),
                f"Delete{title}PermissionsBoundary": Action(
                    target, _bind_kind(kind, holder_policies.delete_boundary)
                ),
                f"Tag{title}": Action(of.tagged(target), _bind_kind(kind, holders.tag)),
                f"Untag{title}": Action(of.tagged(target), _bind_kind(kind, holders.untag)),
                f"List{title}Tags": Action(target, _bind_kind(kind, holders.listed)),
            }
    return actions


ACTIONS: Mapping[str, Action] = MappingProxyType(
    {
        **_holder_actions(),
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
        "GetAccountAuthorizationDetails": Action(of.everything, account.authorization_details),
    }
)
