"""Find the Identity Center session of a name or a profile in the config, as botocore does.

Sources: botocore's credentials.py (SSOProvider) and tokens.py (SSOTokenProvider), and the AWS CLI's
customizations/sso/utils.py (scopes).
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator

from xswitch.core.arn import is_region
from xswitch.core.display import show_value
from xswitch.core.errors import ErrorCode, SourceCredentialsError, TargetError
from xswitch.core.model import DEFAULT_SCOPES, ConfigView, Profile, SsoSession
from xswitch.core.text import sanitize

START_URL_KEY, REGION_KEY, SESSION_KEY = "sso_start_url", "sso_region", "sso_session"
_REQUIRED_KEYS = (START_URL_KEY, REGION_KEY)
_MAX_NAMES = 20


def session_named(view: ConfigView, name: str) -> SsoSession:
    """Return the session of `[sso-session NAME]`.

    Raises TargetError if there is no such section, SourceCredentialsError if it is incomplete.
    """
    section = view.sso_sessions.get(name)
    if section is None:
        raise TargetError(
            f"There is no sso-session {show_value(name)} in the AWS config.",
            next_step="xswitch config",
            code=ErrorCode.TARGET_UNKNOWN,
        )
    return _session(section, name)


def session_of_profile(view: ConfigView, profile: Profile) -> SsoSession | None:
    """Return the session that a profile signs in with, None for a profile without one.

    Raises SourceCredentialsError if it is incomplete or contradicts its sso-session.
    """
    name = profile.get(SESSION_KEY)
    if name is None:
        return _session(profile, "") if profile.get(START_URL_KEY) is not None else None
    section = view.sso_sessions.get(name)
    if section is None:
        raise _config_error(profile, f"section [sso-session {show_value(name)}] doesn't exist")
    for key in _REQUIRED_KEYS:
        own, shared = profile.get(key), section.get(key)
        if own and shared and own != shared:
            raise _config_error(profile, f"{key} differs from that of sso-session {name}")
    return _session(section, name)


def all_sessions(view: ConfigView) -> tuple[SsoSession, ...]:
    """Return every complete session of the config, in its order, each once."""
    return tuple({session.cache_name: session for session in _complete_sessions(view)}.values())


def _complete_sessions(view: ConfigView) -> Iterator[SsoSession]:
    sections = [(section, name) for name, section in view.sso_sessions.items()]
    sections += [
        (profile, "")
        for profile in view.profiles.values()
        if profile.get(SESSION_KEY) is None and profile.get(START_URL_KEY) is not None
    ]
    for section, name in sections:
        try:
            yield _session(section, name)
        except SourceCredentialsError:
            continue


def find_session(view: ConfigView, target: str, profile_name: str) -> SsoSession:
    """Return the session that `xswitch login TARGET` names.

    TARGET is an sso-session, a profile, or a start URL; "" is the session of `profile_name` (the
    shell's profile), else the only session of the config. Raises TargetError, and
    SourceCredentialsError for an incomplete session.
    """
    sessions = all_sessions(view)
    if target:
        if target in view.sso_sessions:
            return session_named(view, target)
        profile = view.profiles.get(target)
        session = None if profile is None else session_of_profile(view, profile)
        session = session or next(
            (one for one in sessions if _same_url(one.start_url, target)), None
        )
        if session is None:
            raise _unknown_target(view, target, sessions)
        return session
    profile = view.profiles.get(profile_name)
    session = None if profile is None else session_of_profile(view, profile)
    if session is not None:
        return session
    if len(sessions) == 1:
        return sessions[0]
    if not sessions:
        raise TargetError(
            "There is no IAM Identity Center session in the AWS config.",
            next_step="xswitch sso add",
            code=ErrorCode.TARGET_UNKNOWN,
        )
    raise TargetError(
        "There are several IAM Identity Center sessions in the AWS config.",
        why=f"They are {_names(sessions)}.",
        next_step=f"xswitch login {_quoted(sessions[0].label)}",
        code=ErrorCode.TARGET_AMBIGUOUS,
        candidates=tuple(session.label for session in sessions),
    )


def login_command(label: str) -> str:
    """Return the command that signs in to the session with this label."""
    return f"xswitch login {_quoted(label)}"


def _session(section: Profile, name: str) -> SsoSession:
    missing = [key for key in _REQUIRED_KEYS if not section.get(key)]
    if missing:
        raise _config_error(section, f"{' and '.join(missing)} is missing")
    region = section.get(REGION_KEY) or ""
    if not is_region(region):
        raise _config_error(section, f"sso_region {show_value(region)} isn't a valid region")
    return SsoSession(
        name=name,
        start_url=section.get(START_URL_KEY) or "",
        region=region,
        scopes=_scopes(section.get("sso_registration_scopes")),
        origin=section.origin,
    )


def _scopes(text: str | None) -> tuple[str, ...]:
    found = tuple(scope for part in (text or "").split(",") if (scope := part.strip()))
    return found or DEFAULT_SCOPES


def _same_url(one: str, other: str) -> bool:
    return one.rstrip("/#") == other.rstrip("/#")


def _config_error(section: Profile, reason: str) -> SourceCredentialsError:
    origin = section.origin
    return SourceCredentialsError(
        f"The IAM Identity Center settings of {show_value(section.name)} can't be used.",
        why=f"{reason[0].upper()}{reason[1:]}." if reason.startswith("section") else f"{reason}.",
        next_step=f"Correct it at {sanitize(f'{origin.file}:{origin.line}')}.",
        code=ErrorCode.SSO_CONFIG,
    )


def _unknown_target(view: ConfigView, target: str, sessions: tuple[SsoSession, ...]) -> TargetError:
    known = f"The sessions are {_names(sessions)}." if sessions else "The AWS config has none."
    if target in view.profiles:
        return TargetError(
            f"Profile {show_value(target)} doesn't sign in to IAM Identity Center.",
            why=known,
            next_step="xswitch list",
            code=ErrorCode.TARGET_UNKNOWN,
        )
    return TargetError(
        f"No IAM Identity Center session or profile is called {show_value(target)}.",
        why=known,
        next_step="xswitch config",
        code=ErrorCode.TARGET_UNKNOWN,
        candidates=tuple(session.label for session in sessions),
    )


def _names(sessions: tuple[SsoSession, ...]) -> str:
    names = ", ".join(show_value(session.label) for session in sessions[:_MAX_NAMES])
    more = len(sessions) - _MAX_NAMES
    return f"{names}, and {more} more" if more > 0 else names


def _quoted(text: str) -> str:
    return shlex.quote(sanitize(text))
