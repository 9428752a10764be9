"""Customer managed policies, their versions, and whom they are attached to."""

from __future__ import annotations

import secrets
from dataclasses import replace

from xswitch.emulator.errors import validation
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import Ask, Outcome, merged
from xswitch.emulator.iam.documents import MAX_DOCUMENT, checked, size
from xswitch.emulator.iam.errors import conflict, exists, gone, limit_exceeded, quota
from xswitch.emulator.iam.kinds import Holder
from xswitch.emulator.iam.paging import page
from xswitch.emulator.iam.tags import without
from xswitch.emulator.state import Group, ManagedPolicy, PolicyVersion, Role, User, World, unique_id
from xswitch.emulator.state.aws_managed import all_aws_managed

MAX_TEXT, MAX_VERSIONS = 6_144, 5
MORE_VERSIONS = (
    "This policy has more than one version. Before you delete a policy, you must delete the policy's versions. "
    "The default version is deleted with the policy."
)
TOO_MANY_VERSIONS = (
    f"A managed policy can have up to {MAX_VERSIONS} versions. Before you create a new version, you must delete an existing version."
)


def named(ask: Ask) -> ManagedPolicy:
    """The policy the call names. Raises AwsAnswerError NoSuchEntity."""
    arn = ask.text("PolicyArn", 20, 2_048, required=True) or ""
    policy = ask.world.policy(arn)
    if policy is None or policy.arn != arn:
        raise gone(f"Policy {arn} was not found.")
    return policy


def _saved(ask: Ask, policy: ManagedPolicy) -> World:
    return ask.saved(policies=tuple(policy if one.arn == policy.arn else one for one in ask.account.policies))


def _document(ask: Ask) -> str:
    text = ask.text("PolicyDocument", 1, MAX_DOCUMENT, required=True) or ""
    checked(text)
    if size(text) > MAX_TEXT:
        raise quota("PolicySize", MAX_TEXT)
    return text


def create(ask: Ask) -> Outcome:
    """CreatePolicy."""
    name, path, text = ask.name("PolicyName"), ask.path(), _document(ask)
    if any(policy.name.lower() == name.lower() for policy in ask.account.policies):
        raise exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    arn = f"{ask.account.prefix}policy{path}{name}"
    policy = ManagedPolicy(
        arn=arn,
        account=ask.account.id,
        name=name,
        path=path,
        id=unique_id("ANPA", f"{arn} {secrets.token_hex()}"),
        versions=(PolicyVersion("v1", text, ask.now),),
        created=ask.now,
        updated=ask.now,
        description=ask.text("Description", 0, 1_000) or "",
        tags=merged({}, ask.tags()),
    )
    node = serialize.policy(policy, ask.account, whole=False) | ({"Tags": serialize.tags(policy.tags)} if policy.tags else {})
    return ask.saved(policies=(*ask.account.policies, policy)), {"Policy": node}


def read(ask: Ask) -> Outcome:
    """GetPolicy."""
    return ask.world, {"Policy": serialize.policy(named(ask), ask.account)}


def listed(ask: Ask) -> Outcome:
    """ListPolicies."""
    scope, prefix = ask.parameters.get("Scope", "All"), ask.parameters.get("PathPrefix", "/")
    if scope not in ("All", "AWS", "Local"):
        message = f"Value '{scope}' at 'scope' failed to satisfy constraint: Member must satisfy enum value set: [All, AWS, Local]"
        raise validation(f"1 validation error detected: {message}")
    own = ask.account.policies if scope != "AWS" else ()
    awss = all_aws_managed(ask.account.partition) if scope != "Local" else ()
    policies = [policy for policy in (*own, *awss) if policy.path.startswith(prefix)]
    usage, only_attached = ask.parameters.get("PolicyUsageFilter"), ask.flag("OnlyAttached")
    if usage == "PermissionsBoundary":
        policies = [policy for policy in policies if not only_attached or serialize.boundaries(policy.arn, ask.account)]
    elif only_attached:
        policies = [policy for policy in policies if serialize.uses(policy.arn, ask.account)]
    found, more = page(ask, [serialize.policy(policy, ask.account, whole=False) for policy in policies])
    return ask.world, {"Policies": found, **more}


