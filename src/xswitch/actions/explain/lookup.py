"""Looking at both sides of a refused call, side by side and for a short time.

What did not arrive by then is not seen.

Only credentials that are at hand are used: those of the call, living sessions of the vault, static
keys. Nobody is asked anything.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import partial

from xswitch.actions.explain.calls import HopCall, HopCredentials, caller_with_identity
from xswitch.actions.explain.readers import IamReader, IamReaders
from xswitch.actions.iamport import Iam
from xswitch.actions.ports import Ports
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.access.model import PrincipalPolicies, RoleState, Simulation
from xswitch.core.arn import iam_region
from xswitch.core.errors import XswitchError
from xswitch.core.explain.evidence import Caller, Evidence, HopEvidence, Observations
from xswitch.core.explain.request_context import known
from xswitch.core.model import Credentials, Endpoint, Profile, SessionPlan
from xswitch.core.roles.endpoints import EndpointResolver
from xswitch.threads import run_all

_MAX_READERS = 4
POLICIES, SIMULATION, ROLE = "the caller's policies", "IAM's simulation", "the role"


@dataclass
class LookupResults:
    """What was found so far, by whichever thread; `state` is a copy of it at any moment."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _calling: Caller = field(default_factory=Caller)
    _sight: Observations = field(default_factory=Observations)
    _seen: dict[str, list[str]] = field(default_factory=dict)
    _unseen: dict[str, list[str]] = field(default_factory=dict)

    def identify(self, calling: Caller) -> None:
        """Who the caller is."""
        with self._lock:
            self._calling = calling

    def read(self, reading: PrincipalPolicies, who: str) -> None:
        """The caller's policies; the fuller of two readings counts."""
        with self._lock:
            before = self._sight.reading
            if before is None or len(reading.unread) < len(before.unread):
                self._sight = replace(self._sight, reading=reading)
                self._seen[POLICIES] = [
                    f"{POLICIES}, as {who}",
                    *(f"not {unread}" for unread in reading.unread),
                ]

    def simulated(self, action: str, simulation: Simulation, who: str) -> None:
        """What IAM's simulation says of one action."""
        with self._lock:
            self._sight = replace(
                self._sight, simulations={**self._sight.simulations, action: simulation}
            )
            self._seen[SIMULATION] = [f"{SIMULATION}, as {who}"]

    def found(self, role: RoleState | None, who: str) -> None:
        """The role, or that there is none of its name."""
        with self._lock:
            self._sight = replace(
                self._sight, role=role or self._sight.role, role_missing=role is None
            )
            self._seen[ROLE] = [f"{ROLE}, as {who}"]

    def listed(self, roles: tuple[str, ...]) -> None:
        """The roles of the target account."""
        with self._lock:
            self._sight = replace(self._sight, roles=roles)

    def refused(self, what: str, why: str) -> None:
        """Something could not be looked at; told only where nobody else could."""
        with self._lock:
            self._unseen.setdefault(what, []).append(f"not {what}: {why}")

    @property
    def complete(self) -> bool:
        """Whether the caller's policies were read whole."""
        with self._lock:
            return self._sight.complete

    @property
    def state(self) -> tuple[Caller, Observations]:
        """The caller and the sight as they are now, with a note of everything looked at, and of what could not be."""
        with self._lock:
            notes = [note for seen in self._seen.values() for note in seen]
            for what in (POLICIES, SIMULATION, ROLE):
                if what not in self._seen:
                    notes += dict.fromkeys(
                        self._unseen.get(what, [f"not {what}: no answer in time"])
                    )
            return self._calling, replace(self._sight, sources_read=tuple(notes))


