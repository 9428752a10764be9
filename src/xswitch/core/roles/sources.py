"""Where the end of a chain gets its credentials: which kind of source a profile is, in botocore's order, and what defines it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

from xswitch.core.digests import sha256
from xswitch.core.model import Base, BaseKind, ConfigView, Problem, Profile, Severity

STATIC_KEYS = ("aws_access_key_id", "aws_secret_access_key")
_TOKENS = ("aws_session_token", "aws_security_token")
_SSO_PROFILE_KEYS = ("sso_account_id", "sso_role_name")
_SSO_KEYS = (*_SSO_PROFILE_KEYS, "sso_start_url", "sso_region")
_CONTAINER_VARIABLES = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
_FIRST_WORD = re.compile(r"(?:\\ |\S)+")
CREDENTIAL_SOURCES = ("Environment", "Ec2InstanceMetadata", "EcsContainer")


def problem_at(profile: Profile, key: str | None, code: str, message: str, severity: Severity = "error") -> Problem:
    """A problem of `profile`, at the line of `key` or, when it isn't there, at the section's."""
    found = profile.properties.get(key) if key else None
    origin = profile.origin if found is None else found.origin
    return Problem(code=code, message=message, severity=severity, file=origin.file, line=origin.line, profile=profile.name)


def has_static_keys(profile: Profile) -> bool:
    """Whether the profile has either half of a key pair: that makes it the end of a chain, whatever else it holds."""
    return "aws_access_key_id" in profile.properties or "aws_secret_access_key" in profile.properties


def is_sso(profile: Profile) -> bool:
    """Whether the profile starts SSO: `sso_account_id` or `sso_role_name` is there."""
    return "sso_account_id" in profile.properties or "sso_role_name" in profile.properties


def find_base(view: ConfigView, profile: Profile) -> Base | Problem:
    """The source of credentials that `profile` is, or the error that keeps it from being one.

    The order is botocore's (credentials.py, ProfileProviderBuilder): web identity, SSO, static keys in the credentials file,
    login session, process, static keys in the config file.
    """
    for applies, make in _ORDER:
        if applies(profile):
            return make(view, profile)
    return problem_at(profile, None, "no_credentials", f'Profile "{profile.name}" is a source profile and has no credentials of any kind.')


def named_source(profile: Profile, source: str, env: Mapping[str, str]) -> Base | Problem:
    """The base that a profile's `credential_source` names; only the three names of AWS's reference, spelt exactly so, are known."""
    found = profile.properties.get("credential_source")
    origin = profile.origin if found is None else found.origin
    if source == "Environment":
        key = env.get("AWS_ACCESS_KEY_ID", "")
        return Base(
            kind=BaseKind.ENVIRONMENT,
            profile=None,
            identity=canonical({"access_key_id": key}),
            origin=origin,
            detail=key or "AWS_ACCESS_KEY_ID is not set",
            temporary=bool(env.get("AWS_SESSION_TOKEN") or env.get("AWS_SECURITY_TOKEN")),
        )
    if source == "Ec2InstanceMetadata":
        return Base(BaseKind.EC2_METADATA, None, canonical({}), origin, "instance metadata", temporary=True)
    if source == "EcsContainer":
        facts = {name: env[name] for name in _CONTAINER_VARIABLES if name in env}
        return Base(BaseKind.ECS_CONTAINER, None, canonical(facts), origin, "container credentials", temporary=True)
    return problem_at(
        profile,
        "credential_source",
        "credential_source_invalid",
        f'Profile "{profile.name}": credential_source is {source!r}, which is none of {", ".join(CREDENTIAL_SOURCES)}.',
    )


def canonical(facts: Mapping[str, str]) -> str:
    """Facts as one line that is the same for the same facts."""
    return json.dumps(dict(facts), sort_keys=True, separators=(",", ":"))


def _shared_keys(profile: Profile) -> bool:
    key = profile.properties.get("aws_access_key_id")
    return key is not None and key.source == "credentials"


def _static(_view: ConfigView, profile: Profile) -> Base | Problem:
    missing = [key for key in STATIC_KEYS if not profile.get(key)]
    if missing:
        text = f'Profile "{profile.name}" has only half of a key pair: {missing[0]} is missing.'
        return problem_at(profile, next((key for key in STATIC_KEYS if key in profile.properties), None), "partial_keys", text)
    found = profile.properties["aws_access_key_id"]
    temporary = any(profile.get(token) for token in _TOKENS)
    facts = {"access_key_id": found.value}
    return Base(BaseKind.STATIC_KEYS, profile.name, canonical(facts), found.origin, found.value, temporary=temporary)


def _login(_view: ConfigView, profile: Profile) -> Base:
    found = profile.properties["login_session"]
    return Base(BaseKind.LOGIN_SESSION, profile.name, canonical({"session": found.value}), found.origin, found.value, temporary=True)


def _process(_view: ConfigView, profile: Profile) -> Base:
    found = profile.properties["credential_process"]
    # Command lines hold passwords at times: the identity has their digest, and people see the program's name.
    facts = {"command": sha256(found.value.encode())}
    word = _FIRST_WORD.match(found.value.strip())
    program = "" if word is None or "=" in word[0] else word[0].replace("\\ ", " ").rpartition("/")[2]
    return Base(BaseKind.CREDENTIAL_PROCESS, profile.name, canonical(facts), found.origin, program)


def _web_identity(_view: ConfigView, profile: Profile) -> Base | Problem:
    role, token = profile.get("role_arn"), profile.properties["web_identity_token_file"]
    if not role:
        text = f'Profile "{profile.name}" has web_identity_token_file and no role_arn to assume with it.'
        return problem_at(profile, "web_identity_token_file", "web_identity_no_role", text)
    facts = {"role_arn": role, "token_file": token.value, "session_name": profile.get("role_session_name") or ""}
    return Base(BaseKind.WEB_IDENTITY, profile.name, canonical(facts), token.origin, role, temporary=True)


def _sso(view: ConfigView, profile: Profile) -> Base | Problem:
    values = {key: found.value for key, found in profile.properties.items()}
    name = profile.get("sso_session")
    if name is not None:
        session = view.sso_sessions.get(name)
        if session is None:
            text = f'Profile "{profile.name}": there is no section [sso-session {name}].'
            return problem_at(profile, "sso_session", "sso_session_missing", text)
        for key, found in session.properties.items():
            if values.setdefault(key, found.value) != found.value:
                text = (
                    f'Profile "{profile.name}": {key} is {values[key]!r}, but {found.value!r} in its sso-session '
                    f"({found.origin.file}:{found.origin.line}); they must be equal."
                )
                return problem_at(profile, key, "sso_conflict", text)
    missing = [key for key in _SSO_KEYS if not values.get(key)]
    if missing:
        text = f'Profile "{profile.name}" starts SSO and lacks {", ".join(missing)}.'
        return problem_at(profile, next(key for key in _SSO_PROFILE_KEYS if key in profile.properties), "sso_incomplete", text)
    facts = {key: values[key] for key in _SSO_KEYS} | {"sso_session": name or ""}
    origin = next(profile.properties[key].origin for key in _SSO_PROFILE_KEYS if key in profile.properties)
    detail = f"{values['sso_account_id']}/{values['sso_role_name']} at {name or values['sso_start_url']}"
    return Base(BaseKind.SSO, profile.name, canonical(facts), origin, detail, temporary=True)


_ORDER: tuple[tuple[Callable[[Profile], bool], Callable[[ConfigView, Profile], Base | Problem]], ...] = (
    (lambda profile: bool(profile.get("web_identity_token_file")), _web_identity),
    (is_sso, _sso),
    (_shared_keys, _static),
    (lambda profile: "login_session" in profile.properties, _login),
    (lambda profile: "credential_process" in profile.properties, _process),
    (has_static_keys, _static),
)
