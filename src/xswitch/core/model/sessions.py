"""Sessions, the calls that make them, and the plans of those calls."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from xswitch.core.model.credentials import Credentials, Secret
from xswitch.core.model.roles import CredentialSource, Endpoint, Role


class SessionState(StrEnum):
    """How a role's session stands.

    Expiring means under 16 minutes, or a quarter of a short session's life.
    """

    NONE = "none"
    LIVE = "live"
    EXPIRING = "expiring"
    EXPIRED = "expired"


SessionKind = Literal["mfa", "role"]


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """What is known of a session without opening the vault; no secret in it.

    `profile` is the role profile (kind role) or the base profile (kind mfa, "" for the
    environment); `principal` is the role ARN or the MFA serial. `managed_profile` is "" for an MFA
    session. `static` says its keys were also written to the credentials file.
    """

    key: str
    kind: SessionKind
    profile: str
    principal: str
    issued_at: datetime
    expires_at: datetime
    last_used: datetime
    managed_profile: str = ""
    static: bool = False


@dataclass(frozen=True, slots=True)
class CallerIdentity:
    """What GetCallerIdentity said."""

    account: str
    arn: str
    user_id: str


@dataclass(frozen=True, slots=True)
class AssumeRoleRequest:
    """The parameters of one sts:AssumeRole call; None and () are left out of the request."""

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
    """What AssumeRole answered: credentials (with expiry) and the session's ARN."""

    credentials: Credentials
    arn: str


@dataclass(frozen=True, slots=True)
class MfaChallenge:
    """What a prompt for an MFA code shows.

    `attempt` counts from 1, `refusal` is AWS's text for the last wrong code.
    """

    serial: str
    profile: str
    attempt: int = 1
    refusal: str = ""


@dataclass(frozen=True, slots=True)
class PlannedMfaSession:
    """The GetSessionToken a chain needs first.

    Which serial, how long (seconds), under which session key.
    """

    key: str
    serial: str
    duration_seconds: int
    mfa_process: str | None = None


@dataclass(frozen=True, slots=True)
class PlannedHop:
    """One AssumeRole to make, with the session key its result is kept under."""

    key: str
    profile: str
    request: AssumeRoleRequest
    duration_reason: str = ""


@dataclass(frozen=True, slots=True)
class SessionPlan:
    """All a broker needs to turn a role into credentials, without the document."""

    role: Role
    base: CredentialSource
    mfa: PlannedMfaSession | None
    hops: tuple[PlannedHop, ...]
    endpoint: Endpoint

    @property
    def key(self) -> str:
        """The session key of the role asked for."""
        return self.hops[-1].key
