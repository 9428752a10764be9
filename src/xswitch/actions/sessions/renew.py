"""`renew`: get new sessions in parallel, with one MFA prompt for all."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

from xswitch.actions.ports import Marks, MfaPrompt, Progress, SessionStorage
from xswitch.actions.results import RenewResult, SwitchOptions
from xswitch.actions.sessions.acquisition import SessionRequest, forgotten_error
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.managed_profiles import (
    ensure_bound,
    follow_sessions,
    update_credential_process,
)
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.sessions.other_session import with_other_session
from xswitch.actions.sessions.publish import Publisher
from xswitch.actions.snapshot import STATIC_SUFFIX, ConfigSnapshot, take_snapshot
from xswitch.actions.targets import current_role, resolve_role
from xswitch.core.errors import (
    CancelledError,
    ErrorCode,
    MfaNeededError,
    UsageError,
    XswitchError,
)
from xswitch.core.model import Problem, Role
from xswitch.core.sessions.session_record import SessionRecord
from xswitch.core.text import last_argument

# A renewal mostly waits for STS, which throttles an account at some hundreds of calls a second.
MAX_CONCURRENT_RENEWALS = 32

_Target = tuple[str, Role | XswitchError]


def renew(  # noqa: PLR0913 -- see `Actions.renew`
    broker: Broker,
    names: Sequence[str],
    ask: MfaPrompt,
    progress: Progress,
    *,
    all_sessions: bool,
    shown: Sequence[Role] = (),
) -> tuple[RenewResult, ...]:
    """Renew sessions: see `Actions.renew`.

    The results are in the order of `names`, with each managed profile once. Raises CancelledError
    once all running renewals have ended; sessions renewed by then are stored.
    """
    ports = broker.ports
    marks = ports.storage.forget_marks.read()
    snapshot = take_snapshot(ports.config)
    shown_by_name = {role.name: role for role in shown}
    targets = _unique_targets(
        [
            (name, _resolve_or_error(snapshot, name, shown_by_name))
            for name in (_all_managed_profiles(ports.storage, snapshot) if all_sessions else names)
        ]
    )
    if not targets:
        return ()
    snapshot = update_credential_process(
        ports.config,
        snapshot,
        [role.managed_profile for _, role in targets if isinstance(role, Role)],
    )
    batch = _RenewalBatch(
        broker, snapshot, MfaCodes(ask, ports.process.mfa_process), progress, marks
    )
    with ThreadPoolExecutor(
        max_workers=min(MAX_CONCURRENT_RENEWALS, len(targets)), thread_name_prefix="renew"
    ) as pool:
        results = list(pool.map(batch.result, targets))
    cancelled = next(
        (result.error for result in results if isinstance(result.error, CancelledError)), None
    )
    if cancelled is not None:
        raise cancelled
    problems = batch.update_static_profiles()
    with suppress(XswitchError):
        batch.publisher.prune()
    ports.remove_leftovers()
    return (*results[:-1], replace(results[-1], problems=problems))


def _all_managed_profiles(storage: SessionStorage, snapshot: ConfigSnapshot) -> list[str]:
    """Return the managed profiles with an indexed session, expired ones included."""
    entries = sorted(storage.index.entries().values(), key=lambda entry: entry.managed_profile)
    return [entry.managed_profile for entry in entries if entry.managed_profile in snapshot.managed]


def _resolve_or_error(
    snapshot: ConfigSnapshot, name: str, shown: Mapping[str, Role]
) -> Role | XswitchError:
    try:
        if name in shown:  # not another one that resembles it, if it's gone
            role = current_role(snapshot, shown[name], SwitchOptions())
        else:
            role = resolve_role(snapshot, name, SwitchOptions())
            if role.name in shown:
                current_role(snapshot, shown[role.name], SwitchOptions())
        return snapshot.served_role(role)
    except XswitchError as error:
        return error


def _unique_targets(targets: Sequence[_Target]) -> list[_Target]:
    """Return the first target of each managed profile."""
    first: dict[str, _Target] = {}
    for name, role in targets:
        key = role.managed_profile if isinstance(role, Role) else f"\0{name}"
        first.setdefault(key, (name, role))
    return list(first.values())


class _RenewalBatch:
    """The renewals of one request, with one config change at the end."""

    def __init__(
        self,
        broker: Broker,
        snapshot: ConfigSnapshot,
        mfa_codes: MfaCodes,
        progress: Progress,
        marks: Marks,
    ) -> None:
        self.publisher = Publisher(broker.ports.storage, broker.ports.process.clock)
        self._broker = broker
        self._snapshot = snapshot
        self._mfa_codes = mfa_codes
        self._progress = progress
        self._marks = marks
        self._cancelled = threading.Event()
        self._new_records: dict[str, SessionRecord] = {}

    def result(self, target: _Target) -> RenewResult:
        """Renew one target, and return a failure as its result."""
        _, role = target
        result = self._renew(target)
        return (
            replace(result, managed_profile=self._managed(role))
            if isinstance(role, Role)
            else result
        )

    def _managed(self, role: Role) -> str:
        name = role.managed_profile
        return name if self._snapshot.managed_profile(name) is not None else ""

    def _renew(self, target: _Target) -> RenewResult:
        name, role = target
        if isinstance(role, XswitchError):
            return RenewResult(name, error=role)
        try:
            return RenewResult(role.name, expires_at=self._session(role).expires_at)
        except CancelledError as error:
            self._cancelled.set()
            return RenewResult(role.name, error=error)
        except MfaNeededError as error:
            ports, overrides = self._broker.ports, self._snapshot.stored_overrides
            return RenewResult(
                role.name,
                error=with_other_session(
                    error,
                    self._snapshot,
                    lambda other: other.plan(
                        other.roles_by_name.get(role.name, role), overrides(role.managed_profile)
                    ),
                    ports.storage.index.entries(),
                    ports.process.clock.now(),
                ),
            )
        except XswitchError as error:
            return RenewResult(role.name, error=error)

    def _session(self, role: Role) -> SessionRecord:
        snapshot = self._snapshot
        managed = self._managed(role)
        if role.guard is not None and role.guard.confirm and not managed:
            raise UsageError(
                f"{role.name} is guarded, and you haven't switched to it yet.",
                next_step=f"xswitch switch {last_argument(role.name)}",
                code=ErrorCode.GUARD_UNCONFIRMED,
            )
        if not role.kind.has_session:
            raise UsageError(
                f"{role.name} has no session to renew.",
                why="AWS programs get its credentials from the profile itself.",
                next_step=f"xswitch switch {last_argument(role.name)}",
                code=ErrorCode.NO_SESSION,
            )
        ensure_bound(snapshot, role, role.managed_profile, None)
        plan = snapshot.plan(role, snapshot.stored_overrides(role.managed_profile))
        request = SessionRequest(
            self._mfa_codes,
            self._report,
            force_renewal=True,
            managed_profile=managed,
            marks=self._marks,
        )
        session = self._broker.session(plan, snapshot.view, request)
        if session.forgotten:
            raise forgotten_error(role.name, f"xswitch switch {last_argument(role.name)}")
        record = session.record
        self._new_records |= {record.key: record, **session.new_records}
        if managed:
            static = bool(snapshot.static_profile_for(managed))
            with suppress(XswitchError):  # the session is stored; its next use publishes it again
                self.publisher.record_use(plan, record, managed, static=static)
                self.publisher.publish(snapshot, plan, record, managed)
            if self._is_forgotten(plan.key):
                for profile in (managed, managed + STATIC_SUFFIX):
                    with suppress(XswitchError):
                        self.publisher.remove(profile)
                raise forgotten_error(role.name, f"xswitch switch {last_argument(role.name)}")
        return record

    def _report(self, text: str) -> None:
        if self._cancelled.is_set():
            raise CancelledError("You stopped the renewal.")
        self._progress(text)

    def update_static_profiles(self) -> tuple[Problem, ...]:
        """Write the new keys of static profiles; return a problem for each that keeps its own."""
        _, problems = follow_sessions(
            self._broker.ports.config,
            self._snapshot,
            self._new_records,
            self.publisher,
            self._is_forgotten,
        )
        return problems

    def _is_forgotten(self, key: str) -> bool:
        return self._broker.ports.storage.forget_marks.changed(self._marks, key)
