"""The state file of the embedded AWS: the format of docs/demo.md, read strictly, written back."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, NamedTuple, TypeVar

from xswitch.core.errors import SettingsError
from xswitch.core.policy import PolicyError, PolicyKind
from xswitch.emulator import totp
from xswitch.emulator.clock import valid_offset
from xswitch.emulator.jwt import JsonWebKey, JwtError, read_key
from xswitch.emulator.state.aws_managed import aws_managed
from xswitch.emulator.state.identity_center import (
    IdentityCenter,
    provisioned,
    without_provisioned,
)
from xswitch.emulator.state.identity_center_file import (
    dump_identity_centers,
    load_identity_centers,
)
from xswitch.emulator.state.members import (
    JsonObject,
    Member,
    Scope,
    StateError,
    dump_document,
    dump_inline,
    dump_object,
    each,
    load_document,
    load_inline,
    load_object,
    objects,
)
from xswitch.emulator.state.model import (
    ACCOUNT_STATES,
    MAX_ROLE_SECONDS,
    MIN_ROLE_SECONDS,
    AccessKey,
    Account,
    Group,
    IamRole,
    ManagedPolicy,
    MfaDevice,
    OidcProvider,
    PolicyVersion,
    Scp,
    User,
    unique_id,
)
from xswitch.emulator.state.organizations import Organization
from xswitch.emulator.state.organizations_file import dump_organizations, load_organizations

FORMAT_VERSION = 1
DEFAULT_ORGANIZATION = "o-xswitchdemo"
_REQUIRED = ("version", "accounts")
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_ISSUER = re.compile(r"https://[a-z0-9.-]+(:[0-9]+)?(/[\w.~%-]+)*", re.ASCII)
_UNREADABLE = "The state of the embedded AWS can't be read."
_Entity = TypeVar("_Entity")


class StateContents(NamedTuple):
    """The contents of a state file; both times are in seconds."""

    accounts: tuple[Account, ...]
    clock_offset: float
    propagation_seconds: float
    identity_centers: tuple[IdentityCenter, ...] = ()
    organizations: tuple[Organization, ...] = ()


def load_state(text: str) -> StateContents:
    """Read a state file. Raises SettingsError with the place of the mistake."""
    try:
        return _load_contents(json.loads(text))
    except (StateError, PolicyError) as problem:
        raise SettingsError(_UNREADABLE, why=str(problem), code="demo_state") from None
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        why = f"{type(problem).__name__}: {problem}"
        raise SettingsError(_UNREADABLE, why=why, code="demo_state") from None


def dump_state(contents: StateContents) -> str:
    """Write a state file: `load_state` of the text gives equal contents."""
    accounts = without_provisioned(contents.accounts, contents.identity_centers)
    data: JsonObject = {
        "version": FORMAT_VERSION,
        "accounts": [dump_object(account, _ACCOUNT, _scope(account)) for account in accounts],
        "clock_offset": contents.clock_offset,
        "propagation_seconds": contents.propagation_seconds,
        "identity_center": dump_identity_centers(contents.identity_centers),
        "organizations": dump_organizations(contents.organizations),
    }
    given = {key: value for key, value in data.items() if value or key in _REQUIRED}
    return json.dumps(given, indent=1, ensure_ascii=False) + "\n"


def organization_id(value: Any) -> str:
    """The organization's ID: `true` in a state file means the default one, `false` none."""
    return DEFAULT_ORGANIZATION if value is True else str(value or "")


def _load_contents(data: JsonObject) -> StateContents:
    if data.get("version") != FORMAT_VERSION:
        raise StateError(f"version must be {FORMAT_VERSION}")
    organization = data.get("organization", "")
    entries = [{"organization": organization, **account} for account in data["accounts"]]
    accounts = tuple(_load_account(entry) for entry in entries)
    identity_centers = load_identity_centers(data.get("identity_center") or (), accounts)
    return StateContents(
        provisioned(accounts, identity_centers),
        _load_seconds(data, "clock_offset"),
        _load_seconds(data, "propagation_seconds"),
        identity_centers,
        load_organizations(data.get("organizations") or (), accounts),
    )


def _load_seconds(data: JsonObject, key: str) -> float:
    seconds = float(data.get(key, 0.0))
    if not valid_offset(seconds):
        raise StateError(f"{key} must be a number of seconds, 100 years at most")
    return seconds


def _load_account(data: JsonObject) -> Account:
    account_id, partition = data["id"], data.get("partition", "aws")
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise StateError(f"account id {account_id!r} is not 12 digits")
    scope = Scope(account_id, f"arn:{partition}:iam::{account_id}:")
    policies = tuple(_load_policy(entry, scope) for entry in data.get("policies") or ())
    scope = replace(scope, policies=frozenset(policy.arn for policy in policies))
    names = frozenset(user["name"] for user in data.get("users") or ())
    account: Account = load_object(
        Account,
        {"name": account_id, **data, "policies": None},
        _ACCOUNT,
        replace(scope, users=names),
    )
    return replace(account, policies=policies)


