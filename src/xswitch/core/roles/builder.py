"""How one row of the list is put together out of a chain, an endpoint, names and guards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from xswitch.core.arn import RoleArn, partition_of_region
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
from xswitch.core.profiles.managed import ROLE_KEY
from xswitch.core.roles.ad_hoc import managed_profile_name
from xswitch.core.roles.chains import ChainResolver, ResolvedChain
from xswitch.core.roles.durations import chaining_reason, effective_duration, is_temporary
from xswitch.core.roles.endpoints import EndpointResolver
from xswitch.core.roles.guards import guard_for
from xswitch.core.roles.sources import has_static_keys, problem_at

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
