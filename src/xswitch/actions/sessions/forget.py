"""`forget`: sessions out of the vault, and the profiles that served them out of the config."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from xswitch.actions.api import ForgetResult, SwitchOptions
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.managed_profiles import removal_edits
from xswitch.actions.sessions.publish import remove_published
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.actions.targets import resolve_role
from xswitch.core.errors import XswitchError
from xswitch.core.model import IndexEntry
from xswitch.core.profiles.managed import NO_OVERRIDES


@dataclass(frozen=True, slots=True)
class _ForgetTarget:
    """What goes with one name.

    The session keys, how many of them the index knows, and the managed (or static) profiles.
    """

    name: str
    keys: tuple[str, ...]
    known: int
    profiles: tuple[str, ...] = ()


def forget(broker: Broker, names: Sequence[str], *, everything: bool) -> tuple[ForgetResult, ...]:
    """See `Actions.forget`.

    Sessions go first: should the config refuse the change afterwards, no secret is left behind.

    Raises TargetError before anything is dropped when a name means nothing.
    """
    ports = broker.ports
    snapshot = take_snapshot(ports)
    entries = tuple(ports.index.entries().values())
    scopes = (
        _all_targets(snapshot, entries)
        if everything
        else [_target_for_name(snapshot, entries, name) for name in dict.fromkeys(names)]
    )
    for key in dict.fromkeys(key for scope in scopes for key in scope.keys):
        broker.drop(key)
    profiles = list(dict.fromkeys(profile for scope in scopes for profile in scope.profiles))
    profiles += [
        static
        for profile in profiles
        if (static := snapshot.static_profile_for(profile)) and static not in profiles
    ]
    edits = removal_edits(snapshot, profiles)
    if edits:
        ports.config.apply(edits)
    for profile in profiles:
        remove_published(ports, profile)
    return tuple(
        ForgetResult(scope.name, scope.known, scope.profiles[0] if scope.profiles else "")
        for scope in scopes
    )


def _target_for_name(
    snapshot: ConfigSnapshot, entries: Sequence[IndexEntry], name: str
) -> _ForgetTarget:
    name = snapshot.managed_profile_for_static(name) or name
    if snapshot.managed_profile(name) is not None:
        return _target_for_managed_profile(snapshot, entries, name)
    # The profile of a session may be gone, or be a base: then the name still means the sessions
    # made for it, MFA sessions as well.
    own = [entry for entry in entries if entry.profile == name]
    if own and name not in snapshot.roles_by_name:
        return _ForgetTarget(name, tuple(entry.key for entry in own), len(own))
    role = resolve_role(snapshot, name, SwitchOptions())
    profiles = [
        managed
        for managed, of in snapshot.managed.items()
        if of == role.name and not snapshot.managed_profile_for_static(managed)
    ]
    own = [
        entry
        for entry in entries
        if entry.kind == "role"
        and (entry.profile == role.name or entry.managed_profile in profiles)
    ]
    keys = [entry.key for entry in own]
    keys += [key for managed in profiles for key in _planned_session_keys(snapshot, managed)]
    with suppress(XswitchError):
        keys.append(snapshot.plan(role, NO_OVERRIDES).key)
    return _ForgetTarget(role.name, tuple(keys), len(own), tuple(profiles))


def _target_for_managed_profile(
    snapshot: ConfigSnapshot, entries: Sequence[IndexEntry], managed: str
) -> _ForgetTarget:
    own = [
        entry.key for entry in entries if entry.kind == "role" and entry.managed_profile == managed
    ]
    name = snapshot.managed.get(managed, managed)
    return _ForgetTarget(
        name, (*own, *_planned_session_keys(snapshot, managed)), len(own), (managed,)
    )


def _planned_session_keys(snapshot: ConfigSnapshot, managed: str) -> list[str]:
    """The key its session would have, as an index that was lost doesn't name it."""
    try:
        return [
            snapshot.plan(
                snapshot.role_for_profile(managed), snapshot.stored_overrides(managed)
            ).key
        ]
    except XswitchError:
        return []


def _all_targets(snapshot: ConfigSnapshot, entries: Sequence[IndexEntry]) -> list[_ForgetTarget]:
    managed = [
        name for name in snapshot.view.profiles if snapshot.managed_profile(name) is not None
    ]
    scopes = [_target_for_managed_profile(snapshot, entries, name) for name in managed]
    scopes += [
        _ForgetTarget(name, (), 0, (name,))
        for name in snapshot.view.profiles
        if snapshot.managed_profile_for_static(name)
        and snapshot.managed_profile_for_static(name) not in managed
    ]
    taken = {key for scope in scopes for key in scope.keys}
    rest: dict[str, list[str]] = {}
    for entry in entries:
        if entry.key not in taken:
            name = entry.profile or "the environment"
            rest.setdefault(f"{name} (MFA)" if entry.kind == "mfa" else name, []).append(entry.key)
    return scopes + [_ForgetTarget(name, tuple(keys), len(keys)) for name, keys in rest.items()]
