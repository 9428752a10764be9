"""The entities of an account; policies are stored as text and parsed on use."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType

from xswitch.core.policy import PolicyDocument, PolicyKind, parse
from xswitch.emulator.jwt import JsonWebKey

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
"""The creation time of entities whose state file gives none."""
ACCOUNT_STATES = ("PENDING_ACTIVATION", "ACTIVE", "SUSPENDED", "PENDING_CLOSURE", "CLOSED")
"""The states of an account in Organizations."""
MIN_ROLE_SECONDS, MAX_ROLE_SECONDS = 3_600, 43_200
EMPTY_MAPPING: Mapping[str, str] = MappingProxyType({})
_PARSE_CACHE_SIZE = 4_096


def unique_id(prefix: str, text: str) -> str:
    """A unique ID as IAM makes them (AIDA… for a user, AROA… for a role), stable per text."""
    return prefix + base64.b32encode(hashlib.sha256(text.encode()).digest())[:17].decode()


@lru_cache(maxsize=_PARSE_CACHE_SIZE)
def parse_cached(text: str, kind: PolicyKind, name: str) -> PolicyDocument:
    """Parse a document, with a cache. Raises PolicyError."""
    return parse(text, kind, name)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A user's long-term key pair."""

    id: str
    secret: str = field(repr=False)
    active: bool = True
    created: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class MfaDevice:
    """A virtual MFA device.

    `secret` is base32; `enabled` is when its user enabled it (meaningless without a user).
    """

    serial: str
    secret: str = field(repr=False)
    enabled: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user.

    `inline` maps names to texts; `attached` and `boundary` are ARNs ("" for none).
    """

    arn: str
    account: str
    name: str
    path: str
    id: str
    created: datetime = LONG_AGO
    keys: tuple[AccessKey, ...] = ()
    mfa_devices: tuple[MfaDevice, ...] = ()
    inline: Mapping[str, str] = field(default_factory=lambda: EMPTY_MAPPING)
    attached: tuple[str, ...] = ()
    boundary: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: EMPTY_MAPPING)


@dataclass(frozen=True, slots=True)
class Group:
    """An IAM group; `users` are its members' names."""

    arn: str
    account: str
    name: str
    path: str
    id: str
    created: datetime = LONG_AGO
    users: tuple[str, ...] = ()
    inline: Mapping[str, str] = field(default_factory=lambda: EMPTY_MAPPING)
    attached: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class IamRole:
    """An IAM role; `max_session_seconds` is its MaxSessionDuration."""

    arn: str
    account: str
    name: str
    path: str
    id: str
    trust_text: str
    created: datetime = LONG_AGO
    description: str = ""
    max_session_seconds: int = MIN_ROLE_SECONDS
    inline: Mapping[str, str] = field(default_factory=lambda: EMPTY_MAPPING)
    attached: tuple[str, ...] = ()
    boundary: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: EMPTY_MAPPING)

    @property
    def trust(self) -> PolicyDocument:
        """The parsed trust policy."""
        return parse_cached(self.trust_text, PolicyKind.TRUST, f"the trust policy of {self.arn}")


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy; `id` is v1, v2 and so on."""

    id: str
    text: str
    created: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A customer managed policy, or an AWS managed one (`account` "aws").

    `default` is the default version, `next_version` the next unused number.
    """

    arn: str
    account: str
    name: str
    path: str
    id: str
    versions: tuple[PolicyVersion, ...]
    default: str = "v1"
    next_version: int = 2
    created: datetime = LONG_AGO
    updated: datetime = LONG_AGO
    description: str = ""
    tags: Mapping[str, str] = field(default_factory=lambda: EMPTY_MAPPING)

    @property
    def text(self) -> str:
        """The default version's text."""
        return next(version.text for version in self.versions if version.id == self.default)


@dataclass(frozen=True, slots=True)
class OidcProvider:
    """An OpenID Connect identity provider of an account, and the keys that its issuer publishes.

    `url` is the issuer, as in the `iss` of its tokens; `client_ids` are the audiences.
    """

    arn: str
    url: str
    client_ids: tuple[str, ...]
    keys: tuple[JsonWebKey, ...]

    @property
    def name(self) -> str:
        """The URL without its scheme, as ARNs and condition keys have it."""
        return self.url.partition("://")[2]


@dataclass(frozen=True, slots=True)
class Scp:
    """A service control policy."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account.

    `scps` are the SCPs of each level from the organization's root down; every level must allow.
    `organization` is the organization's ID ("" for none); `management` marks the management
    account, which SCPs don't affect. `devices` are virtual MFA devices without a user. `email` is
    the address of the account's root user, "" for one made of its ID; `state` and `joined` are what
    Organizations tells of it.
    """

    id: str
    name: str
    partition: str = "aws"
    alias: str = ""
    email: str = ""
    state: str = "ACTIVE"
    joined: datetime = LONG_AGO
    organization: str = ""
    management: bool = False
    scps: tuple[tuple[Scp, ...], ...] = ()
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    roles: tuple[IamRole, ...] = ()
    policies: tuple[ManagedPolicy, ...] = ()
    devices: tuple[MfaDevice, ...] = ()
    disabled_regions: frozenset[str] = frozenset()
    oidc_providers: tuple[OidcProvider, ...] = ()

    @property
    def prefix(self) -> str:
        """The prefix of the account's IAM ARNs."""
        return f"arn:{self.partition}:iam::{self.id}:"

    @property
    def email_address(self) -> str:
        """The address of the account's root user."""
        return self.email or f"aws+{self.id}@example.com"

    @property
    def root(self) -> str:
        """The ARN of the account's root."""
        return f"{self.prefix}root"

    def groups_of(self, user: str) -> tuple[Group, ...]:
        """The groups that a user is in."""
        return tuple(group for group in self.groups if user in group.users)