def delete(ask: Ask) -> Outcome:
    """DeletePolicy. Raises AwsAnswerError DeleteConflict while it is in use, or has versions beside the default one."""
    policy = named(ask)
    if serialize.uses(policy.arn, ask.account) or serialize.boundaries(policy.arn, ask.account):
        raise conflict("Cannot delete a policy attached to entities.")
    if len(policy.versions) > 1:
        raise conflict(MORE_VERSIONS)
    return ask.saved(policies=tuple(one for one in ask.account.policies if one.arn != policy.arn)), None


def create_version(ask: Ask) -> Outcome:
    """CreatePolicyVersion."""
    policy, text = named(ask), _document(ask)
    if len(policy.versions) >= MAX_VERSIONS:
        raise limit_exceeded(TOO_MANY_VERSIONS)
    version = PolicyVersion(f"v{policy.next_version}", text, ask.now)
    default = version.id if ask.flag("SetAsDefault") else policy.default
    changed = replace(policy, versions=(*policy.versions, version), default=default, next_version=policy.next_version + 1, updated=ask.now)
    return _saved(ask, changed), {"PolicyVersion": serialize.version(version, default, whole=False)}


def _version(ask: Ask, policy: ManagedPolicy) -> PolicyVersion:
    wanted = ask.text("VersionId", 1, 128, r"v[1-9][0-9]*(\.[A-Za-z0-9-]*)?", required=True)
    found = next((version for version in policy.versions if version.id == wanted), None)
    if found is None:
        raise gone(f"Policy {policy.arn} version {wanted} does not exist or is not attachable.")
    return found


def read_version(ask: Ask) -> Outcome:
    """GetPolicyVersion."""
    policy = named(ask)
    return ask.world, {"PolicyVersion": serialize.version(_version(ask, policy), policy.default)}


def list_versions(ask: Ask) -> Outcome:
    """ListPolicyVersions, the newest first."""
    policy = named(ask)
    found, more = page(ask, [serialize.version(version, policy.default, whole=False) for version in reversed(policy.versions)])
    return ask.world, {"Versions": found, **more}


def set_default_version(ask: Ask) -> Outcome:
    """SetDefaultPolicyVersion."""
    policy = named(ask)
    return _saved(ask, replace(policy, default=_version(ask, policy).id, updated=ask.now)), None


def delete_version(ask: Ask) -> Outcome:
    """DeletePolicyVersion. Raises AwsAnswerError DeleteConflict for the one in force."""
    policy = named(ask)
    version = _version(ask, policy)
    if version.id == policy.default:
        raise conflict("Cannot delete the default version of a policy.")
    return _saved(ask, replace(policy, versions=tuple(one for one in policy.versions if one is not version))), None


def entities(ask: Ask) -> Outcome:
    """ListEntitiesForPolicy."""
    policy, account = named(ask), ask.account
    usage, only, prefix = ask.parameters.get("PolicyUsageFilter"), ask.parameters.get("EntityFilter"), ask.parameters.get("PathPrefix", "/")
    holders = serialize.uses(policy.arn, account) if usage != "PermissionsBoundary" else []
    if usage != "PermissionsPolicy":
        holders += [holder for holder in serialize.boundaries(policy.arn, account) if holder not in holders]
    kinds: tuple[tuple[str, type[Holder]], ...] = (("User", User), ("Role", Role), ("Group", Group))
    fitting = [
        (kind, holder)
        for kind, of in kinds
        for holder in holders
        if isinstance(holder, of) and only in (None, kind) and holder.path.startswith(prefix)
    ]
    found, more = page(ask, fitting)
    lists = {
        f"Policy{kind}s": [{f"{kind}Name": holder.name, f"{kind}Id": holder.id} for known, holder in found if known == kind]
        for kind, _ in kinds
    }
    return ask.world, {**lists, **more}


def tag(ask: Ask) -> Outcome:
    """TagPolicy."""
    policy = named(ask)
    return _saved(ask, replace(policy, tags=merged(policy.tags, ask.tags()))), None


def untag(ask: Ask) -> Outcome:
    """UntagPolicy."""
    policy = named(ask)
    return _saved(ask, replace(policy, tags=without(policy.tags, ask))), None


def list_tags(ask: Ask) -> Outcome:
    """ListPolicyTags."""
    found, more = page(ask, serialize.tags(dict(sorted(named(ask).tags.items()))))
    return ask.world, {"Tags": found, **more}
