"""`switch`: get a session, write the managed profile that serves it, and publish both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from xswitch.actions.ports import MfaPrompt, Ports, Progress
from xswitch.actions.results import RegionSource, SwitchOptions, SwitchResult
from xswitch.actions.sessions.acquisition import SessionRequest, SessionResult, forgotten_error
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.managed_profiles import (
    ensure_replaceable,
    ensure_writable,
    follow_sessions,
    managed_edits,
    managed_profile_properties,
    removal_edits,
    static_edits,
)
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.sessions.other_session import with_other_session
from xswitch.actions.sessions.publish import Publisher
from xswitch.actions.sessions.verification import check_identity
from xswitch.actions.snapshot import STATIC_SUFFIX, ConfigSnapshot, take_snapshot
from xswitch.actions.targets import current_role, effective_overrides
from xswitch.core.errors import (
    AwsDeniedError,
    ErrorCode,
    IdentityMismatchError,
    MfaNeededError,
    NetworkError,
    SettingsError,
    TargetError,
    UsageError,
    XswitchError,
)
from xswitch.core.errors.source_credentials import as_source_error
from xswitch.core.errors.sts import CREDENTIALS_ERROR_CODES
from xswitch.core.model import (
    CallerIdentity,
    Credentials,
    HistoryEntry,
    Problem,
    ProfileEdit,
    Role,
    SessionPlan,
    TargetKind,
)
from xswitch.core.profiles.managed import Overrides, check_options
from xswitch.core.roles.guards import RoleGuards, is_confirmed
from xswitch.core.roles.portal import fallback_region
from xswitch.core.text import last_argument, option_text
from xswitch.core.variables import own_regions


def switch(
    broker: Broker, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
) -> SwitchResult:
    """Switch to a role: see `Actions.switch`.

    Writes only vault and index until the session is verified.
    """
    ports = broker.ports
    marks = ports.storage.forget_marks.read()
    switching = _Switch(ports, take_snapshot(ports.config), role, options)
    if not switching.role.kind.has_session:
        return _switch_to_own_credentials(broker, switching, ask, progress)
    ensure_replaceable(ports.config, switching.edits, static=options.static)
    request = SessionRequest(
        MfaCodes(ask, ports.process.mfa_process),
        progress,
        force_renewal=options.force,
        managed_profile=switching.managed,
        marks=marks,
    )
    try:
        session, identity = verified_session(broker, switching.snapshot, switching.plan, request)
    except MfaNeededError as error:
        raise with_other_session(
            error,
            switching.snapshot,
            switching.plan_in,
            ports.storage.index.entries(),
            ports.process.clock.now(),
        ) from None
    if session.forgotten:
        raise _forgotten_error(switching.role, options)
    guarded = switching.identified(identity)
    progress("writing the profile")
    switching = switching.repeated()
    snapshot, managed = switching.snapshot, switching.managed
    plan = replace(switching.plan, role=guarded)
    record, clock = session.record, ports.process.clock
    problems = list(session.problems)
    edits = switching.edits
    if options.static:
        edits += static_edits(snapshot, managed, switching.properties, record)
    if edits:
        problems += ports.config.files.apply(edits)
        snapshot = take_snapshot(ports.config, settle=True)
    publisher = Publisher(ports.storage, clock)
    snapshot, kept = follow_sessions(
        ports.config,
        snapshot,
        {record.key: record, **session.new_records},
        publisher,
        lambda key: ports.storage.forget_marks.changed(marks, key),
    )
    problems += kept
    static = managed + STATIC_SUFFIX if options.static else ""
    follow_ups: tuple[Callable[[], object], ...] = (
        lambda: publisher.record_use(plan, record, managed, static=options.static),
        lambda: ports.state.usage.record_use(switching.role.name, clock.now()),
        lambda: publisher.publish(snapshot, plan, record, managed),
        publisher.prune,
        ports.remove_leftovers,
    )
    for follow_up in follow_ups:
        # The switch is done, so a failure here is only reported
        try:
            follow_up()
        except XswitchError as error:
            if not any(str(error) in problem.message for problem in problems):
                problems.append(Problem(error.code, str(error)))
    if ports.storage.forget_marks.changed(marks, plan.key):
        _take_back(broker, publisher, plan, managed)
        raise _forgotten_error(switching.role, options)
    return SwitchResult(
        role=guarded,
        managed_profile=static or managed,
        expires_at=session.record.expires_at,
        identity=identity,
        from_vault=session.from_vault,
        static=bool(static),
        problems=tuple(problems),
        region=plan.endpoint.region,
        region_source=_region_source(plan, options, switching.properties, snapshot),
    )


def _switch_to_own_credentials(
    broker: Broker, switching: _Switch, ask: MfaPrompt, progress: Progress
) -> SwitchResult:
    """Switch to a profile that gives credentials itself: nothing of them is kept or written."""
    ports, plan = broker.ports, switching.plan
    name, clock, history = switching.role.name, ports.process.clock, ports.state.history
    request = SessionRequest(MfaCodes(ask, ports.process.mfa_process), progress)
    identity: CallerIdentity | None = None
    try:
        if switching.snapshot.settings.verify_identity:
            credentials = broker.source_credentials(plan, switching.snapshot.view, request)
            identity = verified_source(broker, plan, credentials, progress)
    except XswitchError as error:
        history.record(HistoryEntry(clock.now(), name, plan.role.principal, "", error.code))
        raise
    role = switching.identified(identity)
    switching = switching.repeated()
    plan = replace(switching.plan, role=role)
    principal = role.principal if identity is None else identity.arn
    history.record(HistoryEntry(clock.now(), name, principal, "", "own"))
    publisher = Publisher(ports.storage, clock)
    problems = []
    for follow_up in (
        lambda: ports.state.usage.record_use(name, clock.now()),
        lambda: publisher.write_own_prompt_file(role),
        ports.remove_leftovers,
    ):
        try:
            follow_up()
        except XswitchError as error:
            problems.append(Problem(error.code, str(error)))
    return SwitchResult(
        role=role,
        managed_profile=name,
        expires_at=None,
        identity=identity,
        from_vault=False,
        problems=tuple(problems),
        region=plan.endpoint.region,
        region_source=_region_source(
            plan, switching.options, switching.properties, switching.snapshot
        ),
    )


def _region_source(
    plan: SessionPlan,
    options: SwitchOptions,
    properties: Mapping[str, str],
    snapshot: ConfigSnapshot,
) -> RegionSource:
    """Return where the region of a switch comes from, as `EndpointResolver` chose it."""
    if options.region:
        return "option"
    if properties.get("region"):
        return "role"
    region, role = plan.endpoint.region, plan.role
    own = own_regions(snapshot.environment)
    if own.get("AWS_REGION") == region:
        return "AWS_REGION"
    if own.get("AWS_DEFAULT_REGION") == region:
        return "AWS_DEFAULT_REGION"
    if role.portal_role is not None and role.sso is not None:
        return fallback_region(snapshot.view, role.sso.session)[1]
    return "default"


class _Switch:
    """The steps of a switch according to one snapshot. Raises if it must not or can't be done."""

    edits: tuple[ProfileEdit, ...]
    properties: dict[str, str]

    def __init__(
        self, ports: Ports, snapshot: ConfigSnapshot, shown: Role, options: SwitchOptions
    ) -> None:
        self._ports, self._shown, self.options = ports, shown, options
        self.snapshot = snapshot
        ensure_guards_readable(snapshot)
        role = current_role(snapshot, shown, options)
        ensure_confirmed(role, options)
        if not role.kind.has_session:
            self._init_own_credentials(role)
            return
        self.managed = options.profile_name or role.managed_profile
        role = role._replace(managed_profile=self.managed)
        overrides = effective_overrides(snapshot, role, options)
        ensure_writable(ports.config, snapshot, self.managed, static=options.static)
        served = snapshot.served_role(role)
        self.role = served._replace(managed_profile=self.managed, guard=role.guard)
        self.properties = managed_profile_properties(
            ports.config, snapshot, self.role, self.managed, overrides
        )
        self.edits = managed_edits(snapshot, self.managed, self.properties)
        self._overrides = overrides
        self.plan = snapshot.plan(self.role, overrides)

    def _init_own_credentials(self, role: Role) -> None:
        """Prepare the switch to a profile that is used as it is."""
        for given, option in (
            (self.options.static, "--static"),
            (self.options.profile_name is not None, "--profile-name"),
        ):
            if given:
                raise UsageError(
                    f"{option} isn't possible for {role.name}.",
                    why="AWS programs get its credentials from the profile itself, so xswitch"
                    " writes none.",
                    next_step=f"Leave {option} out.",
                    code=ErrorCode.BAD_OVERRIDE,
                )
        self.role, self.managed = role, role.name
        self.edits = ()
        profile = self.snapshot.view.profiles.get(role.name)
        region = None if profile is None else profile.get("region")
        self.properties = {"region": region} if region else {}
        options = replace(self.options, reuse_overrides=False)
        self._overrides = effective_overrides(self.snapshot, role, options)
        self.plan = self.snapshot.plan(role, self._overrides)

    def identified(self, identity: CallerIdentity | None) -> Role:
        """Return the role with the account that AWS named: see `ChosenTarget.identified`."""
        chosen = ChosenTarget(self.snapshot, self.role, self._overrides, self.options)
        return chosen.identified(identity, self.managed if self.role.kind.has_session else "")

    def plan_in(self, snapshot: ConfigSnapshot) -> SessionPlan:
        """Plan the same sessions in a snapshot with another environment."""
        role = snapshot.roles_by_name.get(self.role.name, self.role)
        return snapshot.plan(snapshot.served_role(role), self._overrides)

    def repeated(self) -> _Switch:
        """Return the same switch according to the config as it is now.

        Getting a session may take minutes, for example for an MFA code. Raises TargetError if the
        config now leads to another session.
        """
        files, snapshot = self._ports.config.files, self.snapshot
        if (
            files.fingerprint() == snapshot.fingerprint
            and self._ports.config.settings.load() == snapshot.settings
        ):
            return self
        again = _Switch(self._ports, take_snapshot(self._ports.config), self._shown, self.options)
        if again.plan.key != self.plan.key:
            raise TargetError(
                f"The config changed while {self.role.name} got its session. Nothing was written.",
                next_step=f"Look at it again: xswitch switch {last_argument(self.role.name)}",
                code=ErrorCode.ROLE_CHANGED,
            )
        return again


