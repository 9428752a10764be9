"""Find the credential source of a profile, by botocore's order of precedence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from xswitch.core.digests import sha256
from xswitch.core.display import quote_value, show_key_id, show_setting, show_value
from xswitch.core.model import (
    DEFAULT_SCOPES,
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Origin,
    Problem,
    Profile,
    Severity,
    SsoRole,
    SsoSession,
)
from xswitch.core.sts_limits import split_commas

NO_CREDENTIALS = "no_credentials"
STATIC_KEYS = ("aws_access_key_id", "aws_secret_access_key")
_STATIC_KEYS = frozenset(STATIC_KEYS)
_SESSION_TOKEN_KEYS = ("aws_session_token", "aws_security_token")
_SSO_PROFILE_KEYS = ("sso_account_id", "sso_role_name")
_SSO_KEYS = frozenset(_SSO_PROFILE_KEYS)
_SSO_SIGN_IN_KEYS = ("sso_session", "sso_start_url")
_SSO_REQUIRED_KEYS = (*_SSO_PROFILE_KEYS, "sso_start_url", "sso_region")
_CONTAINER_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_FIRST_WORD = re.compile(r"(?:\\ |\S)+")
CREDENTIAL_SOURCES = ("Environment", "Ec2InstanceMetadata", "EcsContainer")


def problem_at(
    profile: Profile, key: str | None, code: str, message: str, severity: Severity = "error"
) -> Problem:
    """Make a problem at the line of `key` in `profile`, or of the section if the key is missing."""
    property_ = profile.properties.get(key) if key else None
    origin = profile.origin if property_ is None else property_.origin
    return Problem(
        code=code,
        message=message,
        severity=severity,
        file=origin.file,
        line=origin.line,
        profile=profile.name,
    )


def has_static_keys(profile: Profile) -> bool:
    """Whether the profile has half a key pair or more, which ends a chain in a source profile."""
    return profile.has_any(_STATIC_KEYS)


def is_sso(profile: Profile) -> bool:
    """Whether the profile uses SSO: it has `sso_account_id` or `sso_role_name`."""
    return profile.has_any(_SSO_KEYS)


def find_credential_source(view: ConfigView, profile: Profile) -> CredentialSource | Problem:
    """Find the credential source of `profile`, or the error that prevents it.

    The order is botocore's (credentials.py, ProfileProviderBuilder): web identity, SSO, static keys
    in the credentials file, login session, process, static keys in the config file.
    """
    for applies, make in _SOURCE_ORDER:
        if applies(profile):
            return make(view, profile)
    if any(key in profile.properties for key in _SSO_SIGN_IN_KEYS):
        return _sso_source(view, profile)  # which reports what is missing
    return problem_at(
        profile,
        None,
        NO_CREDENTIALS,
        f'Source profile "{profile.name}" has no credentials.',
    )


def named_credential_source(
    profile: Profile, source: str, env: Mapping[str, str]
) -> CredentialSource | Problem:
    """Make the source that `credential_source` names.

    The names are those of AWS's reference, and case matters.
    """
    setting = profile.properties.get("credential_source")
    origin = profile.origin if setting is None else setting.origin
    if source == "Environment":
        key = env.get("AWS_ACCESS_KEY_ID", "")
        detail = show_key_id(key) if key else "AWS_ACCESS_KEY_ID isn't set"
        temporary = bool(env.get("AWS_SESSION_TOKEN") or env.get("AWS_SECURITY_TOKEN"))
        kind = CredentialSourceKind.ENVIRONMENT
        return _source(kind, None, {"access_key_id": key}, origin, detail, temporary=temporary)
    if source == "Ec2InstanceMetadata":
        kind = CredentialSourceKind.EC2_METADATA
        return _source(kind, None, {}, origin, "instance metadata", temporary=True)
    if source == "EcsContainer":
        kind = CredentialSourceKind.ECS_CONTAINER
        facts = {name: env[name] for name in _CONTAINER_VARIABLES if name in env}
        return _source(kind, None, facts, origin, "container credentials", temporary=True)
    return problem_at(
        profile,
        "credential_source",
        "credential_source_invalid",
        f'Profile "{profile.name}": credential_source is {quote_value(source)}; it must be one of'
        f" {', '.join(CREDENTIAL_SOURCES)}.",
    )


def canonical_json(facts: Mapping[str, str]) -> str:
    """Write facts as one line of JSON that is equal for equal facts."""
    return json.dumps(dict(facts), sort_keys=True, separators=(",", ":"))


def _source(  # noqa: PLR0913 -- the fields of a source
    kind: CredentialSourceKind,
    profile: Profile | None,
    facts: Mapping[str, str],
    origin: Origin,
    detail: str,
    *,
    temporary: bool = False,
) -> CredentialSource:
    name = None if profile is None else profile.name
    return CredentialSource(kind, name, canonical_json(facts), origin, detail, temporary)


def _has_keys_in_credentials_file(profile: Profile) -> bool:
    key = profile.properties.get("aws_access_key_id")
    return key is not None and key.source == "credentials"


def _static_keys_source(_view: ConfigView, profile: Profile) -> CredentialSource | Problem:
    missing = [key for key in STATIC_KEYS if not profile.get(key)]
    if missing:
        text = f'Profile "{profile.name}" has static keys without {missing[0]}.'
        existing = next((key for key in STATIC_KEYS if key in profile.properties), None)
        return problem_at(profile, existing, "partial_keys", text)
    key_id = profile.properties["aws_access_key_id"]
    facts = {"access_key_id": key_id.value}
    temporary = any(profile.get(token) for token in _SESSION_TOKEN_KEYS)
    kind = CredentialSourceKind.STATIC_KEYS
    return _source(
        kind, profile, facts, key_id.origin, show_key_id(key_id.value), temporary=temporary
    )


def _login_session_source(_view: ConfigView, profile: Profile) -> CredentialSource:
    session = profile.properties["login_session"]
    facts = {"session": session.value}
    kind = CredentialSourceKind.LOGIN_SESSION
    return _source(kind, profile, facts, session.origin, show_value(session.value), temporary=True)


def _process_source(_view: ConfigView, profile: Profile) -> CredentialSource:
    command = profile.properties["credential_process"]
    # A command line can contain a password, so the identity has its digest, and messages show only
    # the program's name.
    facts = {"command": sha256(command.value.encode())}
    first_word = _FIRST_WORD.match(command.value.strip())
    program = ""
    if first_word is not None and "=" not in first_word[0]:
        program = first_word[0].replace("\\ ", " ").rpartition("/")[2]
    kind = CredentialSourceKind.CREDENTIAL_PROCESS
    return _source(kind, profile, facts, command.origin, program)


def _web_identity_source(_view: ConfigView, profile: Profile) -> CredentialSource | Problem:
    role, token = profile.get("role_arn"), profile.properties["web_identity_token_file"]
    if not role:
        text = f'Profile "{profile.name}" has web_identity_token_file but no role_arn.'
        return problem_at(profile, "web_identity_token_file", "web_identity_no_role", text)
    session_name = profile.get("role_session_name") or ""
    facts = {"role_arn": role, "token_file": token.value, "session_name": session_name}
    kind = CredentialSourceKind.WEB_IDENTITY
    return _source(kind, profile, facts, token.origin, show_value(role), temporary=True)


def find_sso_role(view: ConfigView, profile: Profile) -> SsoRole | Problem:
    """Find the Identity Center role of a profile, or the error in its settings.

    The settings are in the profile, or shared by it and its sso-session (botocore's
    credentials.py, SSOProvider).
    """
    values = {key: entry.value for key, entry in profile.properties.items()}
    name = profile.get("sso_session")
    origin = profile.origin
    if name is not None:
        section = view.sso_sessions.get(name)
        if section is None:
            shown = show_value(name)
            text = f'Profile "{profile.name}": section [sso-session {shown}] doesn\'t exist.'
            return problem_at(profile, "sso_session", "sso_session_missing", text)
        origin = section.origin
        for key, entry in section.properties.items():
            if values.setdefault(key, entry.value) != entry.value:
                place = f"{entry.origin.file}:{entry.origin.line}"
                text = (
                    f'Profile "{profile.name}": {key} is {show_setting(key, values[key])}, but'
                    f" {show_setting(key, entry.value)} in"
                    f" its sso-session ({place}); they must be equal."
                )
                return problem_at(profile, key, "sso_conflict", text)
    missing = [key for key in _SSO_REQUIRED_KEYS if not values.get(key)]
    if missing:
        text = f'Profile "{profile.name}" uses SSO but lacks {", ".join(missing)}.'
        return problem_at(profile, _sso_key(profile), "sso_incomplete", text)
    session = SsoSession(
        name or "", values["sso_start_url"], values["sso_region"], _scopes(values), origin
    )
    return SsoRole(session, values["sso_account_id"], values["sso_role_name"])


def sso_session_of(section: Profile) -> SsoSession | None:
    """Return the sign-in of an `[sso-session]` section, None if it is incomplete."""
    values = {key: entry.value for key, entry in section.properties.items()}
    url, region = values.get("sso_start_url"), values.get("sso_region")
    if not url or not region:
        return None
    return SsoSession(section.name, url, region, _scopes(values), section.origin)


def _scopes(values: Mapping[str, str]) -> tuple[str, ...]:
    return split_commas(values.get("sso_registration_scopes") or "") or DEFAULT_SCOPES


def _sso_key(profile: Profile) -> str:
    keys = (*_SSO_PROFILE_KEYS, *_SSO_SIGN_IN_KEYS)
    return next(key for key in keys if key in profile.properties)


def sso_source(role: SsoRole, profile: str | None, origin: Origin | None) -> CredentialSource:
    """Make the source of an Identity Center role, of a profile or of the portal alone."""
    session = role.session
    facts = {
        "sso_account_id": role.account_id,
        "sso_role_name": role.role_name,
        "sso_start_url": session.start_url,
        "sso_region": session.region,
        "sso_session": session.name,
    }
    detail = f"{role.account_id}/{role.role_name} at {show_value(session.label)}"
    kind = CredentialSourceKind.SSO
    return CredentialSource(kind, profile, canonical_json(facts), origin, detail, temporary=True)


def _sso_source(view: ConfigView, profile: Profile) -> CredentialSource | Problem:
    found = find_sso_role(view, profile)
    if isinstance(found, Problem):
        return found
    return sso_source(found, profile.name, profile.properties[_sso_key(profile)].origin)


_SOURCE_ORDER: tuple[
    tuple[Callable[[Profile], bool], Callable[[ConfigView, Profile], CredentialSource | Problem]],
    ...,
] = (
    (lambda profile: bool(profile.get("web_identity_token_file")), _web_identity_source),
    (is_sso, _sso_source),
    (_has_keys_in_credentials_file, _static_keys_source),
    (lambda profile: "login_session" in profile.properties, _login_session_source),
    (lambda profile: "credential_process" in profile.properties, _process_source),
    (has_static_keys, _static_keys_source),
)
