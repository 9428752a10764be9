"""From a resolved role to the STS calls a broker has to make, each with the session key its result is kept under."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from xswitch.core import sts_limits
from xswitch.core.errors import ChainError
from xswitch.core.model import AssumeRoleRequest, Chain, ConfigView, Guard, Hop, MfaStep, Plan, PlannedHop, Role, Settings
from xswitch.core.profiles.managed import NO_OVERRIDES, Overrides, checked
from xswitch.core.roles.durations import before_words, effective_duration, is_temporary
from xswitch.core.sessions import keys


def plan(role: Role, settings: Settings, *, user_at_host: str, overrides: Overrides = NO_OVERRIDES, mfa_process: str | None = None) -> Plan:
    """The MFA session and the AssumeRole calls that lead to `role`.

    `mfa_process` is the command that prints codes (see `mfa_process_for`). Raises ChainError when the role's chain isn't known, UsageError
    for overrides AWS can't take.

    A base with long-term keys makes one GetSessionToken with the first serial of the chain; hops with that serial then need no
    code of their own. A process is taken to give long-term keys: see `for_temporary_base`.
    """
    if role.chain is None:
        raise unreachable(role)
    overrides = checked(overrides)
    base = role.chain.base
    hops = (*role.chain.hops[:-1], _overridden(role.chain.target, overrides, role.guard))
    endpoint = role.endpoint if overrides.region is None else replace(role.endpoint, region=overrides.region)
    source = keys.base_key(base, partition=role.partition, url=endpoint.url)
    serial = next((hop.mfa_serial for hop in hops if hop.mfa_serial), None)
    step = None
    if serial is not None and not is_temporary(base):
        seconds = max(sts_limits.MIN_DURATION, min(settings.mfa_duration_seconds, sts_limits.MAX_MFA_DURATION))
        source = keys.mfa_key(source, serial=serial, duration_seconds=seconds)
        step = MfaStep(key=source, serial=serial, duration_seconds=seconds, mfa_process=mfa_process)
    planned: list[PlannedHop] = []
    for hop, code_for in zip(hops, _literal_serials(hops, satisfied=None if step is None else serial), strict=True):
        last = len(planned) == len(hops) - 1
        before = before_words(base, first_hop=not planned, mfa=step is not None)
        seconds, reason = effective_duration(
            hop.duration_seconds, overrides.duration_seconds if last else None, role.guard if last else None, before
        )
        named = hop.session_name or (sts_limits.clean_session_name(settings.session_name) if settings.session_name else None)
        request = AssumeRoleRequest(
            role_arn=hop.role_arn,
            session_name=named or sts_limits.clean_session_name(user_at_host),
            duration_seconds=seconds,
            external_id=hop.external_id,
            mfa_serial=code_for,
            tags=hop.tags,
            transitive_tag_keys=hop.transitive_tag_keys,
            policy_arns=hop.policy_arns,
            policy=hop.policy,
            source_identity=hop.source_identity,
        )
        source = keys.role_key(source, request, session_name=named)
        planned.append(PlannedHop(key=source, profile=hop.profile, request=request, duration_reason=reason))
    return Plan(role=role, base=base, mfa=step, hops=tuple(planned), endpoint=endpoint)


def for_temporary_base(plan: Plan) -> Plan:
    """The same plan once its base turned out to give temporary credentials, as a process may.

    GetSessionToken can't be called with those, so the serial goes into the first hop that asks for it, and no hop lasts over 3600 s.
    The session keys stay: they stand for the configuration, which is the same.
    """
    serials: tuple[str | None, ...] = tuple(hop.request.mfa_serial for hop in plan.hops)
    if plan.mfa is not None and plan.role.chain is not None:
        asking = [hop.mfa_serial for hop in plan.role.chain.hops]
        first = asking.index(plan.mfa.serial) if plan.mfa.serial in asking else len(asking) - 1
        serials = (*serials[:first], plan.mfa.serial, *serials[first + 1 :])
    hops = []
    for hop, serial in zip(plan.hops, serials, strict=True):
        seconds, reason = hop.request.duration_seconds, hop.duration_reason
        if seconds > sts_limits.CHAINED_DURATION:
            seconds, reason = effective_duration(seconds, None, None, "temporary credentials")
        hops.append(replace(hop, request=replace(hop.request, mfa_serial=serial, duration_seconds=seconds), duration_reason=reason))
    return replace(plan, base=replace(plan.base, temporary=True), mfa=None, hops=tuple(hops))


def unreachable(role: Role) -> ChainError:
    """The error that says why a role has no chain."""
    cause = next((problem for problem in role.problems if problem.severity == "error"), None)
    if cause is None:
        return ChainError(f"{role.name} can't be assumed as it is configured.", next_step="xswitch config")
    place = f" ({cause.file}:{cause.line})" if cause.file and cause.line else ""
    return ChainError(f"{role.name} can't be assumed as it is configured.", why=f"{cause.message}{place}", next_step="xswitch config")


def mfa_process_for(view: ConfigView, role: Role) -> str | None:
    """The `mfa_process` of the profile that asks for MFA first, else of the role's own profile, of one on the way, or of the base."""
    if role.chain is None:
        return None
    chain: Chain = role.chain
    names: list[str | None] = [hop.profile for hop in chain.hops if hop.mfa_serial]
    names += [chain.target.profile, *(hop.profile for hop in reversed(chain.hops)), chain.base.profile]
    for name in names:
        profile = view.profiles.get(name or "")
        command = None if profile is None else profile.get("mfa_process")
        if command:
            return command
    return None


def _literal_serials(hops: Iterable[Hop], *, satisfied: str | None) -> list[str | None]:
    seen = set() if satisfied is None else {satisfied}
    serials: list[str | None] = []
    for hop in hops:
        # A device's code proves its user once; after that the caller is a role, which has no device.
        asked = hop.mfa_serial if hop.mfa_serial and hop.mfa_serial not in seen else None
        serials.append(asked)
        if asked:
            seen.add(asked)
    return serials


def _overridden(hop: Hop, overrides: Overrides, guard: Guard | None) -> Hop:
    tags = tuple(sorted({**dict(hop.tags), **dict(overrides.tags)}.items()))
    policy_arns, policy = overrides.policy_arns or hop.policy_arns, overrides.policy or hop.policy
    if guard is not None and (guard.policy or guard.policy_arns):
        # Session policies form a union: beside the guard's, any other would widen what it allows.
        policy_arns, policy = guard.policy_arns, guard.policy
    return replace(
        hop,
        external_id=overrides.external_id or hop.external_id,
        mfa_serial=overrides.mfa_serial or hop.mfa_serial,
        session_name=overrides.session_name or hop.session_name,
        tags=tags,
        policy_arns=policy_arns,
        policy=policy,
    )
