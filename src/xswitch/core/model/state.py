"""Local state kept between runs, and facts measured on this machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RoleUsage:
    """How often and when last a role profile was switched to."""

    count: int
    last: datetime


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One session wanted of a role.

    `result` is "new", "kept" (out of the vault) or the code of the error. Without any secret.
    """

    at: datetime
    profile: str
    role_arn: str
    session_name: str
    result: str


@dataclass(frozen=True, slots=True)
class UsageState:
    """What xswitch remembers between runs beside sessions.

    Frecency and pins, by role profile name.
    """

    uses: Mapping[str, RoleUsage] = field(default_factory=lambda: MappingProxyType({}))
    pins: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class VaultInfo:
    """Which store is in use, in words and as the setting's value ("secret-service", "runtime", ...)."""

    kind: str
    label: str
    place: str = ""


@dataclass(frozen=True, slots=True)
class PromptState:
    """What the shell's prompt helper may show of a managed profile; never a secret.

    `renewable_until` is when the session can no longer be renewed without a question (None: always
    silently renewable).
    """

    managed_profile: str
    account: str
    role: str
    color: str
    expires_at: datetime
    renewable_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """An STS endpoint answered.

    Its Date header as UTC (None when it sent none or an odd one), and how long that took.
    """

    server_time: datetime | None
    milliseconds: int


@dataclass(frozen=True, slots=True)
class FileInfo:
    """What the file system says of a path, links followed.

    `mode` are the permission bits, None where the platform has none or the path doesn't exist;
    `mine` whether this user owns it; `executable` whether this user may run it.
    """

    path: str
    exists: bool
    folder: bool = False
    mode: int | None = None
    mine: bool = True
    executable: bool = False
