"""Signs and short texts: states, sources, durations with a reason, origins, times, role titles."""

from __future__ import annotations

from datetime import datetime, timedelta

from xswitch.core.display import display
from xswitch.core.duration_text import format_duration
from xswitch.core.model import CredentialSourceKind, Origin, Role, SessionState, TargetKind
from xswitch.tui.render.text import Line, TextSpan, span, wrap

SESSION_SIGNS = {
    SessionState.LIVE: "●",
    SessionState.EXPIRING: "◐",
    SessionState.EXPIRED: "○",
    SessionState.NONE: " ",
}
PIN_SIGN = "★"
GUARD_SIGN = "▲"
WARNING_SIGN = "!"
SEVERITY_SIGNS: dict[str, TextSpan] = {
    "error": ("✗ ", "error"),
    "warning": ("! ", "warning"),
    "info": ("· ", "muted"),
}
PROMPT_SIGN = "\u276f "

MFA_EXPIRING_SECONDS = 10 * 60

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

KIND_SIGNS = {
    TargetKind.ROLE: "▸",
    TargetKind.SSO: "◎",
    TargetKind.MFA_SESSION: "◆",
    TargetKind.STATIC_KEYS: "◇",
    TargetKind.CREDENTIAL_PROCESS: "»",
    TargetKind.WEB_IDENTITY: "≈",
    TargetKind.LOGIN_SESSION: "⌂",
}
KIND_EXPLANATIONS = {
    TargetKind.ROLE: "AssumeRole; kept and renewed by xswitch",
    TargetKind.SSO: "GetRoleCredentials while you are signed in; kept and renewed by xswitch",
    TargetKind.MFA_SESSION: "GetSessionToken with an MFA code; one session for all roles",
    TargetKind.STATIC_KEYS: "AWS programs use the access keys as they are",
    TargetKind.CREDENTIAL_PROCESS: "AWS programs run the command themselves",
    TargetKind.WEB_IDENTITY: "AWS programs call AssumeRoleWithWebIdentity themselves",
    TargetKind.LOGIN_SESSION: "AWS programs use the sign-in of `aws login` themselves",
}
"""How a target gets its credentials."""


PORTAL_CHANGES: dict[str, TextSpan] = {"new": ("+ new", "live"), "gone": ("- gone", "error")}
"""Signs and words of roles that are new in the last list of a portal, or gone from it."""


def kind_text(kind: TargetKind) -> str:
    """Return a kind's sign and word."""
    return f"{KIND_SIGNS[kind]} {kind.word}"


def format_duration_and_reason(seconds: int, reason: str) -> tuple[str, str]:
    """Return a duration, and its reason without repeating the duration."""
    if not seconds:
        return "", display(reason)
    text = format_duration(seconds)
    return text, display(reason).removeprefix(text).lstrip(": ")


def format_origin(origin: Origin | None) -> str:
    """Return an origin as file name and line."""
    if origin is None:
        return ""
    name = origin.file.replace("\\", "/").rpartition("/")[2]
    return f"{display(name)}:{origin.line}"


def format_local_time(moment: datetime, now: datetime) -> str:
    """Return a moment as local time, with the day unless it is today."""
    local, today = moment.astimezone(), now.astimezone()
    text = f"{local:%H:%M}"
    return (
        text
        if local.date() == today.date()
        else f"{local:%a} {text}"
        if local - today < timedelta(days=6)
        else f"{local:%Y-%m-%d} {text}"
    )


def role_title_lines(role: Role, width: int) -> list[Line]:
    """Return a role's account, name, and ARN."""
    guard = f"guard-{role.guard.color}" if role.guard else "title"
    name = [span(role.account_name or role.account_id or role.name, guard)]
    if role.role_name:
        name += [(" / ", "faint"), span(role.role_name, guard)]
    principal = [span(role.principal, "muted")] if role.principal else []
    return [*wrap(name, width), *(wrap(principal, width) if principal else [])]
