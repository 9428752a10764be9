"""`credential-process`, and the renewal behind its back."""

from __future__ import annotations

import shlex
from contextlib import ExitStack, suppress

from xswitch.actions.ports import MfaPrompt, Ports, no_progress
from xswitch.actions.sessions.broker import Broker, SessionRequest, SessionResult
from xswitch.actions.sessions.mfa import MfaCodes, NoMfaPrompt
from xswitch.actions.sessions.publish import write_hot_pointer, write_prompt_file
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.core.errors import LockBusyError, MfaNeededError, XswitchError
from xswitch.core.model import Role, SessionPlan
from xswitch.core.profiles.managed import NO_OVERRIDES
from xswitch.core.sessions import session_record


def credential_process(broker: Broker, profile: str, ask: MfaPrompt) -> str:
    """The answer for a managed profile, or for a role profile by its own name.

    Raises what the broker raises; MfaNeededError comes with the command that gets the session.
    """
    ports = broker.ports
    snapshot = take_snapshot(ports)
    role = snapshot.role_for_profile(profile)
    plan = snapshot.plan(role, snapshot.stored_overrides(profile))
    session_request = SessionRequest(
        MfaCodes(ask, ports.mfa_command),
        no_progress,
        interactive=False,
        managed_profile=_managed_profile_name(snapshot, profile),
    )
    try:
        session = broker.session(plan, snapshot.view, session_request)
    except MfaNeededError as error:
        raise MfaNeededError(
            error.what,
            why=error.why,
            next_step=_mfa_next_step(snapshot, role, profile),
            code=error.code,
        ) from None
    # The credentials are there: what can't be noted for the next time is no reason to withhold
    # them.
    with suppress(XswitchError):
        _update_pointers(ports, snapshot, plan, profile, session)
    return session_record.credential_process_json(session.record.credentials)


def renew_in_background(broker: Broker, profile: str) -> None:
    """Renew a session that is due for it, without a question and without running an `mfa_process`, which may want a touch or a window.

    Nothing happens while another process does the same. Raises what the broker raises; nobody reads it.
    """
    ports = broker.ports
    snapshot = take_snapshot(ports)
    role = snapshot.role_for_profile(profile)
    plan = snapshot.plan(role, snapshot.stored_overrides(profile))
    questions = MfaCodes(
        NoMfaPrompt(_mfa_next_step(snapshot, role, profile)), ports.mfa_command, commands=False
    )
    session_request = SessionRequest(
        questions,
        no_progress,
        eager=True,
        interactive=False,
        managed_profile=_managed_profile_name(snapshot, profile),
    )
    with ExitStack() as alone:
        try:
            alone.enter_context(ports.locks.hold(f"renew-{plan.key}", 0))
        except LockBusyError:
            return
        _update_pointers(
            ports, snapshot, plan, profile, broker.session(plan, snapshot.view, session_request)
        )


def _managed_profile_name(snapshot: ConfigSnapshot, profile: str) -> str:
    return "" if snapshot.managed_profile(profile) is None else profile


def _mfa_next_step(snapshot: ConfigSnapshot, role: Role, profile: str) -> str:
    """The command that asks for the code.

    A plain switch would drop the overrides a managed profile keeps; a renewal keeps them.
    """
    if snapshot.stored_overrides(profile) != NO_OVERRIDES and not role.is_ad_hoc:
        return f"xswitch renew {shlex.quote(profile)}"
    return f"xswitch switch {shlex.quote(role.name)}"


def _update_pointers(
    ports: Ports, snapshot: ConfigSnapshot, plan: SessionPlan, profile: str, session: SessionResult
) -> None:
    write_hot_pointer(ports, snapshot, plan, profile)
    if snapshot.managed_profile(profile) is not None:
        write_prompt_file(ports, plan, session.record, profile)
