"""How long a role session is asked to last, and why.

AssumeRole with temporary credentials (a role's, an MFA session's, SSO's ...) is role chaining: it lasts at most 3600 s, and asking
for more fails.
Source: the IAM user guide, "Methods to assume a role", role chaining.
"""

from __future__ import annotations

from xswitch.core.model import Base, BaseKind, Guard
from xswitch.core.sts_limits import CHAINED_DURATION, DEFAULT_DURATION

_TEMPORARY = {
    BaseKind.SSO: "SSO credentials",
    BaseKind.WEB_IDENTITY: "web identity credentials",
    BaseKind.LOGIN_SESSION: "a login session",
    BaseKind.EC2_METADATA: "instance credentials",
    BaseKind.ECS_CONTAINER: "container credentials",
}


def is_temporary(base: Base) -> bool:
    """Whether the base gives temporary credentials, as far as can be known without asking it."""
    return base.temporary or base.kind in _TEMPORARY


def before_words(base: Base, *, first_hop: bool, mfa: bool) -> str:
    """What temporary credentials a hop is assumed with, in words; "" when they are long-term keys."""
    if not first_hop:
        return "another role"
    if mfa:
        return "the MFA session"
    return _TEMPORARY.get(base.kind, "temporary credentials") if is_temporary(base) else ""


def effective_duration(configured: int | None, override: int | None, guard: Guard | None, before: str) -> tuple[int, str]:
    """The seconds to ask for, and the reason in a few words. `before` is from `before_words`.

    The override goes before the config; a guard only ever shortens.
    """
    if override is not None:
        seconds, reason = override, "asked for"
    elif configured is not None:
        seconds, reason = configured, "configured"
    else:
        seconds, reason = DEFAULT_DURATION, "default"
    if guard is not None and guard.duration_seconds is not None and guard.duration_seconds < seconds:
        seconds, reason = guard.duration_seconds, f"guard {guard.name}"
    if before and seconds > CHAINED_DURATION:
        return CHAINED_DURATION, f"1 h at most: role chaining after {before}, {seconds} s {reason}"
    if before and seconds == CHAINED_DURATION and reason == "default":
        return seconds, f"1 h: role chaining after {before}"
    return seconds, reason
