"""What the embedded AWS knows: accounts with their users, keys, MFA devices, roles and policies, as values that don't change.

`World.from_json` reads the format documented in docs/demo.md; a change is a new World.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType
from typing import Any

from xswitch.core.errors import SettingsError
from xswitch.core.policy import Document, PolicyError, PolicyKind, parse
from xswitch.demo import totp

FORMAT_VERSION = 1
_NOTHING: Mapping[str, str] = MappingProxyType({})
_ACCOUNT_ID = re.compile(r"[0-9]{12}")
_MIN_ROLE_DURATION, _MAX_ROLE_DURATION = 3_600, 43_200


def unique_id(prefix: str, arn: str) -> str:
    """The unique id IAM would give this ARN (AIDA… for a user, AROA… for a role): always the same one here."""
    return prefix + base64.b32encode(hashlib.sha256(arn.encode()).digest())[:17].decode()


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-term key pair of a user."""

    id: str
    secret: str = field(repr=False)
    active: bool = True


@dataclass(frozen=True, slots=True)
class MfaDevice:
    """A virtual MFA device; `secret` is base32."""

    serial: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user; `policies` are everything that allows or denies it something, inline or attached."""

    arn: str
    account: str
    name: str
    keys: tuple[AccessKey, ...] = ()
    mfa_devices: tuple[MfaDevice, ...] = ()
    policies: tuple[Document, ...] = ()
    tags: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    @property
    def id(self) -> str:
        """Its unique id, beginning with AIDA."""
        return unique_id("AIDA", self.arn)


@dataclass(frozen=True, slots=True)
class Role:
    """An IAM role; `max_session_seconds` is its MaxSessionDuration."""

    arn: str
    account: str
    name: str
    trust: Document
    policies: tuple[Document, ...] = ()
    max_session_seconds: int = _MIN_ROLE_DURATION
    tags: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    @property
    def id(self) -> str:
        """Its unique id, beginning with AROA."""
        return unique_id("AROA", self.arn)


@dataclass(frozen=True, slots=True)
class Account:
    """An account; `managed` are its own managed policies by ARN, as JSON objects."""

    id: str
    name: str
    partition: str = "aws"
    users: tuple[User, ...] = ()
    roles: tuple[Role, ...] = ()
    managed: Mapping[str, Any] = field(default_factory=lambda: MappingProxyType({}))
    disabled_regions: frozenset[str] = frozenset()


@dataclass(frozen=True)
class World:
    """Everything. `clock_offset` is how many seconds the clock of sessions and codes is ahead of the machine's."""

    accounts: tuple[Account, ...]
    clock_offset: float = 0.0

    @cached_property
    def _by_key(self) -> Mapping[str, tuple[User, AccessKey]]:
        return {key.id: (user, key) for account in self.accounts for user in account.users for key in user.keys}

    @cached_property
    def _by_id(self) -> Mapping[str, Account]:
        return {account.id: account for account in self.accounts}

    @cached_property
    def _roles(self) -> Mapping[str, Role]:
        return {role.arn: role for account in self.accounts for role in account.roles}

    @cached_property
    def _users(self) -> Mapping[str, User]:
        return {user.arn: user for account in self.accounts for user in account.users}

    def account(self, account_id: str) -> Account | None:
        """The account with this id."""
        return self._by_id.get(account_id)

    def key(self, access_key_id: str) -> tuple[User, AccessKey] | None:
        """The user a long-term key belongs to, and the key."""
        return self._by_key.get(access_key_id)

    def role(self, arn: str) -> Role | None:
        """The role with this ARN, path included."""
        return self._roles.get(arn)

    def user(self, arn: str) -> User | None:
        """The user with this ARN, path included."""
        return self._users.get(arn)

    def managed_policy(self, arn: str, kind: PolicyKind, account_id: str) -> Document | None:
        """A managed policy as `account_id` can attach it: AWS's own, or one of that account."""
        account = self.account(account_id)
        source = AWS_MANAGED.get(arn.rpartition("/")[2]) if _is_aws_managed(arn) else None if account is None else account.managed.get(arn)
        return None if source is None else parse(source, kind, arn)

    @classmethod
    def from_json(cls, text: str) -> World:
        """The world a state file describes. Raises SettingsError with the place of what is wrong."""
        try:
            return _world(json.loads(text))
        except (_StateError, PolicyError) as problem:
            raise SettingsError("The state of the embedded AWS can't be read.", why=str(problem), code="demo_state") from None
        except (ValueError, KeyError, TypeError, AttributeError) as problem:
            why = f"{type(problem).__name__}: {problem}"
            raise SettingsError("The state of the embedded AWS can't be read.", why=why, code="demo_state") from None


class _StateError(Exception):
    """What is wrong with a state file."""


