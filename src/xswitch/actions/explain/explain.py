"""`explain`.

The switch tried for real and taken apart where it fails, and a switch that failed explained without
another try.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from xswitch.actions.api import SwitchOptions
from xswitch.actions.explain.attempt import ChainAttempt
from xswitch.actions.explain.calls import (
    HopCall,
    HopCredentials,
    caller_with_credentials,
    caller_with_identity,
    failed_hop_number,
    hop_calls,
    other_mfa_serials,
)
from xswitch.actions.explain.lookup import Lookup
from xswitch.actions.explain.readers import IamReaders
from xswitch.actions.ports import MfaPrompt, Ports, Progress
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.sessions.renewability import MIN_SOURCE_LIFETIME
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.actions.targets import overrides_from_options
from xswitch.core.errors import CancelledError, XswitchError
from xswitch.core.explain.aws_message import parse_denial
from xswitch.core.explain.diagnosis import explain as explained
from xswitch.core.explain.evidence import (
    Caller,
    Evidence,
    HopEvidence,
    Observations,
    SwitchFailure,
    failure_from_error,
    is_explainable,
)
from xswitch.core.explain.model import Explanation
from xswitch.core.explain.non_policy import INSPECTABLE_CODES
from xswitch.core.model import CredentialSourceKind, Role, SessionPlan
from xswitch.core.profiles.managed import NO_OVERRIDES, Overrides, check_guard_policy
from xswitch.core.roles.sources import has_static_keys
from xswitch.core.sessions import session_record

SECONDS_AFTER_A_TRY = 5.0
SECONDS_AFTER_A_SWITCH = 0.8
"""How long both sides are looked at.

After a failed switch the person waits already, and a second later the answer stands there.
"""


def explain(
    broker: Broker, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
) -> Explanation:
    """See `Actions.explain`."""
    ports = broker.ports
    reading = take_snapshot(ports)
    plan = _plan(reading, role, options)
    walk = ChainAttempt(
        ports,
        reading,
        plan,
        MfaCodes(ask, ports.mfa_command, given=options.mfa_code),
        progress,
        new_mfa=options.mfa_code is not None,
    )
    error: XswitchError | None = None
    try:
        walk.run()
    except CancelledError:
        raise
    except XswitchError as found:
        if not is_explainable(found):
            raise
        error = found
    if error is not None:
        progress("looking at both sides")
    attempt = _SwitchAttempt(
        ports, reading, walk.plan, tuple(walk.held), error, None if error is None else walk.number
    )
    return attempt.explanation(SECONDS_AFTER_A_TRY, walk.base_arn)


def explain_failure(
    broker: Broker, role: Role, error: XswitchError, options: SwitchOptions
) -> Explanation:
    """See `Actions.explain_failure`."""
    if not is_explainable(error):
        raise error
    ports = broker.ports
    reading = take_snapshot(ports)
    plan = _plan(reading, role, options)
    living = _valid_session_keys(ports, plan)
    number = failed_hop_number(plan, error, living)
    held = _stored_hop_credentials(ports, reading, plan, number, living)
    return _SwitchAttempt(ports, reading, plan, held, error, number).explanation(
        SECONDS_AFTER_A_SWITCH, ""
    )


def _plan(reading: ConfigSnapshot, role: Role, options: SwitchOptions) -> SessionPlan:
    overrides: Overrides = overrides_from_options(options)
    if options.keep and overrides == NO_OVERRIDES:
        overrides = reading.stored_overrides(options.profile_name or role.managed_profile)
    check_guard_policy(role, overrides)
    return reading.plan(role, overrides)


@dataclass(frozen=True)
class _SwitchAttempt:
    """What became of a switch.

    The credentials each hop was called with as far as they are at hand, and where it ended.
    """

    ports: Ports
    reading: ConfigSnapshot
    plan: SessionPlan
    held: tuple[HopCredentials, ...]
    error: XswitchError | None
    number: int | None

    def explanation(self, seconds: float, base_arn: str) -> Explanation:
        """The explanation.

        Both sides are looked at for no longer than `seconds`, and only where that can tell
        anything.
        """
        calls = hop_calls(self.plan)
        failure = None if self.error is None else failure_from_error(self.error)
        steps = [self._step(call, base_arn) for call in calls]
        if failure is not None and self.number and failure.code in INSPECTABLE_CODES:
            at = self.number - 1
            calling, sight = self._look(calls[at], steps[at].caller_identity, failure, seconds)
            steps[at] = replace(steps[at], caller_identity=calling, observations=sight)
        first = steps[0].caller_identity.arn if steps else ""
        base = self.plan.base
        evidence = Evidence(
            target=self.plan.role.role_arn,
            base_profile=base.profile or base.kind.value,
            base_arn=base_arn or first,
            steps=tuple(steps),
            now=self.ports.clock.now(),
            failed=self.number,
            failure=failure,
            serials=other_mfa_serials(self.reading, self.plan),
        )
        return explained(evidence)

    def _step(self, call: HopCall, base_arn: str) -> HopEvidence:
        held = self.held[call.number - 1] if call.number <= len(self.held) else HopCredentials()
        calling = caller_with_credentials(call, held, self.plan, self.ports.clock.now())
        return HopEvidence(
            call.number,
            call.profile,
            call.asked,
            caller_with_identity(calling, base_arn) if call.number == 1 else calling,
        )

    def _look(
        self, call: HopCall, calling: Caller, failure: SwitchFailure, seconds: float
    ) -> tuple[Caller, Observations]:
        held = self.held[call.number - 1] if call.number <= len(self.held) else HopCredentials()
        named = caller_with_identity(calling, parse_denial(failure.text).caller or calling.arn)
        return Lookup(
            self.ports,
            self.reading,
            self.plan,
            call,
            named,
            held,
            IamReaders(self.ports, self.reading),
        ).run(seconds)


def _valid_session_keys(ports: Ports, plan: SessionPlan) -> tuple[str, ...]:
    """The plan's session keys that the index knows and that still live."""
    now, entries = ports.clock.now(), ports.index.entries()
    keys = [hop.key for hop in plan.hops] + ([] if plan.mfa is None else [plan.mfa.key])
    return tuple(
        key
        for key in keys
        if key in entries and entries[key].expires_at - MIN_SOURCE_LIFETIME > now
    )


