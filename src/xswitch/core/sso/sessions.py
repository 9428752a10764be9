"""The Identity Center sessions of the config: sso-sessions, and profiles of the older form.

This is the one place that reads their settings. Sources: botocore's credentials.py (SSOProvider)
and tokens.py (SSOTokenProvider), and the AWS CLI's customizations/sso/utils.py (scopes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from xswitch.core.arn import is_region
from xswitch.core.display import quote_value, show_setting, show_value
from xswitch.core.errors import ErrorCode, SourceCredentialsError, TargetError
from xswitch.core.errors.sso import login_command
from xswitch.core.model import (
    DEFAULT_SCOPES,
    ConfigView,
    Origin,
    Problem,
    Profile,
    SsoSession,
    portal_address,
    problem_at,
)
from xswitch.core.profiles.managed import SSO_REGION_KEY, SSO_SESSION_KEY, SSO_START_URL_KEY
from xswitch.core.sts_limits import split_commas
from xswitch.core.text import sanitize

START_URL_KEY, REGION_KEY, SESSION_KEY = "sso_start_url", "sso_region", "sso_session"
ACCOUNT_KEY, ROLE_KEY = "sso_account_id", "sso_role_name"
_SCOPES_KEY = "sso_registration_scopes"
_SETTINGS = (ACCOUNT_KEY, ROLE_KEY, SESSION_KEY, START_URL_KEY)
_MAX_NAMES = 20


class SsoSettings(NamedTuple):
    """The settings of a profile, those of its sso-session included, and the session they make."""

    session: SsoSession
    values: Mapping[str, str]


def sso_settings(view: ConfigView, profile: Profile, *required: str) -> SsoSettings | Problem:
    """Return the Identity Center settings of a profile, or the error in them.

    They are in the profile, or shared by it and its sso-session (botocore's credentials.py,
    SSOProvider). `required` are keys that must be there beside those of the session.
    """
    values = {key: entry.value for key, entry in profile.properties.items()}
    name = profile.get(SESSION_KEY)
    section = profile
    if name is not None:
        found = view.sso_sessions.get(name)
        if found is None:
            shown = show_value(name)
            text = f'Profile "{profile.name}": section [sso-session {shown}] doesn\'t exist.'
            return problem_at(profile, SESSION_KEY, "sso_session_missing", text)
        section = found
        for key, entry in section.properties.items():
            if values.setdefault(key, entry.value) != entry.value:
                place = f"{entry.origin.file}:{entry.origin.line}"
                text = (
                    f'Profile "{profile.name}": {key} is {show_setting(key, values[key])}, but'
                    f" {show_setting(key, entry.value)} in"
                    f" its sso-session ({place}); they must be equal."
                )
                return problem_at(profile, key, "sso_conflict", text)
    missing = [key for key in (*required, START_URL_KEY, REGION_KEY) if not values.get(key)]
    if missing:
        text = f'Profile "{profile.name}" uses SSO but lacks {", ".join(missing)}.'
        return problem_at(profile, sso_key(profile), "sso_incomplete", text)
    if not is_region(values[REGION_KEY]):
        shown = quote_value(values[REGION_KEY])
        text = f'Profile "{profile.name}": sso_region is {shown}, which isn\'t a valid region.'
        holder = profile if REGION_KEY in profile.properties else section
        return problem_at(holder, REGION_KEY, "sso_invalid", text)
    return SsoSettings(_session(values, name or "", section.origin), values)


def sso_key(profile: Profile) -> str | None:
    """Return the key by which a profile signs in to Identity Center, None if it doesn't."""
    return next((key for key in _SETTINGS if key in profile.properties), None)


def session_of_profile(view: ConfigView, profile: Profile) -> SsoSession | Problem | None:
    """Return the session that a profile signs in with, or its error; None without a session."""
    if SESSION_KEY not in profile.properties and profile.get(START_URL_KEY) is None:
        return None
    found = sso_settings(view, profile)
    return found if isinstance(found, Problem) else found.session


