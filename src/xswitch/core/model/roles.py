"""Roles, and the role chains that lead to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple

from xswitch.core.model.credentials import Origin, Problem
from xswitch.core.model.endpoint import Endpoint
from xswitch.core.model.sso import PortalRole, SsoRole


class TargetKind(StrEnum):
    """How a target gets the credentials that a switch leads to."""

    ROLE = "role"
    """By AssumeRole, at the end of a chain."""
    SSO = "sso"
    """From IAM Identity Center, by GetRoleCredentials."""
    MFA_SESSION = "mfa_session"
    """By GetSessionToken, from static keys with an MFA device."""
    STATIC_KEYS = "static_keys"
    CREDENTIAL_PROCESS = "credential_process"
    WEB_IDENTITY = "web_identity"
    LOGIN_SESSION = "login_session"

    @property
    def has_session(self) -> bool:
        """Whether xswitch gets a session, keeps it, and serves it by a managed profile.

        Of the other kinds, every AWS program gets the credentials itself.
        """
        return self in _WITH_SESSION

    @property
    def word(self) -> str:
        """The word for it in lists, and after `kind:` in a filter."""
        return _WORDS.get(self, str(self))


_WORDS = {
    TargetKind.MFA_SESSION: "mfa",
    TargetKind.STATIC_KEYS: "keys",
    TargetKind.CREDENTIAL_PROCESS: "process",
    TargetKind.WEB_IDENTITY: "web",
    TargetKind.LOGIN_SESSION: "login",
}
_WITH_SESSION = frozenset({TargetKind.ROLE, TargetKind.SSO, TargetKind.MFA_SESSION})

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
    """Empty if the source's own credentials are what a target leads to."""

    @property
    def target(self) -> Hop | None:
        """The last hop: the role that the profile names; None without a hop."""
        return self.hops[-1] if self.hops else None


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
    """A resolved target, of any kind: one row of the picker, one entry of `list --json`."""

    name: str
    role_arn: str
    """Of an Identity Center role, a pattern: AWS chooses a part of its name. "" without a role."""
    partition: str
    account_id: str
    account_name: str
    role_name: str
    """Of an Identity Center role, its permission set's."""
    role_path: str
    region: str
    chain: Chain | None
    """None if it can't be resolved; `problems` then has an error."""
    mfa_serial: str | None
    """The first MFA serial in the chain."""
    external_id: str | None
    duration_seconds: int
    """DurationSeconds of the last call; 0 if it's not xswitch that chooses it."""
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
    kind: TargetKind = TargetKind.ROLE
    sso: SsoRole | None = None
    """Set if the kind is SSO and the settings are complete."""
    portal_role: PortalRole | None = None
    """Set if no profile has it: a portal lists it, or only its managed profile stores it."""

    @property
    def principal(self) -> str:
        """The ARN that says whose credentials these are: of the role, or of the user's MFA device.

        "" if the config doesn't tell. AWS accepts an MFA code only from the device's own user.
        """
        if self.role_arn or self.kind is not TargetKind.MFA_SESSION or not self.mfa_serial:
            return self.role_arn
        if self.mfa_serial.startswith("arn:"):
            return self.mfa_serial
        return f"arn:{self.partition}:iam::{self.account_id}:mfa/{self.mfa_serial}"