def _forgotten_error(role: Role, options: SwitchOptions) -> XswitchError:
    return forgotten_error(role.name, options.next_command(role.name))


def _take_back(broker: Broker, publisher: Publisher, plan: SessionPlan, managed: str) -> None:
    """Remove what this switch wrote after its session was forgotten."""
    ports = broker.ports
    with suppress(XswitchError):
        ports.storage.index.remove([plan.key])
    for profile in (managed, managed + STATIC_SUFFIX):
        with suppress(XswitchError):
            publisher.remove(profile)
    snapshot = take_snapshot(ports.config)
    edits = removal_edits(snapshot, [managed, managed + STATIC_SUFFIX])
    if edits:
        ports.config.files.apply(edits)


@dataclass(frozen=True, slots=True)
class ChosenTarget:
    """A target as a snapshot has it, with the options that were given for it."""

    snapshot: ConfigSnapshot
    role: Role
    overrides: Overrides
    options: SwitchOptions

    def identified(self, identity: CallerIdentity | None, managed_profile: str = "") -> Role:
        """Return the role with the account that AWS named, which the config may not know.

        Raises UsageError if the account turns out to be guarded, and that isn't confirmed.
        """
        role, snapshot = self.role, self.snapshot
        if identity is None or role.account_id == identity.account:
            return role
        name = snapshot.named_settings.account_names.get(identity.account, "")
        role = role._replace(account_id=identity.account, account_name=name)
        guards = RoleGuards(snapshot.view, snapshot.named_settings)
        role = role._replace(guard=guards.guard_for(role, managed_profile=managed_profile))
        ensure_confirmed(role, self.options)
        check_options(role, self.overrides)
        return role


