"""The duration of a role session, and the reason for it.

AssumeRole with temporary credentials (of a role, an MFA session, SSO, ...) is role chaining: AWS
rejects a duration over 3600 s. Source: the IAM user guide, "Methods to assume a role", role
chaining.
"""

from __future__ import annotations

from xswitch.core.model import (
    CredentialSource,
    CredentialSourceKind,
    Guard,
    Settings,
    TargetKind,
)
from xswitch.core.sts_limits import (
    DEFAULT_DURATION,
    MAX_CHAINED_DURATION,
    MAX_MFA_DURATION,
    MIN_DURATION,
)

_TEMPORARY_SOURCES = {
    CredentialSourceKind.SSO: "SSO credentials",
    CredentialSourceKind.WEB_IDENTITY: "web identity credentials",
    CredentialSourceKind.LOGIN_SESSION: "a login session",
    CredentialSourceKind.EC2_METADATA: "instance credentials",
    CredentialSourceKind.ECS_CONTAINER: "container credentials",
}

SOURCE_DURATIONS = {
    TargetKind.SSO: "set by the permission set",
    TargetKind.STATIC_KEYS: "the keys have no end",
    TargetKind.CREDENTIAL_PROCESS: "set by the command",
    TargetKind.WEB_IDENTITY: "set by each AWS program",
    TargetKind.LOGIN_SESSION: "set by the sign-in",
}
"""Who decides how long the credentials of a target last, where it's not xswitch."""


def is_temporary(base: CredentialSource) -> bool:
    """Whether the source provides temporary credentials, as far as the configuration tells.

    A process can provide them too: see `sessions.plan.with_temporary_source`.
    """
    return base.temporary or base.kind in _TEMPORARY_SOURCES


def chaining_reason(base: CredentialSource, *, first_hop: bool, mfa: bool) -> str:
    """Name the temporary credentials that call AssumeRole for a hop; "" for long-term keys."""
    if not first_hop:
        return "another role"
    if mfa:
        return "the MFA session"
    return _TEMPORARY_SOURCES.get(base.kind, "temporary credentials") if is_temporary(base) else ""


def effective_duration(
    configured: int | None, override: int | None, guard: Guard | None, chained_after: str
) -> tuple[int, str]:
    """Return DurationSeconds and the reason for it in a few words.

    An override takes precedence over the config, and a guard can only shorten. `chained_after` is
    from `chaining_reason`.
    """
    if override is not None:
        seconds, reason = override, "requested"
    elif configured is not None:
        seconds, reason = configured, "configured"
    else:
        seconds, reason = DEFAULT_DURATION, "default"
    if (
        guard is not None
        and guard.duration_seconds is not None
        and guard.duration_seconds < seconds
    ):
        seconds, reason = guard.duration_seconds, f"guard {guard.name}"
    if chained_after and seconds > MAX_CHAINED_DURATION:
        return (
            MAX_CHAINED_DURATION,
            f"1 h at most: role chaining after {chained_after}, {seconds} s {reason}",
        )
    if chained_after and seconds == MAX_CHAINED_DURATION and reason == "default":
        return seconds, f"1 h: role chaining after {chained_after}"
    return seconds, reason


def mfa_session_duration(
    settings: Settings, override: int | None, guard: Guard | None
) -> tuple[int, str]:
    """Return DurationSeconds of GetSessionToken and the reason for it; a guard can only shorten."""
    seconds, reason = settings.mfa_duration_seconds, "of MFA sessions"
    if override is not None:
        seconds, reason = override, "requested"
    seconds = max(MIN_DURATION, min(seconds, MAX_MFA_DURATION))
    limit = None if guard is None else guard.duration_seconds
    if guard is not None and limit is not None and limit < seconds:
        return limit, f"guard {guard.name}"
    return seconds, reason
