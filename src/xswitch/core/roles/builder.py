"""Build the targets of one config view, each from a profile, a stored role, or a portal's list."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import NamedTuple

from xswitch.core.arn import RoleArn, partition_of, partition_of_region
from xswitch.core.display import first_line, show_value
from xswitch.core.errors import ConfigError
from xswitch.core.model import (
    Chain,
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Hop,
    Origin,
    PortalRole,
    Problem,
    Profile,
    Role,
    Settings,
    SsoRole,
    TargetKind,
    problem_at,
)
from xswitch.core.profiles.managed import (
    ACCOUNT_NAME_KEY,
    NO_OVERRIDES,
    ROLE_KEY,
    SOURCE_PROFILE_KEY,
    managed_profile_name,
    overrides_from_profile,
)
from xswitch.core.roles.ad_hoc import (
    AdHocRole,
    ad_hoc_hop,
    ad_hoc_role_name,
)
from xswitch.core.roles.chains import ChainResolver, ResolvedChain, append_hop
from xswitch.core.roles.durations import (
    SOURCE_DURATIONS,
    chaining_reason,
    effective_duration,
    is_temporary,
    mfa_session_duration,
)
from xswitch.core.roles.endpoints import EndpointResolver
from xswitch.core.roles.guards import RoleGuards
from xswitch.core.roles.kinds import (
    Identity,
    is_role_profile,
    is_source_target,
    kind_of_source,
    mfa_problem,
    source_identity,
    sso_identity,
    valid_sso_role,
)
from xswitch.core.roles.portal import (
    account_names,
    fallback_region,
    named_settings,
    portal_targets,
)
from xswitch.core.roles.sources import NO_CREDENTIALS, has_static_keys, sso_source
from xswitch.core.variables import own_regions

_SEVERITIES = ("error", "warning", "info")


class RoleDraft(NamedTuple):
    """The parts of a role."""

    name: str
    selected: Profile
    """The profile that sets region and endpoint."""
    arn: RoleArn | str
    """As text if it isn't a valid role ARN."""
    managed_profile: str
    resolved: ResolvedChain | Problem
    """The chain, or the error that prevents it."""
    hop: Hop | None
    """The role's own AssumeRole call; None if it's invalid."""
    is_ad_hoc: bool = False


