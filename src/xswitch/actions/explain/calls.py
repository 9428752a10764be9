"""The AssumeRole calls of a chain: parameters, caller, and credentials of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.access.model import NamedPolicy
from xswitch.core.arn import parse_role_arn
from xswitch.core.errors import AwsDeniedError, MfaNeededError, SourceCredentialsError, XswitchError
from xswitch.core.explain.evidence import AttemptedCall, Caller, TagPairs
from xswitch.core.model import AssumeRoleRequest, Credentials, SessionPlan
from xswitch.core.profiles.managed import ROLE_KEY


@dataclass(frozen=True, slots=True)
class HopCredentials:
    """The credentials of a hop's call."""

    credentials: Credentials | None = None
    issued_at: datetime | None = None
    mfa_at: datetime | None = None
    """When they were issued with an MFA code."""


@dataclass(frozen=True, slots=True)
class HopCall:
    """The AssumeRole call of one hop, as planned."""

    number: int
    """Counts from 1."""
    profile: str
    asked: AttemptedCall
    caller_identity: Caller


def hop_calls(plan: SessionPlan) -> tuple[HopCall, ...]:
    """Return every AssumeRole call of a plan. The first caller is not known yet."""
    calls: list[HopCall] = []
    passed_on: dict[str, tuple[str, str]] = {}
    identity: str | None = None
    caller = Caller()
    for number, hop in enumerate(plan.hops, 1):
        request = hop.request
        identity = request.source_identity or identity
        inherited = tuple(sorted(passed_on.values()))
        calls.append(
            HopCall(
                number, hop.profile, _attempted_call(plan, request, inherited, identity), caller
            )
        )
        tags = {key.lower(): (key, value) for key, value in (*inherited, *request.tags)}
        passing = {*passed_on, *(key.lower() for key in request.transitive_tag_keys)}
        passed_on = {key: pair for key, pair in tags.items() if key in passing}
        caller = _session_caller(hop.profile, request, tuple(sorted(tags.values())))
    return tuple(calls)


def _attempted_call(
    plan: SessionPlan, request: AssumeRoleRequest, inherited: TagPairs, identity: str | None
) -> AttemptedCall:
    return AttemptedCall(
        role_arn=request.role_arn,
        session_name=request.session_name,
        duration_seconds=request.duration_seconds,
        region=plan.endpoint.region,
        external_id=request.external_id,
        mfa_serial=request.mfa_serial or (None if plan.mfa is None else plan.mfa.serial),
        tags=request.tags,
        inherited_tags=inherited,
        transitive_tag_keys=request.transitive_tag_keys,
        source_identity=identity,
    )


def _session_caller(profile: str, request: AssumeRoleRequest, tags: TagPairs) -> Caller:
    """Return a hop's session as the caller of the next hop."""
    role = parse_role_arn(request.role_arn)
    arn = ""
    if role is not None:
        resource = f"assumed-role/{role.name}/{request.session_name}"
        arn = f"arn:{role.partition}:sts::{role.account_id}:{resource}"
    policies = (
        ()
        if request.policy is None
        else (NamedPolicy(f"the session policy of the profile {profile}", request.policy),)
    )
    return Caller(
        arn=arn,
        role_arn=request.role_arn,
        temporary=True,
        mfa=False,
        session_tags=tags,
        session_policies=policies,
        session_policy_arns=request.policy_arns,
    )


def caller_with_credentials(
    call: HopCall, used: HopCredentials, plan: SessionPlan, now: datetime
) -> Caller:
    """Return the caller with the facts that follow from its credentials."""
    caller = replace(call.caller_identity, issued_at=used.issued_at)
    if call.number > 1:
        return caller
    temporary = (
        used.credentials.temporary
        if used.credentials is not None
        else plan.mfa is not None or plan.base.temporary
    )
    mfa: bool | None = None if temporary else False
    age: int | None = None
    if used.mfa_at is not None:
        mfa, age = True, max(0, int((now - used.mfa_at).total_seconds()))
    elif plan.hops[0].request.mfa_serial is not None:
        mfa, age = True, 0  # the call itself carries the code
    return replace(caller, temporary=temporary, mfa=mfa, mfa_age=age)


def caller_with_identity(caller: Caller, arn: str, user_id: str = "") -> Caller:
    """Return the caller with its identity according to AWS.

    A role session without an MFA code has no MFA.
    """
    if not arn:
        return caller
    mfa = False if caller.mfa is None and ":assumed-role/" in arn else caller.mfa
    return replace(caller, arn=arn, user_id=user_id or caller.user_id, mfa=mfa)


def failed_hop_number(plan: SessionPlan, error: XswitchError, valid_keys: Iterable[str]) -> int:
    """Return the number of the hop that an error belongs to, 0 for the source credentials.

    `valid_keys` are the keys of the stored, valid sessions.
    """
    if isinstance(error, SourceCredentialsError):
        return 0
    if isinstance(error, AwsDeniedError):
        for number, hop in enumerate(plan.hops, 1):
            if hop.request.role_arn == error.hop:
                return number
        is_mfa_call = plan.mfa is not None and error.hop == plan.mfa.serial
        return 0 if is_mfa_call else 1 if error.hop else len(plan.hops)
    keys = set(valid_keys)
    valid = [number for number, hop in enumerate(plan.hops, 1) if hop.key in keys]
    if valid:
        return min(valid[-1] + 1, len(plan.hops))
    if isinstance(error, MfaNeededError) and plan.mfa is None:
        with_code = (number for number, hop in enumerate(plan.hops, 1) if hop.request.mfa_serial)
        return next(with_code, 0)
    before_first_hop = plan.mfa is not None and (
        isinstance(error, MfaNeededError) or plan.mfa.key not in keys
    )
    return 0 if before_first_hop or not plan.hops else 1


def other_mfa_serials(snapshot: ConfigSnapshot, plan: SessionPlan) -> tuple[str, ...]:
    """Return the MFA devices that other profiles name for the same source profile."""
    base = plan.base.profile
    serials = [
        profile.get("mfa_serial")
        for profile in snapshot.view.profiles.values()
        if profile.get(ROLE_KEY) is None
        and base is not None
        and base in (profile.name, profile.get("source_profile"))
    ]
    return tuple(dict.fromkeys(serial for serial in serials if serial))
