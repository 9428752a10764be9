"""Inline and attached policies, and boundaries, of users, groups, and roles."""

from __future__ import annotations

from dataclasses import replace

from xswitch.emulator.errors import (
    limit_exceeded,
    no_such_entity,
    no_such_entity_named,
    quota_exceeded,
    validation_error,
)
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome
from xswitch.emulator.iam.documents import MAX_DOCUMENT, quota_size, validate_document
from xswitch.emulator.iam.holders import (
    MAX_ATTACHED,
    Holder,
    IdentityKind,
    check_not_protected,
    page,
    require_holder,
    with_holder,
)
from xswitch.emulator.state import Group, ManagedPolicy


def put(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Put…Policy: creates or replaces."""
    holder, name = require_holder(request, kind), request.name("PolicyName")
    check_not_protected(holder)
    text = request.text("PolicyDocument", 1, MAX_DOCUMENT, required=True) or ""
    validate_document(text)
    inline = {**holder.inline, name: text}
    if sum(map(quota_size, inline.values())) > kind.inline_bytes:
        raise limit_exceeded(
            f"Maximum policy size of {kind.inline_bytes} bytes exceeded for {kind.word}"
            f" {holder.name}"
        )
    return with_holder(request, kind, replace(holder, inline=inline)), None


def read(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Get…Policy."""
    holder, name = require_holder(request, kind), request.name("PolicyName")
    if name not in holder.inline:
        raise no_such_entity_named(f"{kind.word} policy", name)
    text = serialize.document(holder.inline[name])
    return request.world, {kind.parameter: holder.name, "PolicyName": name, "PolicyDocument": text}


def names(request: IamRequest, kind: IdentityKind) -> Outcome:
    """List…Policies: their names."""
    page_items, page_members = page(request, sorted(require_holder(request, kind).inline))
    return request.world, {"PolicyNames": page_items, **page_members}


def delete(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Delete…Policy."""
    holder, name = require_holder(request, kind), request.name("PolicyName")
    check_not_protected(holder)
    if name not in holder.inline:
        raise no_such_entity_named(f"{kind.word} policy", name)
    left = {known: text for known, text in holder.inline.items() if known != name}
    return with_holder(request, kind, replace(holder, inline=left)), None


def usable(request: IamRequest, arn: str) -> ManagedPolicy | None:
    """The managed policy with this ARN, if the account can attach it."""
    policy = request.world.policy(arn)
    return (
        policy
        if policy is not None
        and policy.arn == arn
        and policy.account in ("aws", request.account.id)
        else None
    )


def attach(request: IamRequest, kind: IdentityKind) -> Outcome:
    """Attach…Policy; idempotent."""
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
    return (
        with_holder(
            request,
            kind,
            replace(holder, attached=tuple(one for one in holder.attached if one != arn)),
        ),
        None,
    )


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
    return (
        with_holder(request, kind, _with_boundary(holder, boundary_of(request, required=True))),
        None,
    )


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
    """The boundary that a call names, "" for none.

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
