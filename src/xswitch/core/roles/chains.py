"""Resolve role chains by botocore's rules (credentials.py, AssumeRoleProvider).

Each profile is resolved once, and without recursion.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from xswitch.core.arn import parse_role_arn
from xswitch.core.display import show_value
from xswitch.core.model import (
    Chain,
    ConfigView,
    CredentialSource,
    CredentialSourceKind,
    Hop,
    Problem,
    Profile,
    problem_at,
)
from xswitch.core.profiles.managed import ROLE_KEY, SOURCE_PROFILE_KEY
from xswitch.core.profiles.process_target import requested_profile
from xswitch.core.roles.hops import ParsedHop, parse_hop
from xswitch.core.roles.sources import (
    assumes_role,
    find_credential_source,
    has_static_keys,
    named_credential_source,
)

_MAX_NAMES_OF_LOOP = 8
_OTHER_SOURCE_KEYS = frozenset(("web_identity_token_file", "credential_source"))
_LOOP = "source_loop"


class ResolvedChain(NamedTuple):
    """A chain and the first MFA serial in it."""

    chain: Chain
    """Without hops if the profile is a credential source."""
    mfa_serial: str | None


class _ChainNode(NamedTuple):
    """A profile and whether the chain starts from it."""

    profile: str
    selected: bool
    """Static keys end the chain in a source profile, but not in the selected profile."""


class _Dependency(NamedTuple):
    """A profile that needs another one resolved first."""

    to: _ChainNode
    profile: Profile
    hop: Hop | None = None
    """Set if `to` is the source of this role."""
    base: CredentialSource | None = None
    """Set if `to` is the role behind this profile's credential_process."""
    managed: bool = True
    """xswitch wrote that credential_process; if not, only a loop through it matters."""


