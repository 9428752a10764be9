"""Immutable values that all layers share; rules for them are in the other rooms of `core`.

Times are timezone-aware datetimes in UTC; durations are whole seconds.
"""

from __future__ import annotations

from xswitch.core.model.credentials import Credentials, FileKind, Origin, Problem, Secret, Severity
from xswitch.core.model.profiles import (
    ConfigPaths,
    ConfigView,
    FileProperties,
    Profile,
    ProfileEdit,
    Property,
    RemoveProfile,
    SetProfile,
)
from xswitch.core.model.roles import (
    Chain,
    CredentialSource,
    CredentialSourceKind,
    Endpoint,
    Guard,
    Hop,
    Role,
    TargetKind,
)
from xswitch.core.model.sessions import (
    AssumedRole,
    AssumeRoleRequest,
    CallerIdentity,
    IndexEntry,
    MfaChallenge,
    PlannedHop,
    PlannedMfaSession,
    SessionKind,
    SessionPlan,
    SessionState,
    Surroundings,
)
from xswitch.core.model.settings import GuardRule, Settings
from xswitch.core.model.sso import (
    DEFAULT_SCOPES,
    PortalRole,
    SsoRole,
    SsoSession,
    SsoToken,
    portal_address,
)
from xswitch.core.model.state import (
    CommandOutput,
    FileInfo,
    HistoryEntry,
    PointedSession,
    ProbeResult,
    PromptState,
    RoleUsage,
    UsageState,
    VaultInfo,
)

__all__ = [
    "DEFAULT_SCOPES",
    "AssumeRoleRequest",
    "AssumedRole",
    "CallerIdentity",
    "Chain",
    "CommandOutput",
    "ConfigPaths",
    "ConfigView",
    "CredentialSource",
    "CredentialSourceKind",
    "Credentials",
    "Endpoint",
    "FileInfo",
    "FileKind",
    "FileProperties",
    "Guard",
    "GuardRule",
    "HistoryEntry",
    "Hop",
    "IndexEntry",
    "MfaChallenge",
    "Origin",
    "PlannedHop",
    "PlannedMfaSession",
    "PointedSession",
    "PortalRole",
    "ProbeResult",
    "Problem",
    "Profile",
    "ProfileEdit",
    "PromptState",
    "Property",
    "RemoveProfile",
    "Role",
    "RoleUsage",
    "Secret",
    "SessionKind",
    "SessionPlan",
    "SessionState",
    "SetProfile",
    "Settings",
    "Severity",
    "SsoRole",
    "SsoSession",
    "SsoToken",
    "Surroundings",
    "TargetKind",
    "UsageState",
    "VaultInfo",
    "portal_address",
]
