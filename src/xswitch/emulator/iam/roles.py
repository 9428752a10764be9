"""Roles."""

from __future__ import annotations

import secrets
from dataclasses import replace

from xswitch.emulator.iam import serialize
from xswitch.emulator.iam.attached_policies import boundary_of
from xswitch.emulator.iam.call import Ask, Outcome, merged
from xswitch.emulator.iam.documents import MAX_DOCUMENT, forgotten, size, trust
from xswitch.emulator.iam.errors import conflict, missing, quota
from xswitch.emulator.iam.kinds import ROLE, drop, refuse_protected, refuse_twin, save
from xswitch.emulator.iam.paging import page
from xswitch.emulator.state import Role, unique_id
from xswitch.emulator.state.model import MAX_ROLE_SECONDS, MIN_ROLE_SECONDS

MAX_TRUST = 2_048
MAX_DESCRIPTION = 1_000


def named(ask: Ask) -> Role:
    """The role the call names. Raises AwsAnswerError NoSuchEntity."""
    name = ask.name("RoleName", ROLE.longest)
    role = next((role for role in ask.account.roles if role.name == name), None)
    if role is None:
        raise missing("role", name)
    return role


def create(ask: Ask) -> Outcome:
    """CreateRole."""
    name, path = ask.name("RoleName", ROLE.longest), ask.path()
    text = _trust(ask, "AssumeRolePolicyDocument")
    description, seconds = _description(ask), _seconds(ask)
    refuse_twin(ask, ROLE, name)
    arn = f"{ask.account.prefix}role{path}{name}"
    role = Role(
        arn=arn,
        account=ask.account.id,
        name=name,
        path=path,
        id=unique_id("AROA", f"{arn} {secrets.token_hex()}"),
        trust_text=text,
        created=ask.now,
        description=description or "",
        max_session_seconds=seconds or MIN_ROLE_SECONDS,
        boundary=boundary_of(ask),
        tags=merged({}, ask.tags()),
    )
    answer = {name: value for name, value in serialize.role(role).items() if name != "RoleLastUsed"}
    return save(ask, ROLE, role), {"Role": answer}


def read(ask: Ask) -> Outcome:
    """GetRole."""
    return ask.world, {"Role": serialize.role(named(ask))}


def listed(ask: Ask) -> Outcome:
    """ListRoles."""
    prefix = ask.parameters.get("PathPrefix", "/")
    roles = sorted((role for role in ask.account.roles if role.path.startswith(prefix)), key=lambda role: role.name.lower())
    found, more = page(ask, [serialize.role(role, whole=False) for role in roles])
    return ask.world, {"Roles": found, **more}


def update(ask: Ask) -> Outcome:
    """UpdateRole: what is not given is kept, but a description that isn't given is taken for an empty one only if it is sent empty."""
    role = named(ask)
    refuse_protected(role)
    description, seconds = _description(ask), _seconds(ask)
    changed = replace(
        role,
        description=role.description if description is None else description,
        max_session_seconds=seconds or role.max_session_seconds,
    )
    return save(ask, ROLE, changed), {}


def update_description(ask: Ask) -> Outcome:
    """UpdateRoleDescription."""
    role = named(ask)
    refuse_protected(role)
    changed = replace(role, description=_description(ask) or "")
    return save(ask, ROLE, changed), {"Role": serialize.role(changed)}


def update_trust(ask: Ask) -> Outcome:
    """UpdateAssumeRolePolicy."""
    role = named(ask)
    refuse_protected(role)
    return save(ask, ROLE, replace(role, trust_text=_trust(ask, "PolicyDocument"))), None


def delete(ask: Ask) -> Outcome:
    """DeleteRole. Raises AwsAnswerError DeleteConflict while policies remain."""
    role = named(ask)
    refuse_protected(role)
    if role.attached:
        raise conflict("Cannot delete entity, must detach all policies first.")
    if role.inline:
        raise conflict("Cannot delete entity, must delete policies first.")
    return forgotten(drop(ask, ROLE, role), role.arn, role.id), None


def _trust(ask: Ask, parameter: str) -> str:
    text = trust(ask.text(parameter, 1, MAX_DOCUMENT, required=True) or "", ask.world)
    if size(text) > MAX_TRUST:
        raise quota("ACLSizePerRole", MAX_TRUST)
    return text


def _description(ask: Ask) -> str | None:
    return ask.text("Description", 0, MAX_DESCRIPTION)


def _seconds(ask: Ask) -> int | None:
    return ask.number("MaxSessionDuration", MIN_ROLE_SECONDS, MAX_ROLE_SECONDS)