@dataclass(frozen=True)
class Lookup:
    """One call to be looked at from both sides."""

    ports: Ports
    reading: ConfigSnapshot
    plan: SessionPlan
    call: HopCall
    caller_identity: Caller
    held: HopCredentials
    readers: IamReaders

    def run(self, seconds: float) -> tuple[Caller, Observations]:
        """What could be seen within `seconds`."""
        findings = LookupResults()
        findings.identify(self.caller_identity)
        run_all([partial(self._source, findings), partial(self._target, findings)], seconds)
        return findings.state

    # -- the caller's side
    # -------------------------------------------------------------------------------------------

    def _source(self, findings: LookupResults) -> None:
        calling, credentials = self.caller_identity, self.held.credentials
        if credentials is not None and not calling.user_id:
            try:
                identity = self.ports.sts.get_caller_identity(credentials, self.plan.endpoint)
            except XswitchError as error:
                findings.refused(POLICIES, f"who the caller is can't be asked ({error.code})")
            else:
                calling = caller_with_identity(calling, identity.arn, identity.user_id)
                findings.identify(calling)
        if not calling.policy_arn:
            findings.refused(POLICIES, "whose they are is not known")
            findings.refused(SIMULATION, "for whom is not known")
            return
        if credentials is not None:
            iam = self._open(
                credentials, self.reading.view.profiles.get(self._caller_profile), calling.partition
            )
            self._read_source(findings, calling, iam, "itself")
        if not findings.complete:
            self._others(findings, calling)

    def _others(self, findings: LookupResults, calling: Caller) -> None:
        """The same as others who may be able to read the caller's account."""
        for reader in self.readers.of(calling.account, self._own_keys)[:_MAX_READERS]:
            iam = self._open(reader.credentials, reader.profile, calling.partition)
            self._read_source(findings, calling, iam, reader.name)
            if findings.complete:
                return

    def _read_source(self, findings: LookupResults, calling: Caller, iam: Iam, who: str) -> None:
        works = [partial(self._policies, findings, calling, iam, who)]
        works += [
            partial(self._simulate, findings, calling, iam, action, who)
            for action in self.call.asked.actions
        ]
        run_all(works, None)

    def _policies(self, findings: LookupResults, calling: Caller, iam: Iam, who: str) -> None:
        try:
            findings.read(iam.policies_of(calling.policy_arn), who)
        except XswitchError as error:
            findings.refused(POLICIES, f"{error.code}, as {who}")

    def _simulate(
        self, findings: LookupResults, calling: Caller, iam: Iam, action: str, who: str
    ) -> None:
        try:
            simulation = iam.simulate(
                calling.policy_arn, action, self.call.asked.role_arn, self._context(calling)
            )
        except XswitchError as error:
            findings.refused(SIMULATION, f"{error.code}, as {who}")
        else:
            findings.simulated(action, simulation, who)

    def _context(self, calling: Caller) -> dict[str, tuple[str, ...]]:
        """What the simulation is told of the call.

        What follows from the identity itself IAM knows better.
        """
        step = HopEvidence(self.call.number, self.call.profile, self.call.asked, calling)
        evidence = Evidence(self.call.asked.role_arn, "", "", (step,), self.ports.clock.now())
        values = known(evidence, step).values
        return {
            key: value
            for key, value in values.items()
            if not key.startswith(("aws:principal", "aws:user", "aws:via"))
        }

    # -- the role's side
    # ---------------------------------------------------------------------------------------------

    def _target(self, findings: LookupResults) -> None:
        role = self.call.asked.role
        if role is None:
            return
        readers = self.readers.of(role.account_id, self._own_keys)[:_MAX_READERS]
        if self.held.credentials is not None and self.caller_identity.account == role.account_id:
            profile = self.reading.view.profiles.get(self._caller_profile)
            readers = (IamReader("the caller", self.held.credentials, profile), *readers)
        if not readers:
            findings.refused(ROLE, f"no profile at hand is of {role.account_id}")
        run_all(
            [
                partial(self._look, findings, reader, role.name, role.partition)
                for reader in readers
            ],
            None,
        )

    def _look(self, findings: LookupResults, reader: IamReader, name: str, partition: str) -> None:
        iam = self._open(reader.credentials, reader.profile, partition)
        try:
            role = iam.role_alone(name)
            findings.found(role, reader.name)
            if role is None or role.arn != self.call.asked.role_arn:
                findings.listed(iam.roles())
        except XswitchError as error:
            findings.refused(ROLE, f"{error.code}, as {reader.name}")

    # -- pieces
    # --------------------------------------------------------------------------------------------------------

    @property
    def _caller_profile(self) -> str:
        """The profile that says where the caller's IAM is: of the hop before, or the base."""
        return (
            self.plan.hops[self.call.number - 2].profile
            if self.call.number > 1
            else self.plan.base.profile or self.call.profile
        )

    @property
    def _own_keys(self) -> frozenset[str]:
        return (
            frozenset()
            if self.held.credentials is None
            else frozenset({self.held.credentials.access_key_id})
        )

    def _open(self, credentials: Credentials, profile: Profile | None, partition: str) -> Iam:
        return self.ports.iam.open(
            credentials, iam_endpoint(self.reading, profile, partition or "aws")
        )


def iam_endpoint(reading: ConfigSnapshot, profile: Profile | None, partition: str) -> Endpoint:
    """Where IAM is for a profile."""
    endpoint, _ = EndpointResolver(reading.view, reading.environment, "iam").of(profile, partition)
    return replace(endpoint, region=iam_region(partition))
