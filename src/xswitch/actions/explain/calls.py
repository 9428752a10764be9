"""The calls of a chain as an explanation sees them.

What each asks, who makes it and with which credentials.
"""

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
    """Credentials that a hop was, or would be, called with.

    `mfa_at` is when they were given an MFA code, if they remember one.
    """

    credentials: Credentials | None = None
    issued_at: datetime | None = None
    mfa_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class HopCall:
    """One hop: number from 1, its profile, what it asks, and who calls as far as the plan tells."""

    number: int
    profile: str
    asked: AttemptedCall
    caller_identity: Caller


def hop_calls(plan: SessionPlan) -> tuple[HopCall, ...]:
    """Every AssumeRole of a plan; of the first caller nothing is known yet."""
    calls: list[HopCall] = []
    passed_on: dict[str, tuple[str, str]] = {}
    identity: str | None = None
    calling = Caller()
    for number, hop in enumerate(plan.hops, 1):
        request = hop.request
        identity = request.source_identity or identity
        inherited = tuple(sorted(passed_on.values()))
        calls.append(
            HopCall(
                number, hop.profile, _attempted_call(plan, request, inherited, identity), calling
            )
        )
        tags = {key.lower(): (key, value) for key, value in (*inherited, *request.tags)}
        passing = {*passed_on, *(key.lower() for key in request.transitive_tag_keys)}
        passed_on = {key: pair for key, pair in tags.items() if key in passing}
        calling = _session_caller(hop.profile, request, tuple(sorted(tags.values())))
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
    """The caller that a hop's session is to the next hop."""
    role = parse_role_arn(request.role_arn)
    arn = (
        ""
        if role is None
        else f"arn:{role.partition}:sts::{role.account_id}:assumed-role/{role.name}/{request.session_name}"
    )
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
    call: HopCall, held: HopCredentials, plan: SessionPlan, now: datetime
) -> Caller:
    """The caller with what its credentials tell."""
    calling = replace(call.caller_identity, issued_at=held.issued_at)
    if call.number > 1:
        return calling
    temporary = (
        held.credentials.temporary
        if held.credentials is not None
        else plan.mfa is not None or plan.base.temporary
    )
    mfa: bool | None = None if temporary else False
    age: int | None = None
    if held.mfa_at is not None:
        mfa, age = True, max(0, int((now - held.mfa_at).total_seconds()))
    elif plan.hops[0].request.mfa_serial is not None:
        mfa, age = True, 0  # the code goes into the call itself
    return replace(calling, temporary=temporary, mfa=mfa, mfa_age=age)


def caller_with_identity(calling: Caller, arn: str, user_id: str = "") -> Caller:
    """The caller once AWS said who it is.

    A role's session that nobody gave a code has no MFA, and says so.
    """
    if not arn:
        return calling
    mfa = False if calling.mfa is None and ":assumed-role/" in arn else calling.mfa
    return replace(calling, arn=arn, user_id=user_id or calling.user_id, mfa=mfa)


def failed_hop_number(plan: SessionPlan, error: XswitchError, living: Iterable[str]) -> int:
    """The number of the hop an error belongs to, 0 for the base.

    `living` are the session keys that are there.
    """
    if isinstance(error, SourceCredentialsError):
        return 0
    if isinstance(error, AwsDeniedError):
        for number, hop in enumerate(plan.hops, 1):
            if hop.request.role_arn == error.hop:
                return number
        return (
            0
            if plan.mfa is not None and error.hop == plan.mfa.serial
            else len(plan.hops)
            if not error.hop
            else 1
        )
    there = set(living)
    made = [number for number, hop in enumerate(plan.hops, 1) if hop.key in there]
    if made:
        return min(made[-1] + 1, len(plan.hops))
    if isinstance(error, MfaNeededError):
        return (
            next((number for number, hop in enumerate(plan.hops, 1) if hop.request.mfa_serial), 0)
            if plan.mfa is None
            else 0
        )
    return 0 if plan.mfa is not None and plan.mfa.key not in there else 1


def other_mfa_serials(reading: ConfigSnapshot, plan: SessionPlan) -> tuple[str, ...]:
    """MFA devices that other profiles name for the same base."""
    base = plan.base.profile
    profiles = [
        profile for profile in reading.view.profiles.values() if profile.get(ROLE_KEY) is None
    ]
    found = [
        profile.get("mfa_serial")
        for profile in profiles
        if base is not None and base in (profile.name, profile.get("source_profile"))
    ]
    return tuple(dict.fromkeys(serial for serial in found if serial))
