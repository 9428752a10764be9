"""Managed profiles: overrides of a role's settings, stored properties, and shadowing."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace

from xswitch.core import sts_limits
from xswitch.core.arn import is_account_id, is_region
from xswitch.core.digests import sha256
from xswitch.core.display import quote_value
from xswitch.core.errors import ConfigError, ErrorCode, UsageError
from xswitch.core.model import (
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Hop,
    PortalRole,
    Problem,
    Profile,
    Property,
    Role,
    SsoRole,
    TargetKind,
)

# Every SDK accepts the other characters; most ignore a profile with a space or quote in its name.
_ILLEGAL_IN_PROFILE_NAME = re.compile(r"[^A-Za-z0-9_\-/.%@:+]")
ROLE_KEY = "xswitch_role"
SOURCE_PROFILE_KEY = "xswitch_source_profile"
SSO_SESSION_KEY = "xswitch_sso_session"
SSO_START_URL_KEY = "xswitch_sso_start_url"
SSO_REGION_KEY = "xswitch_sso_region"
SSO_ACCOUNT_KEY = "xswitch_sso_account_id"
SSO_ROLE_KEY = "xswitch_sso_role_name"
ACCOUNT_NAME_KEY = "xswitch_account_name"
ENVIRONMENT_KEY = "xswitch_environment_key"
"""The ID of the access key that was in the environment: a switch unsets it there."""
_WITH_TOKEN = "with_session_token"  # noqa: S105 -- says that there was one
_TOKEN_VARIABLES = ("AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN")

# Keys that compete with credential_process, by the credentials that SDKs would use.
_COMPETING_KEYS = {
    "an assumed role": ("credential_source", "role_arn", "source_profile"),
    "a web identity": ("web_identity_token_file",),
    "SSO": ("sso_account_id", "sso_role_name", "sso_session", "sso_start_url"),
    "a login session": ("login_session",),
    "static keys": ("aws_access_key_id", "aws_secret_access_key", "aws_session_token"),
}
# Keys that a managed profile doesn't copy from the role profile.
_CREDENTIAL_PREFIXES = ("aws_", "sso_", "xswitch_")
_CREDENTIAL_KEYS = frozenset(
    {
        "credential_process",
        "duration_seconds",
        "external_id",
        "mfa_process",
        "mfa_serial",
        "role_session_name",
    }
).union(*_COMPETING_KEYS.values())


@dataclass(frozen=True, slots=True)
class Overrides:
    """Options of a switch that replace configured values of the role; None and () don't."""

    region: str | None = None
    duration_seconds: int | None = None
    session_name: str | None = None
    external_id: str | None = None
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    """Merged with the configured tags by key."""
    mfa_serial: str | None = None


NO_OVERRIDES = Overrides()
_HOP_FIELDS = tuple(entry.name for entry in fields(Overrides) if entry.name != "region")


def validate_overrides(overrides: Overrides) -> Overrides:
    """Check overrides, sort the tags, and write the policy on one line.

    Raises UsageError for the first value that AWS or a config file can't hold.
    """
    if overrides.region is not None and not is_region(overrides.region):
        raise UsageError(
            f"{quote_value(overrides.region)} isn't a valid region.",
            next_step="Use a region such as eu-west-1.",
            code=ErrorCode.BAD_REGION,
        )
    seconds = overrides.duration_seconds
    if seconds is not None and not sts_limits.MIN_DURATION <= seconds <= sts_limits.MAX_DURATION:
        limits = f"{sts_limits.MIN_DURATION} to {sts_limits.MAX_DURATION}"
        raise UsageError(
            f"A session can't last {seconds} seconds.",
            why=f"AWS accepts {limits}.",
            next_step=f"Use a duration of {limits} seconds.",
            code=ErrorCode.BAD_DURATION,
        )
    _validate(
        overrides.session_name,
        sts_limits.is_session_name,
        "session name",
        "2 to 64 letters, digits, and _+=,.@-",
        ErrorCode.BAD_SESSION_NAME,
    )
    _validate(
        overrides.external_id,
        sts_limits.is_external_id,
        "external ID",
        "2 to 1224 letters, digits, and _+=,.@:/-",
        ErrorCode.BAD_EXTERNAL_ID,
    )
    _validate(
        overrides.mfa_serial,
        sts_limits.is_mfa_serial,
        "MFA serial",
        "the ARN or serial number of an MFA device",
        ErrorCode.BAD_MFA_SERIAL,
    )
    try:
        return replace(
            overrides,
            policy_arns=sts_limits.validate_policy_arns(overrides.policy_arns),
            policy=None
            if overrides.policy is None
            else sts_limits.compact_policy(overrides.policy),
            tags=sts_limits.validate_tags(overrides.tags),
        )
    except ValueError as error:
        raise UsageError(
            "Invalid session tags or session policies.",
            why=f"{error}.",
            code=ErrorCode.BAD_OVERRIDE,
        ) from None


