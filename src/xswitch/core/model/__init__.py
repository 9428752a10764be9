"""The immutable values every layer speaks in.

Times are timezone-aware datetimes in UTC, durations are whole seconds. Nothing here does I/O.
"""

from __future__ import annotations

from xswitch.core.model.credentials import Credentials, FileKind, Origin, Problem, Secret, Severity
from xswitch.core.model.profiles import ConfigPaths, ConfigView, Edit, Profile, RemoveProfile, SetProfile
from xswitch.core.model.properties import FileProperties, Property
from xswitch.core.model.roles import Base, BaseKind, Chain, Endpoint, Guard, Hop, Role
from xswitch.core.model.sessions import (
    AssumedRole,
    AssumeRoleRequest,
    CallerIdentity,
    IndexEntry,
    MfaChallenge,
    MfaStep,
    Plan,
    PlannedHop,
    SessionKind,
    SessionState,
)
from xswitch.core.model.settings import FileFact, GuardRule, HistoryEntry, Memory, PromptState, Reach, Settings, Use, VaultInfo

__all__ = [
    "AssumeRoleRequest",
    "AssumedRole",
    "Base",
    "BaseKind",
    "CallerIdentity",
    "Chain",
    "ConfigPaths",
    "ConfigView",
    "Credentials",
    "Edit",
    "Endpoint",
    "FileFact",
    "FileKind",
    "FileProperties",
    "Guard",
    "GuardRule",
    "HistoryEntry",
    "Hop",
    "IndexEntry",
    "Memory",
    "MfaChallenge",
    "MfaStep",
    "Origin",
    "Plan",
    "PlannedHop",
    "Problem",
    "Profile",
    "PromptState",
    "Property",
    "Reach",
    "RemoveProfile",
    "Role",
    "Secret",
    "SessionKind",
    "SessionState",
    "SetProfile",
    "Settings",
    "Severity",
    "Use",
    "VaultInfo",
]