def _stored_hop_credentials(
    ports: Ports, reading: ConfigSnapshot, plan: SessionPlan, number: int, living: tuple[str, ...]
) -> tuple[HopCredentials, ...]:
    """The credentials of every hop up to `number`, from the vault.

    Of the base itself only static keys, which ask nobody.
    """
    keys: list[str | None] = [
        None if plan.mfa is None else plan.mfa.key,
        *(hop.key for hop in plan.hops),
    ]
    found = []
    for at in range(min(number, len(plan.hops))):
        held = _stored_session_credentials(ports, keys[at], living, mfa=at == 0)
        found.append(
            held
            if held.credentials is not None or at
            else _static_source_credentials(ports, reading, plan)
        )
    return tuple(found)


def _stored_session_credentials(
    ports: Ports, key: str | None, living: tuple[str, ...], *, mfa: bool
) -> HopCredentials:
    if key is None or key not in living:
        return HopCredentials()
    try:
        value = ports.vault.get(key)
    except XswitchError:
        return HopCredentials()
    record = None if value is None else session_record.decode(value, key)
    return (
        HopCredentials()
        if record is None
        else HopCredentials(record.credentials, record.issued_at, record.issued_at if mfa else None)
    )


def _static_source_credentials(
    ports: Ports, reading: ConfigSnapshot, plan: SessionPlan
) -> HopCredentials:
    profile = reading.view.profiles.get(plan.base.profile or "")
    if (
        plan.mfa is not None
        or plan.base.kind is not CredentialSourceKind.STATIC_KEYS
        or profile is None
        or not has_static_keys(profile)
    ):
        return HopCredentials()
    try:
        return HopCredentials(ports.base.resolve(plan.base, reading.view, plan.endpoint))
    except XswitchError:
        return HopCredentials()
