"""Writing a state file.

Everything that isn't the default, so that reading it gives the same world.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from xswitch.emulator.state.load import FORMAT_VERSION, document_text
from xswitch.emulator.state.model import (
    LONG_AGO,
    MIN_ROLE_SECONDS,
    AccessKey,
    Account,
    Group,
    ManagedPolicy,
    MfaDevice,
    PolicyVersion,
    Role,
    Scp,
    User,
    unique_id,
)

_JsonObject = dict[str, Any]


def dump_state(accounts: Iterable[Account], clock_offset: float, propagation_seconds: float) -> str:
    """The text of a state file."""
    data: _JsonObject = {
        "version": FORMAT_VERSION,
        "accounts": [_account(account) for account in accounts],
    }
    data |= {"clock_offset": clock_offset} if clock_offset else {}
    data |= {"propagation_seconds": propagation_seconds} if propagation_seconds else {}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def _non_default(**members: Any) -> _JsonObject:
    """The members that aren't empty."""
    return {
        name: value for name, value in members.items() if value not in (None, "", (), [], {}, False)
    }


def _iso_time(moment: datetime) -> str | None:
    return None if moment == LONG_AGO else moment.isoformat()


def _document(text: str) -> Any:
    """The document as an object if that leads back to the very text, else the text."""
    data = json.loads(text)
    return data if document_text(data) == text else text


def _inline(policies: Mapping[str, str]) -> _JsonObject:
    return {name: _document(text) for name, text in policies.items()}


def _identity(entity: User | Group | Role | ManagedPolicy, prefix: str) -> _JsonObject:
    default_id = unique_id(prefix, entity.arn)
    return {
        "name": entity.name,
        **_non_default(
            path=None if entity.path == "/" else entity.path,
            unique_id=None if entity.id == default_id else entity.id,
            created=_iso_time(entity.created),
        ),
    }


def _account(account: Account) -> _JsonObject:
    return {
        "id": account.id,
        "name": account.name,
        **_non_default(
            partition=None if account.partition == "aws" else account.partition,
            alias=account.alias,
            organization=account.organization,
            management=account.management,
            scps=[[_scp(scp) for scp in level] for level in account.scps],
            disabled_regions=sorted(account.disabled_regions),
            users=[_user(user, account) for user in account.users],
            groups=[_group(group) for group in account.groups],
            roles=[_role(role) for role in account.roles],
            policies=[_policy(policy) for policy in account.policies],
            mfa_devices=[_device(device, account) for device in account.devices],
        ),
    }


def _scp(scp: Scp) -> _JsonObject:
    return {"name": scp.name, "document": _document(scp.text)}


def _key(key: AccessKey) -> _JsonObject:
    return {
        "id": key.id,
        "secret": key.secret,
        "active": key.active,
        **_non_default(created=_iso_time(key.created)),
    }


def _device(device: MfaDevice, account: Account) -> _JsonObject:
    name = device.serial.removeprefix(f"{account.prefix}mfa/")
    return {
        "name": name,
        "secret": device.secret,
        **_non_default(enabled=_iso_time(device.enabled)),
    }


def _user(user: User, account: Account) -> _JsonObject:
    return _identity(user, "AIDA") | _non_default(
        tags=dict(user.tags),
        access_keys=[_key(key) for key in user.keys],
        mfa_devices=[_device(device, account) for device in user.mfa_devices],
        policies=_inline(user.inline),
        attached_policies=list(user.attached),
        permissions_boundary=user.boundary,
    )


def _group(group: Group) -> _JsonObject:
    return _identity(group, "AGPA") | _non_default(
        users=list(group.users),
        policies=_inline(group.inline),
        attached_policies=list(group.attached),
    )


def _role(role: Role) -> _JsonObject:
    return (
        _identity(role, "AROA")
        | _non_default(
            description=role.description,
            tags=dict(role.tags),
            max_session_duration=None
            if role.max_session_seconds == MIN_ROLE_SECONDS
            else role.max_session_seconds,
            policies=_inline(role.inline),
            attached_policies=list(role.attached),
            permissions_boundary=role.boundary,
        )
        | {"trust_policy": _document(role.trust_text)}
    )


def _policy(policy: ManagedPolicy) -> _JsonObject:
    return _identity(policy, "ANPA") | {
        **_non_default(
            updated=_iso_time(policy.updated),
            description=policy.description,
            tags=dict(policy.tags),
        ),
        "versions": [_version(version) for version in policy.versions],
        "default_version": policy.default,
        "next_version": policy.next_version,
    }


def _version(version: PolicyVersion) -> _JsonObject:
    return {
        "id": version.id,
        "document": _document(version.text),
        **_non_default(created=_iso_time(version.created)),
    }
