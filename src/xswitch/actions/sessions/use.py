"""`use_session`: the credentials of a target for one use, without a switch."""

from __future__ import annotations

from dataclasses import replace

from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.results import SwitchOptions, UsedSession
from xswitch.actions.sessions.acquisition import SessionRequest, forgotten_error
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.sessions.other_session import with_other_session
from xswitch.actions.sessions.switch import (
    ChosenTarget,
    ensure_confirmed,
    ensure_guards_readable,
    verified_session,
    verified_source,
)
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.actions.targets import current_role, effective_overrides
from xswitch.core.errors import MfaNeededError, XswitchError
from xswitch.core.model import CallerIdentity, HistoryEntry, Role, SessionPlan


def use_session(  # noqa: PLR0913 -- see `Actions.use_session`
    broker: Broker,
    role: Role,
    options: SwitchOptions,
    ask: MfaPrompt,
    progress: Progress,
    *,
    ahead: bool = False,
) -> UsedSession:
    """Get a target's credentials: see `Actions.use_session`."""
    ports = broker.ports
    marks = ports.storage.forget_marks.read()
    snapshot = take_snapshot(ports.config)
    ensure_guards_readable(snapshot)
    role = current_role(snapshot, role, options)
    ensure_confirmed(role, options)
    codes = MfaCodes(ask, ports.process.mfa_process)
    if not role.kind.has_session:
        overrides = effective_overrides(snapshot, role, replace(options, reuse_overrides=False))
        chosen = ChosenTarget(snapshot, role, overrides, options)
        own = SessionRequest(codes, progress, interactive=not ahead)
        return _own_credentials(broker, chosen, own)
    overrides = effective_overrides(snapshot, role, options)
    role = snapshot.served_role(role)._replace(guard=role.guard)
    plan = snapshot.plan(role, overrides)

    def plan_in(other: ConfigSnapshot) -> SessionPlan:
        found = other.roles_by_name.get(role.name, role)
        return other.plan(other.served_role(found), overrides)

    request = SessionRequest(
        codes,
        progress,
        force_renewal=options.force,
        renew_if_advised=ahead,
        interactive=not ahead,
        marks=marks,
    )
    try:
        session, identity = verified_session(broker, snapshot, plan, request)
    except MfaNeededError as error:
        raise with_other_session(
            error, snapshot, plan_in, ports.storage.index.entries(), ports.process.clock.now()
        ) from None
    if session.forgotten:
        raise forgotten_error(role.name, options.next_command(role.name))
    chosen = ChosenTarget(snapshot, role, overrides, options)
    return UsedSession(
        role=chosen.identified(identity, role.managed_profile),
        credentials=session.record.credentials,
        identity=identity,
        from_vault=session.from_vault,
        region=plan.endpoint.region,
        problems=session.problems,
        issued_at=session.record.issued_at,
    )


def _own_credentials(broker: Broker, chosen: ChosenTarget, request: SessionRequest) -> UsedSession:
    """Return what a profile gives itself; nothing of it is stored."""
    ports, role, snapshot = broker.ports, chosen.role, chosen.snapshot
    plan = snapshot.plan(role, chosen.overrides)
    now, history = ports.process.clock.now(), ports.state.history
    identity: CallerIdentity | None = None
    try:
        credentials = broker.source_credentials(plan, snapshot.view, request)
        if snapshot.settings.verify_identity:
            identity = verified_source(broker, plan, credentials, request.progress)
    except XswitchError as error:
        history.record(HistoryEntry(now, role.name, role.principal, "", error.code))
        raise
    principal = role.principal if identity is None else identity.arn
    history.record(HistoryEntry(now, role.name, principal, "", "own"))
    return UsedSession(
        role=chosen.identified(identity),
        credentials=credentials,
        identity=identity,
        from_vault=False,
        region=plan.endpoint.region,
    )
