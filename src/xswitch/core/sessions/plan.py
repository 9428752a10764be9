"""Plan the calls that lead to a target: session keys, MFA, and whose `mfa_process` is run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from xswitch.core import sts_limits
from xswitch.core.errors import ChainError
from xswitch.core.model import (
    AssumeRoleRequest,
    ConfigView,
    Endpoint,
    Guard,
    Hop,
    PlannedHop,
    PlannedMfaSession,
    Role,
    SessionPlan,
    Settings,
    Surroundings,
    TargetKind,
)
from xswitch.core.profiles.managed import (
    NO_OVERRIDES,
    Overrides,
    check_options,
    override_hop,
    validate_overrides,
)
from xswitch.core.roles.durations import (
    chaining_reason,
    effective_duration,
    is_temporary,
    mfa_session_duration,
)
from xswitch.core.sessions import keys

NO_SURROUNDINGS = Surroundings()


def plan_sessions(  # noqa: PLR0913 -- the parts of a plan
    role: Role,
    settings: Settings,
    *,
    user_at_host: str,
    overrides: Overrides = NO_OVERRIDES,
    mfa_process: str | None = None,
    surroundings: Surroundings = NO_SURROUNDINGS,
) -> SessionPlan:
    """Plan the MFA session and the AssumeRole calls that lead to `role`.

    `mfa_process` is the command that prints codes (see `mfa_process_for`), `surroundings` are those
    of the source. If the source has
    long-term keys, GetSessionToken is called with the first MFA serial of the chain, and hops with
    that serial need no code. A credential_process is assumed to provide long-term keys: see
    `with_temporary_source`.

    Raises ChainError if the role's chain isn't resolved, and UsageError for overrides that AWS
    would reject.
    """
    if role.chain is None:
        raise unresolved_chain_error(role)
    overrides = validate_overrides(overrides)
    base = role.chain.base
    endpoint = (
        role.endpoint
        if overrides.region is None
        else replace(role.endpoint, region=overrides.region)
    )
    if role.chain.target is None:
        return _plan_source(role, settings, overrides, endpoint, mfa_process, surroundings)
    hops = (*role.chain.hops[:-1], _apply_overrides(role.chain.target, overrides, role.guard))
    source_key = base_key = keys.source_key(
        base, partition=role.partition, url=endpoint.url, surroundings=surroundings.facts
    )
    serial = next((hop.mfa_serial for hop in hops if hop.mfa_serial), None)
    mfa_session = None
    if serial is not None and not is_temporary(base):
        seconds, _ = mfa_session_duration(settings, None, None)
        mfa_session = _planned_mfa_session(source_key, serial, seconds, mfa_process)
        source_key = mfa_session.key
    planned: list[PlannedHop] = []
    for hop, serial_to_send in zip(
        hops, _serials_to_send(hops, satisfied=None if mfa_session is None else serial), strict=True
    ):
        last = len(planned) == len(hops) - 1
        chained_after = chaining_reason(base, first_hop=not planned, mfa=mfa_session is not None)
        seconds, reason = effective_duration(
            hop.duration_seconds,
            overrides.duration_seconds if last else None,
            role.guard if last else None,
            chained_after,
        )
        configured_name = hop.session_name or (
            sts_limits.clean_session_name(settings.session_name) if settings.session_name else None
        )
        request = AssumeRoleRequest(
            role_arn=hop.role_arn,
            session_name=configured_name or sts_limits.clean_session_name(user_at_host),
            duration_seconds=seconds,
            external_id=hop.external_id,
            mfa_serial=serial_to_send,
            tags=hop.tags,
            transitive_tag_keys=hop.transitive_tag_keys,
            policy_arns=hop.policy_arns,
            policy=hop.policy,
            source_identity=hop.source_identity,
        )
        source_key = keys.role_session_key(source_key, request, session_name=configured_name)
        planned.append(
            PlannedHop(key=source_key, profile=hop.profile, request=request, duration_reason=reason)
        )
    return SessionPlan(
        role=role,
        base=base,
        mfa=mfa_session,
        hops=tuple(planned),
        endpoint=endpoint,
        surroundings=surroundings,
        source_key=base_key,
    )


def _plan_source(  # noqa: PLR0913, PLR0917 -- the parts of a plan
    role: Role,
    settings: Settings,
    overrides: Overrides,
    endpoint: Endpoint,
    mfa_process: str | None,
    surroundings: Surroundings,
) -> SessionPlan:
    """Plan a target that isn't at the end of a chain: at most one session of its own."""
    if role.chain is None:
        raise unresolved_chain_error(role)
    check_options(role, overrides)
    base = role.chain.base
    source_key = keys.source_key(
        base, partition=role.partition, url=endpoint.url, surroundings=surroundings.facts
    )
    mfa_session = None
    if role.kind is TargetKind.MFA_SESSION and role.mfa_serial:
        seconds, _ = mfa_session_duration(settings, overrides.duration_seconds, role.guard)
        mfa_session = _planned_mfa_session(source_key, role.mfa_serial, seconds, mfa_process)
    elif role.sso is not None:
        source_key = keys.sso_session_key(role.sso)
    return SessionPlan(
        role=role,
        base=base,
        mfa=mfa_session,
        hops=(),
        endpoint=endpoint,
        surroundings=surroundings,
        source_key=source_key,
    )