def ensure_guards_readable(snapshot: ConfigSnapshot) -> None:
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


def ensure_confirmed(role: Role, options: SwitchOptions) -> None:
    """Raise UsageError if a role is guarded and its confirmation is missing or another one."""
    typed = options.confirmation
    if role.guard is None or is_confirmed(role.guard, typed):
        return
    confirmation = role.guard.confirm
    if typed is None:
        raise UsageError(
            f'{role.name} is guarded: type "{confirmation}" to switch to it.',
            next_step=options.next_command(role.name, option_text("--confirm", confirmation)),
            code=ErrorCode.GUARD_UNCONFIRMED,
        )
    raise UsageError(
        f'Not switched: {role.name} is guarded, and the confirmation isn\'t "{confirmation}".',
        code=ErrorCode.GUARD_MISMATCH,
    )


def _source_identity(
    broker: Broker,
    snapshot: ConfigSnapshot,
    session: SessionResult,
    request: SessionRequest,
    plan: SessionPlan,
) -> CallerIdentity | None:
    """Return the user whose keys an MFA session is made from; None for other targets."""
    if plan.role.kind is not TargetKind.MFA_SESSION:
        return None
    try:
        credentials = broker.source_credentials(plan, snapshot.view, request)
        return broker.ports.aws.sts.get_caller_identity(credentials, plan.endpoint)
    except XswitchError:
        if session.from_vault:
            return None  # the session outlives its keys
        raise


def verified_source(
    broker: Broker, plan: SessionPlan, credentials: Credentials, progress: Progress
) -> CallerIdentity:
    """Return the identity of a profile's own credentials according to AWS."""
    progress("asking AWS who this is")
    try:
        identity = broker.ports.aws.sts.get_caller_identity(credentials, plan.endpoint)
    except XswitchError as error:
        raise as_source_error(error, broker.source_label(plan)) from None
    check_identity(plan.role, identity)
    return identity


def verified_session(
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
        check_identity(
            plan.role, identity, _source_identity(broker, snapshot, session, request, plan)
        )
    except IdentityMismatchError:
        broker.drop(plan.key)
        raise
    return session, identity
