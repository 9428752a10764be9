"""The entities of an account.

Policies are kept as the text they were written in, and read when somebody asks.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from types import MappingProxyType

from xswitch.core.policy import PolicyDocument, PolicyKind, parse

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
"""When everything was made that a state file gives no time for."""
MIN_ROLE_SECONDS, MAX_ROLE_SECONDS = 3_600, 43_200
EMPTY_MAPPING: Mapping[str, str] = MappingProxyType({})
_PARSE_CACHE_SIZE = 4_096


def unique_id(prefix: str, text: str) -> str:
    """A unique id as IAM makes them (AIDA… for a user, AROA… for a role).

    Always the same one for the same text.
    """
    return prefix + base64.b32encode(hashlib.sha256(text.encode()).digest())[:17].decode()


@lru_cache(maxsize=_PARSE_CACHE_SIZE)
def parse_cached(text: str, kind: PolicyKind, name: str) -> PolicyDocument:
    """The document in a text. Raises PolicyError."""
    return parse(text, kind, name)


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-term key pair of a user."""

    id: str
    secret: str = field(repr=False)
    active: bool = True
    created: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class MfaDevice:
    """A virtual MFA device.

    `secret` is base32, `enabled` when it became its user's (of one nobody has, it means nothing).
    """

    serial: str
    secret: str = field(repr=False)
    enabled: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class User:
    """An IAM user. `inline` are texts by name, `attached` and `boundary` ARNs ("" for none)."""

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
    """An IAM group; `users` are the names of its members."""

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
        """Its trust policy."""
        return parse_cached(self.trust_text, PolicyKind.TRUST, f"the trust policy of {self.arn}")


@dataclass(frozen=True, slots=True)
class PolicyVersion:
    """One version of a managed policy; `id` is v1, v2 and so on."""

    id: str
    text: str
    created: datetime = LONG_AGO


@dataclass(frozen=True, slots=True)
class ManagedPolicy:
    """A customer managed policy, or one of AWS's own (`account` "aws").

    `default` is the version in force, `next_version` never used.
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
        """The document in force."""
        return next(version.text for version in self.versions if version.id == self.default)


@dataclass(frozen=True, slots=True)
class Scp:
    """A service control policy."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Account:
    """An account.

    `scps` are those of each level that leads to it, the organization's root first; each level must
    allow.

    `organization` is its organization's id ("" for none); `management` marks the management
    account, which no SCP touches. `devices` are virtual MFA devices nobody has.
    """

    id: str
    name: str
    partition: str = "aws"
    alias: str = ""
    organization: str = ""
    management: bool = False
    scps: tuple[tuple[Scp, ...], ...] = ()
    users: tuple[User, ...] = ()
    groups: tuple[Group, ...] = ()
    roles: tuple[IamRole, ...] = ()
    policies: tuple[ManagedPolicy, ...] = ()
    devices: tuple[MfaDevice, ...] = ()
    disabled_regions: frozenset[str] = frozenset()

    @property
    def prefix(self) -> str:
        """What every ARN of its IAM begins with."""
        return f"arn:{self.partition}:iam::{self.id}:"

    @property
    def root(self) -> str:
        """The ARN of its root."""
        return f"{self.prefix}root"

    def groups_of(self, user: str) -> tuple[Group, ...]:
        """The groups a user of this name is in."""
        return tuple(group for group in self.groups if user in group.users)
