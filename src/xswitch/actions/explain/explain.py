"""`explain`: run a switch and diagnose its failure, or diagnose a switch that just failed."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

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
from xswitch.actions.ports import Aws, MfaPrompt, Ports, Progress, SessionStorage
from xswitch.actions.results import SwitchOptions
from xswitch.actions.sessions.acquisition import SessionRequest
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.mfa import FixedMfaCode, MfaCodes
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.actions.targets import effective_overrides
from xswitch.core.errors import CancelledError, XswitchError
from xswitch.core.explain.aws_message import parse_denial
from xswitch.core.explain.diagnosis import explain as diagnose
from xswitch.core.explain.evidence import (
    Caller,
    Evidence,
    HopEvidence,
    Observations,
    SwitchFailure,
    failure_from_error,
    is_explainable,
)
from xswitch.core.explain.identity_center import Listed, SsoEvidence
from xswitch.core.explain.model import Explanation
from xswitch.core.explain.non_policy import INSPECTABLE_CODES
from xswitch.core.model import CredentialSourceKind, Problem, Role, SessionPlan
from xswitch.core.roles.sources import find_sso_role, has_static_keys

SECONDS_AFTER_A_TRY = 5.0
SECONDS_AFTER_A_SWITCH = 0.8
"""Time limits for the lookup in both accounts.

After a failed switch the user is already waiting, so the answer has to come within a second.
"""


def explain(
    broker: Broker, role: Role, options: SwitchOptions, ask: MfaPrompt, progress: Progress
) -> Explanation:
    """Run the chain and explain its failure: see `Actions.explain`."""
    ports = broker.ports
    snapshot = take_snapshot(ports.config)
    attempt = ChainAttempt(
        ports,
        snapshot,
        _plan(snapshot, role, options),
        SessionRequest(MfaCodes(ask, ports.process.mfa_process), progress),
        new_mfa=isinstance(ask, FixedMfaCode),
    )
    error: XswitchError | None = None
    try:
        attempt.run()
    except CancelledError:
        raise
    except XswitchError as failure:
        if not is_explainable(failure):
            raise
        error = failure
        progress("reading the policies in both accounts")
    return _SwitchAttempt(
        ports,
        snapshot,
        attempt.plan,
        tuple(attempt.hop_credentials),
        error,
        None if error is None else attempt.hop_number,
    ).explanation(SECONDS_AFTER_A_TRY, attempt.base_arn)


def explain_failure(
    broker: Broker, role: Role, error: XswitchError, options: SwitchOptions
) -> Explanation:
    """Explain a failed switch without a new attempt: see `Actions.explain_failure`."""
    if not is_explainable(error):
        raise error
    ports = broker.ports
    snapshot = take_snapshot(ports.config)
    plan = _plan(snapshot, role, options)
    valid_keys = _valid_session_keys(ports.storage, plan, ports.process.clock.now())
    number = failed_hop_number(plan, error, valid_keys)
    credentials = _stored_hop_credentials(ports, snapshot, plan, number, valid_keys)
    return _SwitchAttempt(ports, snapshot, plan, credentials, error, number).explanation(
        SECONDS_AFTER_A_SWITCH, ""
    )


def _sso_evidence(snapshot: ConfigSnapshot, plan: SessionPlan) -> SsoEvidence | None:
    """Return the Identity Center role that a chain starts from, None for other sources."""
    role, place = plan.role.sso, ""
    profile = snapshot.view.profiles.get(plan.base.profile or "")
    if plan.base.kind is not CredentialSourceKind.SSO:
        return None
    if profile is not None:
        origin = plan.base.origin or profile.origin
        place = f"{origin.file}:{origin.line}"
        found = find_sso_role(snapshot.view, profile)
        role = role or (None if isinstance(found, Problem) else found)
    if role is None:
        return None
    portal = role.address[0]
    known = [listed for listed in snapshot.portal_roles if listed.address[0] == portal]
    entry = next((listed for listed in known if listed.address == role.address), None)
    if entry is not None:
        listed = Listed.GONE if entry.is_gone else Listed.PRESENT
    else:
        finished = any(not listed.is_unfinished for listed in known)
        listed = Listed.ABSENT if finished else Listed.UNKNOWN
    return SsoEvidence(role, plan.role.name, place, listed)


def _plan(snapshot: ConfigSnapshot, role: Role, options: SwitchOptions) -> SessionPlan:
    return snapshot.plan(role, effective_overrides(snapshot, role, options))


@dataclass(frozen=True)
class _SwitchAttempt:
    """A switch, and how far it got."""

    ports: Ports
    snapshot: ConfigSnapshot
    plan: SessionPlan
    hop_credentials: tuple[HopCredentials, ...]
    """The credentials of each hop's call, as far as they are available."""
    error: XswitchError | None
    number: int | None
    """The number of the failed hop, 0 for the source credentials."""

    def explanation(self, seconds: float, base_arn: str) -> Explanation:
        """Explain it.

        Looks into both accounts for at most `seconds`, and only if that can help.
        """
        calls = hop_calls(self.plan)
        failure = None if self.error is None else failure_from_error(self.error)
        steps = [self._hop_evidence(call, base_arn) for call in calls]
        if failure is not None and self.number and failure.code in INSPECTABLE_CODES:
            at = self.number - 1
            caller, observations = self._look_up(calls[at], steps[at].caller, failure, seconds)
            steps[at] = replace(steps[at], caller=caller, observations=observations)
        base = self.plan.base
        return diagnose(
            Evidence(
                target=self.plan.role.principal or self.plan.role.name,
                base_profile=base.profile or base.kind.value,
                base_arn=base_arn or (steps[0].caller.arn if steps else ""),
                hops=tuple(steps),
                now=self.ports.process.clock.now(),
                failed=self.number,
                failure=failure,
                serials=other_mfa_serials(self.snapshot, self.plan),
                sso=_sso_evidence(self.snapshot, self.plan),
            )
        )

    def _credentials(self, call: HopCall) -> HopCredentials:
        if call.number <= len(self.hop_credentials):
            return self.hop_credentials[call.number - 1]
        return HopCredentials()

    def _hop_evidence(self, call: HopCall, base_arn: str) -> HopEvidence:
        caller = caller_with_credentials(
            call, self._credentials(call), self.plan, self.ports.process.clock.now()
        )
        if call.number == 1:
            caller = caller_with_identity(caller, base_arn)
        return HopEvidence(call.number, call.profile, call.asked, caller)

    def _look_up(
        self, call: HopCall, caller: Caller, failure: SwitchFailure, seconds: float
    ) -> tuple[Caller, Observations]:
        ports, now = self.ports, self.ports.process.clock.now()
        return Lookup(
            ports.aws,
            self.snapshot,
            self.plan,
            call,
            caller_with_identity(caller, parse_denial(failure.text).caller or caller.arn),
            self._credentials(call),
            IamReaders(ports.aws, ports.storage, ports.process.clock, self.snapshot),
            now,
        ).run(seconds)