class RoleBuilder:
    """Builds the roles of one config view; they share their chains."""

    def __init__(
        self,
        view: ConfigView,
        settings: Settings,
        env: Mapping[str, str],
        portal_roles: Sequence[PortalRole] = (),
    ) -> None:
        self.view = view
        self._chains = ChainResolver(view, env)
        self._settings = settings
        self._portal_names = account_names(portal_roles)
        self._env = env
        self._endpoints = EndpointResolver(view, env)
        self._portals = EndpointResolver(view, env, "sso")
        self.guards = RoleGuards(view, named_settings(settings, portal_roles))
        self._managed_profiles: dict[str, list[str]] = {}
        for profile in view.profiles.values():
            role_value = profile.get(ROLE_KEY)
            if role_value is not None:
                self._managed_profiles.setdefault(role_value, []).append(profile.name)
        self._file_problems: dict[str, list[Problem]] = {}
        for problem in view.problems:
            if problem.profile is not None:
                self._file_problems.setdefault(problem.profile, []).append(problem)

    def build_target(self, profile: Profile) -> Role | None:
        """Build the target of a profile that isn't a managed one; None if it has no credentials."""
        if is_role_profile(profile):
            return self.build_from_profile(profile)
        return self._build_source(profile) if is_source_target(profile) else None

    def _build_source(self, profile: Profile) -> Role | None:
        """Build the target of a profile that gives credentials without AssumeRole."""
        resolved = self._chains.resolve_role(profile.name)
        base: CredentialSource | Problem
        base = resolved if isinstance(resolved, Problem) else resolved.chain.base
        if isinstance(base, Problem) and base.code == NO_CREDENTIALS:
            return None
        kind = kind_of_source(profile, base)
        problems: list[Problem] = []
        if kind is TargetKind.MFA_SESSION and (wrong := mfa_problem(profile)) is not None:
            problems = [wrong]
            resolved = wrong if wrong.severity == "error" else resolved
        if kind is not TargetKind.SSO:
            identity = source_identity(profile, kind, base)
            return self._source_role(profile, kind, identity, resolved, None, problems)
        found = valid_sso_role(self.view, profile)
        if isinstance(found, Problem):
            resolved = resolved if isinstance(resolved, Problem) else found
            return self._source_role(profile, kind, Identity(), resolved, None)
        return self._sso_role(profile, found, resolved)

    def _sso_role(
        self,
        profile: Profile,
        found: SsoRole,
        resolved: ResolvedChain | Problem,
        region: str = "",
    ) -> Role:
        identity = sso_identity(found)
        portal, _ = self._portals.endpoint_for(profile, identity.partition)
        return self._source_role(
            profile,
            TargetKind.SSO,
            identity,
            resolved,
            replace(found, url=portal.url),
            region=region,
        )

    def _source_role(  # noqa: PLR0913, PLR0917 -- the parts of a target
        self,
        profile: Profile,
        kind: TargetKind,
        identity: Identity,
        resolved: ResolvedChain | Problem,
        sso: SsoRole | None,
        problems: Iterable[Problem] = (),
        *,
        region: str = "",
    ) -> Role:
        """Build a target from a profile that has its region and endpoint.

        `region` is the one where neither the profile nor the environment has one.
        """
        partition = identity.partition or self._configured_partition(profile)
        endpoint, endpoint_problems = self._endpoints.endpoint_for(profile, partition, region)
        if isinstance(resolved, Problem):
            problems = (resolved, *problems)
        seconds, reason = 0, SOURCE_DURATIONS.get(kind, "")
        if kind is TargetKind.MFA_SESSION:
            seconds, reason = mfa_session_duration(self._settings, None, None)
        role = Role(
            name=profile.name,
            role_arn=identity.role_arn,
            partition=partition,
            account_id=identity.account_id,
            account_name=self._account_name(profile, identity.account_id),
            role_name=identity.role_name,
            role_path=identity.role_path,
            region=first_line(endpoint.region),
            chain=None if isinstance(resolved, Problem) else resolved.chain,
            mfa_serial=first_line(profile.get("mfa_serial") or "") or None
            if kind is TargetKind.MFA_SESSION
            else None,
            external_id=None,
            duration_seconds=seconds,
            duration_reason=reason,
            managed_profile=self._managed_name(profile.name) if kind.has_session else profile.name,
            origin=profile.origin,
            endpoint=endpoint,
            problems=_sorted_by_severity(
                (*problems, *endpoint_problems, *self._file_problems.get(profile.name, ()))
            ),
            note=first_line(profile.get("xswitch_note") or ""),
            cli_only=profile.cli_only,
            kind=kind,
            sso=sso,
        )
        guard = self.guards.guard_for(role)
        if guard is None:
            return role
        if kind is TargetKind.MFA_SESSION:
            seconds, reason = mfa_session_duration(self._settings, None, guard)
        return role._replace(guard=guard, duration_seconds=seconds, duration_reason=reason)

    def _account_name(self, profile: Profile, account_id: str) -> str:
        name = (
            self._settings.account_names.get(account_id)
            or profile.get(ACCOUNT_NAME_KEY)
            or self._portal_names.get(account_id)
        )
        return first_line(name) if name else ""

    def _managed_name(self, name: str) -> str:
        """Return the name of the managed profile that a target has, or would get."""
        default_name = managed_profile_name(self._settings.profile_prefix, name)
        managed_names = self._managed_profiles.get(name, [default_name])
        return default_name if default_name in managed_names else managed_names[0]

    def build_portal_roles(
        self, listed: Sequence[PortalRole], roles: Sequence[Role], taken: Container[str]
    ) -> list[Role]:
        """Build the roles of the portals that none of `roles` is, with names that aren't `taken`.

        Those are the ones that the portals list, and those that a managed profile stores.
        """
        found = portal_targets(self.view, listed, roles, taken)
        built = []
        for target in found:
            managed = target.managed
            name = managed_profile_name(self._settings.profile_prefix, target.name)
            profile = managed or Profile(
                name, MappingProxyType({}), target.role.session.origin or Origin("", 0)
            )
            base = sso_source(target.role, None, profile.origin)
            region, _ = fallback_region(self.view, target.role.session)
            role = self._sso_role(
                profile, target.role, ResolvedChain(Chain(base, ()), None), region
            )
            listing = target.listed
            role = role._replace(
                name=target.name,
                account_name=self._settings.account_names.get(role.account_id)
                or first_line(listing.account_name),
                managed_profile=name if managed is None else managed.name,
                portal_role=listing,
            )
            built.append(role._replace(guard=self.guards.guard_for(role)))
        return built

    def build_from_profile(self, profile: Profile) -> Role:
        """Build the role of a profile with `role_arn`."""
        parsed_hop = self._chains.parsed_hop(profile)
        resolved = self._chains.resolve_role(profile.name)
        problems = list(parsed_hop.problems)
        if isinstance(resolved, ResolvedChain):
            problems = [*self._suspicious_settings(profile, resolved.chain), *problems]
        draft = RoleDraft(
            profile.name,
            profile,
            parsed_hop.arn or profile.get("role_arn") or "",
            self._managed_name(profile.name),
            resolved,
            parsed_hop.hop,
        )
        return self.build(draft, problems)

    def build_stored_ad_hoc(self, profile: Profile, arn: RoleArn, taken: Container[str]) -> Role:
        """Build the ad hoc role that a managed profile stores, with a name that isn't `taken`."""
        source = profile.get(SOURCE_PROFILE_KEY) or ""
        name = ad_hoc_role_name(arn)
        if name in taken:
            name = f"{name}@{profile.name}"
        hop = ad_hoc_hop(profile.name, arn, profile.origin, NO_OVERRIDES)
        resolved: ResolvedChain | Problem
        try:
            hop = ad_hoc_hop(
                profile.name, arn, profile.origin, overrides_from_profile(profile)
            )._replace(
                origins={
                    key: property_.origin
                    for key, property_ in profile.properties.items()
                    if key.startswith("xswitch_")
                },
            )
        except ConfigError as error:
            text = f'Invalid setting in managed profile "{profile.name}": {error.why}'
            resolved = problem_at(profile, ROLE_KEY, "managed_profile", text)
        else:
            if source in self.view.profiles:
                resolved = self.resolve_hop(source, hop)
            else:
                text = f'Source profile "{show_value(source)}" of {name} doesn\'t exist.'
                resolved = problem_at(profile, SOURCE_PROFILE_KEY, "source_missing", text)
        draft = RoleDraft(name, profile, arn, profile.name, resolved, hop, is_ad_hoc=True)
        return self.build(draft)

    def resolve_hop(self, source: str, hop: Hop) -> ResolvedChain | Problem:
        """Resolve the chain of `hop` from the profile `source`, which must exist."""
        resolved = self._chains.resolve_source(source)
        return resolved if isinstance(resolved, Problem) else append_hop(resolved, hop)

    def ad_hoc_arn(self, ad_hoc: AdHocRole, source: str) -> RoleArn:
        """Complete the ARN of an ad hoc role with the source's partition."""
        resolved = self._chains.resolve_source(source)
        partition = ""
        if isinstance(resolved, ResolvedChain) and (target := resolved.chain.target):
            partition = partition_of(target.role_arn)
        return ad_hoc.arn(partition or self._configured_partition(self.view.profiles[source]))

    def _configured_partition(self, profile: Profile) -> str:
        regions = (profile.get("region"), *own_regions(self._env).values())
        return partition_of_region(next(filter(None, regions), ""))

    def build(self, draft: RoleDraft, problems: Iterable[Problem] = ()) -> Role:
        """Build a role with these problems, those of its endpoint, and those of its file."""
        profile, arn, resolved, hop = draft.selected, draft.arn, draft.resolved, draft.hop
        if not isinstance(arn, RoleArn):
            arn = RoleArn(self._configured_partition(profile), "", "/", "")
        endpoint, endpoint_problems = self._endpoints.endpoint_for(profile, arn.partition)
        chain: Chain | None = None
        serial, chained_after = profile.get("mfa_serial"), ""
        if isinstance(resolved, Problem):
            problems = (resolved, *problems)
        else:
            chain, serial = resolved
            mfa = serial is not None and not is_temporary(chain.base)
            chained_after = chaining_reason(chain.base, first_hop=len(chain.hops) == 1, mfa=mfa)
        configured = None if hop is None else hop.duration_seconds
        seconds, reason = effective_duration(configured, None, None, chained_after)
        role = Role(
            name=draft.name,
            role_arn=show_value(draft.arn) if isinstance(draft.arn, str) else str(draft.arn),
            partition=arn.partition,
            account_id=arn.account_id,
            account_name=self._account_name(profile, arn.account_id),
            role_name=arn.name,
            role_path=arn.path,
            region=first_line(endpoint.region),
            chain=chain,
            mfa_serial=first_line(serial) if serial else None,
            external_id=None if hop is None else hop.external_id,
            duration_seconds=seconds,
            duration_reason=reason,
            managed_profile=draft.managed_profile,
            origin=profile.origin,
            endpoint=endpoint,
            problems=_sorted_by_severity(
                (*problems, *endpoint_problems, *self._file_problems.get(profile.name, ()))
            ),
            note=first_line(profile.get("xswitch_note") or ""),
            tags=() if hop is None else hop.tags,
            cli_only=profile.cli_only,
            is_ad_hoc=draft.is_ad_hoc,
        )
        guard = self.guards.guard_for(role)
        if guard is None:
            return role
        seconds, reason = effective_duration(configured, None, guard, chained_after)
        return role._replace(guard=guard, duration_seconds=seconds, duration_reason=reason)

    def _suspicious_settings(self, profile: Profile, chain: Chain) -> list[Problem]:
        """Report legal settings that probably don't have the intended effect."""
        name, base = profile.name, chain.base
        problems = []
        if has_static_keys(profile) and profile.get("source_profile") != name:
            text = f'Profile "{name}": its static keys are ignored; role_arn takes precedence.'
            problems.append(problem_at(profile, "aws_access_key_id", "keys_ignored", text, "info"))
        if base.kind is CredentialSourceKind.ENVIRONMENT and not self._env.get("AWS_ACCESS_KEY_ID"):
            key = "credential_source"
            text = f'Profile "{name}" needs AWS_ACCESS_KEY_ID, which isn\'t set.'
            problems.append(problem_at(profile, key, "environment_empty", text, "warning"))
        if base.kind is CredentialSourceKind.STATIC_KEYS and base.profile != name:
            source = self.view.profiles.get(base.profile or "")
            if source is not None and "role_arn" in source.properties:
                key = "role_arn"
                text = (
                    f'Source profile "{source.name}" has static keys, so its role_arn is ignored.'
                )
                problems.append(problem_at(source, key, "source_role_ignored", text, "warning"))
        return problems


def _sorted_by_severity(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    if not problems:
        return ()
    unique = dict.fromkeys(problems)
    return tuple(sorted(unique, key=lambda problem: _SEVERITIES.index(problem.severity)))