def _world(data: Mapping[str, Any]) -> World:
    if data.get("version") != FORMAT_VERSION:
        raise _StateError(f"version must be {FORMAT_VERSION}")
    return World(tuple(_account(entry) for entry in data["accounts"]), float(data.get("clock_offset", 0.0)))


def _is_aws_managed(arn: str) -> bool:
    return re.fullmatch(r"arn:aws[a-z-]*:iam::aws:policy/.+", arn) is not None


def _account(data: Mapping[str, Any]) -> Account:
    account_id, partition = data["id"], data.get("partition", "aws")
    if not _ACCOUNT_ID.fullmatch(account_id):
        raise _StateError(f"account id {account_id!r} is not 12 digits")
    prefix = f"arn:{partition}:iam::{account_id}:"
    managed = {f"{prefix}policy{entry.get('path', '/')}{entry['name']}": entry["document"] for entry in data.get("policies", ())}
    for arn, document in managed.items():
        parse(document, PolicyKind.IDENTITY, arn)
    return Account(
        id=account_id,
        name=data.get("name", account_id),
        partition=partition,
        users=tuple(_user(entry, prefix, account_id, managed) for entry in data.get("users", ())),
        roles=tuple(_role(entry, prefix, account_id, managed) for entry in data.get("roles", ())),
        managed=MappingProxyType(managed),
        disabled_regions=frozenset(data.get("disabled_regions", ())),
    )


def _user(data: Mapping[str, Any], prefix: str, account_id: str, managed: Mapping[str, Any]) -> User:
    arn = f"{prefix}user{data.get('path', '/')}{data['name']}"
    return User(
        arn=arn,
        account=account_id,
        name=data["name"],
        keys=tuple(AccessKey(entry["id"], entry["secret"], entry.get("active", True)) for entry in data.get("access_keys", ())),
        mfa_devices=tuple(_device(entry, prefix) for entry in data.get("mfa_devices", ())),
        policies=tuple(_policies(data, arn, managed)),
        tags=MappingProxyType(dict(data.get("tags", {}))),
    )


def _device(data: Mapping[str, Any], prefix: str) -> MfaDevice:
    serial = f"{prefix}mfa/{data['name']}"
    try:
        totp.code_at(data["secret"], 0)
    except ValueError:
        raise _StateError(f"{serial}: its secret is not base32") from None
    return MfaDevice(serial, data["secret"])


def _role(data: Mapping[str, Any], prefix: str, account_id: str, managed: Mapping[str, Any]) -> Role:
    arn = f"{prefix}role{data.get('path', '/')}{data['name']}"
    longest = int(data.get("max_session_duration", _MIN_ROLE_DURATION))
    if not _MIN_ROLE_DURATION <= longest <= _MAX_ROLE_DURATION:
        raise _StateError(f"{arn}: max_session_duration must be {_MIN_ROLE_DURATION}..{_MAX_ROLE_DURATION}")
    return Role(
        arn=arn,
        account=account_id,
        name=data["name"],
        trust=parse(data["trust_policy"], PolicyKind.TRUST, f"the trust policy of {arn}"),
        policies=tuple(_policies(data, arn, managed)),
        max_session_seconds=longest,
        tags=MappingProxyType(dict(data.get("tags", {}))),
    )


def _policies(data: Mapping[str, Any], owner: str, managed: Mapping[str, Any]) -> Iterator[Document]:
    for name, document in data.get("policies", {}).items():
        yield parse(document, PolicyKind.IDENTITY, f"inline policy {name} of {owner}")
    for arn in data.get("attached_policies", ()):
        yield _attached(arn, PolicyKind.IDENTITY, owner, managed)
    if boundary := data.get("permissions_boundary"):
        yield _attached(boundary, PolicyKind.BOUNDARY, owner, managed)


def _attached(arn: str, kind: PolicyKind, owner: str, managed: Mapping[str, Any]) -> Document:
    source = AWS_MANAGED.get(arn.rpartition("/")[2]) if _is_aws_managed(arn) else managed.get(arn)
    if source is None:
        raise _StateError(f"{owner}: there is no policy {arn}")
    return parse(source, kind, arn)


def _allow(**elements: Any) -> Mapping[str, Any]:
    return {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Resource": "*", **elements}]}


AWS_MANAGED: Mapping[str, Mapping[str, Any]] = MappingProxyType(
    {
        "AdministratorAccess": _allow(Action="*"),
        "PowerUserAccess": _allow(NotAction=["iam:*", "organizations:*", "account:*"]),
        "ReadOnlyAccess": _allow(Action=["s3:Get*", "s3:List*", "ec2:Describe*", "iam:Get*", "iam:List*", "sts:GetAccessKeyInfo"]),
    }
)
"""The AWS managed policies this AWS has, the second and third cut down to what matters here."""