def _valid_session_keys(
    storage: SessionStorage, plan: SessionPlan, now: datetime
) -> tuple[str, ...]:
    """Return the plan's session keys with a usable session in the index."""
    entries = storage.index.entries()
    keys = [hop.key for hop in plan.hops] + ([] if plan.mfa is None else [plan.mfa.key])
    return tuple(key for key in keys if key in entries and entries[key].usable_until > now)


def _stored_hop_credentials(
    ports: Ports,
    snapshot: ConfigSnapshot,
    plan: SessionPlan,
    number: int,
    valid_keys: tuple[str, ...],
) -> tuple[HopCredentials, ...]:
    """Return the stored credentials of every hop up to `number`.

    Uses source credentials only if they are static keys, which need no prompt.
    """
    keys = [None if plan.mfa is None else plan.mfa.key, *(hop.key for hop in plan.hops)]
    stored = [
        _stored_session_credentials(ports.storage, keys[at], valid_keys, mfa=at == 0)
        for at in range(min(number, len(plan.hops)))
    ]
    if stored and stored[0].credentials is None:
        stored[0] = _static_source_credentials(ports.aws, snapshot, plan)
    return tuple(stored)


def _stored_session_credentials(
    storage: SessionStorage, key: str | None, valid_keys: tuple[str, ...], *, mfa: bool
) -> HopCredentials:
    if key is None or key not in valid_keys:
        return HopCredentials()
    try:
        record = storage.load(key)
    except XswitchError:
        return HopCredentials()
    if record is None:
        return HopCredentials()
    return HopCredentials(record.credentials, record.issued_at, record.issued_at if mfa else None)


def _static_source_credentials(
    aws: Aws, snapshot: ConfigSnapshot, plan: SessionPlan
) -> HopCredentials:
    profile = snapshot.view.profiles.get(plan.base.profile or "")
    if (
        plan.mfa is not None
        or plan.base.kind is not CredentialSourceKind.STATIC_KEYS
        or profile is None
        or not has_static_keys(profile)
    ):
        return HopCredentials()
    try:
        return HopCredentials(
            aws.source_credentials.resolve(plan.base, snapshot.view, plan.endpoint)
        )
    except XswitchError:
        return HopCredentials()