def _validate(
    value: str | None, is_valid: Callable[[str], bool], name: str, form: str, code: ErrorCode
) -> None:
    if value is not None and not is_valid(value):
        raise UsageError(
            f"{quote_value(value)} isn't a valid {name}.", why=f"It must be {form}.", code=code
        )


_OPTION_NAMES = {
    "duration_seconds": "--duration",
    "session_name": "--session-name",
    "external_id": "--external-id",
    "policy_arns": "--policy-arn",
    "policy": "--policy",
    "tags": "--tag",
}
_NO_OPTIONS = {
    TargetKind.SSO: "Identity Center decides the duration, name, and permissions of its sessions.",
    TargetKind.MFA_SESSION: "GetSessionToken, which makes an MFA session, takes only a duration.",
    TargetKind.WEB_IDENTITY: "AWS programs use its credentials as the profile gives them.",
    TargetKind.STATIC_KEYS: "AWS programs use its access keys as they are.",
    TargetKind.CREDENTIAL_PROCESS: "AWS programs use its credentials as the command prints them.",
    TargetKind.LOGIN_SESSION: "AWS programs use its credentials as the sign-in gives them.",
}


def check_options(role: Role, overrides: Overrides) -> None:
    """Raise UsageError for overrides that don't exist for a target's kind, or that its guard bars.

    A role that is assumed takes all of them.
    """
    check_guard_policy(role, overrides)
    if role.kind is TargetKind.ROLE:
        return
    guard = role.guard
    if guard is not None and (guard.policy or guard.policy_arns):
        raise UsageError(
            f"The guard {guard.name!r} limits {role.name} by a session policy, which can't be had.",
            why=f"AWS takes a session policy only with AssumeRole. {_NO_OPTIONS[role.kind]}",
            next_step="Remove the policy from the guard in config.toml, or use a role.",
            code=ErrorCode.GUARD_POLICY,
        )
    for name, option in _OPTION_NAMES.items():
        if name == "duration_seconds" and role.kind is TargetKind.MFA_SESSION:
            continue
        if getattr(overrides, name):
            raise UsageError(
                f"{option} isn't possible for {role.name}.",
                why=_NO_OPTIONS[role.kind],
                next_step=f"Leave {option} out.",
                code=ErrorCode.BAD_OVERRIDE,
            )


def check_guard_policy(role: Role, overrides: Overrides) -> None:
    """Raise UsageError if overrides have a session policy and so does the role's guard.

    AWS grants the union of session policies, so another policy would allow more than the guard.
    """
    guard = role.guard
    if (
        guard is not None
        and (guard.policy or guard.policy_arns)
        and (overrides.policy or overrides.policy_arns)
    ):
        raise UsageError(
            f"The guard {guard.name!r} sets the session policy of {role.name}.",
            why="A second session policy would allow more than the guard does.",
            next_step="Leave the policy out.",
            code=ErrorCode.GUARD_POLICY,
        )


def overrides_to_properties(overrides: Overrides) -> dict[str, str]:
    """Write validated overrides as `xswitch_*` properties."""
    seconds = overrides.duration_seconds
    properties = {
        "xswitch_duration_seconds": None if seconds is None else str(seconds),
        "xswitch_session_name": overrides.session_name,
        "xswitch_external_id": overrides.external_id,
        "xswitch_mfa_serial": overrides.mfa_serial,
        "xswitch_policy_arns": ",".join(overrides.policy_arns),
        "xswitch_policy": overrides.policy,
        "xswitch_tags": sts_limits.format_tags(overrides.tags),
        "xswitch_region": overrides.region,
    }
    return {key: value for key, value in properties.items() if value}


def overrides_from_profile(profile: Profile) -> Overrides:
    """Read the overrides that a managed profile stores.

    Raises ConfigError with file and line for an invalid one, because a session without it could
    have more permissions.
    """
    seconds = profile.get("xswitch_duration_seconds")
    try:
        duration = None if seconds is None else sts_limits.parse_integer(seconds)
        if seconds is not None and duration is None:
            # The handler below adds file and line.
            raise ValueError(f"{quote_value(seconds)} isn't a number of seconds")  # noqa: TRY301
        return validate_overrides(
            Overrides(
                region=profile.get("xswitch_region"),
                duration_seconds=duration,
                session_name=profile.get("xswitch_session_name"),
                external_id=profile.get("xswitch_external_id"),
                policy_arns=sts_limits.split_commas(profile.get("xswitch_policy_arns") or ""),
                policy=profile.get("xswitch_policy"),
                tags=sts_limits.parse_tags(profile.get("xswitch_tags") or ""),
                mfa_serial=profile.get("xswitch_mfa_serial"),
            )
        )
    except (ValueError, UsageError) as error:
        origin = profile.origin
        raise ConfigError(
            f'Invalid setting in managed profile "{profile.name}" ({origin.file}:{origin.line}).',
            why=f"{error}.".replace("..", "."),
            next_step="Switch to the role again; this rewrites the profile.",
            code=ErrorCode.MANAGED_PROFILE,
        ) from None


