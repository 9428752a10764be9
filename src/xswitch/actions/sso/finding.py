"""Find the sign-in of a target of `login`, `logout`, and `sso`."""

from __future__ import annotations

from dataclasses import dataclass

from xswitch.actions.ports import Config
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.core.display import show_value
from xswitch.core.errors import ErrorCode, TargetError
from xswitch.core.errors.sso import login_command
from xswitch.core.model import CredentialSourceKind, Problem, Profile, SsoSession
from xswitch.core.roles.sources import sso_role_of_source
from xswitch.core.roles.sso_endpoints import uses_session, with_endpoints
from xswitch.core.sso.sessions import (
    all_sessions,
    only_session,
    session_named,
    session_of_profile,
    session_with_url,
    settings_error,
    stored_sessions,
    unknown_session_error,
)

_DEFAULT_PROFILE = "default"


@dataclass(frozen=True, slots=True)
class AwsLogin:
    """A profile that signs in with `aws login`, which only the AWS CLI does."""

    profile: str


SignIn = SsoSession | AwsLogin


def find_sign_in(config: Config, target: str) -> SignIn:
    """Return the session that a target signs in with, with its endpoints.

    The target is an sso-session; a profile, managed ones and roles that start from an Identity
    Center profile included; or a start URL. "" is the session of this shell's profile, else the
    only one. Raises TargetError, SourceCredentialsError, ConfigError.
    """
    snapshot = take_snapshot(config)
    view = snapshot.view
    profile: Profile | None = None
    found: SignIn | None
    if target in view.sso_sessions:
        found = session_named(view, target)
    else:
        found, profile = _of_target(snapshot, target or snapshot.current_profile)
    if found is None and "://" in target:
        found = session_with_url((*all_sessions(view), *stored_sessions(view)), target)
    if found is None and target:
        raise unknown_session_error(view, target)
    found = found or only_session(view)
    if isinstance(found, AwsLogin):
        return found
    if profile is not None and not uses_session(profile, found):
        profile = None
    return with_endpoints(found, view, snapshot.environment, profile)


def find_session(config: Config, target: str) -> SsoSession:
    """Return the session of `find_sign_in`. Raises TargetError also for an `aws login`."""
    found = find_sign_in(config, target)
    if isinstance(found, AwsLogin):
        raise TargetError(
            f"Profile {show_value(found.profile)} doesn't sign in to IAM Identity Center.",
            why="It signs in with the AWS CLI.",
            next_step=login_command(found.profile),
            code=ErrorCode.TARGET_UNKNOWN,
        )
    return found


def _of_target(snapshot: ConfigSnapshot, name: str) -> tuple[SignIn | None, Profile | None]:
    """Return what a profile or role signs in with, and the profile that has its settings."""
    view = snapshot.view
    profile = view.profiles.get(name or _DEFAULT_PROFILE)
    found = None if profile is None else session_of_profile(view, profile)
    if isinstance(found, Problem):
        raise settings_error(found)
    if profile is None and (not name or "://" in name):
        return None, None
    try:
        role = (
            snapshot.roles_by_name.get(name)
            if profile is None
            else snapshot.role_for_profile(profile.name)
        )
    except TargetError:
        role = None  # it gives no credentials
    if role is None or role.chain is None:
        return found, profile
    base = role.chain.base
    if base.kind is CredentialSourceKind.LOGIN_SESSION and base.profile is not None:
        return AwsLogin(base.profile), None
    if base.kind is not CredentialSourceKind.SSO:
        return found, profile
    source = sso_role_of_source(view, base)
    if isinstance(source, Problem):
        raise settings_error(source)
    return source.session, view.profiles.get(base.profile or "")
