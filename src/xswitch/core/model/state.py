"""Local state kept between runs, and facts measured on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RoleUsage:
    """How often, and when last, a role profile was switched to."""

    count: int
    last: datetime


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One request for a role's session; it contains no secrets."""

    at: datetime
    profile: str
    role_arn: str
    session_name: str
    result: str
    """"new", "kept" (from the vault), "own" (of the profile itself), or an error code."""


@dataclass(frozen=True, slots=True)
class UsageState:
    """Uses and pins, by role profile name."""

    uses: Mapping[str, RoleUsage] = field(default_factory=lambda: MappingProxyType({}))
    pins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VaultInfo:
    """The vault in use."""

    kind: str
    """The value of the `vault` setting: "secret-service", "runtime", ..."""
    label: str
    place: str = ""
    left: str = ""
    """The place before this one, and why it was left; "" if there was none."""


@dataclass(frozen=True, slots=True)
class CommandOutput:
    """The output of a command that ran; `stdout` may hold credentials."""

    code: int | None
    """The exit code; None if it was stopped after its time."""
    stdout: str = field(repr=False)
    stderr: str


@dataclass(frozen=True, slots=True)
class PointedSession:
    """A stored session that a managed profile serves, and while that holds."""

    role_arn: str
    key: str
    fingerprint: str
    """The config's, from before the session was planned."""
    absent: tuple[str, ...] = ()
    """Relative paths; where the working folder has one, it may be another session."""


@dataclass(frozen=True, slots=True)
class PromptState:
    """The facts about a managed profile that the shell's prompt helper shows."""

    managed_profile: str
    account: str
    role: str
    color: str
    expires_at: datetime | None
    """None if it isn't known, or there is no end."""
    renewable_until: datetime | None = None
    """When a renewal starts to need an MFA code, or a sign-in; None for never."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The response of an STS endpoint to a probe."""

    server_time: datetime | None
    """The Date header in UTC; None if it's missing or invalid."""
    milliseconds: int


@dataclass(frozen=True, slots=True)
class FileInfo:
    """Facts about a path."""

    path: str
    exists: bool
    folder: bool = False
    mode: int | None = None
    """Permission bits; None if the path doesn't exist or the platform has none."""
    mine: bool = True
    """This user owns it."""
    repair: str = ""
    """The command that gives it to this user, "" if it is this user's."""
    executable: bool = False
    """This user can run it."""