class ChainResolver:
    """Resolves the chains of one config view; `env` is for `credential_source = Environment`."""

    def __init__(self, view: ConfigView, env: Mapping[str, str]) -> None:
        self._view = view
        self._env = env
        self._done: dict[_ChainNode, ResolvedChain | Problem] = {}
        self._parsed_hops: dict[str, ParsedHop] = {}

    def resolve_role(self, name: str) -> ResolvedChain | Problem:
        """Resolve the chain of a role profile, which must exist."""
        node = self._node(name, selected=True)
        chain = self._extend_resolved_source(node)
        if chain is None:
            return self._resolve(node)
        self._done[node] = chain
        return chain

    def resolve_source(self, name: str) -> ResolvedChain | Problem:
        """Resolve the chain of a profile, which must exist, as the source of another role."""
        return self._resolve(self._node(name, selected=False))

    def parsed_hop(self, profile: Profile) -> ParsedHop:
        """Parse the role settings of a profile, once."""
        parsed = self._parsed_hops.get(profile.name)
        if parsed is None:
            parsed = self._parsed_hops[profile.name] = parse_hop(profile)
        return parsed

    def _extend_resolved_source(self, node: _ChainNode) -> ResolvedChain | None:
        """Extend the resolved chain of a role's source; None for all that needs a closer look.

        Most roles of a long list have one of few sources, and nothing else to decide on.
        """
        profile = self._view.profiles[node.profile]
        if node.selected or node in self._done or profile.has_any(_OTHER_SOURCE_KEYS):
            return None
        hop = self.parsed_hop(profile).hop
        source = self._done.get(_ChainNode(profile.get("source_profile") or "", selected=False))
        return append_hop(source, hop) if hop and isinstance(source, ResolvedChain) else None

    def _node(self, name: str, *, selected: bool) -> _ChainNode:
        return _ChainNode(name, selected and has_static_keys(self._view.profiles[name]))

    def _resolve(self, start: _ChainNode) -> ResolvedChain | Problem:
        path: dict[_ChainNode, _Dependency] = {}
        node = start
        while (result := self._done.get(node)) is None:
            if node in path:
                result = self._loop_problem(list(path), node)
                break
            step = self._step(node)
            if isinstance(step, _Dependency):
                path[node] = step
                node = step.to
            else:
                self._done[node] = step
        for visited, link in reversed(path.items()):
            result = self._done[visited] = self._extend_chain(visited, link, result)
        return result

    def _loop_problem(self, path: list[_ChainNode], repeated: _ChainNode) -> Problem:
        names = [node.profile for node in path[path.index(repeated) :]] + [repeated.profile]
        if len(names) > _MAX_NAMES_OF_LOOP:
            names = [*names[: _MAX_NAMES_OF_LOOP - 2], "…", names[-1]]
        text = f"The source profiles form a loop: {' → '.join(names)}."
        profile = self._view.profiles[repeated.profile]
        return problem_at(profile, "source_profile", _LOOP, text)

    def _step(self, node: _ChainNode) -> ResolvedChain | Problem | _Dependency:
        profile = self._view.profiles[node.profile]
        keys_win = has_static_keys(profile) and not node.selected
        if assumes_role(profile) and not keys_win:
            return self._resolve_role_profile(profile)
        base = find_credential_source(self._view, profile)
        if isinstance(base, Problem):
            return base
        managed_role = self._role_of_managed_profile(profile, base)
        if managed_role is not None:
            return _Dependency(managed_role, profile, base=replace(base, temporary=True))
        requested = self._requested_profile(profile, base)
        if requested is not None:
            return _Dependency(requested, profile, base=base, managed=False)
        return _source_chain(base)

    def _requested_profile(self, profile: Profile, base: CredentialSource) -> _ChainNode | None:
        """Find the profile that a credential_process of the user's gets its credentials from."""
        if base.kind is not CredentialSourceKind.CREDENTIAL_PROCESS:
            return None
        name = requested_profile(profile.get("credential_process") or "")
        if name is None or name not in self._view.profiles:
            return None
        return self._node(name, selected=True)

    def _role_of_managed_profile(
        self, profile: Profile, base: CredentialSource
    ) -> _ChainNode | None:
        """Find the role of a managed profile.

        Its credential_process is xswitch itself, so a loop through it would never end.
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
        parsed = self.parsed_hop(profile)
        problem = self._source_problem(profile) or parsed.error
        if problem is not None or parsed.hop is None:
            text = f'Profile "{profile.name}" can\'t be assumed.'
            return problem or problem_at(profile, "role_arn", "role_arn_invalid", text)
        source = profile.get("source_profile")
        if source is not None and source != profile.name:
            return _Dependency(self._node(source, selected=False), profile, hop=parsed.hop)
        if source is None:
            named = profile.get("credential_source") or ""
            base = named_credential_source(profile, named, self._env)
        else:
            base = find_credential_source(self._view, profile)
        return base if isinstance(base, Problem) else append_hop(_source_chain(base), parsed.hop)

    def _source_problem(self, profile: Profile) -> Problem | None:
        name = profile.name
        source, named = profile.get("source_profile"), profile.get("credential_source")
        if source is not None and named is not None:
            text = f'Profile "{name}" has both source_profile and credential_source; remove one.'
            return problem_at(profile, "credential_source", "both_sources", text)
        if source is None and named is None:
            text = (
                f'Profile "{name}" has role_arn but neither source_profile nor credential_source.'
            )
            return problem_at(profile, "role_arn", "no_source", text)
        if source == name and not has_static_keys(profile):
            text = f'Profile "{name}" is its own source_profile but has no static keys.'
            return problem_at(profile, "source_profile", "source_self", text)
        if source is not None and source not in self._view.profiles:
            text = f'Source profile "{show_value(source)}" of profile "{name}" doesn\'t exist.'
            return problem_at(profile, "source_profile", "source_missing", text)
        return None

    def _extend_chain(
        self, node: _ChainNode, link: _Dependency, result: ResolvedChain | Problem
    ) -> ResolvedChain | Problem:
        if isinstance(result, Problem):
            # The command itself reports other mistakes of that profile
            ignored = link.base is not None and not link.managed and result.code != _LOOP
            return _source_chain(link.base) if link.base is not None and ignored else result
        if link.base is not None:
            return _source_chain(link.base)
        base = result.chain.base
        if node.selected and base.profile == node.profile:
            # botocore reports a loop, though the static keys of the profile would end it.
            text = f'The source profiles of "{node.profile}" lead back to it.'
            return problem_at(link.profile, "source_profile", _LOOP, text)
        return append_hop(result, link.hop) if link.hop is not None else result


def append_hop(source: ResolvedChain, hop: Hop) -> ResolvedChain:
    """Extend a chain by one hop."""
    return ResolvedChain(
        Chain(source.chain.base, (*source.chain.hops, hop)), source.mfa_serial or hop.mfa_serial
    )


def _source_chain(base: CredentialSource) -> ResolvedChain:
    return ResolvedChain(Chain(base, ()), None)
