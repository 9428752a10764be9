"""The state file of the embedded AWS: the format of docs/demo.md, read strictly and written back.

One table of members per kind of object serves both directions. A member whose value is the default
isn't written, so what is read from a written file equals what was written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from xswitch.core.errors import SettingsError
from xswitch.core.policy import PolicyError, PolicyKind
from xswitch.emulator import totp
from xswitch.emulator.clock import valid_offset
from xswitch.emulator.state.aws_managed import aws_managed
from xswitch.emulator.state.model import (
    MAX_ROLE_SECONDS,
    MIN_ROLE_SECONDS,
    AccessKey,
    Account,
    Group,
    IamRole,
    ManagedPolicy,
    MfaDevice,
    PolicyVersion,
    Scp,
    User,
    parse_cached,
    unique_id,
)

FORMAT_VERSION = 1
DEFAULT_ORGANIZATION = "o-xswitchdemo"
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_UNREADABLE = "The state of the embedded AWS can't be read."
_JsonObject = dict[str, Any]
_Entity = TypeVar("_Entity")


class StateContents(NamedTuple):
    """The contents of a state file; both times are in seconds."""

    accounts: tuple[Account, ...]
    clock_offset: float
    propagation_seconds: float


class _StateError(Exception):
    """The reason why a state file is invalid."""


@dataclass(frozen=True)
class _Scope:
    """Where an object is: in which account, and the ARN of the identity or policy it belongs to."""

    account_id: str
    prefix: str
    arn: str = ""
    policies: frozenset[str] = frozenset()
    users: frozenset[str] = frozenset()


class _Member(NamedTuple):
    """A member of a JSON object, the attribute it fills, and the conversion in each direction."""

    key: str
    attribute: str
    load: Callable[[Any, _Scope], Any] = lambda value, _: value
    dump: Callable[[Any, _Scope], Any] = lambda value, _: value
    optional: bool = True


def load_state(text: str) -> StateContents:
    """Read a state file. Raises SettingsError with the place of the mistake."""
    try:
        return _load_contents(json.loads(text))
    except (_StateError, PolicyError) as problem:
        raise SettingsError(_UNREADABLE, why=str(problem), code="demo_state") from None
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        why = f"{type(problem).__name__}: {problem}"
        raise SettingsError(_UNREADABLE, why=why, code="demo_state") from None


def dump_state(accounts: Iterable[Account], clock_offset: float, propagation_seconds: float) -> str:
    """Write a state file: `load_state` of the text gives equal accounts."""
    data: _JsonObject = {
        "version": FORMAT_VERSION,
        "accounts": [_dump(account, _ACCOUNT, _scope(account)) for account in accounts],
    }
    data |= {"clock_offset": clock_offset} if clock_offset else {}
    data |= {"propagation_seconds": propagation_seconds} if propagation_seconds else {}
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def document_text(document: Any) -> str:
    """The text of a policy document that a state file gives as an object or as text."""
    if isinstance(document, str):
        return document
    return json.dumps(document, separators=(",", ":"), ensure_ascii=False)


def organization_id(value: Any) -> str:
    """The organization's ID: `true` in a state file means the default one, `false` none."""
    return DEFAULT_ORGANIZATION if value is True else str(value or "")


def _load_contents(data: _JsonObject) -> StateContents:
    if data.get("version") != FORMAT_VERSION:
        raise _StateError(f"version must be {FORMAT_VERSION}")
    organization = data.get("organization", "")
    accounts = [{"organization": organization, **account} for account in data["accounts"]]
    return StateContents(
        tuple(_load_account(account) for account in accounts),
        _load_seconds(data, "clock_offset"),
        _load_seconds(data, "propagation_seconds"),
    )


def _load_seconds(data: _JsonObject, key: str) -> float:
    seconds = float(data.get(key, 0.0))
    if not valid_offset(seconds):
        raise _StateError(f"{key} must be a number of seconds, 100 years at most")
    return seconds


def _load(
    entity: type[_Entity], data: _JsonObject, members: Iterable[_Member], scope: _Scope
) -> Any:
    values = {
        member.attribute: member.load(data[member.key], scope)
        for member in members
        if not member.optional or data.get(member.key) is not None
    }
    return entity(**values)


def _dump(entity: Any, members: Iterable[_Member], scope: _Scope) -> _JsonObject:
    defaults: _JsonObject = {}
    for field in fields(entity):
        if field.default_factory is not MISSING:
            defaults[field.name] = field.default_factory()
        elif field.default is not MISSING:
            defaults[field.name] = field.default
    return {
        member.key: member.dump(value, scope)
        for member in members
        if (value := getattr(entity, member.attribute)) != defaults.get(member.attribute, MISSING)
        or not member.optional
    }


