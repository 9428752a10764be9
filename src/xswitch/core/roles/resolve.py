"""The rows of the list.

Every role profile and every `ACCOUNT:ROLE` kept in a managed profile, resolved.

One that can't be resolved is a row as well, without a chain and with the error that says why.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from xswitch.core.arn import RoleArn, parse_role_arn, partition_of_region
from xswitch.core.errors import ConfigError, TargetError
from xswitch.core.model import (
    Chain,
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Hop,
    Problem,
    Profile,
    Role,
    Settings,
)
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
from xswitch.core.roles.chains import ChainResolver, ResolvedChain
from xswitch.core.roles.durations import chaining_reason, effective_duration, is_temporary
from xswitch.core.roles.endpoints import EndpointResolver
from xswitch.core.roles.guards import guard_for
from xswitch.core.roles.sources import has_static_keys, problem_at


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


_SEVERITIES = ("error", "warning", "info")


class RoleDraft(NamedTuple):
    """What a row is made of.

    `selected` is the profile with a say in region and endpoint, `arn` the text as written when it
    is no role's ARN, `managed` the managed profile's name, `found` the chain or why there is none,
    `hop` the role's own AssumeRole when that much is known.
    """

    name: str
    selected: Profile
    arn: RoleArn | str
    managed: str
    found: ResolvedChain | Problem
    hop: Hop | None
    definition: bool = False


class RoleBuilder:
    """Makes the rows of one reading of the config; chains are shared between them."""

    def __init__(self, view: ConfigView, settings: Settings, env: Mapping[str, str]) -> None:
        self.view = view
        self.chains = ChainResolver(view, env)
        self._settings = settings
        self._env = env
        self._endpoints = EndpointResolver(view, env)
        self._managed: dict[str, list[str]] = {}
        for profile in view.profiles.values():
            role_value = profile.get(ROLE_KEY)
            if role_value is not None:
                self._managed.setdefault(role_value, []).append(profile.name)
        self._seen: dict[str, list[Problem]] = {}
        for problem in view.problems:
            if problem.profile is not None:
                self._seen.setdefault(problem.profile, []).append(problem)

    def build_from_profile(self, profile: Profile) -> Role:
        """The row of a profile with `role_arn`."""
        parsed_hop = self.chains.reading(profile)
        resolved = self.chains.resolve_role(profile.name)
        problems = (
            []
            if isinstance(resolved, Problem)
            else self._suspicious_settings(profile, resolved.chain)
        )
        default_name = managed_profile_name(self._settings.profile_prefix, profile.name)
        managed_names = self._managed.get(profile.name, [default_name])
        arn = parsed_hop.arn or profile.get("role_arn") or ""
        draft = RoleDraft(
            profile.name,
            profile,
            arn,
            default_name if default_name in managed_names else managed_names[0],
            resolved,
            parsed_hop.hop,
        )
        return self.row(draft, (*problems, *parsed_hop.problems))

    def partition_of(self, profile: Profile) -> str:
        """The partition a profile lives in, as its region or the environment's tells."""
        region = (
            profile.get("region")
            or self._env.get("AWS_REGION")
            or self._env.get("AWS_DEFAULT_REGION")
            or ""
        )
        return partition_of_region(region)

    def row(self, draft: RoleDraft, problems: tuple[Problem, ...] = ()) -> Role:
        """The row, with `problems` and those that putting it together brings."""
        profile, arn, resolved, hop = draft.selected, draft.arn, draft.found, draft.hop
        arn_parts = (
            arn if isinstance(arn, RoleArn) else RoleArn(self.partition_of(profile), "", "/", "")
        )
        endpoint, endpoint_problems = self._endpoints.of(profile, arn_parts.partition)
        chain = resolved.chain if isinstance(resolved, ResolvedChain) else None
        if isinstance(resolved, Problem):
            problems = (resolved, *problems)
        serial = (
            resolved.mfa_serial
            if isinstance(resolved, ResolvedChain)
            else profile.get("mfa_serial")
        )
        requested_seconds, chained_after = None if hop is None else hop.duration_seconds, ""
        if chain is not None:
            mfa = serial is not None and not is_temporary(chain.base)
            chained_after = chaining_reason(chain.base, first_hop=len(chain.hops) == 1, mfa=mfa)
        seconds, reason = effective_duration(requested_seconds, None, None, chained_after)
        role = Role(
            name=draft.name,
            role_arn=str(arn),
            partition=arn_parts.partition,
            account_id=arn_parts.account_id,
            account_name=self._settings.account_names.get(arn_parts.account_id)
            or profile.get("xswitch_account_name")
            or "",
            role_name=arn_parts.name,
            role_path=arn_parts.path,
            region=endpoint.region,
            chain=chain,
            mfa_serial=serial or None,
            external_id=None if hop is None else hop.external_id,
            duration_seconds=seconds,
            duration_reason=reason,
            managed_profile=draft.managed,
            origin=profile.origin,
            endpoint=endpoint,
            problems=_sorted_by_severity(
                (*problems, *endpoint_problems, *self._seen.get(profile.name, ()))
            ),
            note=profile.get("xswitch_note") or "",
            tags=() if hop is None else hop.tags,
            cli_only=profile.cli_only,
            is_ad_hoc=draft.definition,
        )
        guard = guard_for(role, self._settings)
        if guard is None:
            return role
        seconds, reason = effective_duration(requested_seconds, None, guard, chained_after)
        return replace(role, guard=guard, duration_seconds=seconds, duration_reason=reason)

    def _suspicious_settings(self, profile: Profile, chain: Chain) -> list[Problem]:
        """What is legal and may still not be what was meant."""
        name, base = profile.name, chain.base
        problems = []
        if has_static_keys(profile) and profile.get("source_profile") != name:
            text = f'Profile "{name}": its static keys aren\'t used, its role_arn goes before them.'
            problems.append(problem_at(profile, "aws_access_key_id", "keys_ignored", text, "info"))
        if base.kind is CredentialSourceKind.ENVIRONMENT and not self._env.get("AWS_ACCESS_KEY_ID"):
            text = (
                f'Profile "{name}" starts from the environment, and AWS_ACCESS_KEY_ID is not set.'
            )
            problems.append(
                problem_at(profile, "credential_source", "environment_empty", text, "warning")
            )
        source = self._source_with_ignored_role(name, base)
        if source is not None:
            text = f'The static keys of source profile "{source.name}" are used; its own role_arn is ignored.'
            problems.append(problem_at(source, "role_arn", "source_role_ignored", text, "warning"))
        return problems

    def _source_with_ignored_role(self, name: str, base: CredentialSource) -> Profile | None:
        if base.kind is not CredentialSourceKind.STATIC_KEYS or base.profile in (None, name):
            return None
        source = self.view.profiles.get(base.profile or "")
        return source if source is not None and "role_arn" in source.properties else None


def _sorted_by_severity(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return (
        tuple(
            sorted(dict.fromkeys(problems), key=lambda problem: _SEVERITIES.index(problem.severity))
        )
        if problems
        else ()
    )
