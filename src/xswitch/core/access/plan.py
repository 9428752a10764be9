"""Plan the IAM calls that grant a request, from the current state of both accounts.

Statements, tags and policies that weren't requested stay; warnings name those that matter. A plan
for its own result is empty, and after a partial application it has the remaining changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from xswitch.core.access.documents import (
    canonical_json,
    configured_principal_arn,
    contains_statement,
    permission_policy,
    permission_statement,
    policy_name,
    to_json,
    trust_policy,
    trust_policy_principal,
    trust_statement,
    with_statement,
)
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
from xswitch.core.access.warnings import plan_warnings
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.policy import load_document

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
    """Plan the changes in both accounts; an account that wasn't read is planned as empty.

    `profiles` are the administrators' profiles. Raises UsageError for an invalid request,
    PolicyError for an invalid document, and ConfigError for a missing principal, or if role or
    principal exist with another path or in another account.
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
            request.principal.account,
            profiles.get(AccountSide.SOURCE),
            source_seen,
            tuple(source_changes),
        ),
        trust=trust,
        permission=permission,
        warnings=plan_warnings(request, target, source, trust, principal),
    )


def managed_policy_arn(request: AccessRequest) -> str:
    """Return the ARN of the customer managed policy for a whole account."""
    return f"arn:{request.partition}:iam::{request.principal.account}:policy/{policy_name(request)}"


def _check_target(request: AccessRequest, target: RoleState | None) -> None:
    if target is not None and target.arn != request.role_arn:
        raise ConfigError(
            f"The role exists as {target.arn}, not as {request.role_arn}.",
            why="Role names are unique in an account, and paths can't be changed.",
            next_step="Use that role's path and name, or another name.",
            code=ErrorCode.ROLE_ELSEWHERE,
        )


def _check_source(request: AccessRequest, source: PrincipalState | None, *, seen: bool) -> None:
    principal = request.principal
    wanted = configured_principal_arn(principal, request.partition)
    if source is None:
        if seen and principal.kind is not PrincipalType.ACCOUNT:
            raise ConfigError(
                f"Account {principal.account} has no {principal.kind.value} {principal.name}.",
                why="A trust policy can only name a principal that exists.",
                next_step=f"aws iam list-{principal.kind.value}s",
                code=ErrorCode.PRINCIPAL_MISSING,
            )
        return
    same_place = source.arn.startswith(f"arn:{request.partition}:iam::{principal.account}:")
    # Names are unique across paths, so the path may be omitted.
    same_name = (
        principal.kind is PrincipalType.ACCOUNT or source.arn.rpartition("/")[2] == principal.name
    )
    if (
        source.kind is not principal.kind
        or not same_place
        or not same_name
        or (principal.path != "/" and source.arn != wanted)
    ):
        raise ConfigError(
            f"The principal is {source.arn}, not {wanted}.",
            why="Account, kind, path and name have to match.",
            next_step="Use that principal's path and name.",
            code=ErrorCode.PRINCIPAL_ELSEWHERE,
        )


def _source_changes(
    request: AccessRequest, source: PrincipalState | None
) -> tuple[str, list[IamChange]]:
    """Return the resulting document, and the change that makes it, if any."""
    name = policy_name(request)
    wanted = permission_statement(request)
    if request.principal.kind is PrincipalType.ACCOUNT:
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
    principal = request.principal
    kind = _IAM_NAME_BY_TYPE[principal.kind]
    owner: dict[str, Any] = {f"{kind}Name": principal.name, "PolicyName": name}
    undo = (
        IamCall(f"Delete{kind}Policy", owner)
        if old is None
        else IamCall(f"Put{kind}Policy", {**owner, "PolicyDocument": before})
    )
    change = IamChange(
        side=AccountSide.SOURCE,
        subject=f"{principal.kind.value} {principal.name}",
        summary=f"allow the {principal.kind.value} {principal.name} to assume {request.role_arn}",
        call=IamCall(f"Put{kind}Policy", {**owner, "PolicyDocument": document}),
        undo=(undo,),
        before=before,
        after=document,
    )
    return document, [change]


def _managed_policy_changes(
    request: AccessRequest, old: NamedPolicy | None
) -> tuple[str, list[IamChange]]:
    """Plan a managed policy that the source administrator attaches to principals."""
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
        summary = f"create the policy {name}, which allows assuming {request.role_arn}"
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
    # The ID of the new version isn't known yet, so undo adds the old text as another version.
    undo = IamCall("CreatePolicyVersion", {**owner, "PolicyDocument": before})
    summary = f"add a version of the policy {name} that allows assuming {request.role_arn}"
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
    principal = request.principal
    if principal.kind in (PrincipalType.ACCOUNT, PrincipalType.GROUP):
        return f"the account {principal.account}"
    return f"the {principal.kind.value} {principal.name} of {principal.account}"


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
    """Plan changes of the role: trust policy, maximum duration, description, tags."""
    owner = {"RoleName": request.role_name}
    changes = []
    before = canonical_json(role.trust)
    if before != trust:
        call = IamCall("UpdateAssumeRolePolicy", {**owner, "PolicyDocument": trust})
        undo = IamCall("UpdateAssumeRolePolicy", {**owner, "PolicyDocument": before})
        summary = f"trust {_principal_text(request)}"
        changes.append(_role_change(request, summary, call, undo, before=before, after=trust))
    description = request.description or role.description
    if (description, request.max_session_seconds) != (role.description, role.max_session_seconds):
        # Always send both: some IAM-compatible services reset what UpdateRole omits.
        old, new = (
            {"Description": text, "MaxSessionDuration": seconds}
            for text, seconds in (
                (role.description, role.max_session_seconds),
                (description, request.max_session_seconds),
            )
        )
        changed_settings = [
            *(
                [f"the maximum session duration to {request.max_session_seconds} s"]
                if request.max_session_seconds != role.max_session_seconds
                else []
            ),
            *(["the description"] if description != role.description else []),
        ]
        call = IamCall("UpdateRole", {**owner, **new})
        undo = IamCall("UpdateRole", {**owner, **old})
        summary = f"set {' and '.join(changed_settings)}"
        changes.append(
            _role_change(request, summary, call, undo, before=to_json(old), after=to_json(new))
        )
    return changes + _tag_changes(request, role)


def _tag_changes(request: AccessRequest, role: RoleState) -> list[IamChange]:
    # IAM ignores case in tag keys, so "team" replaces "Team".
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
            f"set the tags {', '.join(key for key, _ in wanted)}",
            call,
            *undo,
            before=before,
            after=after,
        )
    ]


def _permission_changes(request: AccessRequest, role: RoleState | None) -> list[IamChange]:
    """Plan the role's permissions: managed policies to attach, inline policies to put."""
    owner = {"RoleName": request.role_name}
    changes = []
    for arn in request.managed_policies:
        if role is None or arn not in role.attached:
            attachment = {**owner, "PolicyArn": arn}
            call = IamCall("AttachRolePolicy", attachment)
            undo = IamCall("DetachRolePolicy", attachment)
            summary = f"attach {arn.rpartition('/')[2]}"
            changes.append(_role_change(request, summary, call, undo, after=arn))
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
            summary = f"put the inline policy {policy.name}"
            changes.append(_role_change(request, summary, call, undo, before=before, after=after))
    return changes
