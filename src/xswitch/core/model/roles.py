"""Roles, and the role chains that lead to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from xswitch.core.model.credentials import Origin, Problem

_NO_ORIGINS: Mapping[str, Origin] = MappingProxyType({})


class CredentialSourceKind(StrEnum):
    """How a source profile, the environment, or a metadata service provides credentials."""

    STATIC_KEYS = "static_keys"
    ENVIRONMENT = "environment"
    SSO = "sso"
    CREDENTIAL_PROCESS = "credential_process"
    WEB_IDENTITY = "web_identity"
    LOGIN_SESSION = "login_session"
    EC2_METADATA = "ec2_metadata"
    ECS_CONTAINER = "ecs_container"


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """The source of a chain's first credentials."""

    kind: CredentialSourceKind
    profile: str | None
    """None if the environment or a metadata service is the source."""
    identity: str
    """Canonical JSON of what defines the source, without secrets; part of every session key."""
    origin: Origin | None = None
    detail: str = ""
    """A few words for display."""
    temporary: bool = False
    """Its keys have a session token. Set where the kind doesn't imply it."""


class Hop(NamedTuple):
    """One AssumeRole call of a chain, as configured.

    A web identity profile isn't a hop but a credential source. A named tuple, as `Role` is, because
    thousands are made for a long list, and a frozen dataclass takes three times as long to make.
    """

    profile: str
    role_arn: str
    origin: Origin
    external_id: str | None = None
    mfa_serial: str | None = None
    duration_seconds: int | None = None
    session_name: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    """(key, value) pairs, sorted."""
    transitive_tag_keys: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None
    source_identity: str | None = None
    origins: Mapping[str, Origin] = _NO_ORIGINS
    """Origins by config key: "role_arn", "external_id", ..."""


@dataclass(frozen=True, slots=True)
class Chain:
    """A credential source and the roles assumed from it, in order."""

    base: CredentialSource
    hops: tuple[Hop, ...]

    @property
    def target(self) -> Hop:
        """The last hop: the role that the profile names."""
        return self.hops[-1]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The endpoint of STS or IAM for a role."""

    region: str
    url: str | None = None
    """None for AWS's own endpoint of the region."""
    use_fips: bool = False
    use_dualstack: bool = False
    ca_bundle: str | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """The guard rule that applies to a role."""

    name: str
    color: str = "red"
    """One of `GUARD_COLORS`."""
    confirm: str = ""
    """Text to type before a switch; "" for no confirmation."""
    duration_seconds: int | None = None
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None


class Role(NamedTuple):
    """A resolved role profile: one row of the picker, one entry of `list --json`."""

    name: str
    role_arn: str
    partition: str
    account_id: str
    account_name: str
    role_name: str
    role_path: str
    region: str
    chain: Chain | None
    """None if it can't be resolved; `problems` then has an error."""
    mfa_serial: str | None
    """The first MFA serial in the chain."""
    external_id: str | None
    duration_seconds: int
    """DurationSeconds of the last hop."""
    duration_reason: str
    managed_profile: str
    origin: Origin
    endpoint: Endpoint
    problems: tuple[Problem, ...] = ()
    guard: Guard | None = None
    note: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    cli_only: bool = False
    is_ad_hoc: bool = False
    """An `ACCOUNT:ROLE --source PROFILE`, stored only in its managed profile."""