def _planned_mfa_session(
    source_key: str, serial: str, seconds: int, mfa_process: str | None
) -> PlannedMfaSession:
    key = keys.mfa_session_key(source_key, serial=serial, duration_seconds=seconds)
    return PlannedMfaSession(
        key=key, serial=serial, duration_seconds=seconds, mfa_process=mfa_process
    )


def with_temporary_source(plan: SessionPlan) -> SessionPlan:
    """Adapt a plan to a source that turned out to provide temporary credentials.

    GetSessionToken rejects them, so the serial moves to the first hop that requires it, and no
    session exceeds 3600 s. The session keys don't change, because the configuration is the same.
    """
    serials: tuple[str | None, ...] = tuple(hop.request.mfa_serial for hop in plan.hops)
    if plan.mfa is not None and plan.role.chain is not None:
        chain_serials = [hop.mfa_serial for hop in plan.role.chain.hops]
        first = (
            chain_serials.index(plan.mfa.serial)
            if plan.mfa.serial in chain_serials
            else len(chain_serials) - 1
        )
        serials = (*serials[:first], plan.mfa.serial, *serials[first + 1 :])
    hops = []
    for hop, serial in zip(plan.hops, serials, strict=True):
        seconds, reason = hop.request.duration_seconds, hop.duration_reason
        if seconds > sts_limits.MAX_CHAINED_DURATION:
            seconds, reason = effective_duration(seconds, None, None, "temporary credentials")
        hops.append(
            replace(
                hop,
                request=replace(hop.request, mfa_serial=serial, duration_seconds=seconds),
                duration_reason=reason,
            )
        )
    return replace(plan, base=replace(plan.base, temporary=True), mfa=None, hops=tuple(hops))


def unresolved_chain_error(role: Role) -> ChainError:
    """Return the error that explains why a role has no chain."""
    cause = next((problem for problem in role.problems if problem.severity == "error"), None)
    why = "" if cause is None else cause.message
    if cause is not None and cause.file and cause.line:
        why += f" ({cause.file}:{cause.line})"
    return ChainError(f"{role.name} is misconfigured.", why=why, next_step="xswitch config")


def mfa_process_for(view: ConfigView, role: Role) -> str | None:
    """Find the `mfa_process` of a role's chain.

    Profiles with an MFA serial come first, then the role's own, the others of the chain, and the
    source profile.
    """
    if role.chain is None:
        return None
    chain = role.chain
    profile_names: list[str | None] = [hop.profile for hop in chain.hops if hop.mfa_serial]
    profile_names += [*(hop.profile for hop in reversed(chain.hops)), chain.base.profile]
    for name in profile_names:
        profile = view.profiles.get(name or "")
        command = None if profile is None else profile.get("mfa_process")
        if command:
            return command
    return None


def _serials_to_send(hops: Iterable[Hop], *, satisfied: str | None) -> list[str | None]:
    used_serials = set() if satisfied is None else {satisfied}
    serials: list[str | None] = []
    for hop in hops:
        # Only a user has an MFA device: after the first code, the caller is a session.
        serial = hop.mfa_serial if hop.mfa_serial and hop.mfa_serial not in used_serials else None
        serials.append(serial)
        if serial:
            used_serials.add(serial)
    return serials


def _apply_overrides(hop: Hop, overrides: Overrides, guard: Guard | None) -> Hop:
    # The duration is decided later, together with its reason.
    hop = override_hop(hop, overrides)._replace(duration_seconds=hop.duration_seconds)
    if guard is not None and (guard.policy or guard.policy_arns):
        # AWS grants the union of session policies, so another would allow more than the guard's.
        return hop._replace(policy_arns=guard.policy_arns, policy=guard.policy)
    return hop
