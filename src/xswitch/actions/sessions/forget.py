"""`forget`: delete sessions from the vault, and the profiles that serve them from the config."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from xswitch.actions.ports import Ports
from xswitch.actions.results import ForgetPreview, ForgetResult, SwitchOptions
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.managed_profiles import removal_edits
from xswitch.actions.sessions.publish import Publisher
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.actions.targets import resolve_role
from xswitch.core.errors import ConfigError, ErrorCode, XswitchError
from xswitch.core.model import FileKind, IndexEntry, ProfileEdit, TargetKind
from xswitch.core.profiles.managed import NO_OVERRIDES
from xswitch.core.text import pluralize

_UNINDEXED = "sessions that the index didn't name"
_LEFT = "what is left"
_MAX_NAMES = 20
_LABELS = {"mfa": " (MFA)", "sso_token": " (sign-in)"}
"""Added to the names of sessions that aren't roles'."""


@dataclass(frozen=True, slots=True)
class _ForgetTarget:
    """Everything that one name refers to."""

    name: str
    keys: tuple[str, ...]
    indexed: tuple[str, ...]
    """The keys that are in the index."""
    profiles: tuple[str, ...] = ()
    """Managed and static profiles."""
    own_profile: str = ""
    """A profile with credentials of its own, of which only the prompt's file is ours."""


def forget(broker: Broker, names: Sequence[str], *, all_sessions: bool) -> tuple[ForgetResult, ...]:
    """Delete sessions and managed profiles: see `Actions.forget`.

    Deletes sessions first, so no secret remains if the config can't be changed afterward. For
    `names`, raises TargetError before it deletes anything if one refers to nothing.
    """
    if all_sessions:
        return _ForgetAll(broker.ports).run()
    ports = broker.ports
    snapshot = take_snapshot(ports.config)
    entries = tuple(ports.storage.index.entries().values())
    targets = [_target_for_name(snapshot, entries, name) for name in dict.fromkeys(names)]
    keys = list(dict.fromkeys(key for target in targets for key in target.keys))
    # A request that holds a session's lock sees the mark before it stores: no need to wait for it
    ports.storage.forget_marks.mark(keys)
    for key in keys:
        ports.storage.vault.delete(key)
    left = []
    try:
        ports.storage.index.remove(keys)
    except XswitchError as error:
        if error.code != ErrorCode.STATE_NEWER:
            raise
        left.append(ForgetResult(_LEFT, 0, error=error))
    profiles = _with_static(
        snapshot, [profile for target in targets for profile in target.profiles]
    )
    edits = removal_edits(snapshot, profiles)
    if edits:
        ports.config.files.apply(edits)
    ports.remove_leftovers()
    publisher = Publisher(ports.storage, ports.process.clock)
    for profile in (*profiles, *(target.own_profile for target in targets if target.own_profile)):
        publisher.remove(profile)
    return (*(_result(target, target.indexed) for target in targets), *left)


def preview(ports: Ports) -> ForgetPreview:
    """Return what the index and the config know of what `forget --all` deletes."""
    entries = ports.storage.index.entries().values()
    profiles: list[str] = []
    with suppress(XswitchError):
        snapshot = take_snapshot(ports.config)
        targets = _all_targets(snapshot, tuple(entries))
        profiles = _with_static(
            snapshot, [profile for target in targets for profile in target.profiles]
        )
    return ForgetPreview(
        sessions=sum(entry.kind in {"role", "sso"} for entry in entries),
        mfa_sessions=sum(entry.kind == "mfa" for entry in entries),
        sign_ins=sum(entry.kind == "sso_token" for entry in entries),
        profiles=tuple(profiles),
    )


