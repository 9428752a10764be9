"""Managed policies attached to users, groups and roles, and permissions boundaries."""

from __future__ import annotations

from dataclasses import replace

from xswitch.emulator.errors import validation_error
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome
from xswitch.emulator.iam.errors import no_such_entity, quota_exceeded
from xswitch.emulator.iam.kinds import (
    MAX_ATTACHED,
    Holder,
    IdentityKind,
    check_not_protected,
    require_holder,
    with_holder,
)
from xswitch.emulator.iam.paging import page
from xswitch.emulator.state import Group, ManagedPolicy


def usable(request: IamRequest, arn: str) -> ManagedPolicy | None:
    """The managed policy of this ARN, if this account may attach it."""
    policy = request.world.policy(arn)
    return (
        policy
        if policy is not None
        and policy.arn == arn
        and policy.account in ("aws", request.account.id)
        else None
    )


def attach(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Attach…Policy; once more changes nothing."""
    holder, arn = require_holder(request, kind), _arn(request)
    check_not_protected(holder)
    if usable(request, arn) is None:
        raise no_such_entity(f"Policy {arn} does not exist or is not attachable.")
    if arn in holder.attached:
        return request.world, None
    if len(holder.attached) >= MAX_ATTACHED:
        raise quota_exceeded(f"PoliciesPer{kind.title}", MAX_ATTACHED)
    return with_holder(request, kind, replace(holder, attached=(*holder.attached, arn))), None


def detach(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Detach…Policy."""
    holder, arn = require_holder(request, kind), _arn(request)
    check_not_protected(holder)
    if arn not in holder.attached:
        raise no_such_entity(f"Policy {arn} was not found.")
    return with_holder(
        request, kind, replace(holder, attached=tuple(one for one in holder.attached if one != arn))
    ), None


def listed(request: IamRequest, kind: IdentityKind) -> Outcome:
    """ListAttached…Policies."""
    holder = require_holder(request, kind)
    prefix = request.parameters.get("PathPrefix", "/")
    policies = [
        policy
        for arn in holder.attached
        if (policy := request.world.policy(arn)) is not None and policy.path.startswith(prefix)
    ]
    page_items, page_members = page(request, [serialize.attached(policy) for policy in policies])
    return request.world, {"AttachedPolicies": page_items, **page_members}


def put_boundary(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Put…PermissionsBoundary."""
    holder = require_holder(request, kind)
    check_not_protected(holder)
    return with_holder(
        request, kind, _with_boundary(holder, boundary_of(request, required=True))
    ), None


def delete_boundary(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Delete…PermissionsBoundary."""
    holder = require_holder(request, kind)
    check_not_protected(holder)
    if isinstance(holder, Group) or not holder.boundary:
        raise no_such_entity(
            f"The {kind.word} with name {holder.name} does not have a permissions boundary."
        )
    return with_holder(request, kind, _with_boundary(holder, "")), None


def _with_boundary(holder: Holder, boundary: str) -> Holder:
    return holder if isinstance(holder, Group) else replace(holder, boundary=boundary)


def boundary_of(request: IamRequest, *, required: bool = False) -> str:
    """The boundary a call names, "" for none.

    Raises EmulatedAwsError NoSuchEntity, ValidationError.
    """
    arn = request.text("PermissionsBoundary", 20, 2_048, required=required) or ""
    if arn and ":policy/" not in arn:
        raise validation_error(f"ARN {arn} is not valid.")
    if arn and usable(request, arn) is None:
        raise no_such_entity(f"Scope ARN: {arn} does not exist or is not attachable.")
    return arn


def _arn(request: IamRequest) -> str:
    return request.text("PolicyArn", 20, 2_048, required=True) or ""
