"""Numbers and states in words: time left, durations, places, signs."""

from __future__ import annotations

from datetime import datetime, timedelta

from xswitch.core.model import BaseKind, Origin, SessionState
from xswitch.core.text import clean

SIGNS = {
    SessionState.LIVE: "●",
    SessionState.EXPIRING: "◐",
    SessionState.EXPIRED: "○",
    SessionState.NONE: " ",
}
PIN = "★"
GUARD = "▲"
WARNING = "!"
PROMPT = "\u276f "

SOON = 10 * 60
_MINUTE, _HOUR = 60, 3600
_SECONDS_BELOW = 2 * _MINUTE

BASE_WORDS = {
    BaseKind.STATIC_KEYS: "static keys",
    BaseKind.ENVIRONMENT: "environment variables",
    BaseKind.SSO: "IAM Identity Center",
    BaseKind.CREDENTIAL_PROCESS: "credential process",
    BaseKind.WEB_IDENTITY: "web identity",
    BaseKind.LOGIN_SESSION: "login session",
    BaseKind.EC2_METADATA: "EC2 instance metadata",
    BaseKind.ECS_CONTAINER: "ECS container",
}


def left(seconds: float) -> str:
    """Time left, to be glanced at: "7 h 42 m", "41 m", "75 s"; nothing left is "0 s"."""
    whole = max(0, int(seconds))
    if whole < _SECONDS_BELOW:
        return f"{whole} s"
    minutes = whole // _MINUTE
    if minutes < _MINUTE:
        return f"{minutes:>2} m"
    return f"{minutes // 60} h {minutes % 60:02} m"


def left_exactly(seconds: float) -> str:
    """Time left to the second: "7 h 42 m 05 s", "41 m 12 s"."""
    whole = max(0, int(seconds))
    hours, rest = divmod(whole, _HOUR)
    minutes, secs = divmod(rest, _MINUTE)
    if hours:
        return f"{hours} h {minutes:02} m {secs:02} s"
    return f"{minutes} m {secs:02} s" if minutes else f"{secs} s"


def duration(seconds: int) -> str:
    """A length of time as configured: "1 h", "15 m", "1 h 30 m", "900 s" only when it isn't whole minutes."""
    if seconds % _MINUTE:
        return f"{seconds} s"
    hours, minutes = divmod(seconds // _MINUTE, 60)
    return " ".join(part for part in (f"{hours} h" if hours else "", f"{minutes} m" if minutes or not hours else "") if part)


def lasts(seconds: int, reason: str) -> tuple[str, str]:
    """A length of time, and its reason without saying that length again."""
    text = duration(seconds)
    return text, clean(reason).removeprefix(text).lstrip(": ")


def place(origin: Origin | None) -> str:
    """Where something stands, short: the file's last name and the line."""
    if origin is None:
        return ""
    name = origin.file.replace("\\", "/").rpartition("/")[2]
    return f"{clean(name)}:{origin.line}"


def at_clock(moment: datetime, now: datetime) -> str:
    """A moment as a local wall clock shows it; another day is named."""
    local, today = moment.astimezone(), now.astimezone()
    text = f"{local:%H:%M}"
    return (
        text if local.date() == today.date() else f"{local:%a} {text}" if local - today < timedelta(days=6) else f"{local:%Y-%m-%d} {text}"
    )
