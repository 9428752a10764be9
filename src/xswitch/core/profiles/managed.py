"""What a switch may ask beside what is configured, how a managed profile keeps it, and what else a managed profile holds."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xswitch.core import sts_limits
from xswitch.core.arn import is_region
from xswitch.core.errors import ConfigError, ErrorCode, UsageError
from xswitch.core.model import ConfigView, Hop, Problem, Profile, Property, Role

ROLE_KEY = "xswitch_role"
SOURCE_PROFILE_KEY = "xswitch_source_profile"

_CREDENTIAL_KEYS = frozenset(
    {
        "role_arn",
        "source_profile",
        "credential_source",
        "mfa_serial",
        "mfa_process",
        "external_id",
        "duration_seconds",
        "role_session_name",
        "web_identity_token_file",
        "login_session",
        "credential_process",
    }
)
_CREDENTIAL_PREFIXES = ("aws_", "sso_", "xswitch_")


@dataclass(frozen=True, slots=True)
class Overrides:
    """What replaces the configured values of the role switched to.

    None and () leave them as configured.

    `tags` are merged with the configured ones key by key; everything else replaces.
    `duration_seconds` are seconds.
    """

    region: str | None = None
    duration_seconds: int | None = None
    session_name: str | None = None
    external_id: str | None = None
    policy_arns: tuple[str, ...] = ()
    policy: str | None = None
    tags: tuple[tuple[str, str], ...] = ()
    mfa_serial: str | None = None


NO_OVERRIDES = Overrides()


def validate_overrides(overrides: Overrides) -> Overrides:
    """The overrides as AWS and a config file take them: tags sorted, the policy on one line.

    Raises UsageError naming the first bad one.
    """
    if overrides.region is not None and not is_region(overrides.region):
        raise UsageError(
            f"{overrides.region!r} is not a region's name.",
            next_step="Give one such as eu-west-1.",
            code=ErrorCode.BAD_REGION,
        )
    seconds = overrides.duration_seconds
    if seconds is not None and not sts_limits.MIN_DURATION <= seconds <= sts_limits.MAX_DURATION:
        raise UsageError(
            f"A session can't last {seconds} seconds.",
            why=f"AWS takes {sts_limits.MIN_DURATION} to {sts_limits.MAX_DURATION}.",
            next_step=f"Give a duration from {sts_limits.MIN_DURATION} to {sts_limits.MAX_DURATION} seconds.",
            code=ErrorCode.BAD_DURATION,
        )
    _validate(
        overrides.session_name,
        sts_limits.is_session_name,
        "session name",
        "2 to 64 letters, digits and _+=,.@-",
    )
    _validate(
        overrides.external_id,
        sts_limits.is_external_id,
        "external ID",
        "2 to 1224 letters, digits and _+=,.@:/-",
    )
    _validate(
        overrides.mfa_serial,
        sts_limits.is_mfa_serial,
        "MFA serial",
        "the ARN or serial number of an MFA device",
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
            "The session's tags or policies can't be used.",
            why=f"{error}.",
            code=ErrorCode.BAD_OVERRIDE,
        ) from None


def _validate(value: str | None, is_valid: object, name: str, form: str) -> None:
    if value is not None and callable(is_valid) and not is_valid(value):
        raise UsageError(
            f"{value!r} can't be the {name}.",
            why=f"It must be {form}.",
            code=f"bad_{name.lower().replace(' ', '_')}",
        )


def check_guard_policy(role: Role, overrides: Overrides) -> None:
    """Raise UsageError when a guard's session policy would be set aside by the one asked for.

    Session policies add up to a union, so one beside the guard's would widen what the guard allows.
    """
    guard = role.guard
    if (
        guard is not None
        and (guard.policy or guard.policy_arns)
        and (overrides.policy or overrides.policy_arns)
    ):
        raise UsageError(
            f"The guard {guard.name!r} sets the session policy of {role.name}; no other can be asked for.",
            why="Together they would allow more than the guard does.",
            next_step="Leave the policy out.",
            code=ErrorCode.GUARD_POLICY,
        )


def overrides_to_properties(overrides: Overrides) -> dict[str, str]:
    """The `xswitch_*` properties that keep these (checked) overrides."""
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
    """The overrides a managed profile keeps.

    Raises ConfigError with file and line when one of them was edited into something AWS can't take:
    dropping it could give a session more than was asked for.
    """
    seconds = profile.get("xswitch_duration_seconds")
    try:
        duration = None if seconds is None else sts_limits.parse_integer(seconds)
        if seconds is not None and duration is None:
            # One handler names file and line for all
            raise ValueError(f"{seconds!r} is not a number of seconds")  # noqa: TRY301
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
        raise ConfigError(
            f'The managed profile "{profile.name}" ({profile.origin.file}:{profile.origin.line}) keeps a setting that can\'t be used.',
            why=f"{error}.".replace("..", "."),
            next_step="Switch to the role again, which writes the profile anew.",
            code=ErrorCode.MANAGED_PROFILE,
        ) from None


def managed_properties(
    role: Role, view: ConfigView, overrides: Overrides, command_value: str
) -> dict[str, str]:
    """Exactly what the managed profile of `role` holds.

    The command, the role's own single-line settings, the mark, the overrides.

    `command_value` is the finished value of `credential_process`. Raises UsageError for overrides
    AWS can't take, or in a guard's way.
    """
    overrides = validate_overrides(overrides)
    check_guard_policy(role, overrides)
    settings = _copied_settings(_profile_to_copy_from(role, view))
    if overrides.region is not None:
        settings["region"] = overrides.region
    if not role.is_ad_hoc:
        return {
            "credential_process": command_value,
            **settings,
            ROLE_KEY: role.name,
            **overrides_to_properties(overrides),
        }
    if role.chain is None:
        raise ConfigError(
            f"{role.name} has no source to be reached from.",
            why="; ".join(problem.message for problem in role.problems),
            code=ErrorCode.CHAIN,
        )
    saved_overrides = overrides_to_properties(
        merge_overrides(overrides_from_hop(role.chain.target), overrides)
    )
    return {
        "credential_process": command_value,
        **settings,
        ROLE_KEY: role.role_arn,
        SOURCE_PROFILE_KEY: source_profile(role) or "",
        **saved_overrides,
    }


def source_profile(role: Role) -> str | None:
    """The profile whose credentials assume the role asked for.

    None when that is no profile, or the chain isn't known.
    """
    if role.chain is None:
        return None
    return role.chain.hops[-2].profile if len(role.chain.hops) > 1 else role.chain.base.profile


def overrides_from_hop(hop: Hop) -> Overrides:
    """What a hop asks, as overrides that would ask the same."""
    return Overrides(
        duration_seconds=hop.duration_seconds,
        session_name=hop.session_name,
        external_id=hop.external_id,
        policy_arns=hop.policy_arns,
        policy=hop.policy,
        tags=hop.tags,
        mfa_serial=hop.mfa_serial,
    )


def merge_overrides(lower: Overrides, upper: Overrides) -> Overrides:
    """`upper` where it says something, else `lower`; tags key by key."""
    return Overrides(
        region=upper.region or lower.region,
        duration_seconds=upper.duration_seconds or lower.duration_seconds,
        session_name=upper.session_name or lower.session_name,
        external_id=upper.external_id or lower.external_id,
        policy_arns=upper.policy_arns or lower.policy_arns,
        policy=upper.policy or lower.policy,
        tags=tuple(sorted({**dict(lower.tags), **dict(upper.tags)}.items())),
        mfa_serial=upper.mfa_serial or lower.mfa_serial,
    )


def _profile_to_copy_from(role: Role, view: ConfigView) -> Profile | None:
    if not role.is_ad_hoc:
        return view.profiles.get(role.name)
    source = source_profile(role)
    managed = view.profiles.get(role.managed_profile)
    if (
        managed is not None
        and managed.get(ROLE_KEY) == role.role_arn
        and managed.get(SOURCE_PROFILE_KEY) == source
    ):
        return managed
    return view.profiles.get(source or "")


def _copied_settings(profile: Profile | None) -> dict[str, str]:
    return (
        {}
        if profile is None
        else {
            key: property_.value
            for key, property_ in profile.properties.items()
            if _is_copied(key, property_.value)
        }
    )


def _is_copied(key: str, value: str) -> bool:
    return (
        key not in _CREDENTIAL_KEYS
        and not key.startswith(_CREDENTIAL_PREFIXES)
        and not any(char in value for char in "\r\n\0")
    )


_COMPETING_KEYS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset({"role_arn", "source_profile", "credential_source"}), "assuming a role"),
    (frozenset({"web_identity_token_file"}), "a web identity"),
    (frozenset({"sso_account_id", "sso_role_name", "sso_session", "sso_start_url"}), "SSO"),
    (frozenset({"login_session"}), "a login session"),
    (frozenset({"aws_access_key_id", "aws_secret_access_key", "aws_session_token"}), "static keys"),
)


def find_shadowing(view: ConfigView, name: str) -> tuple[Problem, ...]:
    """Why a credential_process written as profile `name` of the config file would not be used, or must not be written.

    Codes: `not_ours` (error), a profile of that name without `xswitch_role`; `shadowed` (error), keys of another kind of credentials
    beside the credential_process, in either file, among which the SDKs would choose; `own_static_keys` (warning), the temporary keys
    xswitch itself wrote into the credentials file, to be removed in the same change. An empty answer means the way is free.
    """
    profile = view.profiles.get(name)
    if profile is None:
        return ()
    role_property = profile.properties.get(ROLE_KEY)
    if role_property is None or profile.cli_only:
        where = "only the AWS CLI and boto3 see it, and" if profile.cli_only else "it"
        text = f"There is a profile {name} already, and {where} is not xswitch's to change: it has no {ROLE_KEY} setting."
        return (Problem("not_ours", text, "error", profile.origin.file, profile.origin.line, name),)
    own_static = role_property.source == "credentials"
    problems = []
    for keys, source_name in _COMPETING_KEYS:
        present = [
            (key, profile.properties[key]) for key in sorted(keys) if key in profile.properties
        ]
        if present:
            problems.append(_shadow_problem(profile, present, source_name, own_static=own_static))
    process = profile.properties.get("credential_process")
    if process is not None and process.source == "credentials" and not own_static:
        problems.append(
            _shadow_problem(
                profile,
                [("credential_process", process)],
                "another credential_process",
                own_static=False,
            )
        )
    return tuple(problems)


def _shadow_problem(
    profile: Profile, here: list[tuple[str, Property]], words: str, *, own_static: bool
) -> Problem:
    origin = here[0][1].origin
    if own_static and all(
        key.startswith("aws_") and found.source == "credentials" for key, found in here
    ):
        text = f"The temporary keys xswitch wrote into the credentials file for {profile.name} would win over its credential_process."
        return Problem("own_static_keys", text, "warning", origin.file, origin.line, profile.name)
    names = ", ".join(key for key, _ in here)
    text = f"Profile {profile.name} also holds {names}: SDKs would use {words} instead of xswitch's credential_process, or refuse."
    return Problem("shadowed", text, "error", origin.file, origin.line, profile.name)
