"""Reading a state file, the format of docs/demo.md, strictly.

Whatever is wrong is said with its place.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple

from xswitch.core.errors import SettingsError
from xswitch.core.policy import PolicyError, PolicyKind
from xswitch.emulator import totp
from xswitch.emulator.state.aws_managed import aws_managed
from xswitch.emulator.state.model import (
    LONG_AGO,
    MAX_ROLE_SECONDS,
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
    parse_cached,
    unique_id,
)

FORMAT_VERSION = 1
DEFAULT_ORGANIZATION = "o-xswitchdemo"
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_JsonData = Mapping[str, Any]


class StateContents(NamedTuple):
    """What a state file holds."""

    accounts: tuple[Account, ...]
    clock_offset: float
    propagation_seconds: float


class _StateError(Exception):
    """What is wrong with a state file."""


def load_state(text: str) -> StateContents:
    """The contents of a state file. Raises SettingsError with the place of what is wrong."""
    try:
        return _contents(json.loads(text))
    except (_StateError, PolicyError) as problem:
        raise SettingsError(
            "The state of the embedded AWS can't be read.", why=str(problem), code="demo_state"
        ) from None
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        why = f"{type(problem).__name__}: {problem}"
        raise SettingsError(
            "The state of the embedded AWS can't be read.", why=why, code="demo_state"
        ) from None


def document_text(document: Any) -> str:
    """The text of a document a state gives as an object, or already as a text."""
    return (
        document
        if isinstance(document, str)
        else json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    )


def organization_id(value: Any) -> str:
    """An organization as a state gives it: its id, true for one that needs no name, or nothing."""
    return DEFAULT_ORGANIZATION if value is True else str(value or "")


def _contents(data: _JsonData) -> StateContents:
    if data.get("version") != FORMAT_VERSION:
        raise _StateError(f"version must be {FORMAT_VERSION}")
    organization = data.get("organization", "")
    accounts = tuple(_account(entry, organization) for entry in data["accounts"])
    return StateContents(
        accounts, float(data.get("clock_offset", 0.0)), float(data.get("propagation_seconds", 0.0))
    )


def _account(data: _JsonData, organization: Any) -> Account:
    account_id, partition = data["id"], data.get("partition", "aws")
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise _StateError(f"account id {account_id!r} is not 12 digits")
    prefix = f"arn:{partition}:iam::{account_id}:"
    policies = tuple(_policy(entry, prefix, account_id) for entry in data.get("policies", ()))
    known = frozenset(policy.arn for policy in policies)
    users = tuple(_user(entry, prefix, account_id, known) for entry in data.get("users", ()))
    names = frozenset(user.name for user in users)
    return Account(
        id=account_id,
        name=data.get("name", account_id),
        partition=partition,
        alias=data.get("alias", ""),
        organization=organization_id(data.get("organization", organization)),
        management=bool(data.get("management", False)),
        scps=tuple(
            tuple(_scp(entry, account_id) for entry in level) for level in data.get("scps", ())
        ),
        users=users,
        groups=tuple(
            _group(entry, prefix, account_id, known, names) for entry in data.get("groups", ())
        ),
        roles=tuple(_role(entry, prefix, account_id, known) for entry in data.get("roles", ())),
        policies=policies,
        devices=tuple(_device(entry, prefix) for entry in data.get("mfa_devices", ())),
        disabled_regions=frozenset(data.get("disabled_regions", ())),
    )


def _when(data: _JsonData, name: str = "created") -> datetime:
    text = data.get(name)
    if text is None:
        return LONG_AGO
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _tags(data: _JsonData) -> Mapping[str, str]:
    return MappingProxyType(dict(data.get("tags", {})))


def _document(document: Any, name: str, kind: PolicyKind = PolicyKind.IDENTITY) -> str:
    text = document_text(document)
    parse_cached(text, kind, name)
    return text


def _scp(data: _JsonData, account_id: str) -> Scp:
    return Scp(
        data["name"],
        _document(data["document"], f"service control policy {data['name']} of {account_id}"),
    )


def _policy(data: _JsonData, prefix: str, account_id: str) -> ManagedPolicy:
    path = data.get("path", "/")
    arn = f"{prefix}policy{path}{data['name']}"
    version_entries = data.get("versions") or [
        {"id": "v1", "document": data["document"], "created": data.get("created")}
    ]
    versions = tuple(
        PolicyVersion(entry["id"], _document(entry["document"], arn), _when(entry))
        for entry in version_entries
    )
    default = data.get("default_version", versions[0].id)
    if default not in {version.id for version in versions}:
        raise _StateError(f"{arn}: there is no version {default}")
    return ManagedPolicy(
        arn=arn,
        account=account_id,
        name=data["name"],
        path=path,
        id=data.get("unique_id", unique_id("ANPA", arn)),
        versions=versions,
        default=default,
        next_version=int(
            data.get("next_version", 1 + max(int(version.id[1:]) for version in versions))
        ),
        created=_when(data),
        updated=_when(data, "updated"),
        description=data.get("description", ""),
        tags=_tags(data),
    )


def _inline(data: _JsonData, owner: str) -> Mapping[str, str]:
    policies = {
        name: _document(document, f"inline policy {name} of {owner}")
        for name, document in data.get("policies", {}).items()
    }
    return MappingProxyType(policies)


def _attached(data: _JsonData, owner: str, known: frozenset[str]) -> tuple[str, ...]:
    return tuple(_existing(arn, owner, known) for arn in data.get("attached_policies", ()))


def _boundary(data: _JsonData, owner: str, known: frozenset[str]) -> str:
    boundary = data.get("permissions_boundary")
    return _existing(boundary, owner, known) if boundary else ""


def _existing(arn: str, owner: str, known: frozenset[str]) -> str:
    if arn not in known and aws_managed(arn) is None:
        raise _StateError(f"{owner}: there is no policy {arn}")
    return arn


def _user(data: _JsonData, prefix: str, account_id: str, known: frozenset[str]) -> User:
    path = data.get("path", "/")
    arn = f"{prefix}user{path}{data['name']}"
    return User(
        arn=arn,
        account=account_id,
        name=data["name"],
        path=path,
        id=data.get("unique_id", unique_id("AIDA", arn)),
        created=_when(data),
        keys=tuple(
            AccessKey(entry["id"], entry["secret"], entry.get("active", True), _when(entry))
            for entry in data.get("access_keys", ())
        ),
        mfa_devices=tuple(_device(entry, prefix) for entry in data.get("mfa_devices", ())),
        inline=_inline(data, arn),
        attached=_attached(data, arn, known),
        boundary=_boundary(data, arn, known),
        tags=_tags(data),
    )


def _device(data: _JsonData, prefix: str) -> MfaDevice:
    serial = f"{prefix}mfa/{data['name']}"
    try:
        totp.code_at(data["secret"], 0)
    except ValueError:
        raise _StateError(f"{serial}: its secret is not base32") from None
    return MfaDevice(serial, data["secret"], _when(data, "enabled"))


def _group(
    data: _JsonData, prefix: str, account_id: str, known: frozenset[str], users: frozenset[str]
) -> Group:
    path = data.get("path", "/")
    arn = f"{prefix}group{path}{data['name']}"
    members = tuple(data.get("users", ()))
    for name in members:
        if name not in users:
            raise _StateError(f"{arn}: there is no user {name}")
    return Group(
        arn=arn,
        account=account_id,
        name=data["name"],
        path=path,
        id=data.get("unique_id", unique_id("AGPA", arn)),
        created=_when(data),
        users=members,
        inline=_inline(data, arn),
        attached=_attached(data, arn, known),
    )


def _role(data: _JsonData, prefix: str, account_id: str, known: frozenset[str]) -> Role:
    path = data.get("path", "/")
    arn = f"{prefix}role{path}{data['name']}"
    longest = int(data.get("max_session_duration", MIN_ROLE_SECONDS))
    if not MIN_ROLE_SECONDS <= longest <= MAX_ROLE_SECONDS:
        raise _StateError(
            f"{arn}: max_session_duration must be {MIN_ROLE_SECONDS}..{MAX_ROLE_SECONDS}"
        )
    return Role(
        arn=arn,
        account=account_id,
        name=data["name"],
        path=path,
        id=data.get("unique_id", unique_id("AROA", arn)),
        trust_text=_document(data["trust_policy"], f"the trust policy of {arn}", PolicyKind.TRUST),
        created=_when(data),
        description=data.get("description", ""),
        max_session_seconds=longest,
        inline=_inline(data, arn),
        attached=_attached(data, arn, known),
        boundary=_boundary(data, arn, known),
        tags=_tags(data),
    )
