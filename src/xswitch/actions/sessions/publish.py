"""Publish sessions to the index, the fast path, and the prompts; prune those long expired."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from xswitch.actions.ports import Clock, SessionStorage
from xswitch.actions.sessions.renewability import renewable_until
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.errors import XswitchError
from xswitch.core.model import (
    IndexEntry,
    PlannedHop,
    PointedSession,
    PromptState,
    Role,
    SessionPlan,
)
from xswitch.core.sessions.session_record import SessionRecord

# Long enough to still show yesterday's sessions in the morning, or after a day off.
EXPIRED_RETENTION = timedelta(days=2)
_MAX_PRUNED = 20


def role_index_entry(record: SessionRecord, hop: PlannedHop) -> IndexEntry:
    """Return the index entry of an unused role session without a managed profile."""
    return IndexEntry(
        key=record.key,
        kind="role",
        profile=hop.profile,
        principal=hop.request.role_arn,
        issued_at=record.issued_at,
        expires_at=record.expires_at,
        last_used=record.issued_at,
    )


def mfa_index_entry(record: SessionRecord, profile: str, serial: str) -> IndexEntry:
    """Return the index entry of an MFA session of a source profile ("" for the environment)."""
    return IndexEntry(
        record.key,
        "mfa",
        profile,
        serial,
        record.issued_at,
        record.expires_at,
        last_used=record.issued_at,
    )


def source_index_entry(record: SessionRecord, plan: SessionPlan) -> IndexEntry:
    """Return the index entry of an unused session of a target without hops."""
    if plan.mfa is not None:
        return mfa_index_entry(record, plan.base.profile or "", plan.mfa.serial)
    return IndexEntry(
        record.key,
        "sso",
        plan.role.name,
        plan.role.principal,
        record.issued_at,
        record.expires_at,
        last_used=record.issued_at,
    )


class Publisher:
    """Tells the index, the fast path, and the shells' prompts about sessions."""

    def __init__(self, storage: SessionStorage, clock: Clock) -> None:
        self._storage = storage
        self._clock = clock

    def record_use(
        self, plan: SessionPlan, record: SessionRecord, managed: str, *, static: bool
    ) -> None:
        """Record in the index that a session is now used through the profile `managed`.

        `static` means that its keys are also in the credentials file.
        """
        index = self._storage.index
        entry = index.entries().get(plan.key)
        if entry is None and plan.hops:
            entry = role_index_entry(record, plan.hops[-1])
        elif entry is None:
            entry = source_index_entry(record, plan)
        index.put(
            replace(
                entry,
                managed_profile=managed,
                last_used=self._clock.now(),
                static=static or entry.static,
            )
        )

    def publish(
        self, snapshot: ConfigSnapshot, plan: SessionPlan, record: SessionRecord, managed: str
    ) -> None:
        """Write the prompt files and the hot pointer of a managed profile.

        `snapshot` must include the managed profile as it is now.
        """
        self.write_prompt_file(plan, record, managed)
        self.publish_static(snapshot, plan, record, managed)
        try:
            served = snapshot.plan(
                snapshot.role_for_profile(managed), snapshot.stored_overrides(managed)
            ).key
        except XswitchError:
            served = ""  # edited in the meantime; the next call reports it
        if served == plan.key:
            self.write_hot_pointer(snapshot, plan, managed)

    def publish_static(
        self, snapshot: ConfigSnapshot, plan: SessionPlan, record: SessionRecord, managed: str
    ) -> None:
        """Write the prompt file of a managed profile's static profile, with its keys' own end."""
        static = snapshot.static_profile_for(managed)
        if static:
            end = snapshot.static_expires_at(managed) or record.expires_at
            self.write_prompt_file(plan, record, static, static_end=end)

    def write_prompt_file(
        self,
        plan: SessionPlan,
        record: SessionRecord,
        profile: str,
        *,
        static_end: datetime | None = None,
    ) -> None:
        """Write a profile's prompt file.

        `static_end` is the end of keys in the credentials file, which no AWS program renews.
        """
        role, now = plan.role, self._clock.now()
        if static_end is not None:
            renewable: datetime | None = now
        elif plan.mfa is not None and plan.mfa.mfa_process:
            renewable = None
        else:
            renewable = renewable_until(plan, self._storage.index.entries(), now)
        self._storage.prompt_files.write(
            PromptState(
                managed_profile=profile,
                account=role.account_name or role.account_id or role.name,
                role=role.role_name or role.name,
                color=role.guard.color if role.guard is not None else "",
                expires_at=static_end or record.expires_at,
                renewable_until=renewable,
            )
        )

    def write_own_prompt_file(self, role: Role) -> None:
        """Write the prompt file of a profile that gives its credentials itself."""
        self._storage.prompt_files.write(
            PromptState(
                managed_profile=role.name,
                account=role.account_name or role.account_id or role.name,
                role=role.role_name or role.name,
                color=role.guard.color if role.guard is not None else "",
                expires_at=None,
            )
        )

    def write_hot_pointer(self, snapshot: ConfigSnapshot, plan: SessionPlan, profile: str) -> None:
        """Let the fast path find a profile's session until the config changes.

        It can't tell whether it is where a source that depends on the surroundings is the same.
        """
        if plan.surroundings.facts:
            self._storage.hot_pointers.remove(profile)
            return
        self._storage.hot_pointers.write(
            profile,
            PointedSession(
                plan.role.principal, plan.key, snapshot.fingerprint, plan.surroundings.absent
            ),
            self._storage.vault.info(),
        )

    def remove(self, profile: str) -> None:
        """Delete a profile's hot pointer and prompt file."""
        self._storage.hot_pointers.remove(profile)
        self._storage.prompt_files.remove(profile)

    def prune(self) -> None:
        """Delete sessions that expired long ago, a few at a time: each may cost a keyring call."""
        index = self._storage.index
        limit = self._clock.now() - EXPIRED_RETENTION
        expired = [entry.key for entry in index.entries().values() if entry.expires_at < limit]
        for key in expired[:_MAX_PRUNED]:
            self._storage.vault.delete(key)
        if expired:
            index.remove(expired[:_MAX_PRUNED])