def managed_properties(
    role: Role, view: ConfigView, overrides: Overrides, command_value: str
) -> dict[str, str]:
    """Return all properties of the role's managed profile.

    `command_value` is the value of `credential_process`. Raises UsageError for overrides that AWS
    would reject or that a guard forbids.
    """
    overrides = validate_overrides(overrides)
    check_options(role, overrides)
    properties = {"credential_process": command_value}
    properties |= _copied_settings(_profile_to_copy_from(role, view))
    if overrides.region is not None:
        properties["region"] = overrides.region
    if role.chain is not None:
        properties |= _environment_properties(role.chain.base)
    if role.portal_role is not None and role.sso is not None:
        return (
            properties
            | _portal_properties(role.portal_role, role.sso)
            | (overrides_to_properties(overrides))
        )
    if not role.is_ad_hoc:
        return properties | {ROLE_KEY: role.name} | overrides_to_properties(overrides)
    target = None if role.chain is None else role.chain.target
    if target is None:
        raise ConfigError(
            f"The source of {role.name} can't be resolved.",
            why="; ".join(problem.message for problem in role.problems),
            code=ErrorCode.CHAIN,
        )
    identity = {ROLE_KEY: role.role_arn, SOURCE_PROFILE_KEY: source_profile(role) or ""}
    merged = merge_overrides(overrides_from_hop(target), overrides)
    return properties | identity | overrides_to_properties(merged)


def portal_role_name(role: SsoRole) -> str:
    """Name a role of a portal for `xswitch_role`, also where no list has its account's name."""
    return f"{role.account_id}/{role.role_name}@{role.session.label}"


def stores_portal_role(profile: Profile) -> bool:
    """Whether `profile` is the managed profile of a role that only a portal lists."""
    return ROLE_KEY in profile.properties and SSO_ACCOUNT_KEY in profile.properties


def _portal_properties(listed: PortalRole, role: SsoRole) -> dict[str, str]:
    """Return what a managed profile needs to find its role without the portal's list."""
    session = role.session
    properties = {
        ROLE_KEY: portal_role_name(role),
        ACCOUNT_NAME_KEY: listed.account_name if listed.account_name.isprintable() else "",
        SSO_SESSION_KEY: session.name,
        SSO_START_URL_KEY: "" if session.name else session.start_url,
        SSO_REGION_KEY: "" if session.name else session.region,
        SSO_ACCOUNT_KEY: role.account_id,
        SSO_ROLE_KEY: role.role_name,
    }
    return {key: value for key, value in properties.items() if value}


def _environment_properties(base: CredentialSource) -> dict[str, str]:
    """Return the property that says which keys of the environment made a session, if any did."""
    if base.kind is not CredentialSourceKind.ENVIRONMENT:
        return {}
    key_id = str(json.loads(base.identity)["access_key_id"])
    if not key_id or not key_id.isalnum():
        return {}
    return {ENVIRONMENT_KEY: f"{key_id} {_WITH_TOKEN}" if base.temporary else key_id}


