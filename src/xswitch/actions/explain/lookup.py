"""Looking at both sides of a refused call, side by side and for a short time: what did not arrive by then is not seen.

Only credentials that are at hand are used: those of the call, living sessions of the vault, static keys. Nobody is asked anything.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from functools import partial

from xswitch.actions.explain.calls import Call, Held, identified
from xswitch.actions.explain.readers import Reader, Readers
from xswitch.actions.iamport import Iam
from xswitch.actions.ports import Ports
from xswitch.actions.snapshot import Reading
from xswitch.core.access.model import PolicyReading, RoleState, Simulation
from xswitch.core.arn import iam_region
from xswitch.core.errors import XswitchError
from xswitch.core.explain.evidence import Calling, Evidence, Sight, Step
from xswitch.core.explain.request_context import known
from xswitch.core.model import Credentials, Endpoint, Plan, Profile
from xswitch.core.roles.endpoints import Endpoints
from xswitch.explain_together import together

_TRIED = 4
POLICIES, SIMULATION, ROLE = "the caller's policies", "IAM's simulation", "the role"


@dataclass
class Findings:
    """What was found so far, by whichever thread; `state` is a copy of it at any moment."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _calling: Calling = field(default_factory=Calling)
    _sight: Sight = field(default_factory=Sight)
    _seen: dict[str, list[str]] = field(default_factory=dict)
    _unseen: dict[str, list[str]] = field(default_factory=dict)

    def identify(self, calling: Calling) -> None:
        """Who the caller is."""
        with self._lock:
            self._calling = calling

    def read(self, reading: PolicyReading, who: str) -> None:
        """The caller's policies; the fuller of two readings counts."""
        with self._lock:
            before = self._sight.reading
            if before is None or len(reading.unread) < len(before.unread):
                self._sight = replace(self._sight, reading=reading)
                self._seen[POLICIES] = [f"{POLICIES}, as {who}", *(f"not {unread}" for unread in reading.unread)]

    def simulated(self, action: str, simulation: Simulation, who: str) -> None:
        """What IAM's simulation says of one action."""
        with self._lock:
            self._sight = replace(self._sight, simulations={**self._sight.simulations, action: simulation})
            self._seen[SIMULATION] = [f"{SIMULATION}, as {who}"]

    def found(self, role: RoleState | None, who: str) -> None:
        """The role, or that there is none of its name."""
        with self._lock:
            self._sight = replace(self._sight, role=role or self._sight.role, role_missing=role is None)
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
    def state(self) -> tuple[Calling, Sight]:
        """The caller and the sight as they are now, with a note of everything looked at, and of what could not be."""
        with self._lock:
            notes = [note for seen in self._seen.values() for note in seen]
            for what in (POLICIES, SIMULATION, ROLE):
                if what not in self._seen:
                    notes += dict.fromkeys(self._unseen.get(what, [f"not {what}: no answer in time"]))
            return self._calling, replace(self._sight, looked_at=tuple(notes))


