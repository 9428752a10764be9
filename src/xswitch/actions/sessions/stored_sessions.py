"""The sessions of the vault and the index, as the broker loads, stores, and locks them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime

from xswitch.actions.ports import Ports
from xswitch.actions.sessions.acquisition import Acquisition
from xswitch.actions.sessions.renewability import renewable_until
from xswitch.actions.sessions.unlocked import MAX_LOCK_WAIT_SECONDS
from xswitch.actions.sessions.verification import check_temporary_credentials
from xswitch.core.errors import ErrorCode, NetworkError, XswitchError
from xswitch.core.model import Credentials, IndexEntry, Problem, SessionPlan
from xswitch.core.sessions import session_record
from xswitch.core.sessions.key_variables import key_variables, surrounding_variables
from xswitch.core.sessions.session_record import SessionRecord


class StoredSessions:
    """Loads and stores the sessions that a broker makes."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    def _now(self) -> datetime:
        return self.ports.process.clock.now()

    def _load(self, acquisition: Acquisition, key: str) -> SessionRecord | None:  # noqa: ARG002 -- for subclasses
        return self.ports.storage.load(key)

    def _load_usable_source(self, acquisition: Acquisition, key: str) -> SessionRecord | None:
        record = self._load(acquisition, key)
        return record if record is not None and self._now() < record.usable_until else None

    def _store(
        self,
        acquisition: Acquisition,
        key: str,
        credentials: Credentials,
        index_entry: Callable[[SessionRecord], IndexEntry],
    ) -> SessionRecord:
        now = self._now()
        check_temporary_credentials(credentials, now)
        value = session_record.encode(key, credentials, now)
        record = session_record.decode(value, key)
        if record is None:
            raise NetworkError(
                "The response of STS lacks a key.",
                next_step="xswitch doctor",
                code=ErrorCode.INCOMPLETE_ANSWER,
            )
        acquisition.new_records[key] = record
        self._save(acquisition, record, value, index_entry)
        return record

    def _save(
        self,
        acquisition: Acquisition,
        record: SessionRecord,
        value: str,
        index_entry: Callable[[SessionRecord], IndexEntry],
    ) -> None:
        storage = self.ports.storage
        # A request that was under way answers its own caller, but puts nothing back
        if storage.forget_marks.changed(acquisition.marks, record.key):
            return
        storage.vault.put(record.key, value)
        try:
            storage.index.put(index_entry(record))
        except XswitchError as error:
            acquisition.problems.append(
                Problem("index", f"The session is in the vault, but not in the index: {error}")
            )
        # `forget` marks first and then deletes, so a session that it has missed is removed here
        if storage.forget_marks.changed(acquisition.marks, record.key):
            storage.vault.delete(record.key)
            with suppress(XswitchError):
                storage.index.remove([record.key])

    def _index_entry(
        self, plan: SessionPlan, record: SessionRecord, entry: IndexEntry, managed_profile: str
    ) -> IndexEntry:
        existing = self.ports.storage.index.entries().get(record.key)
        entry = replace(entry, variables=self._key_variables(plan))
        if existing is None:
            return replace(entry, managed_profile=managed_profile)
        return replace(
            entry,
            managed_profile=managed_profile or existing.managed_profile,
            static=existing.static,
        )

    def _key_variables(self, plan: SessionPlan) -> tuple[tuple[str, str], ...]:
        return (
            *key_variables(self.ports.config.environment.variables()),
            *surrounding_variables(plan.surroundings.facts),
        )

    def _can_renew_without_prompt(self, plan: SessionPlan, now: datetime) -> bool:
        """Whether, according to the index, a renewal works without prompt and `mfa_process`."""
        until = renewable_until(plan, self.ports.storage.index.entries(), now)
        return until is None or now < until

    @contextmanager
    def _lock(self, acquisition: Acquisition, key: str, *, wait: bool = True) -> Iterator[None]:
        limit = None if wait else MAX_LOCK_WAIT_SECONDS
        with (
            acquisition.request.mfa_codes.lock(key),
            self.ports.storage.locks.hold(key, limit),
        ):
            yield
