"""The values that the use cases take and return: options of a switch, results, and rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from xswitch.core.errors import ErrorCode, XswitchError
from xswitch.core.model import (
    CallerIdentity,
    Credentials,
    IndexEntry,
    Problem,
    Role,
    SessionState,
    Settings,
    SsoSession,
    UsageState,
)
from xswitch.core.text import command_for


@dataclass(frozen=True, slots=True)
class SessionInfo:
    """A role's session according to the index."""

    state: SessionState
    expires_at: datetime | None = None
    key: str = ""
    """The session key, "" if the chain can't be planned."""


@dataclass(frozen=True, slots=True)
class MfaInfo:
    """An MFA session according to the index."""

    base_profile: str
    serial: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class SourceInfo:
    """The credential source that the title line shows."""

    profile: str
    account_id: str
    """"" if the config doesn't have it."""
    kind: str


PortalChange = Literal["new", "gone"]
"""How a role differs from the portal's list before."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Everything that the picker and `list` show, from one snapshot of config and index."""

    roles: tuple[Role, ...]
    sessions: Mapping[str, SessionInfo]
    """By role name."""
    mfa_sessions: tuple[MfaInfo, ...]
    usage: UsageState
    settings: Settings
    problems: tuple[Problem, ...]
    current_profile: str
    """AWS_PROFILE of this process, "" if unset."""
    base: SourceInfo | None = None
    vault_label: str = ""
    sign_ins: tuple[SsoSession, ...] = ()
    """The Identity Center sessions of the config."""
    portal_changes: Mapping[tuple[str, str, str], PortalChange] = field(default_factory=dict)
    """Changes that the last listing of a portal found, by the `address` of roles."""


@dataclass(frozen=True, slots=True)
class SwitchOptions:
    """Options of a switch; None and () mean as configured."""

    source: str | None = None
    region: str | None = None
    duration_seconds: int | None = None
    session_name: str | None = None
    external_id: str | None = None
    profile_name: str | None = None
    static: bool = False
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    force: bool = False
    confirmation: str | None = None
    """The text typed for a guarded role."""
    reuse_overrides: bool = False
    """Use the managed profile's overrides if no other option is set (`switch -`)."""
    command: str = "xswitch switch"
    """The command that a next step repeats, before the target."""
    command_end: str = ""
    """The end of that command, after the target."""

    def next_command(self, name: str, options: str = "") -> str:
        """Return the command again for a target, with more options, as a shell reads it."""
        return " ".join(filter(None, (command_for(self.command, name, options), self.command_end)))


RegionSource = Literal[
    "option", "role", "AWS_REGION", "AWS_DEFAULT_REGION", "default_profile", "sso_region", "default"
]
"""Where a region comes from, in the order in which they count.

The role's is its profile's; that of `[default]`, and `sso_region`, are for roles without a profile.
"""


@dataclass(frozen=True, slots=True)
class SwitchResult:
    """The result of a switch."""

    role: Role
    managed_profile: str
    """The profile that AWS_PROFILE is to name: the target's own if it needs no session."""
    expires_at: datetime | None
    """None if the credentials are the profile's own."""
    identity: CallerIdentity | None
    from_vault: bool
    static: bool = False
    problems: tuple[Problem, ...] = ()
    region: str = ""
    """The region that STS was asked in, and that the shell is to use."""
    region_source: RegionSource = "default"

    @property
    def region_in_profile(self) -> bool:
        """Whether the profile has the region; else only the shell has, or nothing."""
        if not self.role.kind.has_session:
            return self.region_source == "role"
        return self.region_source in ("option", "role")


@dataclass(frozen=True, slots=True)
class UsedSession:
    """The credentials of a target for one use, without a switch."""

    role: Role
    credentials: Credentials
    identity: CallerIdentity | None
    """None if AWS wasn't asked."""
    from_vault: bool
    region: str
    """The region that STS was asked in."""
    problems: tuple[Problem, ...] = ()
    issued_at: datetime | None = None
    """The start of the session; None for a profile's own credentials."""


@dataclass(frozen=True, slots=True)
class RenewResult:
    """The result of renewing one target: its new expiration, or an error."""

    name: str
    expires_at: datetime | None = None
    error: XswitchError | None = None
    problems: tuple[Problem, ...] = ()
    """Static profiles that keep their former keys, for example."""
    managed_profile: str = ""
    """The target's managed profile, which names it also beside others of the same role."""


@dataclass(frozen=True, slots=True)
class ForgetResult:
    """The result of forgetting one target, or something that couldn't be removed."""

    name: str
    sessions: int
    managed_profile: str = ""
    error: XswitchError | None = None
    """The reason that something is left."""

    @property
    def only_told(self) -> bool:
        """Whether nothing that is known to be there is left."""
        told = (ErrorCode.STATE_NEWER, ErrorCode.VAULT_UNLISTED)
        return self.error is not None and self.error.code in told


@dataclass(frozen=True, slots=True)
class ForgetPreview:
    """The known part of the things that `forget --all` deletes, from index and config."""

    sessions: int
    mfa_sessions: int
    sign_ins: int
    """To Identity Center."""
    profiles: tuple[str, ...]
    """Managed and static profiles."""


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One session of the index, with its current state."""

    entry: IndexEntry
    state: SessionState
    seconds_left: int
    renewable_until: datetime | None = None
    """Until when it can be renewed without an MFA prompt, None if without end."""
    static_expires_at: datetime | None = None
    """The end of the keys in its static profile, None if it has none."""


DoctorCheckState = Literal["ok", "warning", "error", "skipped"]


@dataclass(frozen=True, slots=True)
class DoctorCheck:
    """One result of `doctor`."""

    name: str
    state: DoctorCheckState
    message: str
    next_step: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
