"""Role actions."""

from __future__ import annotations

import secrets
from dataclasses import replace

from xswitch.emulator.errors import delete_conflict, no_such_entity_named, quota_exceeded
from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.call import IamRequest, Outcome, merge_tags
from xswitch.emulator.iam.documents import (
    MAX_DOCUMENT,
    quota_size,
    stored_trust_policy,
    without_deleted_principal,
)
from xswitch.emulator.iam.holder_policies import boundary_of
from xswitch.emulator.iam.holders import (
    ROLE,
    check_name_unused,
    check_not_protected,
    page,
    with_holder,
    without_holder,
)
from xswitch.emulator.state import IamRole, unique_id
from xswitch.emulator.state.model import MAX_ROLE_SECONDS, MIN_ROLE_SECONDS

MAX_TRUST = 2_048
MAX_DESCRIPTION = 1_000


def named(request: IamRequest) -> IamRole:
    """The role that the call names. Raises EmulatedAwsError NoSuchEntity."""
    name = request.name("RoleName", ROLE.longest)
    role = next((role for role in request.account.roles if role.name == name), None)
    if role is None:
        raise no_such_entity_named("role", name)
    return role


def create(request: IamRequest) -> Outcome:
    """CreateRole."""
    name, path = request.name("RoleName", ROLE.longest), request.path()
    text = _trust(request, "AssumeRolePolicyDocument")
    description, seconds = _description(request), _seconds(request)
    check_name_unused(request, ROLE, name)
    arn = f"{request.account.prefix}role{path}{name}"
    role = IamRole(
        arn=arn,
        account=request.account.id,
        name=name,
        path=path,
        id=unique_id("AROA", f"{arn} {secrets.token_hex()}"),
        trust_text=text,
        created=request.now,
        description=description or "",
        max_session_seconds=seconds or MIN_ROLE_SECONDS,
        boundary=boundary_of(request),
        tags=merge_tags({}, request.tags()),
    )
    answer = {name: value for name, value in serialize.role(role).items() if name != "RoleLastUsed"}
    return with_holder(request, ROLE, role), {"Role": answer}


def read(request: IamRequest) -> Outcome:
    """GetRole."""
    return request.world, {"Role": serialize.role(named(request))}


def listed(request: IamRequest) -> Outcome:
    """ListRoles."""
    prefix = request.parameters.get("PathPrefix", "/")
    roles = sorted(
        (role for role in request.account.roles if role.path.startswith(prefix)),
        key=lambda role: role.name.lower(),
    )
    page_items, page_members = page(request, [serialize.role(role, whole=False) for role in roles])
    return request.world, {"Roles": page_items, **page_members}


def update(request: IamRequest) -> Outcome:
    """UpdateRole: omitted parameters keep their value."""
    role = named(request)
    check_not_protected(role)
    description, seconds = _description(request), _seconds(request)
    changed = replace(
        role,
        description=role.description if description is None else description,
        max_session_seconds=seconds or role.max_session_seconds,
    )
    return with_holder(request, ROLE, changed), {}


def update_description(request: IamRequest) -> Outcome:
    """UpdateRoleDescription."""
    role = named(request)
    check_not_protected(role)
    changed = replace(role, description=_description(request) or "")
    return with_holder(request, ROLE, changed), {"Role": serialize.role(changed)}


def update_trust(request: IamRequest) -> Outcome:
    """UpdateAssumeRolePolicy."""
    role = named(request)
    check_not_protected(role)
    return with_holder(
        request, ROLE, replace(role, trust_text=_trust(request, "PolicyDocument"))
    ), None


def delete(request: IamRequest) -> Outcome:
    """DeleteRole. Raises EmulatedAwsError DeleteConflict while policies remain."""
    role = named(request)
    check_not_protected(role)
    if role.attached:
        raise delete_conflict("Cannot delete entity, must detach all policies first.")
    if role.inline:
        raise delete_conflict("Cannot delete entity, must delete policies first.")
    return without_deleted_principal(without_holder(request, ROLE, role), role.arn, role.id), None


def _trust(request: IamRequest, parameter: str) -> str:
    text = stored_trust_policy(
        request.text(parameter, 1, MAX_DOCUMENT, required=True) or "", request.world
    )
    if quota_size(text) > MAX_TRUST:
        raise quota_exceeded("ACLSizePerRole", MAX_TRUST)
    return text


def _description(request: IamRequest) -> str | None:
    return request.text("Description", 0, MAX_DESCRIPTION)


def _seconds(request: IamRequest) -> int | None:
    return request.number("MaxSessionDuration", MIN_ROLE_SECONDS, MAX_ROLE_SECONDS)