def _load_identity(entity: type[_Entity], data: JsonObject, scope: Scope) -> Any:
    resource, id_prefix = _KINDS[entity]
    path = data.get("path", "/")
    arn = f"{scope.prefix}{resource}{path}{data['name']}"
    given = {"path": path, "unique_id": unique_id(id_prefix, arn), **data}
    given |= {"arn": arn, "account": scope.account_id}
    return load_object(entity, given, (*_ARN, *_MEMBERS[entity]), replace(scope, arn=arn))


def _load_policy(data: JsonObject, scope: Scope) -> ManagedPolicy:
    first = {"id": "v1", "document": data.get("document"), "created": data.get("created")}
    versions = data.get("versions") or [first]
    number = 1 + max(int(version["id"][1:]) for version in versions)
    defaults = {"default_version": versions[0]["id"], "next_version": number}
    policy: ManagedPolicy = _load_identity(
        ManagedPolicy, {**defaults, **data, "versions": versions}, scope
    )
    if policy.default not in {version.id for version in policy.versions}:
        raise StateError(f"{policy.arn}: there is no version {policy.default}")
    return policy


def _dump_identity(entity: Any, scope: Scope) -> JsonObject:
    data = dump_object(entity, _MEMBERS[type(entity)], scope)
    if data["path"] == "/":
        del data["path"]
    if data["unique_id"] == unique_id(_KINDS[type(entity)][1], entity.arn):
        del data["unique_id"]
    return data


def _scope(account: Account) -> Scope:
    return Scope(account.id, account.prefix)


def _load_time(text: str, _: Scope) -> datetime:
    when = datetime.fromisoformat(text)
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def _load_managed(arn: str, scope: Scope) -> str:
    if arn and arn not in scope.policies and aws_managed(arn) is None:
        raise StateError(f"{scope.arn}: there is no policy {arn}")
    return arn


def _load_member(name: str, scope: Scope) -> str:
    if name not in scope.users:
        raise StateError(f"{scope.arn}: there is no user {name}")
    return name


def _load_account_state(value: Any, scope: Scope) -> str:
    if value not in ACCOUNT_STATES:
        raise StateError(f"{scope.account_id}: state must be one of {', '.join(ACCOUNT_STATES)}")
    return str(value)


def _load_role_seconds(value: Any, scope: Scope) -> int:
    seconds = int(value)
    if not MIN_ROLE_SECONDS <= seconds <= MAX_ROLE_SECONDS:
        limits = f"{MIN_ROLE_SECONDS}..{MAX_ROLE_SECONDS}"
        raise StateError(f"{scope.arn}: max_session_duration must be {limits}")
    return seconds


def _load_provider(data: JsonObject, scope: Scope) -> OidcProvider:
    url = data["url"]
    if not _ISSUER.fullmatch(url):
        raise StateError(f"{scope.account_id}: {url} must be https, a host, and a path")
    arn = f"{scope.prefix}oidc-provider/{url.partition('://')[2]}"
    provider: OidcProvider = load_object(
        OidcProvider, {**data, "arn": arn}, (Member("arn", "arn"), *_PROVIDER), scope
    )
    return provider


def _load_providers(entries: Any, scope: Scope) -> tuple[OidcProvider, ...]:
    providers = tuple(_load_provider(entry, scope) for entry in entries)
    if len({provider.arn for provider in providers}) != len(providers):
        raise StateError(f"{scope.account_id}: two oidc_providers have the same url")
    return providers


def _load_client_ids(names: Any, scope: Scope) -> tuple[str, ...]:
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise StateError(f"{scope.account_id}: client_ids must be a list of texts")
    return tuple(names)


def _load_jwks(document: Any, scope: Scope) -> tuple[JsonWebKey, ...]:
    try:
        return tuple(read_key(key) for key in document["keys"])
    except JwtError as problem:
        raise StateError(f"{scope.account_id}: in jwks, {problem}") from None


def _dump_jwks(keys: tuple[JsonWebKey, ...], _: Scope) -> JsonObject:
    return {"keys": [{name: value for name, value in asdict(key).items() if value} for key in keys]}


def _load_device(data: JsonObject, scope: Scope) -> MfaDevice:
    device: MfaDevice = load_object(MfaDevice, data, _DEVICE, scope)
    try:
        totp.code_at(device.secret, 0)
    except ValueError:
        raise StateError(f"{device.serial}: its secret is not base32") from None
    return device


def _identities(entity: type[Any]) -> Any:
    return each(lambda data, scope: _load_identity(entity, data, scope), _dump_identity)