class _ForgetAll:
    """Deletes everything that xswitch has stored, and collects what fails.

    In this order: sessions in every store, profiles, hot pointers, prompt files, the index. A run
    that is killed leaves nothing that the next one doesn't find.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._storage = ports.storage
        self._errors: list[XswitchError] = []

    def run(self) -> tuple[ForgetResult, ...]:
        """Delete, and return a result for each target and for each failure."""
        with self._collecting():
            self._storage.forget_marks.mark_all()
        entries = tuple(self._storage.index.entries().values())
        snapshot: ConfigSnapshot | None = None
        with self._collecting():
            snapshot = take_snapshot(self._ports.config)
        targets = _all_targets(snapshot, entries)
        known = {key for target in targets for key in target.keys}
        others = len(self._errors)
        removed = self._clear_vault(sorted(known | _chain_keys(snapshot)))
        vault_is_empty = all(
            ForgetResult(_LEFT, 0, error=error).only_told for error in self._errors[others:]
        )
        profiles: list[str] = []
        if snapshot is not None:
            profiles = _with_static(
                snapshot, [profile for target in targets for profile in target.profiles]
            )
            self._remove_profiles(removal_edits(snapshot, profiles))
        self._ports.remove_leftovers()  # a killed writer's can hold a static profile's keys
        self._remove_published(profiles)
        with self._collecting():
            if vault_is_empty:
                self._storage.index.clear()
            else:
                self._storage.index.remove(sorted(removed))
        results = [
            _result(target, target.indexed if vault_is_empty else removed & set(target.indexed))
            for target in targets
        ]
        if removed - known:
            results.append(ForgetResult(_UNINDEXED, len(removed - known)))
        results += [ForgetResult(_LEFT, 0, error=error) for error in self._errors]
        return tuple(results)

    def _clear_vault(self, keys: Sequence[str]) -> frozenset[str]:
        try:
            return self._storage.vault.clear(keys, self._errors.append)
        except XswitchError as error:
            self._errors.append(error)
            return frozenset()

    def _remove_profiles(self, edits: Sequence[ProfileEdit]) -> None:
        if not edits:
            return
        try:
            self._ports.config.files.apply(edits)
        except XswitchError:
            # One file may be writable: the one with the static profiles' keys first
            files: tuple[FileKind, ...] = ("credentials", "config")
            for file in files:
                part = [edit for edit in edits if edit.file == file]
                try:
                    if part:
                        self._ports.config.files.apply(part)
                except XswitchError as error:
                    self._errors.append(_profiles_left(file, part, error))

    def _remove_published(self, profiles: Sequence[str]) -> None:
        publisher = Publisher(self._storage, self._ports.process.clock)
        for profile in profiles:
            with suppress(XswitchError):  # reported below
                publisher.remove(profile)
        with self._collecting():
            self._storage.hot_pointers.clear()
        with self._collecting():
            self._storage.prompt_files.clear()

    @contextmanager
    def _collecting(self) -> Iterator[None]:
        try:
            yield
        except XswitchError as error:
            if not any(str(error) == str(known) for known in self._errors):
                self._errors.append(error)


def _profiles_left(file: str, edits: Sequence[ProfileEdit], error: XswitchError) -> ConfigError:
    names = [edit.name for edit in edits]
    count = pluralize(len(names), "profile is", "profiles are")
    more = f" and {len(names) - _MAX_NAMES} more" if len(names) > _MAX_NAMES else ""
    return ConfigError(
        f"{count} left in the {file} file: {', '.join(names[:_MAX_NAMES])}{more}.",
        why=str(error),
        next_step=f"{error.next_step.rstrip('.')}; then: xswitch forget --all",
        code=error.code,
    )


def _result(target: _ForgetTarget, gone: Iterable[str]) -> ForgetResult:
    profile = target.profiles[0] if target.profiles else ""
    return ForgetResult(target.name, len(set(gone)), profile)


def _with_static(snapshot: ConfigSnapshot, profiles: Iterable[str]) -> list[str]:
    """Return managed profiles, then their static profiles, each once."""
    found = list(dict.fromkeys(profiles))
    return found + [
        static
        for profile in found
        if (static := snapshot.static_profile_for(profile)) and static not in found
    ]


def _chain_keys(snapshot: ConfigSnapshot | None) -> set[str]:
    """Return the keys of the sessions that managed profiles are served from, as planned now."""
    keys: set[str] = set()
    if snapshot is None:
        return keys
    for managed in snapshot.managed:
        with suppress(XswitchError):
            plan = snapshot.plan(
                snapshot.role_for_profile(managed), snapshot.stored_overrides(managed)
            )
            keys |= {plan.key, *(hop.key for hop in plan.hops)}
            keys |= {plan.mfa.key} if plan.mfa is not None else set()
    return keys


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
        keys = tuple(entry.key for entry in own)
        return _ForgetTarget(name, keys, keys)
    role = resolve_role(snapshot, name, SwitchOptions())
    profiles = [
        managed
        for managed, role_name in snapshot.managed.items()
        if role_name == role.name and not snapshot.managed_profile_for_static(managed)
    ]
    kept = [
        entry
        for entry in entries
        # A role's MFA session is also that of others
        if entry.kind != "sso_token"
        and (entry.kind != "mfa" or role.kind is not TargetKind.ROLE)
        and (entry.profile == role.name or entry.managed_profile in profiles)
    ]
    indexed = tuple(entry.key for entry in kept)
    planned = list(indexed)
    planned += [key for managed in profiles for key in _planned_session_keys(snapshot, managed)]
    with suppress(XswitchError):
        planned.append(snapshot.plan(role, NO_OVERRIDES).key)
    used_as_it_is = "" if role.kind.has_session else role.name
    return _ForgetTarget(role.name, tuple(planned), indexed, tuple(profiles), used_as_it_is)


def _target_for_managed_profile(
    snapshot: ConfigSnapshot, entries: Sequence[IndexEntry], managed: str
) -> _ForgetTarget:
    own = tuple(entry.key for entry in entries if entry.managed_profile == managed)
    name = snapshot.managed.get(managed, managed)
    return _ForgetTarget(name, (*own, *_planned_session_keys(snapshot, managed)), own, (managed,))


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


def _all_targets(
    snapshot: ConfigSnapshot | None, entries: Sequence[IndexEntry]
) -> list[_ForgetTarget]:
    targets = [] if snapshot is None else _all_profile_targets(snapshot, entries)
    assigned = {key for target in targets for key in target.keys}
    others: dict[str, list[str]] = {}
    for entry in entries:
        if entry.key not in assigned:
            name = entry.profile or "the environment"
            label = name + _LABELS.get(entry.kind, "")
            others.setdefault(label, []).append(entry.key)
    return targets + [
        _ForgetTarget(name, tuple(keys), tuple(keys)) for name, keys in others.items()
    ]


def _all_profile_targets(
    snapshot: ConfigSnapshot, entries: Sequence[IndexEntry]
) -> list[_ForgetTarget]:
    managed = [
        name for name in snapshot.view.profiles if snapshot.managed_profile(name) is not None
    ]
    targets = [_target_for_managed_profile(snapshot, entries, name) for name in managed]
    return targets + [
        _ForgetTarget(name, (), (), (name,))
        for name in snapshot.view.profiles
        if snapshot.managed_profile_for_static(name)
        and snapshot.managed_profile_for_static(name) not in managed
    ]
