"""Run a chain against AWS hop by hop, and store nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from xswitch.actions.explain.calls import HopCredentials
from xswitch.actions.ports import Ports
from xswitch.actions.sessions.acquisition import Acquisition, SessionRequest
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.unlocked import resolve_source
from xswitch.actions.sessions.verification import check_identity
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.errors import XswitchError
from xswitch.core.errors.source_credentials import as_source_error
from xswitch.core.explain.non_policy import POLICY_CODES
from xswitch.core.model import Credentials, IndexEntry, SessionPlan
from xswitch.core.sessions.session_record import SessionRecord


class ChainAttempt(Broker):
    """A broker for one explanation, which makes new role sessions and stores nothing.

    It uses a stored MFA session as a switch does, because its age may be the cause, unless
    `new_mfa` is set.
    """

    def __init__(
        self,
        ports: Ports,
        snapshot: ConfigSnapshot,
        plan: SessionPlan,
        request: SessionRequest,
        *,
        new_mfa: bool,
    ) -> None:
        super().__init__(ports)
        self.hop_number = 0
        """The number of the current hop, 0 for the source credentials."""
        self.hop_credentials: list[HopCredentials] = []
        """The credentials of each hop's call."""
        self.base_arn = ""
        """The identity of the source credentials."""
        self._snapshot = snapshot
        self._acquisition = Acquisition(plan, snapshot.view, request)
        self._new_mfa = new_mfa
        self._new_sessions: dict[str, SessionRecord] = {}

    @property
    def plan(self) -> SessionPlan:
        """The plan, which changes if the source credentials turn out to be temporary."""
        return self._acquisition.plan

    def run(self) -> None:
        """Run the chain to its end.

        Raises what the source credentials and STS raise, MfaNeededError, CancelledError.
        """
        acquisition = self._acquisition
        source = acquisition.source_credentials = resolve_source(self.ports, acquisition)
        try:
            self.base_arn = self.ports.aws.sts.get_caller_identity(source, self.plan.endpoint).arn
        except XswitchError as error:
            # A network policy may deny even this call. A switch doesn't make it, so the denial says
            # nothing about the switch.
            if error.code not in POLICY_CODES:
                raise as_source_error(error, self._source_label(acquisition)) from None
        if not self.plan.role.kind.has_session:
            return
        record = self._obtain(acquisition)
        if self._snapshot.settings.verify_identity:
            acquisition.request.progress("asking AWS who this is")
            check_identity(
                self.plan.role,
                self.ports.aws.sts.get_caller_identity(record.credentials, self.plan.endpoint),
            )

    def _assume(
        self, acquisition: Acquisition, number: int, source: SessionRecord | Credentials
    ) -> SessionRecord:
        self.hop_number = number + 1
        # A hop that needs an MFA code is tried again with it
        del self.hop_credentials[number:]
        self.hop_credentials.append(
            HopCredentials(
                source.credentials, source.issued_at, source.issued_at if number == 0 else None
            )
            if isinstance(source, SessionRecord)
            else HopCredentials(source)
        )
        return super()._assume(acquisition, number, source)

    def _may_replace(self, acquisition: Acquisition, source: SessionRecord) -> bool:
        del acquisition, source
        return False

    def _load(self, acquisition: Acquisition, key: str) -> SessionRecord | None:
        mfa = acquisition.plan.mfa
        if key in self._new_sessions or mfa is None or key != mfa.key or self._new_mfa:
            return self._new_sessions.get(key)
        try:
            return self.ports.storage.load(key)
        except XswitchError:
            return None

    def _save(
        self,
        acquisition: Acquisition,
        record: SessionRecord,
        value: str,
        index_entry: Callable[[SessionRecord], IndexEntry],
    ) -> None:
        del acquisition, value, index_entry
        self._new_sessions[record.key] = record

    @contextmanager
    def _lock(self, acquisition: Acquisition, key: str, *, wait: bool = True) -> Iterator[None]:
        del acquisition, key, wait
        yield