def session_of_section(section: Profile) -> SsoSession | Problem:
    """Return the session of an `[sso-session]` section, or its error."""
    values = {key: entry.value for key, entry in section.properties.items()}
    missing = [key for key in (START_URL_KEY, REGION_KEY) if not values.get(key)]
    if missing:
        text = f'The sso-session "{section.name}" lacks {", ".join(missing)}.'
        return problem_at(section, None, "sso_incomplete", text)
    if not is_region(values[REGION_KEY]):
        shown = quote_value(values[REGION_KEY])
        text = f'The sso-session "{section.name}": {shown} isn\'t a valid region.'
        return problem_at(section, REGION_KEY, "sso_invalid", text)
    return _session(values, section.name, section.origin)


def stored_session(view: ConfigView, managed: Profile) -> SsoSession | None:
    """Return the session that a managed profile of a portal's role stores, None if it's damaged."""
    name = managed.get(SSO_SESSION_KEY)
    if name is not None:
        section = view.sso_sessions.get(name)
        found = None if section is None else session_of_section(section)
        return None if isinstance(found, Problem) else found
    url, region = managed.get(SSO_START_URL_KEY), managed.get(SSO_REGION_KEY)
    if not url or not region or not is_region(region):
        return None
    return SsoSession("", url, region, origin=managed.origin)


def _session(values: Mapping[str, str], name: str, origin: Origin) -> SsoSession:
    scopes = split_commas(values.get(_SCOPES_KEY) or "") or DEFAULT_SCOPES
    return SsoSession(name, values[START_URL_KEY], values[REGION_KEY], scopes, origin)


# -- all of a config


def all_sessions(view: ConfigView) -> tuple[SsoSession, ...]:
    """Return every complete session of the config, sso-sessions first, each once."""
    sessions: dict[str, SsoSession] = {}
    for found in _found_sessions(view):
        if isinstance(found, SsoSession):
            sessions.setdefault(found.cache_name, found)
    return tuple(sessions.values())


def _found_sessions(view: ConfigView) -> Iterator[SsoSession | Problem | None]:
    complete = set()
    for name, section in view.sso_sessions.items():
        found = session_of_section(section)
        if isinstance(found, SsoSession):
            complete.add(name)
        yield found
    for profile in view.profiles.values():
        if profile.get(SESSION_KEY) not in complete:
            yield session_of_profile(view, profile)


def stored_sessions(view: ConfigView) -> Iterator[SsoSession]:
    """Yield the sessions without a name that managed profiles store.

    Such a profile serves its role also when the profile that had the session is gone.
    """
    for profile in view.profiles.values():
        if SSO_START_URL_KEY in profile.properties:
            found = stored_session(view, profile)
            if found is not None:
                yield found


def session_with_url(
    sessions: Iterable[SsoSession], start_url: str, label: str = ""
) -> SsoSession | None:
    """Return the session of a portal, the one with a label before others.

    Without a label, the start URL itself is one: the only name of a session that has none.
    """
    wanted = portal_address(start_url)
    found = [one for one in sessions if portal_address(one.start_url) == wanted]
    found.sort(key=lambda one: (one.label != (label or start_url), bool(one.name) and not label))
    return found[0] if found else None


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
    found = session_of_section(section)
    if isinstance(found, Problem):
        raise settings_error(found)
    return found


def only_session(view: ConfigView) -> SsoSession:
    """Return the session of a config that has one. Raises TargetError."""
    sessions = all_sessions(view)
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
        next_step=login_command(sessions[0].label),
        code=ErrorCode.TARGET_AMBIGUOUS,
        candidates=tuple(session.label for session in sessions),
    )


# -- messages


def settings_error(problem: Problem) -> SourceCredentialsError:
    """Return the error for settings that allow no sign-in."""
    return SourceCredentialsError(
        f"The IAM Identity Center settings of {show_value(problem.profile or '')} can't be used.",
        why=problem.message,
        next_step=f"Correct it at {sanitize(f'{problem.file}:{problem.line}')}.",
        code=ErrorCode.SSO_CONFIG,
    )


def unknown_session_error(view: ConfigView, target: str) -> TargetError:
    """Return the error for a target that signs in to no session."""
    sessions = all_sessions(view)
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
