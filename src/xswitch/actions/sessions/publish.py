"""Telling the index, the hot path and the shells' prompts of a session, and clearing away what is long over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from xswitch.actions.ports import Ports
from xswitch.actions.sessions.entries import role_index_entry
from xswitch.actions.sessions.renewability import renewable_until
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.errors import XswitchError
from xswitch.core.model import PromptState, SessionPlan
from xswitch.core.sessions.session_record import SessionRecord

# Long enough to show in the morning, or after a day off, what was there before.
EXPIRED_RETENTION = timedelta(days=2)
_MAX_PRUNED = 20


def update_index_entry(
    ports: Ports, plan: SessionPlan, record: SessionRecord, managed: str, *, static: bool
) -> None:
    """Note in the index that a session is used now through `managed`, and written down as keys too when `static`."""
    entry = ports.index.entries().get(plan.key) or role_index_entry(record, plan.hops[-1])
    ports.index.put(
        replace(
            entry,
            managed_profile=managed,
            last_used=ports.clock.now(),
            static=static or entry.static,
        )
    )


def publish(
    ports: Ports, snapshot: ConfigSnapshot, plan: SessionPlan, record: SessionRecord, managed: str
) -> None:
    """Write the prompt files of a managed profile and of the static one beside it, and point the hot path at the session.

    `reading` must be of the config as it is now, with the managed profile in it.
    """
    write_prompt_file(ports, plan, record, managed)
    static = snapshot.static_profile_for(managed)
    if static:
        write_prompt_file(ports, plan, record, static, static=True)
    try:
        served = snapshot.plan(
            snapshot.role_for_profile(managed), snapshot.stored_overrides(managed)
        ).key
    except XswitchError:
        served = ""  # edited in between; the next call finds out
    if served == plan.key:
        write_hot_pointer(ports, snapshot, plan, managed)


def write_prompt_file(
    ports: Ports, plan: SessionPlan, record: SessionRecord, profile: str, *, static: bool = False
) -> None:
    """Write the prompt file of a profile.

    Keys that are written down as they are (`static`) are never renewed by themselves.
    """
    role, now = plan.role, ports.clock.now()
    mfa_process = plan.mfa is not None and plan.mfa.mfa_process
    silent = (
        now
        if static
        else None
        if mfa_process
        else renewable_until(plan, ports.index.entries(), now)
    )
    ports.prompt_files.write(
        PromptState(
            managed_profile=profile,
            account=role.account_name or role.account_id,
            role=role.role_name,
            color=role.guard.color if role.guard is not None else "",
            expires_at=record.expires_at,
            renewable_until=silent,
        )
    )


def write_hot_pointer(
    ports: Ports, snapshot: ConfigSnapshot, plan: SessionPlan, profile: str
) -> None:
    """Let the hot path find the session of `profile` for as long as the config stays as it was read."""
    ports.hot_pointers.write(profile, plan.key, snapshot.stamp, ports.vault.info())


def remove_published(ports: Ports, profile: str) -> None:
    """Drop what was written for a profile."""
    ports.hot_pointers.remove(profile)
    ports.prompt_files.remove(profile)


def prune_expired_sessions(ports: Ports) -> None:
    """Drop sessions that ended long ago, a few at a time.

    Each one may cost a call to the keyring.
    """
    limit = ports.clock.now() - EXPIRED_RETENTION
    over = [entry.key for entry in ports.index.entries().values() if entry.expires_at < limit][
        :_MAX_PRUNED
    ]
    for key in over:
        ports.vault.delete(key)
    if over:
        ports.index.remove(over)
