"""Telling the index, the hot path and the shells' prompts of a session, and clearing away what is long over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from xswitch.actions.ports import Ports
from xswitch.actions.sessions.entries import role_entry
from xswitch.actions.sessions.renewability import silent_until
from xswitch.actions.snapshot import Reading
from xswitch.core.errors import XswitchError
from xswitch.core.model import Plan, PromptState
from xswitch.core.sessions.session_record import Record

# Long enough to show in the morning, or after a day off, what was there before.
KEEP_EXPIRED = timedelta(days=2)
_PRUNED_AT_ONCE = 20


def remember(ports: Ports, plan: Plan, record: Record, managed: str, *, static: bool) -> None:
    """Note in the index that a session is used now through `managed`, and written down as keys too when `static`."""
    entry = ports.index.entries().get(plan.key) or role_entry(record, plan.hops[-1])
    ports.index.put(replace(entry, managed_profile=managed, last_used=ports.clock.now(), static=static or entry.static))


def publish(ports: Ports, reading: Reading, plan: Plan, record: Record, managed: str) -> None:
    """Write the prompt files of a managed profile and of the static one beside it, and point the hot path at the session.

    `reading` must be of the config as it is now, with the managed profile in it.
    """
    tell_prompt(ports, plan, record, managed)
    static = reading.static_beside(managed)
    if static:
        tell_prompt(ports, plan, record, static, static=True)
    try:
        served = reading.plan(reading.role_of(managed), reading.kept_overrides(managed)).key
    except XswitchError:
        served = ""  # edited in between; the next call finds out
    if served == plan.key:
        point_hot_path(ports, reading, plan, managed)


def tell_prompt(ports: Ports, plan: Plan, record: Record, profile: str, *, static: bool = False) -> None:
    """Write the prompt file of a profile; keys that are written down as they are (`static`) are never renewed by themselves."""
    role, now = plan.role, ports.clock.now()
    mfa_process = plan.mfa is not None and plan.mfa.mfa_process
    silent = now if static else None if mfa_process else silent_until(plan, ports.index.entries(), now)
    ports.prompt_files.write(
        PromptState(
            managed_profile=profile,
            account=role.account_name or role.account_id,
            role=role.role_name,
            colour=role.guard.colour if role.guard is not None else "",
            expires_at=record.expires_at,
            silent_until=silent,
        )
    )


def point_hot_path(ports: Ports, reading: Reading, plan: Plan, profile: str) -> None:
    """Let the hot path find the session of `profile` for as long as the config stays as it was read."""
    ports.hot_pointers.write(profile, plan.key, reading.stamp, ports.vault.info())


def withdraw(ports: Ports, profile: str) -> None:
    """Drop what was written for a profile."""
    ports.hot_pointers.remove(profile)
    ports.prompt_files.remove(profile)


def prune(ports: Ports) -> None:
    """Drop sessions that ended long ago, a few at a time: each one may cost a call to the keyring."""
    limit = ports.clock.now() - KEEP_EXPIRED
    over = [entry.key for entry in ports.index.entries().values() if entry.expires_at < limit][:_PRUNED_AT_ONCE]
    for key in over:
        ports.vault.delete(key)
    if over:
        ports.index.remove(over)
