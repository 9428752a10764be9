"""Resolve every profile that gives credentials, and every stored `ACCOUNT:ROLE`, to a `Role`.

One that can't be resolved is a `Role` too: it has no chain, and its problems say why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xswitch.core.arn import RoleArn, parse_role_arn
from xswitch.core.display import show_value
from xswitch.core.errors import TargetError
from xswitch.core.model import (
    ConfigView,
    PortalRole,
    Problem,
    Profile,
    Role,
    Settings,
    TargetKind,
    problem_at,
)
from xswitch.core.profiles.managed import (
    NO_OVERRIDES,
    ROLE_KEY,
    SOURCE_PROFILE_KEY,
    Overrides,
    managed_profile_name,
    stores_ad_hoc_role,
    stores_portal_role,
    validate_overrides,
)
from xswitch.core.roles.ad_hoc import (
    ad_hoc_hop,
    ad_hoc_role_name,
    parse_ad_hoc_role,
)
from xswitch.core.roles.builder import RoleBuilder, RoleDraft
from xswitch.core.roles.portal import (
    named_settings,
    stored_sso_role,
)

_ROLE = TargetKind.ROLE


@dataclass(frozen=True, slots=True)
class ResolvedRoles:
    """All targets, and the problems of profiles that aren't any.

    Roles and Identity Center roles in file order, stored `ACCOUNT:ROLE`, roles of the portals, and
    the profiles with credentials of their own.
    """

    roles: tuple[Role, ...]
    problems: tuple[Problem, ...]


def resolve_all(
    view: ConfigView,
    settings: Settings,
    env: Mapping[str, str],
    portal_roles: Sequence[PortalRole] = (),
) -> ResolvedRoles:
    """Resolve every target of a config view. Never raises for the files' contents.

    `portal_roles` are what the portals list; those that no profile has are targets too. Roles come
    first: people switch to them, and rarely to their sources.
    """
    builder = RoleBuilder(view, settings, env, portal_roles)
    roles: list[Role] = []
    problems: list[Problem] = []
    ad_hoc: list[tuple[Profile, RoleArn]] = []
    others: list[Role] = []
    for profile in view.profiles.values():
        role_value = profile.get(ROLE_KEY)
        if role_value is not None:
            arn = parse_role_arn(role_value)
            if arn is not None and SOURCE_PROFILE_KEY in profile.properties:
                ad_hoc.append((profile, arn))
            elif role_value not in view.profiles and not stores_portal_role(profile):
                text = (
                    f'The role profile "{show_value(role_value)}" of managed profile'
                    f' "{profile.name}" doesn\'t exist.'
                )
                problems.append(problem_at(profile, ROLE_KEY, "managed_orphan", text, "warning"))
            continue
        role = builder.build_target(profile)
        if role is not None:
            kind = role.kind
            (roles if kind is _ROLE or kind is TargetKind.SSO else others).append(role)
    names = {role.name for role in (*roles, *others)}
    for profile, arn in ad_hoc:
        role = builder.build_stored_ad_hoc(profile, arn, names)
        names.add(role.name)
        roles.append(role)
    roles += builder.build_portal_roles(portal_roles, roles, names)
    roles += others
    return ResolvedRoles(tuple(roles), tuple(problems))


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
    portal_roles: Sequence[PortalRole] = (),
) -> Role:
    """Resolve `ACCOUNT:ROLE --source PROFILE`, whether or not a managed profile stores it.

    `account` is an ID or a name from the settings, `role` a name with an optional path. `partition`
    defaults to the source's; region and endpoint are the source profile's. If the source can't be
    resolved, the role has no chain. Raises TargetError if the role is malformed or the source
    doesn't exist, and UsageError for overrides that AWS would reject.
    """
    ad_hoc = parse_ad_hoc_role(f"{account}:{role}", named_settings(settings, portal_roles))
    if ad_hoc is None:
        raise TargetError(
            f"{account}:{role} isn't of the form ACCOUNT:ROLE.",
            why="ACCOUNT is a 12-digit ID or a name from [account_names] in the settings.",
            next_step="xswitch switch ACCOUNT:ROLE --source PROFILE",
        )
    if source not in view.profiles:
        raise TargetError(
            f'Source profile "{source}" of {account}:{role} doesn\'t exist.',
            next_step="xswitch list",
        )
    overrides = validate_overrides(overrides)
    builder = RoleBuilder(view, settings, env, portal_roles)
    arn = builder.ad_hoc_arn(replace(ad_hoc, partition=partition or ad_hoc.partition), source)
    name = ad_hoc_role_name(arn)
    managed_name = managed_profile_name(settings.profile_prefix, name)
    managed = view.profiles.get(managed_name)
    stored = managed is not None and stores_ad_hoc_role(managed, str(arn), source)
    selected = managed if managed is not None and stored else view.profiles[source]
    hop = ad_hoc_hop(managed_name, arn, selected.origin, overrides)
    resolved = builder.resolve_hop(source, hop)
    draft = RoleDraft(name, selected, arn, managed_name, resolved, hop, is_ad_hoc=True)
    resolved_role = builder.build(draft)
    if overrides.region is None:
        return resolved_role
    endpoint = replace(resolved_role.endpoint, region=overrides.region)
    return resolved_role._replace(region=overrides.region, endpoint=endpoint)


def managed_profiles(view: ConfigView, roles: Sequence[Role]) -> dict[str, str]:
    """Map the managed profiles of the config to their roles' names."""
    names = {role.name for role in roles}
    managed = {
        profile.name: role_value
        for profile in view.profiles.values()
        if (role_value := profile.get(ROLE_KEY)) in names and role_value is not None
    }
    managed |= {role.managed_profile: role.name for role in roles if role.is_ad_hoc}
    stored = [profile for profile in view.profiles.values() if stores_portal_role(profile)]
    if stored:
        by_address = {role.sso.sign_in_address: role.name for role in roles if role.sso is not None}
        addresses = ((profile.name, stored_sso_role(view, profile)) for profile in stored)
        managed |= {
            name: by_address[found.sign_in_address]
            for name, found in addresses
            if found is not None and found.sign_in_address in by_address
        }
    return managed
