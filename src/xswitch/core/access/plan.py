"""From a request and what both accounts have now to the IAM calls that make it so.

Nothing that others made is taken away: statements, tags and policies that weren't asked for stay,
and a warning names those that matter. Applied to its own result a plan is empty, also when only the
first of its changes were made.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xswitch.core.access import warnings as cautions
from xswitch.core.access.documents import (
    canonical_json,
    configured_principal_arn,
    load_document,
    permission_policy,
    permission_statement,
    policy_name,
    to_json,
    trust_policy,
    trust_policy_principal,
    trust_statement,
)
from xswitch.core.access.merge import contains_statement, with_statement
from xswitch.core.access.model import (
    AccessPlan,
    AccessRequest,
    AccountPlan,
    AccountSide,
    IamCall,
    IamChange,
    NamedPolicy,
    PrincipalState,
    PrincipalType,
    RoleState,
)
from xswitch.core.access.validation import validate
from xswitch.core.errors import ConfigError, ErrorCode

_IAM_NAME_BY_TYPE = {
    PrincipalType.USER: "User",
    PrincipalType.GROUP: "Group",
    PrincipalType.ROLE: "Role",
}


def make_plan(  # noqa: PLR0913 -- each is a separate fact, all by keyword
    request: AccessRequest,
    *,
    target: RoleState | None,
    target_seen: bool,
    source: PrincipalState | None,
    source_seen: bool,
    profiles: Mapping[AccountSide, str | None],
) -> AccessPlan:
    """What has to change in either account.

    A side that was not seen is planned as one in which nothing of it exists yet; `profiles` are
    those that administer the sides. Raises UsageError for a request IAM would not take, PolicyError
    for a document that is none, ConfigError for a role or principal that is not the one asked for
    (another path, another account), or a principal that isn't there.
    """
    validate(request)
    _check_target(request, target)
    _check_source(request, source, seen=source_seen)
    principal = trust_policy_principal(request, source.arn if source is not None else "")
    trust = trust_policy(request, principal)
    if target is not None:
        trust = with_statement(
            target.trust, trust_statement(request, principal), f"the trust policy of {target.arn}"
        )
    permission, source_changes = _source_changes(request, source)
    target_changes = (
        _create_role_changes(request, trust)
        if target is None
        else _update_role_changes(request, target, trust)
    )
    target_changes += _permission_changes(request, target)
    return AccessPlan(
        request=request,
        target=AccountPlan(
            AccountSide.TARGET,
            request.target_account,
            profiles.get(AccountSide.TARGET),
            target_seen,
            tuple(target_changes),
        ),
        source=AccountPlan(
            AccountSide.SOURCE,
            request.who.account,
            profiles.get(AccountSide.SOURCE),
            source_seen,
            tuple(source_changes),
        ),
        trust=trust,
        permission=permission,
        warnings=cautions.plan_warnings(request, target, source, trust, principal),
    )


def managed_policy_arn(request: AccessRequest) -> str:
    """The ARN of the customer managed policy kept for a whole account."""
    return f"arn:{request.partition}:iam::{request.who.account}:policy/{policy_name(request)}"


def _check_target(request: AccessRequest, target: RoleState | None) -> None:
    if target is not None and target.arn != request.role_arn:
        raise ConfigError(
            f"The role is there already as {target.arn}, and not as {request.role_arn}.",
            why="The name of a role is unique in its account, whatever its path, and neither can be changed later.",
            next_step="Give that role's path and name, or another name.",
            code=ErrorCode.ROLE_ELSEWHERE,
        )


def _check_source(request: AccessRequest, source: PrincipalState | None, *, seen: bool) -> None:
    who = request.who
    wanted = configured_principal_arn(who, request.partition)
    if source is None:
        if seen and who.kind is not PrincipalType.ACCOUNT:
            raise ConfigError(
                f"There is no {who.kind.value} {who.name} in account {who.account}.",
                why="A trust policy, and a policy at the source, need one that exists.",
                next_step=f"aws iam list-{who.kind.value}s",
                code=ErrorCode.PRINCIPAL_MISSING,
            )
        return
    same_place = source.arn.startswith(f"arn:{request.partition}:iam::{who.account}:")
    # Names are unique whatever the path, so a path that wasn't given is taken from what is there.
    same_name = who.kind is PrincipalType.ACCOUNT or source.arn.rpartition("/")[2] == who.name
    if (
        source.kind is not who.kind
        or not same_place
        or not same_name
        or (who.path != "/" and source.arn != wanted)
    ):
        raise ConfigError(
            f"What was read is {source.arn}, and not {wanted}.",
            why="Account, kind, path and name have to be the same.",
            next_step="Give its own path and name.",
            code=ErrorCode.PRINCIPAL_ELSEWHERE,
        )


def _source_changes(
    request: AccessRequest, source: PrincipalState | None
) -> tuple[str, list[IamChange]]:
    """The wanted document and the one change, if any, that makes it so."""
    name = policy_name(request)
    wanted = permission_statement(request)
    if request.who.kind is PrincipalType.ACCOUNT:
        return _managed_policy_changes(request, source.managed if source is not None else None)
    old = (
        next((policy for policy in source.inline if policy.name == name), None)
        if source is not None
        else None
    )
    document = (
        permission_policy(request)
        if old is None
        else with_statement(old.document, wanted, f"the policy {name}")
    )
    before = "" if old is None else canonical_json(old.document)
    if before == document or (
        old is None
        and source is not None
        and any(contains_statement(policy.document, wanted) for policy in source.inline)
    ):
        return document, []
    kind, who = _IAM_NAME_BY_TYPE[request.who.kind], request.who.name
    owner: dict[str, Any] = {f"{kind}Name": who, "PolicyName": name}
    undo = (
        IamCall(f"Delete{kind}Policy", owner)
        if old is None
        else IamCall(f"Put{kind}Policy", {**owner, "PolicyDocument": before})
    )
    change = IamChange(
        side=AccountSide.SOURCE,
        subject=f"{request.who.kind.value} {who}",
        summary=f"let the {request.who.kind.value} {who} assume {request.role_arn}",
        call=IamCall(f"Put{kind}Policy", {**owner, "PolicyDocument": document}),
        undo=(undo,),
        before=before,
        after=document,
    )
    return document, [change]


def _managed_policy_changes(
    request: AccessRequest, old: NamedPolicy | None
) -> tuple[str, list[IamChange]]:
    """A policy for the source's administrator to attach to whomever he wants to let in.

    An account as such has no policies.
    """
    name = policy_name(request)
    if old is None:
        document = permission_policy(request)
        call = IamCall(
            "CreatePolicy",
            {
                "PolicyName": name,
                "PolicyDocument": document,
                "Description": f"May assume {request.role_arn}",
            },
        )
        undo = IamCall("DeletePolicy", {"PolicyArn": managed_policy_arn(request)})
        summary = f"create the policy {name}, which lets those it is attached to assume {request.role_arn}"
        return document, [
            IamChange(AccountSide.SOURCE, f"policy {name}", summary, call, (undo,), after=document)
        ]
    before = canonical_json(old.document)
    document = with_statement(old.document, permission_statement(request), f"the policy {name}")
    if before == document:
        return document, []
    owner = {
        "PolicyArn": old.name if old.name.startswith("arn:") else managed_policy_arn(request),
        "SetAsDefault": True,
    }
    call = IamCall("CreatePolicyVersion", {**owner, "PolicyDocument": document})
    # The new version's id is known only when it is there, so the old text becomes the default again
    # as a version of its own.
    undo = IamCall("CreatePolicyVersion", {**owner, "PolicyDocument": before})
    summary = f"make a version of the policy {name} that lets those it is attached to assume {request.role_arn}"
    return document, [
        IamChange(AccountSide.SOURCE, f"policy {name}", summary, call, (undo,), before, document)
    ]


def _create_role_changes(request: AccessRequest, trust: str) -> list[IamChange]:
    parameters: dict[str, Any] = {
        "RoleName": request.role_name,
        "Path": request.role_path,
        "AssumeRolePolicyDocument": trust,
        "MaxSessionDuration": request.max_session_seconds,
    }
    if request.description:
        parameters["Description"] = request.description
    if request.tags:
        parameters["Tags"] = _tag_list(request.tags)
    shown = {**parameters, "AssumeRolePolicyDocument": load_document(trust)}
    undo = IamCall("DeleteRole", {"RoleName": request.role_name})
    summary = f"create the role {request.role_name}, which trusts {_principal_text(request)}"
    return [
        _role_change(
            request, summary, IamCall("CreateRole", parameters), undo, after=to_json(shown)
        )
    ]


def _principal_text(request: AccessRequest) -> str:
    who = request.who
    if who.kind in (PrincipalType.ACCOUNT, PrincipalType.GROUP):
        return f"the account {who.account}"
    return f"the {who.kind.value} {who.name} of {who.account}"


def _role_change(
    request: AccessRequest,
    summary: str,
    call: IamCall,
    *undo: IamCall,
    before: str = "",
    after: str = "",
) -> IamChange:
    return IamChange(
        AccountSide.TARGET, f"role {request.role_name}", summary, call, undo, before, after
    )


def _tag_list(tags: tuple[tuple[str, str], ...]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags]


def _update_role_changes(request: AccessRequest, role: RoleState, trust: str) -> list[IamChange]:
    """The changes of the role itself: trust policy, maximum and description, tags."""
    owner = {"RoleName": request.role_name}
    changes = []
    before = canonical_json(role.trust)
    if before != trust:
        call = IamCall("UpdateAssumeRolePolicy", {**owner, "PolicyDocument": trust})
        undo = IamCall("UpdateAssumeRolePolicy", {**owner, "PolicyDocument": before})
        changes.append(
            _role_change(
                request, f"trust {_principal_text(request)}", call, undo, before=before, after=trust
            )
        )
    description = request.description or role.description
    if (description, request.max_session_seconds) != (role.description, role.max_session_seconds):
        # Both are always given: what UpdateRole isn't given, some services that answer like IAM
        # reset.
        old, new = (
            {"Description": text, "MaxSessionDuration": seconds}
            for text, seconds in (
                (role.description, role.max_session_seconds),
                (description, request.max_session_seconds),
            )
        )
        updated_settings = [
            *(
                [f"the longest session to {request.max_session_seconds} s"]
                if request.max_session_seconds != role.max_session_seconds
                else []
            ),
            *(["the description"] if description != role.description else []),
        ]
        call, undo = (
            IamCall("UpdateRole", {**owner, **new}),
            IamCall("UpdateRole", {**owner, **old}),
        )
        changes.append(
            _role_change(
                request,
                f"set {' and '.join(updated_settings)}",
                call,
                undo,
                before=to_json(old),
                after=to_json(new),
            )
        )
    return changes + _tag_changes(request, role)


def _tag_changes(request: AccessRequest, role: RoleState) -> list[IamChange]:
    # IAM compares keys without regard to case, and so replaces "Team" by "team".
    wanted = tuple(
        (key, value)
        for key, value in request.tags
        if not any(
            existing_key.casefold() == key.casefold() and existing_value == value
            for existing_key, existing_value in role.tags
        )
    )
    if not wanted:
        return []
    folded_keys = {key.casefold() for key, _ in wanted}
    replaced = tuple((key, value) for key, value in role.tags if key.casefold() in folded_keys)
    added = [
        key for key, _ in wanted if key.casefold() not in {old.casefold() for old, _ in replaced}
    ]
    owner = {"RoleName": request.role_name}
    undo = [
        *([IamCall("UntagRole", {**owner, "TagKeys": added})] if added else []),
        *([IamCall("TagRole", {**owner, "Tags": _tag_list(replaced)})] if replaced else []),
    ]
    call = IamCall("TagRole", {**owner, "Tags": _tag_list(wanted)})
    before, after = (
        "\n".join(f"{key} = {value}" for key, value in tags) for tags in (replaced, wanted)
    )
    return [
        _role_change(
            request,
            f"tag it with {', '.join(key for key, _ in wanted)}",
            call,
            *undo,
            before=before,
            after=after,
        )
    ]


def _permission_changes(request: AccessRequest, role: RoleState | None) -> list[IamChange]:
    """What the role may do: managed policies attached, inline policies put."""
    owner = {"RoleName": request.role_name}
    changes = []
    for arn in request.managed_policies:
        if role is None or arn not in role.attached:
            attachment = {**owner, "PolicyArn": arn}
            call, undo = (
                IamCall("AttachRolePolicy", attachment),
                IamCall("DetachRolePolicy", attachment),
            )
            changes.append(
                _role_change(request, f"attach {arn.rpartition('/')[2]}", call, undo, after=arn)
            )
    existing = (
        {policy.name: canonical_json(policy.document) for policy in role.inline}
        if role is not None
        else {}
    )
    for policy in request.inline_policies:
        policy_parameters = {**owner, "PolicyName": policy.name}
        before, after = existing.get(policy.name, ""), canonical_json(policy.document, policy.name)
        if before != after:
            call = IamCall("PutRolePolicy", {**policy_parameters, "PolicyDocument": after})
            undo = (
                IamCall("PutRolePolicy", {**policy_parameters, "PolicyDocument": before})
                if before
                else IamCall("DeleteRolePolicy", policy_parameters)
            )
            changes.append(
                _role_change(
                    request,
                    f"put the inline policy {policy.name}",
                    call,
                    undo,
                    before=before,
                    after=after,
                )
            )
    return changes
