"""The rows of the list: every role profile and every `ACCOUNT:ROLE` kept in a managed profile, resolved.

One that can't be resolved is a row as well, without a chain and with the error that says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from xswitch.core.arn import RoleArn, parse_role_arn
from xswitch.core.errors import ConfigError, TargetError
from xswitch.core.model import ConfigView, Hop, Problem, Profile, Role, Settings
from xswitch.core.profiles.managed import MARK, NO_OVERRIDES, SOURCE, Overrides, checked, overrides_from_profile
from xswitch.core.roles.ad_hoc import Definition, definition_hop, definition_of, managed_name, row_name
from xswitch.core.roles.builder import Draft, Rows
from xswitch.core.roles.chains import Resolved
from xswitch.core.roles.sources import problem_at


@dataclass(frozen=True, slots=True)
class Resolution:
    """All rows in the order of the files, and the problems of profiles that are no rows."""

    roles: tuple[Role, ...]
    problems: tuple[Problem, ...]


def resolve(view: ConfigView, settings: Settings, env: Mapping[str, str]) -> Resolution:
    """Every role of one reading of the config. Never raises for what is in the files."""
    rows = Rows(view, settings, env)
    roles: list[Role] = []
    problems: list[Problem] = []
    definitions: list[Profile] = []
    for profile in view.profiles.values():
        if MARK in profile.properties:
            if SOURCE in profile.properties and parse_role_arn(profile.get(MARK) or ""):
                definitions.append(profile)
            elif profile.get(MARK) not in view.profiles:
                text = f'The managed profile "{profile.name}" belongs to a role profile "{profile.get(MARK)}", which is gone.'
                problems.append(problem_at(profile, MARK, "managed_orphan", text, "warning"))
        elif "role_arn" in profile.properties:
            if "web_identity_token_file" in profile.properties:
                text = (
                    f'Profile "{profile.name}" gets its role by web identity; the SDKs do that themselves, so it is no role to switch to.'
                )
                problems.append(problem_at(profile, "web_identity_token_file", "web_identity_profile", text, "info"))
            else:
                roles.append(rows.of_profile(profile))
    taken = {role.name for role in roles}
    for profile in definitions:
        role = _kept_definition(rows, profile, taken)
        taken.add(role.name)
        roles.append(role)
    return Resolution(tuple(roles), tuple(problems))


def resolve_roles(view: ConfigView, settings: Settings, env: Mapping[str, str]) -> tuple[Role, ...]:
    """The rows alone."""
    return resolve(view, settings, env).roles


def resolve_definition(  # noqa: PLR0913 -- the parts of one command line
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

    `account` is an id or a name out of the settings, `role` a name, with its path if it has one; `partition` defaults to the source's.
    Region and endpoint are the source profile's. A source that can't be resolved leaves the chain None. Raises TargetError when this
    is no role's name or the source doesn't exist, UsageError for overrides AWS can't take.
    """
    found = definition_of(f"{account}:{role}", settings)
    if found is None:
        raise TargetError(
            f"{account}:{role} is not an account and a role.",
            why="An account is twelve digits, or a name under [account_names] in the settings.",
            next_step="xswitch switch ACCOUNT:ROLE --source PROFILE",
        )
    if source not in view.profiles:
        raise TargetError(f'There is no profile "{source}" to reach {account}:{role} from.', next_step="xswitch list")
    overrides = checked(overrides)
    rows = Rows(view, settings, env)
    arn = _arn_beside(rows, view, replace(found, partition=partition or found.partition), source)
    name = managed_name(settings.profile_prefix, row_name(arn))
    kept = view.profiles.get(name)
    same = kept is not None and kept.get(MARK) == str(arn) and kept.get(SOURCE) == source
    selected = kept if kept is not None and same else view.profiles[source]
    hop = definition_hop(name, arn, selected.origin, overrides)
    made = rows.row(Draft(row_name(arn), selected, arn, name, _definition_chain(rows, source, hop), hop, definition=True))
    if overrides.region is None:
        return made
    return replace(made, region=overrides.region, endpoint=replace(made.endpoint, region=overrides.region))


def managed_profiles(view: ConfigView, roles: Sequence[Role]) -> dict[str, str]:
    """Managed profile → name of its row, for every managed profile of the config whose role is there."""
    names = {role.name for role in roles}
    managed = {profile.name: mark for profile in view.profiles.values() if (mark := profile.get(MARK)) in names and mark is not None}
    return managed | {role.managed_profile: role.name for role in roles if role.temporary_definition}


def _kept_definition(rows: Rows, profile: Profile, taken: set[str]) -> Role:
    arn = parse_role_arn(profile.get(MARK) or "")
    source = profile.get(SOURCE) or ""
    if arn is None:  # the caller looked
        raise ConfigError(f'Profile "{profile.name}" keeps no role.')
    name = row_name(arn)
    if name in taken:
        name = f"{name}@{profile.name}"
    hop = definition_hop(profile.name, arn, profile.origin, NO_OVERRIDES)
    found: Resolved | Problem
    try:
        hop = replace(
            definition_hop(profile.name, arn, profile.origin, overrides_from_profile(profile)),
            origins={key: kept.origin for key, kept in profile.properties.items() if key.startswith("xswitch_")},
        )
    except ConfigError as error:
        text = f'The managed profile "{profile.name}" keeps a setting that can\'t be used: {error.why}'
        found = problem_at(profile, MARK, "managed_profile", text)
    else:
        if source in rows.view.profiles:
            found = _definition_chain(rows, source, hop)
        else:
            found = problem_at(profile, SOURCE, "source_missing", f'The source profile "{source}" of {name} doesn\'t exist.')
    return rows.row(Draft(name, profile, arn, profile.name, found, hop, definition=True))


def _definition_chain(rows: Rows, source: str, hop: Hop) -> Resolved | Problem:
    found = rows.chains.of_source(source)
    return found if isinstance(found, Problem) else rows.chains.on_source(found, hop)


def _arn_beside(rows: Rows, view: ConfigView, definition: Definition, source: str) -> RoleArn:
    if definition.partition is not None:
        return definition.arn(definition.partition)
    found = rows.chains.of_source(source)
    beside = parse_role_arn(found.chain.target.role_arn) if isinstance(found, Resolved) and found.chain.hops else None
    if beside is not None:
        return definition.arn(beside.partition)
    return definition.arn(rows.partition_of(view.profiles[source]))
