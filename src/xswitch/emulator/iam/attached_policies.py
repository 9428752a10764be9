"""Managed policies attached to users, groups and roles, and permissions boundaries."""

from __future__ import annotations

from dataclasses import replace

from xswitch.emulator.errors import validation
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import Ask, Outcome
from xswitch.emulator.iam.errors import gone, quota
from xswitch.emulator.iam.kinds import MAX_ATTACHED, Holder, Kind, get, refuse_protected, save
from xswitch.emulator.iam.paging import page
from xswitch.emulator.state import Group, ManagedPolicy


def usable(ask: Ask, arn: str) -> ManagedPolicy | None:
    """The managed policy of this ARN, if this account may attach it."""
    policy = ask.world.policy(arn)
    return policy if policy is not None and policy.arn == arn and policy.account in ("aws", ask.account.id) else None


def attach(ask: Ask, kind: Kind) -> Outcome:
    """Attach…Policy; once more changes nothing."""
    holder, arn = get(ask, kind), _arn(ask)
    refuse_protected(holder)
    if usable(ask, arn) is None:
        raise gone(f"Policy {arn} does not exist or is not attachable.")
    if arn in holder.attached:
        return ask.world, None
    if len(holder.attached) >= MAX_ATTACHED:
        raise quota(f"PoliciesPer{kind.title}", MAX_ATTACHED)
    return save(ask, kind, replace(holder, attached=(*holder.attached, arn))), None


def detach(ask: Ask, kind: Kind) -> Outcome:
    """Detach…Policy."""
    holder, arn = get(ask, kind), _arn(ask)
    refuse_protected(holder)
    if arn not in holder.attached:
        raise gone(f"Policy {arn} was not found.")
    return save(ask, kind, replace(holder, attached=tuple(one for one in holder.attached if one != arn))), None


def listed(ask: Ask, kind: Kind) -> Outcome:
    """ListAttached…Policies."""
    holder = get(ask, kind)
    prefix = ask.parameters.get("PathPrefix", "/")
    policies = [policy for arn in holder.attached if (policy := ask.world.policy(arn)) is not None and policy.path.startswith(prefix)]
    found, more = page(ask, [serialize.attached(policy) for policy in policies])
    return ask.world, {"AttachedPolicies": found, **more}


def put_boundary(ask: Ask, kind: Kind) -> Outcome:
    """Put…PermissionsBoundary."""
    holder = get(ask, kind)
    refuse_protected(holder)
    return save(ask, kind, _with_boundary(holder, boundary_of(ask, required=True))), None


def delete_boundary(ask: Ask, kind: Kind) -> Outcome:
    """Delete…PermissionsBoundary."""
    holder = get(ask, kind)
    refuse_protected(holder)
    if isinstance(holder, Group) or not holder.boundary:
        raise gone(f"The {kind.word} with name {holder.name} does not have a permissions boundary.")
    return save(ask, kind, _with_boundary(holder, "")), None


def _with_boundary(holder: Holder, boundary: str) -> Holder:
    return holder if isinstance(holder, Group) else replace(holder, boundary=boundary)


def boundary_of(ask: Ask, *, required: bool = False) -> str:
    """The boundary a call names, "" for none. Raises AwsAnswerError NoSuchEntity, ValidationError."""
    arn = ask.text("PermissionsBoundary", 20, 2_048, required=required) or ""
    if arn and ":policy/" not in arn:
        raise validation(f"ARN {arn} is not valid.")
    if arn and usable(ask, arn) is None:
        raise gone(f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def _arn(ask: Ask) -> str:
    return ask.text("PolicyArn", 20, 2_048, required=True) or ""
