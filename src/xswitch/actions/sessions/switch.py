"""`switch`: a session, the managed profile that serves it, and everything that has to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xswitch.actions.api import SwitchOptions, SwitchResult
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.sessions.broker import Broker, SessionRequest, SessionResult
from xswitch.actions.sessions.managed_profiles import (
    ensure_writable,
    managed_edits,
    managed_profile_properties,
    static_edits,
)
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.sessions.publish import prune_expired_sessions, publish, update_index_entry
from xswitch.actions.sessions.verification import check_identity
from xswitch.actions.snapshot import STATIC_SUFFIX, ConfigSnapshot, take_snapshot
from xswitch.actions.targets import overrides_from_options
from xswitch.core.errors import (
    AwsDeniedError,
    ErrorCode,
    IdentityMismatchError,
    NetworkError,
    SettingsError,
    TargetError,
    UsageError,
    XswitchError,
)
from xswitch.core.errors.sts import CREDENTIALS_ERROR_CODES
from xswitch.core.model import CallerIdentity, Problem, Role, SessionPlan
from xswitch.core.profiles.managed import NO_OVERRIDES, check_guard_policy
from xswitch.core.roles.guards import is_confirmed


def switch(
    broker: Broker, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
) -> SwitchResult:
    """See `Actions.switch`.

    Until the session is there and verified, nothing is written but the vault and the index.
    """
    ports = broker.ports
    snapshot = take_snapshot(ports)
    role = _reload_role(snapshot, role)
    _ensure_guards_readable(snapshot)
    if not is_confirmed(role.guard, options.confirmation):
        raise _confirmation_error(role, options.confirmation)
    managed = options.profile_name or role.managed_profile
    role = replace(role, managed_profile=managed)
    overrides = overrides_from_options(options)
    if options.keep and overrides == NO_OVERRIDES:
        overrides = snapshot.stored_overrides(managed)
    check_guard_policy(role, overrides)
    ensure_writable(snapshot, managed, static=options.static)
    wanted = managed_profile_properties(ports, snapshot, role, managed, overrides)
    plan = snapshot.plan(role, overrides)
    session_request = SessionRequest(
        MfaCodes(ask, ports.mfa_command, given=options.mfa_code),
        progress,
        force=options.force,
        managed_profile=managed,
    )
    session, identity = _verified_session(broker, snapshot, plan, session_request)
    progress("writing the profile")
    problems = list(session.problems)
    edits = managed_edits(snapshot, managed, wanted)
    if options.static:
        edits += static_edits(snapshot, managed, wanted, session.record)
    if edits:
        ports.config.apply(edits)
    static = managed + STATIC_SUFFIX if options.static else ""
    now_served = take_snapshot(ports) if edits else snapshot
    notes: tuple[Callable[[], None], ...] = (
        lambda: update_index_entry(ports, plan, session.record, managed, static=options.static),
        lambda: ports.memory.record_use(role.name, ports.clock.now()),
        lambda: publish(ports, now_served, plan, session.record, managed),
        lambda: prune_expired_sessions(ports),
    )
    for note in notes:
        # The switch is done; what can't be noted beside it is told, and changes nothing.
        try:
            note()
        except XswitchError as error:
            problems.append(Problem(error.code, str(error)))
    return SwitchResult(
        role=role,
        managed_profile=static or managed,
        expires_at=session.record.expires_at,
        identity=identity,
        from_vault=session.from_vault,
        static=bool(static),
        problems=tuple(problems),
    )


def _ensure_guards_readable(snapshot: ConfigSnapshot) -> None:
    """Settings that can't be read may hold the guard of this very role."""
    broken = next(
        (problem for problem in snapshot.settings.problems if problem.severity == "error"), None
    )
    if broken is not None:
        raise SettingsError(
            "xswitch's settings can't be read, so no guard is in force: nothing was switched.",
            why=broken.message,
            next_step=f"mend {broken.file or 'config.toml'}, then: xswitch config",
            code=broken.code,
        )


def _reload_role(snapshot: ConfigSnapshot, role: Role) -> Role:
    """The role by what the config says now, as it may have been edited since the role was chosen."""
    if role.is_ad_hoc:
        return role
    found = snapshot.roles_by_name.get(role.name)
    if found is None:
        raise TargetError(
            f"{role.name} is no longer in the config.",
            next_step="xswitch list",
            code=ErrorCode.TARGET_UNKNOWN,
        )
    named = snapshot.managed.get(role.managed_profile) == role.name
    return replace(found, managed_profile=role.managed_profile) if named else found


def _confirmation_error(role: Role, typed: str | None) -> UsageError:
    wanted = "" if role.guard is None else role.guard.confirm
    if typed is None:
        return UsageError(
            f'{role.name} is guarded: switching to it takes typing "{wanted}".',
            next_step=f"xswitch switch {role.name} --confirm {wanted!r}",
            code=ErrorCode.GUARD_UNCONFIRMED,
        )
    return UsageError(
        f'That is not "{wanted}", so nothing was done: {role.name} is guarded.',
        code=ErrorCode.GUARD_MISMATCH,
    )


def _verified_session(
    broker: Broker, snapshot: ConfigSnapshot, plan: SessionPlan, session_request: SessionRequest
) -> tuple[SessionResult, CallerIdentity | None]:
    """The session, compared with what AWS says of it unless the settings say otherwise."""
    session = broker.session(plan, snapshot.view, session_request)
    if not snapshot.settings.verify_identity or session.aws_unreachable:
        # Who has just not answered is not waited for once more.
        return session, None
    session_request.progress("asking AWS who this is")
    try:
        identity = broker.ports.sts.get_caller_identity(session.record.credentials, plan.endpoint)
    except (AwsDeniedError, NetworkError) as error:
        if session.from_vault and (
            isinstance(error, NetworkError) or error.code == ErrorCode.THROTTLED
        ):
            # It lives, and AssumeRole said whose it is when it was made: that AWS can't be asked
            # again keeps nobody from it.
            unasked = Problem("identity_unasked", f"AWS could not be asked who this is: {error}")
            return replace(session, problems=(*session.problems, unasked)), None
        if error.code not in CREDENTIALS_ERROR_CODES or not session.from_vault:
            raise
        # Revoked since it was kept: a new one is made, once.
        broker.drop(plan.key)
        session = broker.session(plan, snapshot.view, session_request)
        identity = broker.ports.sts.get_caller_identity(session.record.credentials, plan.endpoint)
    try:
        check_identity(plan.role, identity)
    except IdentityMismatchError:
        broker.drop(plan.key)
        raise
    return session, identity
