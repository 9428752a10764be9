"""Which chain leads to a role: botocore's rules (credentials.py, AssumeRoleProvider), without recursion and with every part walked once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

from xswitch.core.arn import parse_role_arn
from xswitch.core.errors import ChainError
from xswitch.core.model import Base, BaseKind, Chain, ConfigView, Hop, Problem, Profile
from xswitch.core.profiles.managed import MARK, SOURCE
from xswitch.core.roles.hops import Reading, read_hop
from xswitch.core.roles.sources import find_base, has_static_keys, named_source, problem_at


class Resolved(NamedTuple):
    """A chain that is known (without hops when the profile is a base), and the first MFA serial in it."""

    chain: Chain
    mfa_serial: str | None


class _Node(NamedTuple):
    """A profile in a position: static keys end a chain in a source, but not in the profile one starts from."""

    profile: str
    selected: bool


class _Link(NamedTuple):
    """A profile that needs another one resolved first: as the source of its role, or as the role behind its credential_process."""

    to: _Node
    profile: Profile
    hop: Hop | None = None
    base: Base | None = None


class Chains:
    """All chains of one reading of the config. `env` is asked for the keys that `credential_source = Environment` means."""

    def __init__(self, view: ConfigView, env: Mapping[str, str]) -> None:
        self._view = view
        self._env = env
        self._done: dict[_Node, Resolved | Problem] = {}
        self._readings: dict[str, Reading] = {}

    def of_role(self, name: str) -> Resolved | Problem:
        """The chain of a role profile, or the error that says where it breaks. The profile must be there."""
        return self._resolve(self._node(name, selected=True))

    def of_source(self, name: str) -> Resolved | Problem:
        """The chain of a profile as the source of another role; without hops when it is a base. The profile must be there."""
        return self._resolve(self._node(name, selected=False))

    def reading(self, profile: Profile) -> Reading:
        """The role settings of a profile, read once."""
        found = self._readings.get(profile.name)
        if found is None:
            found = self._readings[profile.name] = read_hop(profile)
        return found

    def _node(self, name: str, *, selected: bool) -> _Node:
        return _Node(name, selected and has_static_keys(self._view.profiles[name]))

    def _resolve(self, start: _Node) -> Resolved | Problem:
        known = self._done.get(start)
        if known is not None:
            return known
        path: dict[_Node, _Link] = {}
        node = start
        while True:
            step = self._step(node)
            if not isinstance(step, _Link):
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
        for passed, link in reversed(path.items()):
            result = self._done[passed] = self._extended(passed, link, result)
        return result

    def _loop(self, path: list[_Node], again: _Node) -> Problem:
        names = [node.profile for node in path[path.index(again) :]] + [again.profile]
        shown = " → ".join(names if len(names) <= 8 else [*names[:6], "…", names[-1]])  # noqa: PLR2004 -- a line's worth
        return problem_at(self._view.profiles[again.profile], "source_profile", "source_loop", f"The source profiles form a loop: {shown}.")

    def _step(self, node: _Node) -> Resolved | Problem | _Link:
        profile = self._view.profiles[node.profile]
        keys_win = has_static_keys(profile) and not node.selected
        if "role_arn" in profile.properties and "web_identity_token_file" not in profile.properties and not keys_win:
            return self._role_step(profile)
        base = find_base(self._view, profile)
        if isinstance(base, Problem):
            return base
        behind = self._behind(profile, base)
        if behind is not None:
            return _Link(behind, profile, base=replace(base, temporary=True))
        return Resolved(Chain(base, ()), None)

    def _behind(self, profile: Profile, base: Base) -> _Node | None:
        """The role behind a managed profile. Its process is this very program, so a loop through it would never end."""
        mark = profile.get(MARK)
        if base.kind is not BaseKind.CREDENTIAL_PROCESS or mark is None:
            return None
        source = profile.get(SOURCE) if parse_role_arn(mark) else None
        target = self._view.profiles.get(mark if source is None else source)
        if target is None or (source is None and "role_arn" not in target.properties):
            return None
        return self._node(target.name, selected=source is None)

    def _role_step(self, profile: Profile) -> Resolved | Problem | _Link:
        reading = self.reading(profile)
        problem = self._source_problem(profile) or reading.error
        if problem is not None or reading.hop is None:
            return problem or problem_at(profile, "role_arn", "role_arn_invalid", f'Profile "{profile.name}" can\'t be assumed.')
        source = profile.get("source_profile")
        if source is None:
            return self._on_base(reading.hop, named_source(profile, profile.get("credential_source") or "", self._env))
        if source == profile.name:
            return self._on_base(reading.hop, find_base(self._view, profile))
        return _Link(self._node(source, selected=False), profile, hop=reading.hop)

    def _source_problem(self, profile: Profile) -> Problem | None:
        name = profile.name
        source, named = profile.get("source_profile"), profile.get("credential_source")
        if source is not None and named is not None:
            text = f'Profile "{name}" has both source_profile and credential_source; one of them must go.'
            return problem_at(profile, "credential_source", "both_sources", text)
        if source is None and named is None:
            text = f'Profile "{name}" has role_arn and neither source_profile nor credential_source.'
            return problem_at(profile, "role_arn", "no_source", text)
        if source == name and not has_static_keys(profile):
            text = f'Profile "{name}" is its own source_profile and has no static keys.'
            return problem_at(profile, "source_profile", "source_self", text)
        if source is not None and source not in self._view.profiles:
            text = f'Profile "{name}": its source_profile "{source}" doesn\'t exist.'
            return problem_at(profile, "source_profile", "source_missing", text)
        return None

    def _on_base(self, hop: Hop, base: Base | Problem) -> Resolved | Problem:
        return base if isinstance(base, Problem) else Resolved(Chain(base, (hop,)), hop.mfa_serial)

    def _extended(self, node: _Node, link: _Link, result: Resolved | Problem) -> Resolved | Problem:
        if isinstance(result, Problem):
            return result
        if link.base is not None:
            return Resolved(Chain(link.base, ()), None)
        base = result.chain.base
        if node.selected and base.profile == node.profile:
            # botocore calls this a loop though the keys on the profile would end it.
            text = f'The source profiles of "{node.profile}" lead back to it.'
            return problem_at(link.profile, "source_profile", "source_loop", text)
        return self.on_source(result, link.hop) if link.hop is not None else result

    def on_source(self, source: Resolved, hop: Hop) -> Resolved:
        """The chain with one hop more."""
        return Resolved(Chain(source.chain.base, (*source.chain.hops, hop)), source.mfa_serial or hop.mfa_serial)


def base_of(view: ConfigView, profile: str) -> Base:
    """The base that a profile is when it is the source of a role. Raises ChainError when it is a role itself, or no source at all."""
    found = view.profiles.get(profile)
    if found is None:
        raise ChainError(f'There is no profile "{profile}".', next_step="xswitch config")
    if "role_arn" in found.properties and "web_identity_token_file" not in found.properties and not has_static_keys(found):
        raise ChainError(f'Profile "{profile}" is a role, not the source of one.', next_step=f"xswitch explain {profile}")
    base = find_base(view, found)
    if isinstance(base, Problem):
        raise ChainError(base.message, why=f"{base.file}:{base.line}", next_step="xswitch config")
    return base
