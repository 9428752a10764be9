"""`renew`: fresh sessions side by side, with one MFA question for all."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from xswitch.actions.api import RenewResult, SwitchOptions
from xswitch.actions.ports import MfaPrompt, Ports, Progress
from xswitch.actions.sessions.broker import Broker, SessionRequest
from xswitch.actions.sessions.managed_profiles import static_edits, update_credential_process
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.sessions.publish import prune_expired_sessions, publish, update_index_entry
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.actions.targets import resolve_role
from xswitch.core.errors import CancelledError, ErrorCode, UsageError, XswitchError
from xswitch.core.model import ProfileEdit, Role, SessionPlan
from xswitch.core.sessions.session_record import SessionRecord

# Nearly all of a renewal is waiting for STS, which throttles an account at some hundreds a second
MAX_CONCURRENT_RENEWALS = 32


def renew(
    broker: Broker, names: Sequence[str], ask: MfaPrompt, progress: Progress, *, everything: bool
) -> tuple[RenewResult, ...]:
    """See `Actions.renew`: results in the order asked for, each managed profile once.

    Raises CancelledError once everything that was under way has ended; what was renewed by then
    stays.
    """
    ports = broker.ports
    snapshot = take_snapshot(ports)
    targets = _unique_targets(
        [
            (name, _resolve_or_error(snapshot, name))
            for name in (_all_managed_profiles(ports, snapshot) if everything else names)
        ]
    )
    if not targets:
        return ()
    snapshot = update_credential_process(
        ports, snapshot, [role.managed_profile for _, role in targets if isinstance(role, Role)]
    )
    batch = _RenewalBatch(broker, snapshot, MfaCodes(ask, ports.mfa_command), progress)
    with ThreadPoolExecutor(
        max_workers=min(MAX_CONCURRENT_RENEWALS, len(targets)), thread_name_prefix="renew"
    ) as pool:
        results = list(pool.map(batch.one, targets))
    cancelled = next(
        (result.error for result in results if isinstance(result.error, CancelledError)), None
    )
    if cancelled is not None:
        raise cancelled
    batch.update_static_profiles()
    with suppress(XswitchError):
        prune_expired_sessions(ports)
    return tuple(results)


_Target = tuple[str, Role | XswitchError]


def _all_managed_profiles(ports: Ports, snapshot: ConfigSnapshot) -> list[str]:
    """The managed profiles that have, or lately had, a session."""
    entries = sorted(ports.index.entries().values(), key=lambda entry: entry.managed_profile)
    return [
        entry.managed_profile
        for entry in entries
        if entry.kind == "role" and entry.managed_profile in snapshot.managed
    ]


def _resolve_or_error(snapshot: ConfigSnapshot, name: str) -> Role | XswitchError:
    try:
        return resolve_role(snapshot, name, SwitchOptions())
    except XswitchError as error:
        return error


def _unique_targets(targets: Sequence[_Target]) -> list[_Target]:
    """The first target of every managed profile."""
    first: dict[str, _Target] = {}
    for name, found in targets:
        first.setdefault(
            found.managed_profile if isinstance(found, Role) else f"\0{name}", (name, found)
        )
    return list(first.values())


class _RenewalBatch:
    """The renewals of one request.

    The same reading, the same questions, one change of the config at the end.
    """

    def __init__(
        self, broker: Broker, snapshot: ConfigSnapshot, questions: MfaCodes, progress: Progress
    ) -> None:
        self._ports = broker.ports
        self._broker = broker
        self._reading = snapshot
        self._questions = questions
        self._progress = progress
        self._cancelled = threading.Event()
        self._statics: list[tuple[SessionPlan, SessionRecord]] = []

    def one(self, target: _Target) -> RenewResult:
        """Renew one target; whatever XswitchError comes of it is its result."""
        name, role = target
        if isinstance(role, XswitchError):
            return RenewResult(name, error=role)
        try:
            return RenewResult(role.name, expires_at=self._session(role).expires_at)
        except CancelledError as error:
            self._cancelled.set()
            return RenewResult(role.name, error=error)
        except XswitchError as error:
            return RenewResult(role.name, error=error)

    def _session(self, role: Role) -> SessionRecord:
        snapshot = self._reading
        managed = (
            role.managed_profile
            if snapshot.managed_profile(role.managed_profile) is not None
            else ""
        )
        if role.guard is not None and role.guard.confirm and not managed:
            step = f"xswitch switch {shlex.quote(role.name)}"
            raise UsageError(
                f"{role.name} is guarded, and was not switched to yet.",
                next_step=step,
                code=ErrorCode.GUARD_UNCONFIRMED,
            )
        plan = snapshot.plan(role, snapshot.stored_overrides(role.managed_profile))
        session_request = SessionRequest(
            self._questions, self._tell, force=True, managed_profile=managed
        )
        record = self._broker.session(plan, snapshot.view, session_request).record
        if managed:
            with suppress(XswitchError):  # the session is there; the next use of it notes the rest
                update_index_entry(
                    self._ports,
                    plan,
                    record,
                    managed,
                    static=bool(snapshot.static_profile_for(managed)),
                )
                publish(self._ports, snapshot, plan, record, managed)
            if snapshot.static_profile_for(managed):
                self._statics.append((plan, record))
        return record

    def _tell(self, text: str) -> None:
        if self._cancelled.is_set():
            raise CancelledError("The renewal was stopped.")
        self._progress(text)

    def update_static_profiles(self) -> None:
        """Replace the keys of static profiles by those of the new sessions. Raises ConfigError."""
        edits: list[ProfileEdit] = []
        for plan, record in self._statics:
            managed = plan.role.managed_profile
            wanted = self._reading.view.profiles[managed].properties
            edits += static_edits(
                self._reading, managed, {key: found.value for key, found in wanted.items()}, record
            )
        if edits:
            self._ports.config.apply(edits)
