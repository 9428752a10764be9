"""`forget`: delete sessions from the vault, and the profiles that serve them from the config."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from xswitch.actions.api import ForgetResult, SwitchOptions
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.managed_profiles import removal_edits
from xswitch.actions.sessions.publish import Publisher
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.actions.targets import resolve_role
from xswitch.core.errors import XswitchError
from xswitch.core.model import IndexEntry
from xswitch.core.profiles.managed import NO_OVERRIDES


@dataclass(frozen=True, slots=True)
class _ForgetTarget:
    """Everything that one name refers to."""

    name: str
    keys: tuple[str, ...]
    indexed: int
    """How many of the keys are in the index."""
    profiles: tuple[str, ...] = ()
    """Managed and static profiles."""


def forget(broker: Broker, names: Sequence[str], *, all_sessions: bool) -> tuple[ForgetResult, ...]:
    """Delete sessions and managed profiles: see `Actions.forget`.

    Deletes sessions first, so no secret remains if the config can't be changed afterward. Raises
    TargetError before it deletes anything if a name refers to nothing.
    """
    ports = broker.ports
    snapshot = take_snapshot(ports.config)
    entries = tuple(ports.storage.index.entries().values())
    targets = (
        _all_targets(snapshot, entries)
        if all_sessions
        else [_target_for_name(snapshot, entries, name) for name in dict.fromkeys(names)]
    )
    for key in dict.fromkeys(key for target in targets for key in target.keys):
        broker.drop(key)
    profiles = list(dict.fromkeys(profile for target in targets for profile in target.profiles))
    profiles += [
        static
        for profile in profiles
        if (static := snapshot.static_profile_for(profile)) and static not in profiles
    ]
    edits = removal_edits(snapshot, profiles)
    if edits:
        ports.config.files.apply(edits)
    publisher = Publisher(ports.storage, ports.process.clock)
    for profile in profiles:
        publisher.remove(profile)
    return tuple(
        ForgetResult(target.name, target.indexed, target.profiles[0] if target.profiles else "")
        for target in targets
    )


def _target_for_name(
    snapshot: ConfigSnapshot, entries: Sequence[IndexEntry], name: str
) -> _ForgetTarget:
    name = snapshot.managed_profile_for_static(name) or name
    if snapshot.managed_profile(name) is not None:
        return _target_for_managed_profile(snapshot, entries, name)
    # If a session's profile is gone, or is a source profile, the name still refers to its sessions,
    # MFA sessions included
    own = [entry for entry in entries if entry.profile == name]
    if own and name not in snapshot.roles_by_name:
        return _ForgetTarget(name, tuple(entry.key for entry in own), len(own))
    role = resolve_role(snapshot, name, SwitchOptions())
    profiles = [
        managed
        for managed, role_name in snapshot.managed.items()
        if role_name == role.name and not snapshot.managed_profile_for_static(managed)
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
    """Return the key that a managed profile's session has even if the index was lost."""
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
    targets = [_target_for_managed_profile(snapshot, entries, name) for name in managed]
    targets += [
        _ForgetTarget(name, (), 0, (name,))
        for name in snapshot.view.profiles
        if snapshot.managed_profile_for_static(name)
        and snapshot.managed_profile_for_static(name) not in managed
    ]
    assigned = {key for target in targets for key in target.keys}
    others: dict[str, list[str]] = {}
    for entry in entries:
        if entry.key not in assigned:
            name = entry.profile or "the environment"
            label = f"{name} (MFA)" if entry.kind == "mfa" else name
            others.setdefault(label, []).append(entry.key)
    return targets + [_ForgetTarget(name, tuple(keys), len(keys)) for name, keys in others.items()]
