"""Which chain leads to a role.

Botocore's rules (credentials.py, AssumeRoleProvider), without recursion and with every part walked
once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from xswitch.core.arn import parse_role_arn
from xswitch.core.model import (
    Chain,
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Hop,
    Problem,
    Profile,
)
from xswitch.core.profiles.managed import ROLE_KEY, SOURCE_PROFILE_KEY
from xswitch.core.roles.hops import ParsedHop, parse_hop
from xswitch.core.roles.sources import (
    find_credential_source,
    has_static_keys,
    named_credential_source,
    problem_at,
)


class ResolvedChain(NamedTuple):
    """A chain that is known (without hops when the profile is a base), and the first MFA serial in it."""

    chain: Chain
    mfa_serial: str | None


class _ChainNode(NamedTuple):
    """A profile in a position.

    Static keys end a chain in a source, but not in the profile one starts from.
    """

    profile: str
    selected: bool


class _Dependency(NamedTuple):
    """A profile that needs another one resolved first.

    As the source of its role, or as the role behind its credential_process.
    """

    to: _ChainNode
    profile: Profile
    hop: Hop | None = None
    base: CredentialSource | None = None


class ChainResolver:
    """All chains of one reading of the config.

    `env` is asked for the keys that `credential_source = Environment` means.
    """

    def __init__(self, view: ConfigView, env: Mapping[str, str]) -> None:
        self._view = view
        self._env = env
        self._done: dict[_ChainNode, ResolvedChain | Problem] = {}
        self._parsed_hops: dict[str, ParsedHop] = {}

    def resolve_role(self, name: str) -> ResolvedChain | Problem:
        """The chain of a role profile, or the error that says where it breaks.

        The profile must be there.
        """
        return self._resolve(self._node(name, selected=True))

    def resolve_source(self, name: str) -> ResolvedChain | Problem:
        """The chain of a profile as the source of another role; without hops when it is a base.

        The profile must be there.
        """
        return self._resolve(self._node(name, selected=False))

    def reading(self, profile: Profile) -> ParsedHop:
        """The role settings of a profile, read once."""
        parsed = self._parsed_hops.get(profile.name)
        if parsed is None:
            parsed = self._parsed_hops[profile.name] = parse_hop(profile)
        return parsed

    def _node(self, name: str, *, selected: bool) -> _ChainNode:
        return _ChainNode(name, selected and has_static_keys(self._view.profiles[name]))

    def _resolve(self, start: _ChainNode) -> ResolvedChain | Problem:
        known = self._done.get(start)
        if known is not None:
            return known
        path: dict[_ChainNode, _Dependency] = {}
        node = start
        while True:
            step = self._step(node)
            if not isinstance(step, _Dependency):
                result = self._done[node] = step
                break
            path[node] = step
            node = step.to
            known = self._done.get(node)
            if known is not None:
                result = known
                break
            if node in path:
                result = self._loop(list(path), node)
                break
        for visited, link in reversed(path.items()):
            result = self._done[visited] = self._extend_chain(visited, link, result)
        return result

    def _loop(self, path: list[_ChainNode], again: _ChainNode) -> Problem:
        names = [node.profile for node in path[path.index(again) :]] + [again.profile]
        shown = " → ".join(names if len(names) <= 8 else [*names[:6], "…", names[-1]])  # noqa: PLR2004 -- a line's worth
        return problem_at(
            self._view.profiles[again.profile],
            "source_profile",
            "source_loop",
            f"The source profiles form a loop: {shown}.",
        )

    def _step(self, node: _ChainNode) -> ResolvedChain | Problem | _Dependency:
        profile = self._view.profiles[node.profile]
        keys_win = has_static_keys(profile) and not node.selected
        if (
            "role_arn" in profile.properties
            and "web_identity_token_file" not in profile.properties
            and not keys_win
        ):
            return self._resolve_role_profile(profile)
        base = find_credential_source(self._view, profile)
        if isinstance(base, Problem):
            return base
        behind = self._role_behind_managed_profile(profile, base)
        if behind is not None:
            return _Dependency(behind, profile, base=replace(base, temporary=True))
        return ResolvedChain(Chain(base, ()), None)

    def _role_behind_managed_profile(
        self, profile: Profile, base: CredentialSource
    ) -> _ChainNode | None:
        """The role behind a managed profile.

        Its process is this very program, so a loop through it would never end.
        """
        role_value = profile.get(ROLE_KEY)
        if base.kind is not CredentialSourceKind.CREDENTIAL_PROCESS or role_value is None:
            return None
        source = profile.get(SOURCE_PROFILE_KEY) if parse_role_arn(role_value) else None
        target = self._view.profiles.get(role_value if source is None else source)
        if target is None or (source is None and "role_arn" not in target.properties):
            return None
        return self._node(target.name, selected=source is None)

    def _resolve_role_profile(self, profile: Profile) -> ResolvedChain | Problem | _Dependency:
        reading = self.reading(profile)
        problem = self._source_problem(profile) or reading.error
        if problem is not None or reading.hop is None:
            return problem or problem_at(
                profile,
                "role_arn",
                "role_arn_invalid",
                f'Profile "{profile.name}" can\'t be assumed.',
            )
        source = profile.get("source_profile")
        if source is None:
            return self._chain_from_source(
                reading.hop,
                named_credential_source(profile, profile.get("credential_source") or "", self._env),
            )
        if source == profile.name:
            return self._chain_from_source(reading.hop, find_credential_source(self._view, profile))
        return _Dependency(self._node(source, selected=False), profile, hop=reading.hop)

    def _source_problem(self, profile: Profile) -> Problem | None:
        name = profile.name
        source, named = profile.get("source_profile"), profile.get("credential_source")
        if source is not None and named is not None:
            text = f'Profile "{name}" has both source_profile and credential_source; one of them must go.'
            return problem_at(profile, "credential_source", "both_sources", text)
        if source is None and named is None:
            text = (
                f'Profile "{name}" has role_arn and neither source_profile nor credential_source.'
            )
            return problem_at(profile, "role_arn", "no_source", text)
        if source == name and not has_static_keys(profile):
            text = f'Profile "{name}" is its own source_profile and has no static keys.'
            return problem_at(profile, "source_profile", "source_self", text)
        if source is not None and source not in self._view.profiles:
            text = f'Profile "{name}": its source_profile "{source}" doesn\'t exist.'
            return problem_at(profile, "source_profile", "source_missing", text)
        return None

    def _chain_from_source(
        self, hop: Hop, base: CredentialSource | Problem
    ) -> ResolvedChain | Problem:
        return (
            base
            if isinstance(base, Problem)
            else ResolvedChain(Chain(base, (hop,)), hop.mfa_serial)
        )

    def _extend_chain(
        self, node: _ChainNode, link: _Dependency, result: ResolvedChain | Problem
    ) -> ResolvedChain | Problem:
        if isinstance(result, Problem):
            return result
        if link.base is not None:
            return ResolvedChain(Chain(link.base, ()), None)
        base = result.chain.base
        if node.selected and base.profile == node.profile:
            # botocore calls this a loop though the keys on the profile would end it.
            text = f'The source profiles of "{node.profile}" lead back to it.'
            return problem_at(link.profile, "source_profile", "source_loop", text)
        return self.append_hop(result, link.hop) if link.hop is not None else result

    def append_hop(self, source: ResolvedChain, hop: Hop) -> ResolvedChain:
        """The chain with one hop more."""
        return ResolvedChain(
            Chain(source.chain.base, (*source.chain.hops, hop)), source.mfa_serial or hop.mfa_serial
        )
