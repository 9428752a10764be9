"""Customer managed policies, their versions, and the entities they are attached to."""

from __future__ import annotations

import secrets
from dataclasses import replace

from xswitch.emulator.errors import (
    delete_conflict,
    entity_already_exists,
    limit_exceeded,
    no_such_entity,
    quota_exceeded,
    validation_error,
)
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome, merge_tags
from xswitch.emulator.iam.documents import MAX_DOCUMENT, quota_size, validate_document
from xswitch.emulator.iam.holders import Holder, page, without
from xswitch.emulator.state import (
    AwsState,
    Group,
    IamRole,
    ManagedPolicy,
    PolicyVersion,
    User,
    unique_id,
)
from xswitch.emulator.state.aws_managed import all_aws_managed

MAX_TEXT, MAX_VERSIONS = 6_144, 5
MORE_VERSIONS = (
    "This policy has more than one version. Before you delete a policy, you must delete the"
    " policy's versions. The default version is deleted with the policy."
)
TOO_MANY_VERSIONS = (
    f"A managed policy can have up to {MAX_VERSIONS} versions. Before you create a new version, you"
    " must delete an existing version."
)


def named(request: IamRequest) -> ManagedPolicy:
    """The policy that the call names. Raises EmulatedAwsError NoSuchEntity."""
    arn = request.text("PolicyArn", 20, 2_048, required=True) or ""
    policy = request.world.policy(arn)
    if policy is None or policy.arn != arn:
        raise no_such_entity(f"Policy {arn} was not found.")
    return policy


def _saved(request: IamRequest, policy: ManagedPolicy) -> AwsState:
    return request.with_account_changes(
        policies=tuple(policy if one.arn == policy.arn else one for one in request.account.policies)
    )


def _document(request: IamRequest) -> str:
    text = request.text("PolicyDocument", 1, MAX_DOCUMENT, required=True) or ""
    validate_document(text)
    if quota_size(text) > MAX_TEXT:
        raise quota_exceeded("PolicySize", MAX_TEXT)
    return text


def create(request: IamRequest) -> Outcome:
    """CreatePolicy."""
    name, path, text = request.name("PolicyName"), request.path(), _document(request)
    if any(policy.name.lower() == name.lower() for policy in request.account.policies):
        raise entity_already_exists(
            f"A policy called {name} already exists. Duplicate names are not allowed."
        )
    arn = f"{request.account.prefix}policy{path}{name}"
    policy = ManagedPolicy(
        arn=arn,
        account=request.account.id,
        name=name,
        path=path,
        id=unique_id("ANPA", f"{arn} {secrets.token_hex()}"),
        versions=(PolicyVersion("v1", text, request.now),),
        created=request.now,
        updated=request.now,
        description=request.text("Description", 0, 1_000) or "",
        tags=merge_tags({}, request.tags()),
    )
    node = serialize.policy(policy, request.account, whole=False) | (
        {"Tags": serialize.tags(policy.tags)} if policy.tags else {}
    )
    return request.with_account_changes(policies=(*request.account.policies, policy)), {
        "Policy": node
    }


def read(request: IamRequest) -> Outcome:
    """GetPolicy."""
    return request.world, {"Policy": serialize.policy(named(request), request.account)}


def listed(request: IamRequest) -> Outcome:
    """ListPolicies."""
    scope, prefix = (
        request.parameters.get("Scope", "All"),
        request.parameters.get("PathPrefix", "/"),
    )
    if scope not in ("All", "AWS", "Local"):
        message = (
            f"Value '{scope}' at 'scope' failed to satisfy constraint: Member must satisfy enum"
            " value set: [All, AWS, Local]"
        )
        raise validation_error(f"1 validation error detected: {message}")
    own = request.account.policies if scope != "AWS" else ()
    awss = all_aws_managed(request.account.partition) if scope != "Local" else ()
    policies = [policy for policy in (*own, *awss) if policy.path.startswith(prefix)]
    usage, only_attached = request.parameters.get("PolicyUsageFilter"), request.flag("OnlyAttached")
    if usage == "PermissionsBoundary":
        policies = [
            policy
            for policy in policies
            if not only_attached or serialize.bounded_by(policy.arn, request.account)
        ]
    elif only_attached:
        policies = [
            policy for policy in policies if serialize.attached_to(policy.arn, request.account)
        ]
    page_items, page_members = page(
        request, [serialize.policy(policy, request.account, whole=False) for policy in policies]
    )
    return request.world, {"Policies": page_items, **page_members}


