"""`forget`: sessions out of the vault, and the profiles that served them out of the config."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from xswitch.actions.api import Forgotten, SwitchOptions
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.managed_profiles import removals
from xswitch.actions.sessions.publish import withdraw
from xswitch.actions.snapshot import Reading, read
from xswitch.actions.targets import role_for
from xswitch.core.errors import XswitchError
from xswitch.core.model import IndexEntry
from xswitch.core.profiles.managed import NO_OVERRIDES


@dataclass(frozen=True, slots=True)
class _Scope:
    """What goes with one name: the session keys, how many of them the index knows, and the managed (or static) profiles."""

    name: str
    keys: tuple[str, ...]
    known: int
    profiles: tuple[str, ...] = ()


def forget(broker: Broker, names: Sequence[str], *, everything: bool) -> tuple[Forgotten, ...]:
    """See `Actions.forget`. Sessions go first: should the config refuse the change afterwards, no secret is left behind.

    Raises TargetError before anything is dropped when a name means nothing.
    """
    ports = broker.ports
    reading = read(ports)
    entries = tuple(ports.index.entries().values())
    scopes = _everything(reading, entries) if everything else [_scope(reading, entries, name) for name in dict.fromkeys(names)]
    for key in dict.fromkeys(key for scope in scopes for key in scope.keys):
        broker.drop(key)
    profiles = list(dict.fromkeys(profile for scope in scopes for profile in scope.profiles))
    profiles += [static for profile in profiles if (static := reading.static_beside(profile)) and static not in profiles]
    edits = removals(reading, profiles)
    if edits:
        ports.config.apply(edits)
    for profile in profiles:
        withdraw(ports, profile)
    return tuple(Forgotten(scope.name, scope.known, scope.profiles[0] if scope.profiles else "") for scope in scopes)


def _scope(reading: Reading, entries: Sequence[IndexEntry], name: str) -> _Scope:
    name = reading.static_of(name) or name
    if reading.managed_profile(name) is not None:
        return _of_managed(reading, entries, name)
    # The profile of a session may be gone, or be a base: then the name still means the sessions made for it, MFA sessions as well.
    own = [entry for entry in entries if entry.profile == name]
    if own and name not in reading.by_name:
        return _Scope(name, tuple(entry.key for entry in own), len(own))
    role = role_for(reading, name, SwitchOptions())
    profiles = [managed for managed, of in reading.managed.items() if of == role.name and not reading.static_of(managed)]
    own = [entry for entry in entries if entry.kind == "role" and (entry.profile == role.name or entry.managed_profile in profiles)]
    keys = [entry.key for entry in own]
    keys += [key for managed in profiles for key in _planned(reading, managed)]
    with suppress(XswitchError):
        keys.append(reading.plan(role, NO_OVERRIDES).key)
    return _Scope(role.name, tuple(keys), len(own), tuple(profiles))


def _of_managed(reading: Reading, entries: Sequence[IndexEntry], managed: str) -> _Scope:
    own = [entry.key for entry in entries if entry.kind == "role" and entry.managed_profile == managed]
    name = reading.managed.get(managed, managed)
    return _Scope(name, (*own, *_planned(reading, managed)), len(own), (managed,))


def _planned(reading: Reading, managed: str) -> list[str]:
    """The key its session would have, as an index that was lost doesn't name it."""
    try:
        return [reading.plan(reading.role_of(managed), reading.kept_overrides(managed)).key]
    except XswitchError:
        return []


def _everything(reading: Reading, entries: Sequence[IndexEntry]) -> list[_Scope]:
    managed = [name for name in reading.view.profiles if reading.managed_profile(name) is not None]
    scopes = [_of_managed(reading, entries, name) for name in managed]
    scopes += [
        _Scope(name, (), 0, (name,)) for name in reading.view.profiles if reading.static_of(name) and reading.static_of(name) not in managed
    ]
    taken = {key for scope in scopes for key in scope.keys}
    rest: dict[str, list[str]] = {}
    for entry in entries:
        if entry.key not in taken:
            name = entry.profile or "the environment"
            rest.setdefault(f"{name} (MFA)" if entry.kind == "mfa" else name, []).append(entry.key)
    return scopes + [_Scope(name, tuple(keys), len(keys)) for name, keys in rest.items()]