@dataclass(frozen=True)
class Look:
    """One call to be looked at from both sides."""

    ports: Ports
    reading: Reading
    plan: Plan
    call: Call
    calling: Calling
    held: Held
    readers: Readers

    def run(self, seconds: float) -> tuple[Calling, Sight]:
        """What could be seen within `seconds`."""
        findings = Findings()
        findings.identify(self.calling)
        together([partial(self._source, findings), partial(self._target, findings)], seconds)
        return findings.state

    # -- the caller's side -------------------------------------------------------------------------------------------

    def _source(self, findings: Findings) -> None:
        calling, credentials = self.calling, self.held.credentials
        if credentials is not None and not calling.user_id:
            try:
                identity = self.ports.sts.get_caller_identity(credentials, self.plan.endpoint)
            except XswitchError as error:
                findings.refused(POLICIES, f"who the caller is can't be asked ({error.code})")
            else:
                calling = identified(calling, identity.arn, identity.user_id)
                findings.identify(calling)
        if not calling.policy_arn:
            findings.refused(POLICIES, "whose they are is not known")
            findings.refused(SIMULATION, "for whom is not known")
            return
        if credentials is not None:
            iam = self._open(credentials, self.reading.view.profiles.get(self._caller_profile), calling.partition)
            self._read_source(findings, calling, iam, "itself")
        if not findings.complete:
            self._others(findings, calling)

    def _others(self, findings: Findings, calling: Calling) -> None:
        """The same as others who may be able to read the caller's account."""
        for reader in self.readers.of(calling.account, self._own_keys)[:_TRIED]:
            iam = self._open(reader.credentials, reader.profile, calling.partition)
            self._read_source(findings, calling, iam, reader.name)
            if findings.complete:
                return

    def _read_source(self, findings: Findings, calling: Calling, iam: Iam, who: str) -> None:
        works = [partial(self._policies, findings, calling, iam, who)]
        works += [partial(self._simulate, findings, calling, iam, action, who) for action in self.call.asked.actions]
        together(works, None)

    def _policies(self, findings: Findings, calling: Calling, iam: Iam, who: str) -> None:
        try:
            findings.read(iam.policies_of(calling.policy_arn), who)
        except XswitchError as error:
            findings.refused(POLICIES, f"{error.code}, as {who}")

    def _simulate(self, findings: Findings, calling: Calling, iam: Iam, action: str, who: str) -> None:
        try:
            simulation = iam.simulate(calling.policy_arn, action, self.call.asked.role_arn, self._context(calling))
        except XswitchError as error:
            findings.refused(SIMULATION, f"{error.code}, as {who}")
        else:
            findings.simulated(action, simulation, who)

    def _context(self, calling: Calling) -> dict[str, tuple[str, ...]]:
        """What the simulation is told of the call; what follows from the identity itself IAM knows better."""
        step = Step(self.call.number, self.call.profile, self.call.asked, calling)
        evidence = Evidence(self.call.asked.role_arn, "", "", (step,), self.ports.clock.now())
        values = known(evidence, step).values
        return {key: value for key, value in values.items() if not key.startswith(("aws:principal", "aws:user", "aws:via"))}

    # -- the role's side ---------------------------------------------------------------------------------------------

    def _target(self, findings: Findings) -> None:
        role = self.call.asked.role
        if role is None:
            return
        readers = self.readers.of(role.account_id, self._own_keys)[:_TRIED]
        if self.held.credentials is not None and self.calling.account == role.account_id:
            profile = self.reading.view.profiles.get(self._caller_profile)
            readers = (Reader("the caller", self.held.credentials, profile), *readers)
        if not readers:
            findings.refused(ROLE, f"no profile at hand is of {role.account_id}")
        together([partial(self._look, findings, reader, role.name, role.partition) for reader in readers], None)

    def _look(self, findings: Findings, reader: Reader, name: str, partition: str) -> None:
        iam = self._open(reader.credentials, reader.profile, partition)
        try:
            role = iam.role_alone(name)
            findings.found(role, reader.name)
            if role is None or role.arn != self.call.asked.role_arn:
                findings.listed(iam.roles())
        except XswitchError as error:
            findings.refused(ROLE, f"{error.code}, as {reader.name}")

    # -- pieces --------------------------------------------------------------------------------------------------------

    @property
    def _caller_profile(self) -> str:
        """The profile that says where the caller's IAM is: of the hop before, or the base."""
        return self.plan.hops[self.call.number - 2].profile if self.call.number > 1 else self.plan.base.profile or self.call.profile

    @property
    def _own_keys(self) -> frozenset[str]:
        return frozenset() if self.held.credentials is None else frozenset({self.held.credentials.access_key_id})

    def _open(self, credentials: Credentials, profile: Profile | None, partition: str) -> Iam:
        return self.ports.iam.open(credentials, iam_endpoint(self.reading, profile, partition or "aws"))


def iam_endpoint(reading: Reading, profile: Profile | None, partition: str) -> Endpoint:
    """Where IAM is for a profile."""
    endpoint, _ = Endpoints(reading.view, reading.environment, "iam").of(profile, partition)
    return replace(endpoint, region=iam_region(partition))