def _load_account(data: _JsonObject) -> Account:
    account_id, partition = data["id"], data.get("partition", "aws")
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise _StateError(f"account id {account_id!r} is not 12 digits")
    scope = _Scope(account_id, f"arn:{partition}:iam::{account_id}:")
    policies = tuple(_load_policy(entry, scope) for entry in data.get("policies") or ())
    scope = replace(scope, policies=frozenset(policy.arn for policy in policies))
    names = frozenset(user["name"] for user in data.get("users") or ())
    account: Account = _load(
        Account,
        {"name": account_id, **data, "policies": None},
        _ACCOUNT,
        replace(scope, users=names),
    )
    return replace(account, policies=policies)


def _load_identity(entity: type[_Entity], data: _JsonObject, scope: _Scope) -> Any:
    resource, id_prefix = _KINDS[entity]
    path = data.get("path", "/")
    arn = f"{scope.prefix}{resource}{path}{data['name']}"
    given = {"path": path, "unique_id": unique_id(id_prefix, arn), **data}
    given |= {"arn": arn, "account": scope.account_id}
    return _load(entity, given, (*_ARN, *_MEMBERS[entity]), replace(scope, arn=arn))


def _load_policy(data: _JsonObject, scope: _Scope) -> ManagedPolicy:
    first = {"id": "v1", "document": data.get("document"), "created": data.get("created")}
    versions = data.get("versions") or [first]
    number = 1 + max(int(version["id"][1:]) for version in versions)
    defaults = {"default_version": versions[0]["id"], "next_version": number}
    policy: ManagedPolicy = _load_identity(
        ManagedPolicy, {**defaults, **data, "versions": versions}, scope
    )
    if policy.default not in {version.id for version in policy.versions}:
        raise _StateError(f"{policy.arn}: there is no version {policy.default}")
    return policy


def _dump_identity(entity: Any, scope: _Scope) -> _JsonObject:
    data = _dump(entity, _MEMBERS[type(entity)], scope)
    if data["path"] == "/":
        del data["path"]
    if data["unique_id"] == unique_id(_KINDS[type(entity)][1], entity.arn):
        del data["unique_id"]
    return data


def _scope(account: Account) -> _Scope:
    return _Scope(account.id, account.prefix)


def _load_time(text: str, _: _Scope) -> datetime:
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _load_document(document: Any, kind: PolicyKind, name: str) -> str:
    text = document_text(document)
    parse_cached(text, kind, name)
    return text


def _dump_document(text: str, _: _Scope) -> Any:
    """The document as an object if that leads back to the same text, else the text."""
    data = json.loads(text)
    return data if document_text(data) == text else text


def _load_inline(policies: _JsonObject, scope: _Scope) -> Mapping[str, str]:
    return MappingProxyType(
        {
            name: _load_document(text, PolicyKind.IDENTITY, f"inline policy {name} of {scope.arn}")
            for name, text in policies.items()
        }
    )


def _load_managed(arn: str, scope: _Scope) -> str:
    if arn and arn not in scope.policies and aws_managed(arn) is None:
        raise _StateError(f"{scope.arn}: there is no policy {arn}")
    return arn


def _load_member(name: str, scope: _Scope) -> str:
    if name not in scope.users:
        raise _StateError(f"{scope.arn}: there is no user {name}")
    return name


def _load_role_seconds(value: Any, scope: _Scope) -> int:
    seconds = int(value)
    if not MIN_ROLE_SECONDS <= seconds <= MAX_ROLE_SECONDS:
        limits = f"{MIN_ROLE_SECONDS}..{MAX_ROLE_SECONDS}"
        raise _StateError(f"{scope.arn}: max_session_duration must be {limits}")
    return seconds


def _load_device(data: _JsonObject, scope: _Scope) -> MfaDevice:
    device: MfaDevice = _load(MfaDevice, data, _DEVICE, scope)
    try:
        totp.code_at(device.secret, 0)
    except ValueError:
        raise _StateError(f"{device.serial}: its secret is not base32") from None
    return device


def _each(
    load: Callable[[Any, _Scope], Any], dump: Callable[[Any, _Scope], Any] = lambda value, _: value
) -> tuple[Callable[[Any, _Scope], Any], Callable[[Any, _Scope], Any]]:
    """The conversions of a list, from those of its items."""
    return (
        lambda values, scope: tuple(load(value, scope) for value in values),
        lambda values, scope: [dump(value, scope) for value in values],
    )


def _objects(entity: type[Any], members: tuple[_Member, ...]) -> Any:
    """The conversions of a list of objects without an ARN."""
    return _each(
        lambda data, scope: _load(entity, data, members, scope),
        lambda value, scope: _dump(value, members, scope),
    )


def _identities(entity: type[Any]) -> Any:
    return _each(lambda data, scope: _load_identity(entity, data, scope), _dump_identity)


