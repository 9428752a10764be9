"""Read the policies on both sides of a denied call, in parallel and with a time limit.

Uses only credentials that need no prompt: those of the call, stored sessions, static keys.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from xswitch.actions.explain.calls import HopCall, HopCredentials, caller_with_identity
from xswitch.actions.explain.readers import IamReader, IamReaders
from xswitch.actions.ports import Aws, Iam
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.access.model import PrincipalPolicies, RoleState, Simulation
from xswitch.core.errors import XswitchError
from xswitch.core.explain.evidence import Caller, Evidence, HopEvidence, Observations
from xswitch.core.explain.request_context import request_context
from xswitch.core.model import Credentials, Profile, SessionPlan
from xswitch.threads import run_all

_MAX_READERS = 4
POLICIES, SIMULATION, ROLE = "the caller's policies", "IAM's simulation", "the role"


@dataclass
class LookupResults:
    """The results so far, which several threads add to."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _caller: Caller = field(default_factory=Caller)
    _observations: Observations = field(default_factory=Observations)
    _read: dict[str, list[str]] = field(default_factory=dict)
    _failed: dict[str, list[str]] = field(default_factory=dict)

    def add_caller(self, caller: Caller) -> None:
        """Add the caller's identity."""
        with self._lock:
            self._caller = caller

    def add_policies(self, policies: PrincipalPolicies, reader: str) -> None:
        """Add the caller's policies, unless a more complete result is there."""
        with self._lock:
            existing = self._observations.principal_policies
            if existing is None or len(policies.unread) < len(existing.unread):
                self._observations = replace(self._observations, principal_policies=policies)
                self._read[POLICIES] = [
                    f"{POLICIES}, as {reader}",
                    *(f"not {unread}" for unread in policies.unread),
                ]

    def add_simulation(self, action: str, simulation: Simulation, reader: str) -> None:
        """Add the simulation of one action."""
        with self._lock:
            self._observations = replace(
                self._observations,
                simulations={**self._observations.simulations, action: simulation},
            )
            self._read[SIMULATION] = [f"{SIMULATION}, as {reader}"]

    def add_role(self, role: RoleState | None, reader: str) -> None:
        """Add the role, or that no role has its name."""
        with self._lock:
            self._observations = replace(
                self._observations,
                role=role or self._observations.role,
                role_missing=role is None,
            )
            self._read[ROLE] = [f"{ROLE}, as {reader}"]

    def add_role_list(self, roles: tuple[str, ...]) -> None:
        """Add the roles of the target account."""
        with self._lock:
            self._observations = replace(self._observations, roles=roles)

    def add_failure(self, subject: str, why: str) -> None:
        """Add a failed read, which counts only if no other reader succeeds."""
        with self._lock:
            self._failed.setdefault(subject, []).append(f"not {subject}: {why}")

    @property
    def complete(self) -> bool:
        """Whether all policies of the caller were read."""
        with self._lock:
            return self._observations.complete

    @property
    def state(self) -> tuple[Caller, Observations]:
        """The caller and the observations, with a note on everything that was read or wasn't."""
        with self._lock:
            notes = [note for read in self._read.values() for note in read]
            for subject in (POLICIES, SIMULATION, ROLE):
                if subject not in self._read:
                    notes += dict.fromkeys(
                        self._failed.get(subject, [f"not {subject}: no answer in time"])
                    )
            return self._caller, replace(self._observations, sources_read=tuple(notes))


