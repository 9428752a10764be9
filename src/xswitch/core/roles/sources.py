"""Find the credential source of a profile, by botocore's order of precedence."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from xswitch.core.digests import sha256
from xswitch.core.display import quote_value, show_key_id, show_value
from xswitch.core.model import (
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Origin,
    Problem,
    Profile,
    SsoRole,
    SsoSession,
    problem_at,
)
from xswitch.core.sso.sessions import (
    ACCOUNT_KEY,
    REGION_KEY,
    ROLE_KEY,
    SESSION_KEY,
    START_URL_KEY,
    all_sessions,
    sso_key,
    sso_settings,
)

NO_CREDENTIALS = "no_credentials"
STATIC_KEYS = ("aws_access_key_id", "aws_secret_access_key")
_STATIC_KEYS = frozenset(STATIC_KEYS)
_SSO_KEYS = frozenset((ACCOUNT_KEY, ROLE_KEY))
_SESSION_TOKEN_KEYS = ("aws_session_token", "aws_security_token")
_CONTAINER_VARIABLES = (
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
)
_FIRST_WORD = re.compile(r"(?:\\ |\S)+")
CREDENTIAL_SOURCES = ("Environment", "Ec2InstanceMetadata", "EcsContainer")


def assumes_role(profile: Profile) -> bool:
    """Whether AssumeRole gives the profile its role, and not a web identity token."""
    properties = profile.properties
    return "role_arn" in properties and "web_identity_token_file" not in properties


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
    if sso_key(profile) is not None:
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


# One for all: making an encoder takes longer than encoding with it
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


def canonical_json(facts: Mapping[str, str]) -> str:
    """Write facts as one line of JSON that is equal for equal facts."""
    return _encode(dict(facts))


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
    """Find the Identity Center role of a profile, or the error in its settings."""
    found = sso_settings(view, profile, ACCOUNT_KEY, ROLE_KEY)
    if isinstance(found, Problem):
        return found
    return SsoRole(found.session, found.values[ACCOUNT_KEY], found.values[ROLE_KEY])


def sso_role_of_source(view: ConfigView, base: CredentialSource) -> SsoRole | Problem:
    """Return the role that an Identity Center source gives, as the config has its session now.

    A source without a profile is a role that only the portal lists: the source itself has all.
    """
    profile = view.profiles.get(base.profile or "")
    if profile is not None:
        return find_sso_role(view, profile)
    facts = json.loads(base.identity)
    session = SsoSession(facts[SESSION_KEY], facts[START_URL_KEY], facts[REGION_KEY])
    known = (
        one
        for one in all_sessions(view)
        if (one.name, one.start_url, one.region)
        == (session.name, session.start_url, session.region)
    )
    return SsoRole(next(known, session), facts[ACCOUNT_KEY], facts[ROLE_KEY])


def sign_in_of_source(base: CredentialSource) -> tuple[str, str]:
    """Return the label and the start URL of the session that an Identity Center source has."""
    facts = json.loads(base.identity)
    return facts[SESSION_KEY] or facts[START_URL_KEY], facts[START_URL_KEY]


def sso_source(role: SsoRole, profile: str | None, origin: Origin | None) -> CredentialSource:
    """Make the source of an Identity Center role, of a profile or of the portal alone."""
    session = role.session
    facts = {
        ACCOUNT_KEY: role.account_id,
        ROLE_KEY: role.role_name,
        START_URL_KEY: session.start_url,
        REGION_KEY: session.region,
        SESSION_KEY: session.name,
    }
    detail = f"{role.account_id}/{role.role_name} at {show_value(session.label)}"
    kind = CredentialSourceKind.SSO
    return CredentialSource(kind, profile, canonical_json(facts), origin, detail, temporary=True)


def _sso_source(view: ConfigView, profile: Profile) -> CredentialSource | Problem:
    found = find_sso_role(view, profile)
    if isinstance(found, Problem):
        return found
    key = sso_key(profile)
    origin = profile.origin if key is None else profile.properties[key].origin
    return sso_source(found, profile.name, origin)


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
