"""How one row of the list is put together out of a chain, an endpoint, names and guards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from xswitch.core.arn import RoleArn, partition_of_region
from xswitch.core.model import Base, BaseKind, Chain, ConfigView, Hop, Problem, Profile, Role, Settings
from xswitch.core.profiles.managed import MARK
from xswitch.core.roles.ad_hoc import managed_name
from xswitch.core.roles.chains import Chains, Resolved
from xswitch.core.roles.durations import before_words, effective_duration, is_temporary
from xswitch.core.roles.endpoints import Endpoints
from xswitch.core.roles.guards import guard_for
from xswitch.core.roles.sources import has_static_keys, problem_at

_SEVERITIES = ("error", "warning", "info")


class Draft(NamedTuple):
    """What a row is made of.

    `selected` is the profile with a say in region and endpoint, `arn` the text as written when it is no role's ARN, `managed` the managed
    profile's name, `found` the chain or why there is none, `hop` the role's own AssumeRole when that much is known.
    """

    name: str
    selected: Profile
    arn: RoleArn | str
    managed: str
    found: Resolved | Problem
    hop: Hop | None
    definition: bool = False


class Rows:
    """Makes the rows of one reading of the config; chains are shared between them."""

    def __init__(self, view: ConfigView, settings: Settings, env: Mapping[str, str]) -> None:
        self.view = view
        self.chains = Chains(view, env)
        self._settings = settings
        self._env = env
        self._endpoints = Endpoints(view, env)
        self._managed: dict[str, list[str]] = {}
        for profile in view.profiles.values():
            mark = profile.get(MARK)
            if mark is not None:
                self._managed.setdefault(mark, []).append(profile.name)
        self._seen: dict[str, list[Problem]] = {}
        for problem in view.problems:
            if problem.profile is not None:
                self._seen.setdefault(problem.profile, []).append(problem)

    def of_profile(self, profile: Profile) -> Role:
        """The row of a profile with `role_arn`."""
        reading = self.chains.reading(profile)
        found = self.chains.of_role(profile.name)
        problems = [] if isinstance(found, Problem) else self._surprises(profile, found.chain)
        default = managed_name(self._settings.profile_prefix, profile.name)
        managed = self._managed.get(profile.name, [default])
        arn = reading.arn or profile.get("role_arn") or ""
        draft = Draft(profile.name, profile, arn, default if default in managed else managed[0], found, reading.hop)
        return self.row(draft, (*problems, *reading.problems))

    def partition_of(self, profile: Profile) -> str:
        """The partition a profile lives in, as its region or the environment's tells."""
        region = profile.get("region") or self._env.get("AWS_REGION") or self._env.get("AWS_DEFAULT_REGION") or ""
        return partition_of_region(region)

    def row(self, draft: Draft, problems: tuple[Problem, ...] = ()) -> Role:
        """The row, with `problems` and those that putting it together brings."""
        profile, arn, found, hop = draft.selected, draft.arn, draft.found, draft.hop
        parts = arn if isinstance(arn, RoleArn) else RoleArn(self.partition_of(profile), "", "/", "")
        endpoint, odd = self._endpoints.of(profile, parts.partition)
        chain = found.chain if isinstance(found, Resolved) else None
        if isinstance(found, Problem):
            problems = (found, *problems)
        serial = found.mfa_serial if isinstance(found, Resolved) else profile.get("mfa_serial")
        asked, before = None if hop is None else hop.duration_seconds, ""
        if chain is not None:
            mfa = serial is not None and not is_temporary(chain.base)
            before = before_words(chain.base, first_hop=len(chain.hops) == 1, mfa=mfa)
        seconds, reason = effective_duration(asked, None, None, before)
        role = Role(
            name=draft.name,
            role_arn=str(arn),
            partition=parts.partition,
            account_id=parts.account_id,
            account_name=self._settings.account_names.get(parts.account_id) or profile.get("xswitch_account_name") or "",
            role_name=parts.name,
            role_path=parts.path,
            region=endpoint.region,
            chain=chain,
            mfa_serial=serial or None,
            external_id=None if hop is None else hop.external_id,
            duration_seconds=seconds,
            duration_reason=reason,
            managed_profile=draft.managed,
            origin=profile.origin,
            endpoint=endpoint,
            problems=_in_order((*problems, *odd, *self._seen.get(profile.name, ()))),
            note=profile.get("xswitch_note") or "",
            tags=() if hop is None else hop.tags,
            cli_only=profile.cli_only,
            temporary_definition=draft.definition,
        )
        guard = guard_for(role, self._settings)
        if guard is None:
            return role
        seconds, reason = effective_duration(asked, None, guard, before)
        return replace(role, guard=guard, duration_seconds=seconds, duration_reason=reason)

    def _surprises(self, profile: Profile, chain: Chain) -> list[Problem]:
        """What is legal and may still not be what was meant."""
        name, base = profile.name, chain.base
        problems = []
        if has_static_keys(profile) and profile.get("source_profile") != name:
            text = f'Profile "{name}": its static keys aren\'t used, its role_arn goes before them.'
            problems.append(problem_at(profile, "aws_access_key_id", "keys_ignored", text, "info"))
        if base.kind is BaseKind.ENVIRONMENT and not self._env.get("AWS_ACCESS_KEY_ID"):
            text = f'Profile "{name}" starts from the environment, and AWS_ACCESS_KEY_ID is not set.'
            problems.append(problem_at(profile, "credential_source", "environment_empty", text, "warning"))
        source = self._ignoring_role(name, base)
        if source is not None:
            text = f'The static keys of source profile "{source.name}" are used; its own role_arn is ignored.'
            problems.append(problem_at(source, "role_arn", "source_role_ignored", text, "warning"))
        return problems

    def _ignoring_role(self, name: str, base: Base) -> Profile | None:
        if base.kind is not BaseKind.STATIC_KEYS or base.profile in (None, name):
            return None
        source = self.view.profiles.get(base.profile or "")
        return source if source is not None and "role_arn" in source.properties else None


def _in_order(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    return tuple(sorted(dict.fromkeys(problems), key=lambda problem: _SEVERITIES.index(problem.severity))) if problems else ()
