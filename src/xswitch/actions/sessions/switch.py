"""`switch`: get a session, write the managed profile that serves it, and publish both."""

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
from xswitch.actions.sessions.publish import Publisher
from xswitch.actions.sessions.verification import check_identity
from xswitch.actions.snapshot import STATIC_SUFFIX, ConfigSnapshot, take_snapshot
from xswitch.actions.targets import effective_overrides
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
from xswitch.core.roles.guards import is_confirmed


def switch(
    broker: Broker, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
) -> SwitchResult:
    """Switch to a role: see `Actions.switch`.

    Writes only vault and index until the session is verified.
    """
    ports = broker.ports
    snapshot = take_snapshot(ports.config)
    role = _reload_role(snapshot, role)
    _ensure_guards_readable(snapshot)
    if not is_confirmed(role.guard, options.confirmation):
        raise _confirmation_error(role, options.confirmation)
    managed = options.profile_name or role.managed_profile
    role = replace(role, managed_profile=managed)
    overrides = effective_overrides(snapshot, role, options)
    ensure_writable(snapshot, managed, static=options.static)
    properties = managed_profile_properties(ports.config, snapshot, role, managed, overrides)
    plan = snapshot.plan(role, overrides)
    request = SessionRequest(
        MfaCodes(ask, ports.process.mfa_process),
        progress,
        force_renewal=options.force,
        managed_profile=managed,
    )
    session, identity = _verified_session(broker, snapshot, plan, request)
    progress("writing the profile")
    problems = list(session.problems)
    edits = managed_edits(snapshot, managed, properties)
    if options.static:
        edits += static_edits(snapshot, managed, properties, session.record)
    if edits:
        ports.config.files.apply(edits)
        snapshot = take_snapshot(ports.config)
    static = managed + STATIC_SUFFIX if options.static else ""
    record, clock = session.record, ports.process.clock
    publisher = Publisher(ports.storage, clock)
    follow_ups: tuple[Callable[[], None], ...] = (
        lambda: publisher.record_use(plan, record, managed, static=options.static),
        lambda: ports.state.usage.record_use(role.name, clock.now()),
        lambda: publisher.publish(snapshot, plan, record, managed),
        publisher.prune,
    )
    for follow_up in follow_ups:
        # The switch is done, so a failure here is only reported
        try:
            follow_up()
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
    """Raise SettingsError for unreadable settings: they may hold this role's guard."""
    broken = next(
        (problem for problem in snapshot.settings.problems if problem.severity == "error"), None
    )
    if broken is not None:
        raise SettingsError(
            "Not switched: xswitch's settings can't be read, so no guard is in force.",
            why=broken.message,
            next_step=f"fix {broken.file or 'config.toml'}, then: xswitch config",
            code=broken.code,
        )


def _reload_role(snapshot: ConfigSnapshot, role: Role) -> Role:
    """Return the role as currently configured: it may have changed since it was selected."""
    if role.is_ad_hoc:
        return role
    current = snapshot.roles_by_name.get(role.name)
    if current is None:
        raise TargetError(
            f"{role.name} is no longer in the config.",
            next_step="xswitch list",
            code=ErrorCode.TARGET_UNKNOWN,
        )
    if snapshot.managed.get(role.managed_profile) == role.name:
        return replace(current, managed_profile=role.managed_profile)
    return current


def _confirmation_error(role: Role, typed: str | None) -> UsageError:
    confirmation = "" if role.guard is None else role.guard.confirm
    if typed is None:
        return UsageError(
            f'{role.name} is guarded: type "{confirmation}" to switch to it.',
            next_step=f"xswitch switch {role.name} --confirm {confirmation!r}",
            code=ErrorCode.GUARD_UNCONFIRMED,
        )
    return UsageError(
        f'Not switched: {role.name} is guarded, and the confirmation isn\'t "{confirmation}".',
        code=ErrorCode.GUARD_MISMATCH,
    )


def _verified_session(
    broker: Broker, snapshot: ConfigSnapshot, plan: SessionPlan, request: SessionRequest
) -> tuple[SessionResult, CallerIdentity | None]:
    """Return the session, and its identity according to AWS unless verification is off."""
    session = broker.session(plan, snapshot.view, request)
    if not snapshot.settings.verify_identity or session.aws_unreachable:
        # AWS has just not responded, so don't wait for it again
        return session, None
    request.progress("asking AWS who this is")
    try:
        identity = broker.ports.aws.sts.get_caller_identity(
            session.record.credentials, plan.endpoint
        )
    except (AwsDeniedError, NetworkError) as error:
        if session.from_vault and (
            isinstance(error, NetworkError) or error.code == ErrorCode.THROTTLED
        ):
            # It hasn't expired, and AssumeRole returned its identity when it was made
            problem = Problem("identity_unasked", f"The identity could not be verified: {error}")
            return replace(session, problems=(*session.problems, problem)), None
        if error.code not in CREDENTIALS_ERROR_CODES or not session.from_vault:
            raise
        # The stored session was revoked, so replace it once
        broker.drop(plan.key)
        session = broker.session(plan, snapshot.view, request)
        identity = broker.ports.aws.sts.get_caller_identity(
            session.record.credentials, plan.endpoint
        )
    try:
        check_identity(plan.role, identity)
    except IdentityMismatchError:
        broker.drop(plan.key)
        raise
    return session, identity