@dataclass(frozen=True)
class Lookup:
    """The lookup for one denied call."""

    aws: Aws
    snapshot: ConfigSnapshot
    plan: SessionPlan
    call: HopCall
    caller: Caller
    used: HopCredentials
    readers: IamReaders
    now: datetime

    def run(self, seconds: float) -> tuple[Caller, Observations]:
        """Return what could be read within `seconds`."""
        results = LookupResults()
        results.add_caller(self.caller)
        run_all([partial(self._source, results), partial(self._target, results)], seconds)
        return results.state

    # -- source account

    def _source(self, results: LookupResults) -> None:
        caller, credentials = self.caller, self.used.credentials
        if credentials is not None and not caller.user_id:
            try:
                identity = self.aws.sts.get_caller_identity(credentials, self.plan.endpoint)
            except XswitchError as error:
                results.add_failure(POLICIES, f"the caller's identity is unknown ({error.code})")
            else:
                caller = caller_with_identity(caller, identity.arn, identity.user_id)
                results.add_caller(caller)
        if not caller.policy_arn:
            results.add_failure(POLICIES, "the caller is unknown")
            results.add_failure(SIMULATION, "the caller is unknown")
            return
        if credentials is not None:
            profile = self.snapshot.view.profiles.get(self._caller_profile)
            iam = self._open(credentials, profile, caller.partition)
            self._read_source(results, caller, iam, "itself")
        if not results.complete:
            self._read_source_as_others(results, caller)

    def _read_source_as_others(self, results: LookupResults, caller: Caller) -> None:
        for reader in self.readers.of(caller.account, self._own_keys)[:_MAX_READERS]:
            iam = self._open(reader.credentials, reader.profile, caller.partition)
            self._read_source(results, caller, iam, reader.name)
            if results.complete:
                return

    def _read_source(self, results: LookupResults, caller: Caller, iam: Iam, reader: str) -> None:
        works = [partial(self._read_policies, results, caller, iam, reader)]
        works += [
            partial(self._simulate, results, caller, iam, action, reader)
            for action in self.call.asked.actions
        ]
        run_all(works)

    def _read_policies(self, results: LookupResults, caller: Caller, iam: Iam, reader: str) -> None:
        try:
            results.add_policies(iam.policies_of(caller.policy_arn), reader)
        except XswitchError as error:
            results.add_failure(POLICIES, f"{error.code}, as {reader}")

    def _simulate(
        self, results: LookupResults, caller: Caller, iam: Iam, action: str, reader: str
    ) -> None:
        try:
            simulation = iam.simulate(
                caller.policy_arn, action, self.call.asked.role_arn, self._context(caller)
            )
        except XswitchError as error:
            results.add_failure(SIMULATION, f"{error.code}, as {reader}")
        else:
            results.add_simulation(action, simulation, reader)

    def _context(self, caller: Caller) -> dict[str, tuple[str, ...]]:
        """Return the simulation's request context, without the keys that IAM derives itself."""
        step = HopEvidence(self.call.number, self.call.profile, self.call.asked, caller)
        evidence = Evidence(self.call.asked.role_arn, "", "", (step,), self.now)
        return {
            key: value
            for key, value in request_context(evidence, step).values.items()
            if not key.startswith(("aws:principal", "aws:user", "aws:via"))
        }

    # -- target account

    def _target(self, results: LookupResults) -> None:
        role = self.call.asked.role
        if role is None:
            return
        readers = self.readers.of(role.account_id, self._own_keys)[:_MAX_READERS]
        if self.used.credentials is not None and self.caller.account == role.account_id:
            profile = self.snapshot.view.profiles.get(self._caller_profile)
            readers = (IamReader("the caller", self.used.credentials, profile), *readers)
        if not readers:
            results.add_failure(ROLE, f"no profile at hand is of {role.account_id}")
        run_all(
            [
                partial(self._read_role, results, reader, role.name, role.partition)
                for reader in readers
            ]
        )

    def _read_role(
        self, results: LookupResults, reader: IamReader, name: str, partition: str
    ) -> None:
        iam = self._open(reader.credentials, reader.profile, partition)
        try:
            role = iam.role_alone(name)
            results.add_role(role, reader.name)
            if role is None or role.arn != self.call.asked.role_arn:
                results.add_role_list(iam.roles())
        except XswitchError as error:
            results.add_failure(ROLE, f"{error.code}, as {reader.name}")

    # -- helpers

    @property
    def _caller_profile(self) -> str:
        """The profile with the caller's IAM endpoint: of the hop before, or of the source."""
        if self.call.number > 1:
            return self.plan.hops[self.call.number - 2].profile
        return self.plan.base.profile or self.call.profile

    @property
    def _own_keys(self) -> frozenset[str]:
        credentials = self.used.credentials
        return frozenset() if credentials is None else frozenset({credentials.access_key_id})

    def _open(self, credentials: Credentials, profile: Profile | None, partition: str) -> Iam:
        endpoint = self.snapshot.iam_endpoint(profile, partition or "aws")
        return self.aws.iam.open(credentials, endpoint)
