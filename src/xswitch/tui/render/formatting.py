"""Numbers and states in words: time left, durations, places, signs."""

from __future__ import annotations

from datetime import datetime, timedelta

from xswitch.core.model import CredentialSourceKind, Origin, SessionState
from xswitch.core.text import sanitize

SESSION_SIGNS = {
    SessionState.LIVE: "●",
    SessionState.EXPIRING: "◐",
    SessionState.EXPIRED: "○",
    SessionState.NONE: " ",
}
PIN_SIGN = "★"
GUARD_SIGN = "▲"
WARNING_SIGN = "!"
PROMPT_SIGN = "\u276f "

MFA_EXPIRING_SECONDS = 10 * 60
_MINUTE, _HOUR = 60, 3600
_SHOW_SECONDS_BELOW = 2 * _MINUTE

SOURCE_LABELS = {
    CredentialSourceKind.STATIC_KEYS: "static keys",
    CredentialSourceKind.ENVIRONMENT: "environment variables",
    CredentialSourceKind.SSO: "IAM Identity Center",
    CredentialSourceKind.CREDENTIAL_PROCESS: "credential process",
    CredentialSourceKind.WEB_IDENTITY: "web identity",
    CredentialSourceKind.LOGIN_SESSION: "login session",
    CredentialSourceKind.EC2_METADATA: "EC2 instance metadata",
    CredentialSourceKind.ECS_CONTAINER: "ECS container",
}


def format_remaining(seconds: float) -> str:
    """Time left, to be glanced at: "7 h 42 m", "41 m", "75 s"; nothing left is "0 s"."""
    whole = max(0, int(seconds))
    if whole < _SHOW_SECONDS_BELOW:
        return f"{whole} s"
    minutes = whole // _MINUTE
    if minutes < _MINUTE:
        return f"{minutes:>2} m"
    return f"{minutes // 60} h {minutes % 60:02} m"


def format_remaining_exact(seconds: float) -> str:
    """Time left to the second: "7 h 42 m 05 s", "41 m 12 s"."""
    whole = max(0, int(seconds))
    hours, remainder = divmod(whole, _HOUR)
    minutes, remaining_seconds = divmod(remainder, _MINUTE)
    if hours:
        return f"{hours} h {minutes:02} m {remaining_seconds:02} s"
    return f"{minutes} m {remaining_seconds:02} s" if minutes else f"{remaining_seconds} s"


def format_duration(seconds: int) -> str:
    """A length of time as configured.

    "1 h", "15 m", "1 h 30 m", "900 s" only when it isn't whole minutes.
    """
    if seconds % _MINUTE:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // _MINUTE, 60)
    return " ".join(
        part
        for part in (f"{hours} h" if hours else "", f"{minutes} m" if minutes or not hours else "")
        if part
    )


def format_duration_and_reason(seconds: int, reason: str) -> tuple[str, str]:
    """A length of time, and its reason without saying that length again."""
    text = format_duration(seconds)
    return text, sanitize(reason).removeprefix(text).lstrip(": ")


def format_origin(origin: Origin | None) -> str:
    """Where something stands, short: the file's last name and the line."""
    if origin is None:
        return ""
    name = origin.file.replace("\\", "/").rpartition("/")[2]
    return f"{sanitize(name)}:{origin.line}"


def format_local_time(moment: datetime, now: datetime) -> str:
    """A moment as a local wall clock shows it; another day is named."""
    local, today = moment.astimezone(), now.astimezone()
    text = f"{local:%H:%M}"
    return (
        text
        if local.date() == today.date()
        else f"{local:%a} {text}"
        if local - today < timedelta(days=6)
        else f"{local:%Y-%m-%d} {text}"
    )
