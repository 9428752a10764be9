"""`explain`: the switch tried for real and taken apart where it fails, and a switch that failed explained without another try."""

from __future__ import annotations

from dataclasses import dataclass, replace

from xswitch.actions.api import SwitchOptions
from xswitch.actions.explain.attempt import Walk
from xswitch.actions.explain.calls import Call, Held, calls_of, failed_at, identified, other_serials, with_credentials
from xswitch.actions.explain.lookup import Look
from xswitch.actions.explain.readers import Readers
from xswitch.actions.ports import MfaPrompt, Ports, Progress
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.mfa import Questions
from xswitch.actions.sessions.renewability import SOURCE_MARGIN
from xswitch.actions.snapshot import Reading, read
from xswitch.actions.targets import overrides_of
from xswitch.core.errors import CancelledError, XswitchError
from xswitch.core.explain.aws_message import said
from xswitch.core.explain.diagnosis import explain as explained
from xswitch.core.explain.evidence import Calling, Evidence, Failure, Sight, Step, explainable, failure_of
from xswitch.core.explain.model import Explanation
from xswitch.core.explain.non_policy import LOOKED_AT
from xswitch.core.model import BaseKind, Plan, Role
from xswitch.core.profiles.managed import NO_OVERRIDES, Overrides, refuse_conflict
from xswitch.core.roles.sources import has_static_keys
from xswitch.core.sessions import session_record

SECONDS_AFTER_A_TRY = 5.0
SECONDS_AFTER_A_SWITCH = 0.8
"""How long both sides are looked at: after a failed switch the person waits already, and a second later the answer stands there."""


def explain(broker: Broker, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress) -> Explanation:
    """See `Actions.explain`."""
    ports = broker.ports
    reading = read(ports)
    plan = _plan(reading, role, options)
    walk = Walk(
        ports, reading, plan, Questions(ask, ports.mfa_command, given=options.mfa_code), progress, new_mfa=options.mfa_code is not None
    )
    error: XswitchError | None = None
    try:
        walk.run()
    except CancelledError:
        raise
    except XswitchError as found:
        if not explainable(found):
            raise
        error = found
    if error is not None:
        progress("looking at both sides")
    attempt = _Attempt(ports, reading, walk.plan, tuple(walk.held), error, None if error is None else walk.number)
    return attempt.explanation(SECONDS_AFTER_A_TRY, walk.base_arn)


def explain_failure(broker: Broker, role: Role, error: XswitchError, options: SwitchOptions) -> Explanation:
    """See `Actions.explain_failure`."""
    if not explainable(error):
        raise error
    ports = broker.ports
    reading = read(ports)
    plan = _plan(reading, role, options)
    living = _living(ports, plan)
    number = failed_at(plan, error, living)
    held = _held(ports, reading, plan, number, living)
    return _Attempt(ports, reading, plan, held, error, number).explanation(SECONDS_AFTER_A_SWITCH, "")


def _plan(reading: Reading, role: Role, options: SwitchOptions) -> Plan:
    overrides: Overrides = overrides_of(options)
    if options.keep and overrides == NO_OVERRIDES:
        overrides = reading.kept_overrides(options.profile_name or role.managed_profile)
    refuse_conflict(role, overrides)
    return reading.plan(role, overrides)


@dataclass(frozen=True)
class _Attempt:
    """What became of a switch: the credentials each hop was called with as far as they are at hand, and where it ended."""

    ports: Ports
    reading: Reading
    plan: Plan
    held: tuple[Held, ...]
    error: XswitchError | None
    number: int | None

    def explanation(self, seconds: float, base_arn: str) -> Explanation:
        """The explanation; both sides are looked at for no longer than `seconds`, and only where that can tell anything."""
        calls = calls_of(self.plan)
        failure = None if self.error is None else failure_of(self.error)
        steps = [self._step(call, base_arn) for call in calls]
        if failure is not None and self.number and failure.code in LOOKED_AT:
            at = self.number - 1
            calling, sight = self._look(calls[at], steps[at].calling, failure, seconds)
            steps[at] = replace(steps[at], calling=calling, sight=sight)
        first = steps[0].calling.arn if steps else ""
        base = self.plan.base
        evidence = Evidence(
            target=self.plan.role.role_arn,
            base_profile=base.profile or base.kind.value,
            base_arn=base_arn or first,
            steps=tuple(steps),
            now=self.ports.clock.now(),
            failed=self.number,
            failure=failure,
            serials=other_serials(self.reading, self.plan),
        )
        return explained(evidence)

    def _step(self, call: Call, base_arn: str) -> Step:
        held = self.held[call.number - 1] if call.number <= len(self.held) else Held()
        calling = with_credentials(call, held, self.plan, self.ports.clock.now())
        return Step(call.number, call.profile, call.asked, identified(calling, base_arn) if call.number == 1 else calling)

    def _look(self, call: Call, calling: Calling, failure: Failure, seconds: float) -> tuple[Calling, Sight]:
        held = self.held[call.number - 1] if call.number <= len(self.held) else Held()
        named = identified(calling, said(failure.text).caller or calling.arn)
        return Look(self.ports, self.reading, self.plan, call, named, held, Readers(self.ports, self.reading)).run(seconds)


def _living(ports: Ports, plan: Plan) -> tuple[str, ...]:
    """The plan's session keys that the index knows and that still live."""
    now, entries = ports.clock.now(), ports.index.entries()
    keys = [hop.key for hop in plan.hops] + ([] if plan.mfa is None else [plan.mfa.key])
    return tuple(key for key in keys if key in entries and entries[key].expires_at - SOURCE_MARGIN > now)


def _held(ports: Ports, reading: Reading, plan: Plan, number: int, living: tuple[str, ...]) -> tuple[Held, ...]:
    """The credentials of every hop up to `number`, from the vault; of the base itself only static keys, which ask nobody."""
    keys: list[str | None] = [None if plan.mfa is None else plan.mfa.key, *(hop.key for hop in plan.hops)]
    found = []
    for at in range(min(number, len(plan.hops))):
        held = _kept(ports, keys[at], living, mfa=at == 0)
        found.append(held if held.credentials is not None or at else _base(ports, reading, plan))
    return tuple(found)


def _kept(ports: Ports, key: str | None, living: tuple[str, ...], *, mfa: bool) -> Held:
    if key is None or key not in living:
        return Held()
    try:
        value = ports.vault.get(key)
    except XswitchError:
        return Held()
    record = None if value is None else session_record.decode(value, key)
    return Held() if record is None else Held(record.credentials, record.issued_at, record.issued_at if mfa else None)


def _base(ports: Ports, reading: Reading, plan: Plan) -> Held:
    profile = reading.view.profiles.get(plan.base.profile or "")
    if plan.mfa is not None or plan.base.kind is not BaseKind.STATIC_KEYS or profile is None or not has_static_keys(profile):
        return Held()
    try:
        return Held(ports.base.resolve(plan.base, reading.view, plan.endpoint))
    except XswitchError:
        return Held()