def _text_of(kind: PolicyKind, name: str) -> tuple[Any, Any]:
    """The conversions of a policy document; `name` is how messages call it."""
    return (
        lambda document, scope: _load_document(document, kind, f"{name}{scope.arn}"),
        _dump_document,
    )


def _load_scp(data: _JsonObject, scope: _Scope) -> Scp:
    name = f"service control policy {data['name']} of {scope.account_id}"
    return Scp(data["name"], _load_document(data["document"], PolicyKind.IDENTITY, name))


def _dump_scp(scp: Scp, scope: _Scope) -> _JsonObject:
    return {"name": scp.name, "document": _dump_document(scp.text, scope)}


def _time(key: str = "created") -> _Member:
    return _Member(key, key, _load_time, lambda moment, _: moment.isoformat())


_KINDS: Mapping[type[Any], tuple[str, str]] = {
    User: ("user", "AIDA"),
    Group: ("group", "AGPA"),
    IamRole: ("role", "AROA"),
    ManagedPolicy: ("policy", "ANPA"),
}
"""Each kind's word in ARNs, and the prefix of its unique IDs."""

_ARN = (_Member("arn", "arn"), _Member("account", "account"))
_IDENTITY = (
    _Member("name", "name", optional=False),
    _Member("path", "path"),
    _Member("unique_id", "id"),
    _time(),
)
_TAGS = _Member(
    "tags", "tags", lambda tags, _: MappingProxyType(dict(tags)), lambda tags, _: dict(tags)
)
_DESCRIPTION = _Member("description", "description")
_BOUNDARY = _Member("permissions_boundary", "boundary", _load_managed)
_POLICIES = (
    _Member(
        "policies",
        "inline",
        _load_inline,
        lambda policies, scope: {n: _dump_document(t, scope) for n, t in policies.items()},
    ),
    _Member("attached_policies", "attached", *_each(_load_managed)),
)
_KEY = (
    _Member("id", "id", optional=False),
    _Member("secret", "secret", optional=False),
    _Member("active", "active"),
    _time(),
)
_DEVICE = (
    _Member(
        "name",
        "serial",
        lambda name, scope: f"{scope.prefix}mfa/{name}",
        lambda serial, scope: serial.removeprefix(f"{scope.prefix}mfa/"),
        optional=False,
    ),
    _Member("secret", "secret", optional=False),
    _time("enabled"),
)
_DEVICES = _each(_load_device, lambda device, scope: _dump(device, _DEVICE, scope))
_VERSION = (
    _Member("id", "id", optional=False),
    _Member("document", "text", *_text_of(PolicyKind.IDENTITY, ""), optional=False),
    _time(),
)
_MEMBERS: Mapping[type[Any], tuple[_Member, ...]] = {
    User: (
        *_IDENTITY,
        _TAGS,
        _Member("access_keys", "keys", *_objects(AccessKey, _KEY)),
        _Member("mfa_devices", "mfa_devices", *_DEVICES),
        *_POLICIES,
        _BOUNDARY,
    ),
    Group: (*_IDENTITY, _Member("users", "users", *_each(_load_member)), *_POLICIES),
    IamRole: (
        *_IDENTITY,
        _DESCRIPTION,
        _TAGS,
        _Member("max_session_duration", "max_session_seconds", _load_role_seconds),
        *_POLICIES,
        _BOUNDARY,
        _Member(
            "trust_policy",
            "trust_text",
            *_text_of(PolicyKind.TRUST, "the trust policy of "),
            optional=False,
        ),
    ),
    ManagedPolicy: (
        *_IDENTITY,
        _time("updated"),
        _DESCRIPTION,
        _TAGS,
        _Member("versions", "versions", *_objects(PolicyVersion, _VERSION)),
        _Member("default_version", "default", optional=False),
        _Member("next_version", "next_version", lambda value, _: int(value), optional=False),
    ),
}
_ACCOUNT = (
    _Member("id", "id", optional=False),
    _Member("name", "name", optional=False),
    _Member("partition", "partition"),
    _Member("alias", "alias"),
    _Member("organization", "organization", lambda value, _: organization_id(value)),
    _Member("management", "management", lambda value, _: bool(value)),
    _Member("scps", "scps", *_each(*_each(_load_scp, _dump_scp))),
    _Member(
        "disabled_regions",
        "disabled_regions",
        lambda names, _: frozenset(names),
        lambda names, _: sorted(names),
    ),
    _Member("users", "users", *_identities(User)),
    _Member("groups", "groups", *_identities(Group)),
    _Member("roles", "roles", *_identities(IamRole)),
    _Member("policies", "policies", *_identities(ManagedPolicy)),
    _Member("mfa_devices", "devices", *_DEVICES),
)
