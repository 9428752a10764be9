"""Sessions, the STS calls that create them, and plans of those calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from xswitch.core.model.credentials import Credentials, Secret
from xswitch.core.model.endpoint import Endpoint
from xswitch.core.model.roles import (
    CredentialSource,
    Role,
)


class SessionState(StrEnum):
    """State of a role's session.

    EXPIRING means less than 16 minutes, or less than a quarter of a short session, remains.
    """

    NONE = "none"
    LIVE = "live"
    EXPIRING = "expiring"
    EXPIRED = "expired"


MIN_SOURCE_LIFETIME = timedelta(seconds=60)
"""Time that a session must have left to be used: for the call, and for a slightly wrong clock."""

SessionKind = Literal["mfa", "role", "sso", "sso_token"]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """A session's entry in the index: its facts without secrets, readable without the vault."""

    key: str
    kind: SessionKind
    profile: str
    """The role profile; of an MFA session, the source profile ("" for the environment); of a
    sign-in, the label of the Identity Center session."""
    principal: str
    """The role ARN (of an Identity Center role, `Role.role_arn`); of an MFA session, the serial; of
    a sign-in, the start URL."""
    issued_at: datetime
    expires_at: datetime
    last_used: datetime
    managed_profile: str = ""
    static: bool = False
    """The keys are also in the credentials file."""
    variables: tuple[tuple[str, str], ...] = ()
    """The environment variables that made it this session (`core.sessions.key_variables`)."""
    refreshable: bool = False
    """Of a sign-in: it's renewed without a person."""

    @property
    def usable_until(self) -> datetime:
        """Until when it can be used as the source of another session."""
        return self.expires_at - MIN_SOURCE_LIFETIME


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """The result of GetCallerIdentity."""

    account: str
    arn: str
    user_id: str


@dataclass(frozen=True, slots=True)
class AssumeRoleRequest:
    """The parameters of one AssumeRole call; None and () are omitted from the request."""

    role_arn: str
    session_name: str
    duration_seconds: int
    external_id: str | None = None
    mfa_serial: str | None = None
    mfa_code: Secret | None = None
    tags: tuple[tuple[str, str], ...] = ()
    transitive_tag_keys: tuple[str, ...] = ()
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None
    source_identity: str | None = None


@dataclass(frozen=True, slots=True)
class AssumedRole:
    """The result of AssumeRole: credentials with an expiry, and the session's ARN."""

    credentials: Credentials
    arn: str


@dataclass(frozen=True, slots=True)
class MfaChallenge:
    """The contents of a prompt for an MFA code."""

    serial: str
    profile: str
    attempt: int = 1
    refusal: str = ""
    """AWS's message about the previous code."""


@dataclass(frozen=True, slots=True)
class PlannedMfaSession:
    """The GetSessionToken call before a chain, and the key of its session."""

    key: str
    serial: str
    duration_seconds: int
    mfa_process: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedHop:
    """One AssumeRole call, and the key of its session."""

    key: str
    profile: str
    request: AssumeRoleRequest
    duration_reason: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The things outside the config that a credential source depends on."""

    facts: str = ""
    """Canonical JSON, "" if the source is the same everywhere; part of the session keys."""
    absent: tuple[str, ...] = ()
    """Relative paths that would be part of it if they existed."""


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """The calls that lead to a target's credentials."""

    role: Role
    base: CredentialSource
    mfa: PlannedMfaSession | None
    hops: tuple[PlannedHop, ...]
    endpoint: Endpoint
    surroundings: Surroundings = Surroundings()
    source_key: str = ""
    """The key of the source; without a hop and an MFA session, of its own session."""

    @property
    def key(self) -> str:
        """The session key of the target itself."""
        if self.hops:
            return self.hops[-1].key
        return self.source_key if self.mfa is None else self.mfa.key
