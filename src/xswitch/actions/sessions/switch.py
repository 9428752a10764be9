"""`switch`: a session, the managed profile that serves it, and everything that has to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from xswitch.actions.api import Switched, SwitchOptions
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.sessions.broker import Broker, Session, Wish
from xswitch.actions.sessions.managed_profiles import managed_edits, managed_settings, refuse, static_edits
from xswitch.actions.sessions.mfa import Questions
from xswitch.actions.sessions.publish import prune, publish, remember
from xswitch.actions.sessions.verification import refuse_other
from xswitch.actions.snapshot import STATIC_SUFFIX, Reading, read
from xswitch.actions.targets import overrides_of
from xswitch.core.errors import AwsDeniedError, NetworkError, SettingsError, TargetError, UsageError, WrongIdentityError, XswitchError
from xswitch.core.errors.sts import BASE_CODES
from xswitch.core.model import CallerIdentity, Plan, Problem, Role
from xswitch.core.profiles.managed import NO_OVERRIDES, refuse_conflict
from xswitch.core.roles.guards import confirms


def switch(broker: Broker, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress) -> Switched:
    """See `Actions.switch`. Until the session is there and verified, nothing is written but the vault and the index."""
    ports = broker.ports
    reading = read(ports)
    role = _as_read_now(reading, role)
    _refuse_without_guards(reading)
    if not confirms(role.guard, options.confirmation):
        raise _unconfirmed(role, options.confirmation)
    managed = options.profile_name or role.managed_profile
    role = replace(role, managed_profile=managed)
    overrides = overrides_of(options)
    if options.keep and overrides == NO_OVERRIDES:
        overrides = reading.kept_overrides(managed)
    refuse_conflict(role, overrides)
    refuse(reading, managed, static=options.static)
    wanted = managed_settings(ports, reading, role, managed, overrides)
    plan = reading.plan(role, overrides)
    wish = Wish(Questions(ask, ports.mfa_command, given=options.mfa_code), progress, force=options.force, managed_profile=managed)
    session, identity = _verified(broker, reading, plan, wish)
    progress("writing the profile")
    problems = list(session.problems)
    edits = managed_edits(reading, managed, wanted)
    if options.static:
        edits += static_edits(reading, managed, wanted, session.record)
    if edits:
        ports.config.apply(edits)
    static = managed + STATIC_SUFFIX if options.static else ""
    now_served = read(ports) if edits else reading
    notes: tuple[Callable[[], None], ...] = (
        lambda: remember(ports, plan, session.record, managed, static=options.static),
        lambda: ports.memory.record_use(role.name, ports.clock.now()),
        lambda: publish(ports, now_served, plan, session.record, managed),
        lambda: prune(ports),
    )
    for note in notes:
        # The switch is done; what can't be noted beside it is told, and changes nothing.
        try:
            note()
        except XswitchError as error:
            problems.append(Problem(error.code, str(error)))
    return Switched(
        role=role,
        managed_profile=static or managed,
        expires_at=session.record.expires_at,
        identity=identity,
        from_vault=session.from_vault,
        static=bool(static),
        problems=tuple(problems),
    )


def _refuse_without_guards(reading: Reading) -> None:
    """Settings that can't be read may hold the guard of this very role."""
    broken = next((problem for problem in reading.settings.problems if problem.severity == "error"), None)
    if broken is not None:
        raise SettingsError(
            "xswitch's settings can't be read, so no guard is in force: nothing was switched.",
            why=broken.message,
            next_step=f"mend {broken.file or 'config.toml'}, then: xswitch config",
            code=broken.code,
        )


def _as_read_now(reading: Reading, role: Role) -> Role:
    """The role by what the config says now, as it may have been edited since the role was chosen."""
    if role.temporary_definition:
        return role
    found = reading.by_name.get(role.name)
    if found is None:
        raise TargetError(f"{role.name} is no longer in the config.", next_step="xswitch list", code="target_unknown")
    named = reading.managed.get(role.managed_profile) == role.name
    return replace(found, managed_profile=role.managed_profile) if named else found


def _unconfirmed(role: Role, typed: str | None) -> UsageError:
    wanted = "" if role.guard is None else role.guard.confirm
    if typed is None:
        return UsageError(
            f'{role.name} is guarded: switching to it takes typing "{wanted}".',
            next_step=f"xswitch switch {role.name} --confirm {wanted!r}",
            code="guard_unconfirmed",
        )
    return UsageError(f'That is not "{wanted}", so nothing was done: {role.name} is guarded.', code="guard_mismatch")


def _verified(broker: Broker, reading: Reading, plan: Plan, wish: Wish) -> tuple[Session, CallerIdentity | None]:
    """The session, compared with what AWS says of it unless the settings say otherwise."""
    session = broker.session(plan, reading.view, wish)
    if not reading.settings.verify_identity or session.unreached:
        # Who has just not answered is not waited for once more.
        return session, None
    wish.progress("asking AWS who this is")
    try:
        identity = broker.ports.sts.get_caller_identity(session.record.credentials, plan.endpoint)
    except (AwsDeniedError, NetworkError) as error:
        if session.from_vault and (isinstance(error, NetworkError) or error.code == "throttled"):
            # It lives, and AssumeRole said whose it is when it was made: that AWS can't be asked again keeps nobody from it.
            unasked = Problem("identity_unasked", f"AWS could not be asked who this is: {error}")
            return replace(session, problems=(*session.problems, unasked)), None
        if error.code not in BASE_CODES or not session.from_vault:
            raise
        # Revoked since it was kept: a new one is made, once.
        broker.drop(plan.key)
        session = broker.session(plan, reading.view, wish)
        identity = broker.ports.sts.get_caller_identity(session.record.credentials, plan.endpoint)
    try:
        refuse_other(plan.role, identity)
    except WrongIdentityError:
        broker.drop(plan.key)
        raise
    return session, identity
