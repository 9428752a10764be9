"""`credential-process`, and the background renewal of its sessions."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from xswitch.actions.ports import MfaPrompt, Ports, no_progress
from xswitch.actions.sessions.acquisition import SessionRequest, SessionResult
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.managed_profiles import ensure_bound, follow_sessions
from xswitch.actions.sessions.mfa import MfaCodes, NoMfaPrompt
from xswitch.actions.sessions.other_session import with_other_session
from xswitch.actions.sessions.publish import Publisher
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.core.errors import LockBusyError, MfaNeededError, XswitchError
from xswitch.core.model import Role, SessionPlan
from xswitch.core.profiles.binding import STORED_ONLY_VARIABLE, ProfileBinding
from xswitch.core.profiles.managed import NO_OVERRIDES
from xswitch.core.sessions import session_record
from xswitch.core.text import last_argument


def credential_process(
    broker: Broker, profile: str, ask: MfaPrompt, binding: ProfileBinding | None = None
) -> str:
    """Return the JSON for a managed profile, or for a role profile by its own name.

    `binding` is what the command is bound to. Raises ConfigError if the profile is for another
    role, and what the broker raises; a MfaNeededError has the command that gets the session.
    """
    ports = broker.ports
    marks = ports.storage.forget_marks.read()
    snapshot = take_snapshot(ports.config)
    role = snapshot.role_for_profile(profile)
    ensure_bound(snapshot, role, profile, binding)
    plan = snapshot.plan(role, snapshot.stored_overrides(profile))
    if not role.kind.has_session:
        own = SessionRequest(
            MfaCodes(ask, ports.process.mfa_process), no_progress, interactive=False
        )
        return session_record.credential_process_json(
            broker.source_credentials(plan, snapshot.view, own)
        )
    if snapshot.environment.get(STORED_ONLY_VARIABLE):
        return _stored_session(ports, plan, snapshot, profile)
    request = SessionRequest(
        MfaCodes(ask, ports.process.mfa_process),
        no_progress,
        interactive=False,
        marks=marks,
        managed_profile=_managed_profile_name(snapshot, profile),
        binding=binding,
    )
    try:
        session = broker.session(plan, snapshot.view, request)
    except MfaNeededError as error:
        needed = MfaNeededError(
            error.what,
            why=error.why,
            next_step=_mfa_next_step(snapshot, role, profile),
            code=error.code,
        )
        raise with_other_session(
            needed,
            snapshot,
            lambda other: other.plan(
                other.role_for_profile(profile), other.stored_overrides(profile)
            ),
            ports.storage.index.entries(),
            ports.process.clock.now(),
        ) from None
    # If publishing fails, the session's credentials are still valid
    with suppress(XswitchError):
        _publish(ports, snapshot, plan, profile, session)
    return session_record.credential_process_json(session.record.credentials)


def _stored_session(ports: Ports, plan: SessionPlan, snapshot: ConfigSnapshot, profile: str) -> str:
    record = ports.storage.load(plan.key)
    if record is None or ports.process.clock.now() >= record.usable_until:
        raise MfaNeededError(
            f"No session of {plan.role.name} is stored.",
            why=f"{STORED_ONLY_VARIABLE} is set, so none is requested.",
            next_step=_mfa_next_step(snapshot, plan.role, profile),
        )
    return session_record.credential_process_json(record.credentials)


def renew_in_background(
    broker: Broker, profile: str, binding: ProfileBinding | None = None
) -> None:
    """Renew a session that is due, without a prompt.

    `binding` is as for `credential_process`. Runs no `mfa_process`, which may need a touch or open
    a window. Does nothing if another process renews the same session. Raises what the broker
    raises, which is not shown.
    """
    ports = broker.ports
    marks = ports.storage.forget_marks.read()
    snapshot = take_snapshot(ports.config)
    role = snapshot.role_for_profile(profile)
    ensure_bound(snapshot, role, profile, binding)
    plan = snapshot.plan(role, snapshot.stored_overrides(profile))
    if not role.kind.has_session:
        return
    request = SessionRequest(
        MfaCodes(
            NoMfaPrompt(_mfa_next_step(snapshot, role, profile)),
            ports.process.mfa_process,
            run_process=False,
        ),
        no_progress,
        renew_if_advised=True,
        interactive=False,
        marks=marks,
        managed_profile=_managed_profile_name(snapshot, profile),
    )
    with ExitStack() as stack:
        try:
            stack.enter_context(ports.storage.locks.hold(f"renew-{plan.key}", 0))
        except LockBusyError:
            return
        session = broker.session(plan, snapshot.view, request)
        _publish(ports, snapshot, plan, profile, session)


def _managed_profile_name(snapshot: ConfigSnapshot, profile: str) -> str:
    return "" if snapshot.managed_profile(profile) is None else profile


def _mfa_next_step(snapshot: ConfigSnapshot, role: Role, profile: str) -> str:
    """Return the command that prompts for the code.

    A plain switch drops a managed profile's overrides, and a renewal preserves them.
    """
    if snapshot.stored_overrides(profile) != NO_OVERRIDES and not role.is_ad_hoc:
        return f"xswitch renew {last_argument(profile)}"
    return f"xswitch switch {last_argument(role.name)}"


def _publish(
    ports: Ports, snapshot: ConfigSnapshot, plan: SessionPlan, profile: str, session: SessionResult
) -> None:
    if session.forgotten:
        return
    publisher = Publisher(ports.storage, ports.process.clock)
    # Where the credentials file can't be written, status and prompt show the keys' own end
    now, _ = follow_sessions(
        ports.config,
        snapshot,
        session.new_records,
        publisher,
        lambda key: ports.storage.forget_marks.changed(session.marks, key),
    )
    if now is not snapshot:
        role = now.role_for_profile(profile)
        if now.plan(role, now.stored_overrides(profile)).key != plan.key:
            return  # edited in the meantime
    publisher.write_hot_pointer(now, plan, profile)
    if now.managed_profile(profile) is not None:
        publisher.write_prompt_file(plan, session.record, profile)
    if ports.storage.forget_marks.changed(session.marks, plan.key):
        publisher.remove(profile)