def _text_of(kind: PolicyKind, name: str) -> tuple[Any, Any]:
    """The conversions of a policy document; `name` is how messages call it."""
    return (
        lambda document, scope: load_document(document, kind, f"{name}{scope.arn}"),
        dump_document,
    )


def _load_scp(data: JsonObject, scope: Scope) -> Scp:
    name = f"service control policy {data['name']} of {scope.account_id}"
    return Scp(data["name"], load_document(data["document"], PolicyKind.IDENTITY, name))


def _dump_scp(scp: Scp, scope: Scope) -> JsonObject:
    return {"name": scp.name, "document": dump_document(scp.text, scope)}


def _time(key: str = "created") -> Member:
    return Member(key, key, _load_time, lambda moment, _: moment.isoformat())


_KINDS: Mapping[type[Any], tuple[str, str]] = {
    User: ("user", "AIDA"),
    Group: ("group", "AGPA"),
    IamRole: ("role", "AROA"),
    ManagedPolicy: ("policy", "ANPA"),
}
"""Each kind's word in ARNs, and the prefix of its unique IDs."""

_ARN = (Member("arn", "arn"), Member("account", "account"))
_IDENTITY = (
    Member("name", "name", optional=False),
    Member("path", "path"),
    Member("unique_id", "id"),
    _time(),
)
_TAGS = Member(
    "tags", "tags", lambda tags, _: MappingProxyType(dict(tags)), lambda tags, _: dict(tags)
)
_DESCRIPTION = Member("description", "description")
_BOUNDARY = Member("permissions_boundary", "boundary", _load_managed)
_POLICIES = (
    Member(
        "policies",
        "inline",
        load_inline,
        dump_inline,
    ),
    Member("attached_policies", "attached", *each(_load_managed)),
)
_KEY = (
    Member("id", "id", optional=False),
    Member("secret", "secret", optional=False),
    Member("active", "active"),
    _time(),
)
_DEVICE = (
    Member(
        "name",
        "serial",
        lambda name, scope: f"{scope.prefix}mfa/{name}",
        lambda serial, scope: serial.removeprefix(f"{scope.prefix}mfa/"),
        optional=False,
    ),
    Member("secret", "secret", optional=False),
    _time("enabled"),
)
_PROVIDER = (
    Member("url", "url", optional=False),
    Member(
        "client_ids", "client_ids", _load_client_ids, lambda names, _: list(names), optional=False
    ),
    Member("jwks", "keys", _load_jwks, _dump_jwks, optional=False),
)
_DEVICES = each(_load_device, lambda device, scope: dump_object(device, _DEVICE, scope))
_VERSION = (
    Member("id", "id", optional=False),
    Member("document", "text", *_text_of(PolicyKind.IDENTITY, ""), optional=False),
    _time(),
)
_MEMBERS: Mapping[type[Any], tuple[Member, ...]] = {
    User: (
        *_IDENTITY,
        _TAGS,
        Member("access_keys", "keys", *objects(AccessKey, _KEY)),
        Member("mfa_devices", "mfa_devices", *_DEVICES),
        *_POLICIES,
        _BOUNDARY,
    ),
    Group: (*_IDENTITY, Member("users", "users", *each(_load_member)), *_POLICIES),
    IamRole: (
        *_IDENTITY,
        _DESCRIPTION,
        _TAGS,
        Member("max_session_duration", "max_session_seconds", _load_role_seconds),
        *_POLICIES,
        _BOUNDARY,
        Member(
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
        Member("versions", "versions", *objects(PolicyVersion, _VERSION)),
        Member("default_version", "default", optional=False),
        Member("next_version", "next_version", lambda value, _: int(value), optional=False),
    ),
}
_ACCOUNT = (
    Member("id", "id", optional=False),
    Member("name", "name", optional=False),
    Member("partition", "partition"),
    Member("alias", "alias"),
    Member("email", "email"),
    Member("state", "state", _load_account_state),
    _time("joined"),
    Member("organization", "organization", lambda value, _: organization_id(value)),
    Member("management", "management", lambda value, _: bool(value)),
    Member("scps", "scps", *each(*each(_load_scp, _dump_scp))),
    Member(
        "disabled_regions",
        "disabled_regions",
        lambda names, _: frozenset(names),
        lambda names, _: sorted(names),
    ),
    Member("users", "users", *_identities(User)),
    Member("groups", "groups", *_identities(Group)),
    Member("roles", "roles", *_identities(IamRole)),
    Member("policies", "policies", *_identities(ManagedPolicy)),
    Member("mfa_devices", "devices", *_DEVICES),
    Member(
        "oidc_providers",
        "oidc_providers",
        _load_providers,
        lambda providers, scope: [dump_object(one, _PROVIDER, scope) for one in providers],
    ),
)
