"""The rows of the list.

Every role profile and every `ACCOUNT:ROLE` kept in a managed profile, resolved.

One that can't be resolved is a row as well, without a chain and with the error that says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xswitch.core.arn import RoleArn, parse_role_arn
from xswitch.core.errors import ConfigError, TargetError
from xswitch.core.model import ConfigView, Hop, Problem, Profile, Role, Settings
from xswitch.core.profiles.managed import (
    NO_OVERRIDES,
    ROLE_KEY,
    SOURCE_PROFILE_KEY,
    Overrides,
    overrides_from_profile,
    validate_overrides,
)
from xswitch.core.roles.ad_hoc import (
    AdHocRole,
    ad_hoc_hop,
    ad_hoc_role_name,
    managed_profile_name,
    parse_ad_hoc_role,
)
from xswitch.core.roles.builder import RoleBuilder, RoleDraft
from xswitch.core.roles.chains import ResolvedChain
from xswitch.core.roles.sources import problem_at


@dataclass(frozen=True, slots=True)
class ResolvedRoles:
    """All rows in the order of the files, and the problems of profiles that are no rows."""

    roles: tuple[Role, ...]
    problems: tuple[Problem, ...]


def resolve_all(view: ConfigView, settings: Settings, env: Mapping[str, str]) -> ResolvedRoles:
    """Every role of one reading of the config. Never raises for what is in the files."""
    rows = RoleBuilder(view, settings, env)
    roles: list[Role] = []
    problems: list[Problem] = []
    definitions: list[Profile] = []
    for profile in view.profiles.values():
        if ROLE_KEY in profile.properties:
            if SOURCE_PROFILE_KEY in profile.properties and parse_role_arn(
                profile.get(ROLE_KEY) or ""
            ):
                definitions.append(profile)
            elif profile.get(ROLE_KEY) not in view.profiles:
                text = f'The managed profile "{profile.name}" belongs to a role profile "{profile.get(ROLE_KEY)}", which is gone.'
                problems.append(problem_at(profile, ROLE_KEY, "managed_orphan", text, "warning"))
        elif "role_arn" in profile.properties:
            if "web_identity_token_file" in profile.properties:
                text = f'Profile "{profile.name}" gets its role by web identity; the SDKs do that themselves, so it is no role to switch to.'
                problems.append(
                    problem_at(
                        profile, "web_identity_token_file", "web_identity_profile", text, "info"
                    )
                )
            else:
                roles.append(rows.build_from_profile(profile))
    taken = {role.name for role in roles}
    for profile in definitions:
        role = _saved_ad_hoc_role(rows, profile, taken)
        taken.add(role.name)
        roles.append(role)
    return ResolvedRoles(tuple(roles), tuple(problems))


def resolve_roles(view: ConfigView, settings: Settings, env: Mapping[str, str]) -> tuple[Role, ...]:
    """The rows alone."""
    return resolve_all(view, settings, env).roles


def resolve_ad_hoc_role(  # noqa: PLR0913 -- the parts of one command line
    view: ConfigView,
    settings: Settings,
    env: Mapping[str, str],
    *,
    account: str,
    role: str,
    source: str,
    partition: str | None = None,
    overrides: Overrides = NO_OVERRIDES,
) -> Role:
    """The role `ACCOUNT:ROLE --source PROFILE` means, before any managed profile keeps it.

    `account` is an id or a name out of the settings, `role` a name, with its path if it has one;
    `partition` defaults to the source's. Region and endpoint are the source profile's. A source
    that can't be resolved leaves the chain None. Raises TargetError when this is no role's name or
    the source doesn't exist, UsageError for overrides AWS can't take.
    """
    ad_hoc = parse_ad_hoc_role(f"{account}:{role}", settings)
    if ad_hoc is None:
        raise TargetError(
            f"{account}:{role} is not an account and a role.",
            why="An account is twelve digits, or a name under [account_names] in the settings.",
            next_step="xswitch switch ACCOUNT:ROLE --source PROFILE",
        )
    if source not in view.profiles:
        raise TargetError(
            f'There is no profile "{source}" to reach {account}:{role} from.',
            next_step="xswitch list",
        )
    overrides = validate_overrides(overrides)
    rows = RoleBuilder(view, settings, env)
    arn = _ad_hoc_arn(rows, view, replace(ad_hoc, partition=partition or ad_hoc.partition), source)
    name = managed_profile_name(settings.profile_prefix, ad_hoc_role_name(arn))
    managed_profile = view.profiles.get(name)
    is_same_role = (
        managed_profile is not None
        and managed_profile.get(ROLE_KEY) == str(arn)
        and managed_profile.get(SOURCE_PROFILE_KEY) == source
    )
    selected = (
        managed_profile if managed_profile is not None and is_same_role else view.profiles[source]
    )
    hop = ad_hoc_hop(name, arn, selected.origin, overrides)
    resolved_role = rows.row(
        RoleDraft(
            ad_hoc_role_name(arn),
            selected,
            arn,
            name,
            _ad_hoc_chain(rows, source, hop),
            hop,
            definition=True,
        )
    )
    if overrides.region is None:
        return resolved_role
    return replace(
        resolved_role,
        region=overrides.region,
        endpoint=replace(resolved_role.endpoint, region=overrides.region),
    )


def managed_profiles(view: ConfigView, roles: Sequence[Role]) -> dict[str, str]:
    """Managed profile → name of its row, for every managed profile of the config whose role is there."""
    names = {role.name for role in roles}
    managed = {
        profile.name: role_value
        for profile in view.profiles.values()
        if (role_value := profile.get(ROLE_KEY)) in names and role_value is not None
    }
    return managed | {role.managed_profile: role.name for role in roles if role.is_ad_hoc}


def _saved_ad_hoc_role(rows: RoleBuilder, profile: Profile, taken: set[str]) -> Role:
    arn = parse_role_arn(profile.get(ROLE_KEY) or "")
    source = profile.get(SOURCE_PROFILE_KEY) or ""
    if arn is None:  # the caller looked
        raise ConfigError(f'Profile "{profile.name}" keeps no role.')
    name = ad_hoc_role_name(arn)
    if name in taken:
        name = f"{name}@{profile.name}"
    hop = ad_hoc_hop(profile.name, arn, profile.origin, NO_OVERRIDES)
    resolved: ResolvedChain | Problem
    try:
        hop = replace(
            ad_hoc_hop(profile.name, arn, profile.origin, overrides_from_profile(profile)),
            origins={
                key: property_.origin
                for key, property_ in profile.properties.items()
                if key.startswith("xswitch_")
            },
        )
    except ConfigError as error:
        text = (
            f'The managed profile "{profile.name}" keeps a setting that can\'t be used: {error.why}'
        )
        resolved = problem_at(profile, ROLE_KEY, "managed_profile", text)
    else:
        if source in rows.view.profiles:
            resolved = _ad_hoc_chain(rows, source, hop)
        else:
            resolved = problem_at(
                profile,
                SOURCE_PROFILE_KEY,
                "source_missing",
                f'The source profile "{source}" of {name} doesn\'t exist.',
            )
    return rows.row(RoleDraft(name, profile, arn, profile.name, resolved, hop, definition=True))


def _ad_hoc_chain(rows: RoleBuilder, source: str, hop: Hop) -> ResolvedChain | Problem:
    resolved = rows.chains.resolve_source(source)
    return resolved if isinstance(resolved, Problem) else rows.chains.append_hop(resolved, hop)


def _ad_hoc_arn(rows: RoleBuilder, view: ConfigView, definition: AdHocRole, source: str) -> RoleArn:
    if definition.partition is not None:
        return definition.arn(definition.partition)
    resolved = rows.chains.resolve_source(source)
    source_arn = (
        parse_role_arn(resolved.chain.target.role_arn)
        if isinstance(resolved, ResolvedChain) and resolved.chain.hops
        else None
    )
    if source_arn is not None:
        return definition.arn(source_arn.partition)
    return definition.arn(rows.partition_of(view.profiles[source]))