def delete(request: IamRequest) -> Outcome:
    """DeletePolicy.

    Raises EmulatedAwsError DeleteConflict while it is attached or has non-default versions.
    """
    policy = named(request)
    if serialize.attached_to(policy.arn, request.account) or serialize.bounded_by(
        policy.arn, request.account
    ):
        raise delete_conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise delete_conflict(MORE_VERSIONS)
    return (
        request.with_account_changes(
            policies=tuple(one for one in request.account.policies if one.arn != policy.arn)
        ),
        None,
    )


def create_version(request: IamRequest) -> Outcome:
    """CreatePolicyVersion."""
    policy, text = named(request), _document(request)
    if len(policy.versions) >= MAX_VERSIONS:
        raise limit_exceeded(TOO_MANY_VERSIONS)
    version = PolicyVersion(f"v{policy.next_version}", text, request.now)
    default = version.id if request.flag("SetAsDefault") else policy.default
    changed = replace(
        policy,
        versions=(*policy.versions, version),
        default=default,
        next_version=policy.next_version + 1,
        updated=request.now,
    )
    return _saved(request, changed), {
        "PolicyVersion": serialize.version(version, default, whole=False)
    }


def _version(request: IamRequest, policy: ManagedPolicy) -> PolicyVersion:
    wanted = request.text("VersionId", 1, 128, r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?", required=True)
    policy_version = next((version for version in policy.versions if version.id == wanted), None)
    if policy_version is None:
        raise no_such_entity(
            f"Policy {policy.arn} version {wanted} does not exist or is not attachable."
        )
    return policy_version


def read_version(request: IamRequest) -> Outcome:
    """GetPolicyVersion."""
    policy = named(request)
    return request.world, {
        "PolicyVersion": serialize.version(_version(request, policy), policy.default)
    }


def list_versions(request: IamRequest) -> Outcome:
    """ListPolicyVersions, newest first."""
    policy = named(request)
    page_items, page_members = page(
        request,
        [
            serialize.version(version, policy.default, whole=False)
            for version in reversed(policy.versions)
        ],
    )
    return request.world, {"Versions": page_items, **page_members}


def set_default_version(request: IamRequest) -> Outcome:
    """SetDefaultPolicyVersion."""
    policy = named(request)
    return (
        _saved(request, replace(policy, default=_version(request, policy).id, updated=request.now)),
        None,
    )


def delete_version(request: IamRequest) -> Outcome:
    """DeletePolicyVersion. Raises EmulatedAwsError DeleteConflict for the default version."""
    policy = named(request)
    version = _version(request, policy)
    if version.id == policy.default:
        raise delete_conflict("Cannot delete the default version of a policy.")
    return (
        _saved(
            request,
            replace(policy, versions=tuple(one for one in policy.versions if one is not version)),
        ),
        None,
    )


def entities(request: IamRequest) -> Outcome:
    """ListEntitiesForPolicy."""
    policy, account = named(request), request.account
    usage, only, prefix = (
        request.parameters.get("PolicyUsageFilter"),
        request.parameters.get("EntityFilter"),
        request.parameters.get("PathPrefix", "/"),
    )
    holders = serialize.attached_to(policy.arn, account) if usage != "PermissionsBoundary" else []
    if usage != "PermissionsPolicy":
        holders += [
            holder for holder in serialize.bounded_by(policy.arn, account) if holder not in holders
        ]
    kinds: tuple[tuple[str, type[Holder]], ...] = (
        ("User", User),
        ("Role", IamRole),
        ("Group", Group),
    )
    fitting = [
        (kind, holder)
        for kind, of in kinds
        for holder in holders
        if isinstance(holder, of) and only in (None, kind) and holder.path.startswith(prefix)
    ]
    page_items, page_members = page(request, fitting)
    lists = {
        f"Policy{kind}s": [
            {f"{kind}Name": holder.name, f"{kind}Id": holder.id}
            for known, holder in page_items
            if known == kind
        ]
        for kind, _ in kinds
    }
    return request.world, {**lists, **page_members}


def tag(request: IamRequest) -> Outcome:
    """TagPolicy."""
    policy = named(request)
    return _saved(request, replace(policy, tags=merge_tags(policy.tags, request.tags()))), None


def untag(request: IamRequest) -> Outcome:
    """UntagPolicy."""
    policy = named(request)
    return _saved(request, replace(policy, tags=without(policy.tags, request))), None


def list_tags(request: IamRequest) -> Outcome:
    """ListPolicyTags."""
    page_items, page_members = page(
        request, serialize.tags(dict(sorted(named(request).tags.items())))
    )
    return request.world, {"Tags": page_items, **page_members}
