"""The duration of a role session, and the reason for it.

AssumeRole with temporary credentials (of a role, an MFA session, SSO, ...) is role chaining: AWS
rejects a duration over 3600 s. Source: the IAM user guide, "Methods to assume a role", role
chaining.
"""

from __future__ import annotations

from xswitch.core.model import CredentialSource, CredentialSourceKind, Guard
from xswitch.core.sts_limits import DEFAULT_DURATION, MAX_CHAINED_DURATION

_TEMPORARY_SOURCES = {
    CredentialSourceKind.SSO: "SSO credentials",
    CredentialSourceKind.WEB_IDENTITY: "web identity credentials",
    CredentialSourceKind.LOGIN_SESSION: "a login session",
    CredentialSourceKind.EC2_METADATA: "instance credentials",
    CredentialSourceKind.ECS_CONTAINER: "container credentials",
}


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