def recorded_environment(profile: Profile, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the environment with the identity of the keys that made a managed profile's session.

    It's for planning only: the secrets aren't recorded. Keys that are in the environment stay, so
    a session of other keys is never found.
    """
    recorded = (profile.get(ENVIRONMENT_KEY) or "").split()
    if not recorded or environment.get("AWS_ACCESS_KEY_ID"):
        return environment
    others = {name: value for name, value in environment.items() if name not in _TOKEN_VARIABLES}
    token = {_TOKEN_VARIABLES[0]: _WITH_TOKEN} if _WITH_TOKEN in recorded[1:] else {}
    return {**others, "AWS_ACCESS_KEY_ID": recorded[0], **token}


def source_profile(role: Role) -> str | None:
    """Return the profile whose credentials assume the role.

    None if the source isn't a profile or the chain can't be resolved.
    """
    if role.chain is None:
        return None
    return role.chain.hops[-2].profile if len(role.chain.hops) > 1 else role.chain.base.profile


def stores_ad_hoc_role(profile: Profile, role_arn: str, source: str | None) -> bool:
    """Whether `profile` is the managed profile of this ad hoc role."""
    return profile.get(ROLE_KEY) == role_arn and profile.get(SOURCE_PROFILE_KEY) == source


def overrides_from_hop(hop: Hop) -> Overrides:
    """Return overrides that give the same session as the hop's configuration."""
    return Overrides(**{name: getattr(hop, name) for name in _HOP_FIELDS})


def override_hop(hop: Hop, overrides: Overrides) -> Hop:
    """Apply overrides to a hop."""
    merged = merge_overrides(overrides_from_hop(hop), overrides)
    return hop._replace(**{name: getattr(merged, name) for name in _HOP_FIELDS})


def merge_overrides(lower: Overrides, upper: Overrides) -> Overrides:
    """Merge overrides; `upper` takes precedence, and tags are merged by key."""
    values = {
        entry.name: getattr(upper, entry.name) or getattr(lower, entry.name)
        for entry in fields(Overrides)
    }
    tags = tuple(sorted({**dict(lower.tags), **dict(upper.tags)}.items()))
    return Overrides(**values | {"tags": tags})


def _profile_to_copy_from(role: Role, view: ConfigView) -> Profile | None:
    managed = view.profiles.get(role.managed_profile)
    if role.portal_role is not None:
        return managed if managed is not None and stores_portal_role(managed) else None
    if not role.is_ad_hoc:
        return view.profiles.get(role.name)
    source = source_profile(role)
    if managed is not None and stores_ad_hoc_role(managed, role.role_arn, source):
        return managed
    return view.profiles.get(source or "")


def _copied_settings(profile: Profile | None) -> dict[str, str]:
    if profile is None:
        return {}
    return {
        key: property_.value
        for key, property_ in profile.properties.items()
        if key not in _CREDENTIAL_KEYS
        and not key.startswith(_CREDENTIAL_PREFIXES)
        and not any(char in property_.value for char in "\r\n\0")
    }


def find_shadowing(view: ConfigView, name: str) -> tuple[Problem, ...]:
    """Find reasons not to write, or not to use, a credential_process in profile `name`.

    - `not_ours` (error): a profile of that name without `xswitch_role`.
    - `shadowed` (error): competing credential keys in either file, which SDKs might use instead.
    - `own_static_keys` (warning): temporary keys that xswitch wrote into the credentials file, to
      be removed in the same change.
    """
    profile = view.profiles.get(name)
    if profile is None:
        return ()
    role_property = profile.properties.get(ROLE_KEY)
    if role_property is None or profile.cli_only:
        reason = (
            "only the AWS CLI and boto3 see it" if profile.cli_only else f"it has no {ROLE_KEY}"
        )
        text = f"xswitch doesn't change the existing profile {name}: {reason}."
        return (Problem("not_ours", text, "error", profile.origin.file, profile.origin.line, name),)
    own_static = role_property.source == "credentials"
    problems = []
    for source_name, keys in _COMPETING_KEYS.items():
        competing = [(key, profile.properties[key]) for key in keys if key in profile.properties]
        if competing:
            problems.append(_shadow_problem(profile, competing, source_name, own_static=own_static))
    process = profile.properties.get("credential_process")
    if process is not None and process.source == "credentials" and not own_static:
        competing = [("credential_process", process)]
        problems.append(_shadow_problem(profile, competing, "that process", own_static=own_static))
    return tuple(problems)


def _shadow_problem(
    profile: Profile,
    competing: list[tuple[str, Property]],
    source_name: str,
    *,
    own_static: bool,
) -> Problem:
    origin = competing[0][1].origin
    if own_static and all(
        key.startswith("aws_") and entry.source == "credentials" for key, entry in competing
    ):
        text = (
            f"The temporary keys of {profile.name} in the credentials file, written by xswitch,"
            " would override its credential_process."
        )
        return Problem("own_static_keys", text, "warning", origin.file, origin.line, profile.name)
    names = ", ".join(key for key, _ in competing)
    text = (
        f"Profile {profile.name} also has {names}: SDKs would use {source_name} instead of"
        " xswitch's credential_process, or fail."
    )
    return Problem("shadowed", text, "error", origin.file, origin.line, profile.name)


def managed_profile_name(prefix: str, name: str) -> str:
    """Name the managed profile of a role profile or an `ACCOUNT:ROLE`.

    Characters that are illegal in a profile name become `-`; six hex digits of a hash then keep
    different names apart.
    """
    account, colon, role = name.partition(":")
    if colon and is_account_id(account):
        name = f"{account}-{role}"
    sanitized = _ILLEGAL_IN_PROFILE_NAME.sub("-", name)
    return (
        f"{prefix}{sanitized}"
        if sanitized == name
        else f"{prefix}{sanitized}-{sha256(name.encode())[:6]}"
    )
