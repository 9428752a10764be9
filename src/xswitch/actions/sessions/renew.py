"""`renew`: fresh sessions side by side, with one MFA question for all."""

from __future__ import annotations

import shlex
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from xswitch.actions.api import Renewed, SwitchOptions
from xswitch.actions.ports import MfaPrompt, Ports, Progress
from xswitch.actions.sessions.broker import Broker, Wish
from xswitch.actions.sessions.managed_profiles import point_here, static_edits
from xswitch.actions.sessions.mfa import Questions
from xswitch.actions.sessions.publish import prune, publish, remember
from xswitch.actions.snapshot import Reading, read
from xswitch.actions.targets import role_for
from xswitch.core.errors import CancelledError, UsageError, XswitchError
from xswitch.core.model import Edit, Plan, Role
from xswitch.core.sessions.session_record import Record

AT_ONCE = 32  # nearly all of a renewal is waiting for STS, which throttles an account at some hundreds a second


def renew(broker: Broker, names: Sequence[str], ask: MfaPrompt, progress: Progress, *, everything: bool) -> tuple[Renewed, ...]:
    """See `Actions.renew`: results in the order asked for, each managed profile once.

    Raises CancelledError once everything that was under way has ended; what was renewed by then stays.
    """
    ports = broker.ports
    reading = read(ports)
    targets = _distinct([(name, _role(reading, name)) for name in (_all(ports, reading) if everything else names)])
    if not targets:
        return ()
    reading = point_here(ports, reading, [role.managed_profile for _, role in targets if isinstance(role, Role)])
    batch = _Batch(broker, reading, Questions(ask, ports.mfa_command), progress)
    with ThreadPoolExecutor(max_workers=min(AT_ONCE, len(targets)), thread_name_prefix="renew") as pool:
        results = list(pool.map(batch.one, targets))
    cancelled = next((result.error for result in results if isinstance(result.error, CancelledError)), None)
    if cancelled is not None:
        raise cancelled
    batch.write_down()
    with suppress(XswitchError):
        prune(ports)
    return tuple(results)


_Target = tuple[str, Role | XswitchError]


def _all(ports: Ports, reading: Reading) -> list[str]:
    """The managed profiles that have, or lately had, a session."""
    entries = sorted(ports.index.entries().values(), key=lambda entry: entry.managed_profile)
    return [entry.managed_profile for entry in entries if entry.kind == "role" and entry.managed_profile in reading.managed]


def _role(reading: Reading, name: str) -> Role | XswitchError:
    try:
        return role_for(reading, name, SwitchOptions())
    except XswitchError as error:
        return error


def _distinct(targets: Sequence[_Target]) -> list[_Target]:
    """The first target of every managed profile."""
    first: dict[str, _Target] = {}
    for name, found in targets:
        first.setdefault(found.managed_profile if isinstance(found, Role) else f"\0{name}", (name, found))
    return list(first.values())


class _Batch:
    """The renewals of one request: the same reading, the same questions, one change of the config at the end."""

    def __init__(self, broker: Broker, reading: Reading, questions: Questions, progress: Progress) -> None:
        self._ports = broker.ports
        self._broker = broker
        self._reading = reading
        self._questions = questions
        self._progress = progress
        self._cancelled = threading.Event()
        self._statics: list[tuple[Plan, Record]] = []

    def one(self, target: _Target) -> Renewed:
        """Renew one target; whatever XswitchError comes of it is its result."""
        name, role = target
        if isinstance(role, XswitchError):
            return Renewed(name, error=role)
        try:
            return Renewed(role.name, expires_at=self._session(role).expires_at)
        except CancelledError as error:
            self._cancelled.set()
            return Renewed(role.name, error=error)
        except XswitchError as error:
            return Renewed(role.name, error=error)

    def _session(self, role: Role) -> Record:
        reading = self._reading
        managed = role.managed_profile if reading.managed_profile(role.managed_profile) is not None else ""
        if role.guard is not None and role.guard.confirm and not managed:
            step = f"xswitch switch {shlex.quote(role.name)}"
            raise UsageError(f"{role.name} is guarded, and was not switched to yet.", next_step=step, code="guard_unconfirmed")
        plan = reading.plan(role, reading.kept_overrides(role.managed_profile))
        wish = Wish(self._questions, self._tell, force=True, managed_profile=managed)
        record = self._broker.session(plan, reading.view, wish).record
        if managed:
            with suppress(XswitchError):  # the session is there; the next use of it notes the rest
                remember(self._ports, plan, record, managed, static=bool(reading.static_beside(managed)))
                publish(self._ports, reading, plan, record, managed)
            if reading.static_beside(managed):
                self._statics.append((plan, record))
        return record

    def _tell(self, text: str) -> None:
        if self._cancelled.is_set():
            raise CancelledError("The renewal was stopped.")
        self._progress(text)

    def write_down(self) -> None:
        """Replace the keys of static profiles by those of the new sessions. Raises ConfigError."""
        edits: list[Edit] = []
        for plan, record in self._statics:
            managed = plan.role.managed_profile
            wanted = self._reading.view.profiles[managed].properties
            edits += static_edits(self._reading, managed, {key: found.value for key, found in wanted.items()}, record)
        if edits:
            self._ports.config.apply(edits)
