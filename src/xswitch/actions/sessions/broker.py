"""The session broker: from a plan to a living session, out of the vault or from STS, once for all who ask at the same time.

A chain is walked backwards: the role's own session first, then what it is made from, only as far as need be. Every session has its
own lock across processes, taken in the order of the chain (role, the role before, MFA session), which no two callers can take crosswise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from xswitch.actions.ports import Ports, Progress
from xswitch.actions.sessions.entries import role_entry
from xswitch.actions.sessions.mfa import Questions
from xswitch.actions.sessions.renewability import SOURCE_MARGIN, silent_until
from xswitch.actions.sessions.verification import refuse_incomplete, refuse_other_session
from xswitch.core.errors import AwsDeniedError, CancelledError, NetworkError, XswitchError
from xswitch.core.errors.source_credentials import Source, blame
from xswitch.core.errors.sts import BASE_CODES
from xswitch.core.model import BaseKind, ConfigView, Credentials, HistoryEntry, IndexEntry, MfaStep, Plan, PlannedHop, Problem, Secret
from xswitch.core.sessions import session_record
from xswitch.core.sessions.plan import for_temporary_base, mfa_process_for
from xswitch.core.sessions.session_record import Record

# A session "issued" later than now plus this was kept before the clock was set back: its times say nothing.
CLOCK_MARGIN = timedelta(minutes=5)
# Whoever has a living session does not wait for long until somebody else has renewed it.
PATIENCE_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class Wish:
    """How a session is wanted.

    `force` makes a new one whatever there is; `eager` already renews one that is due for renewal in the background; `interactive` says
    that a person started this. `managed_profile` is the profile the session will be served through, "" for none.
    """

    questions: Questions
    progress: Progress
    force: bool = False
    eager: bool = False
    interactive: bool = True
    managed_profile: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """What the broker found or made. `problems` holds why an aging session was served when a new one could not be had.

    `unreached` says that it was for want of an answer of AWS.
    """

    record: Record
    from_vault: bool
    problems: tuple[Problem, ...] = ()
    unreached: bool = False


@dataclass
class _Run:
    """One call of the broker; `made` are the keys of sessions it made itself, `base` is resolved at most once."""

    plan: Plan
    view: ConfigView
    wish: Wish
    base: Credentials | None = None
    made: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    unreached: bool = False

    @property
    def last(self) -> int:
        return len(self.plan.hops) - 1


class Broker:
    """Sessions by plan. Safe to call from several threads and processes at once; `ports` is the world it works in."""

    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    def session(self, plan: Plan, view: ConfigView, wish: Wish) -> Session:
        """A session of the plan's role.

        Raises VaultError when the vault can't be read or written, MfaNeededError, CancelledError, BaseCredentialsError, AwsDeniedError and
        NetworkError when a session had to be made and could not be.
        """
        run = _Run(plan, view, wish)
        try:
            record = self._ensure(run, run.last, force=wish.force)
        except XswitchError as error:
            self._note(run, error.code)
            raise
        made = record.key in run.made
        if made or wish.interactive:
            self._note(run, "new" if made else "kept")
        return Session(record, from_vault=not made, problems=tuple(run.problems), unreached=run.unreached and not made)

    def _note(self, run: _Run, result: str) -> None:
        role, request = run.plan.role, run.plan.hops[-1].request
        self.ports.history.record(HistoryEntry(self.ports.clock.now(), role.name, request.role_arn, request.session_name, result))

    def drop(self, key: str) -> None:
        """Forget one session, whatever became of it."""
        with self.ports.locks.hold(key):
            self._drop(key)

    # -- role sessions ---------------------------------------------------------------------------------------------

    def _ensure(self, run: _Run, number: int, *, force: bool = False) -> Record:
        """The session of hop `number`, out of the vault if it is fresh enough."""
        key = run.plan.hops[number].key
        found = self._look(key)
        now = self.ports.clock.now()
        if found is not None and not force and not self._due(run, found, number, now):
            if number == run.last and now >= found.soft_at and self._silent(run.plan, now):
                self.ports.background.renew(run.wish.managed_profile or run.plan.role.name)
            return found
        # Its last minute is of no use to a client either: what credential_process answers ends a minute early.
        living = found is not None and now < found.expires_at - SOURCE_MARGIN
        try:
            with self._turn(run, key, patient=force or not living):
                again = self._look(key)
                if again is not None and self._renewed(run, number, found, again, force=force):
                    return again
                return self._assume(run, number)
        except CancelledError:
            raise
        except XswitchError as error:
            if found is None or not living or force or (run.wish.eager and number == run.last):
                raise
            run.problems.append(
                Problem("not_renewed", f"The session could not be renewed yet: {error}", profile=run.plan.hops[number].profile)
            )
            run.unreached = isinstance(error, NetworkError)
            return found

    def _due(self, run: _Run, record: Record, number: int, now: datetime) -> bool:
        if record.issued_at > now + CLOCK_MARGIN:
            return True
        return now >= (record.soft_at if run.wish.eager and number == run.last else record.hard_at)

    def _renewed(self, run: _Run, number: int, before: Record | None, after: Record, *, force: bool) -> bool:
        """Whether somebody else made what we wanted while we waited for the lock."""
        if force and before is not None and before.credentials.access_key_id == after.credentials.access_key_id:
            return False
        return not self._due(run, after, number, self.ports.clock.now())

    def _assume(self, run: _Run, number: int) -> Record:
        source = self._source(run, number)
        try:
            return self._call(run, number, source.credentials if isinstance(source, Record) else source)
        except XswitchError as error:
            if not isinstance(source, Record):
                raise blame(error, self._blamed(run)) from None
            if not isinstance(error, AwsDeniedError) or error.code not in BASE_CODES or source.key in run.made:
                raise
        # AWS no longer takes the session we had kept; a new one of it may do, and is tried once.
        with self._turn(run, source.key):
            kept = self._look(source.key)
            if kept is not None and kept.credentials.access_key_id == source.credentials.access_key_id:
                self._drop(source.key)
        source = self._source(run, number)
        return self._call(run, number, source.credentials if isinstance(source, Record) else source)

    def _source(self, run: _Run, number: int) -> Record | Credentials:
        """What hop `number` is assumed with: the session before it, the MFA session, or the base."""
        if number > 0:
            self._settle(run)
            return self._ensure(run, number - 1)
        return self._base(run) if run.plan.mfa is None else self._mfa_session(run, run.plan.mfa)

    def _call(self, run: _Run, number: int, credentials: Credentials) -> Record:
        hop = run.plan.hops[number]
        request, endpoint = hop.request, run.plan.endpoint
        run.wish.progress(f"asking STS for {hop.profile}")
        if request.mfa_serial is None:
            assumed = self.ports.sts.assume_role(credentials, request, endpoint)
        else:
            assumed = run.wish.questions.answered(
                request.mfa_serial,
                hop.profile,
                mfa_process_for(run.view, run.plan.role),
                lambda code: self.ports.sts.assume_role(credentials, replace(request, mfa_code=Secret(code)), endpoint),
            )
        refuse_other_session(hop, assumed.arn)
        managed = run.wish.managed_profile if number == run.last else ""
        return self._keep(run, hop.key, assumed.credentials, lambda record: self._entry(record, hop, managed))

    # -- what chains start from ------------------------------------------------------------------------------------

    def _mfa_session(self, run: _Run, step: MfaStep) -> Record | Credentials:
        found = self._usable(step.key)
        if found is not None:
            return found
        with self._turn(run, step.key):
            found = self._usable(step.key)
            return found or run.wish.questions.once(step.key, lambda: self._make_mfa_session(run, step))

    def _make_mfa_session(self, run: _Run, step: MfaStep) -> Record | Credentials:
        # Who is asked to type a code first learns that the credentials it is for are there; a client that nobody watches, and that
        # will have no code, is not kept waiting for them. What a process gives can't be known without asking it.
        if run.wish.interactive or run.plan.base.kind is BaseKind.CREDENTIAL_PROCESS:
            base = self._base(run)
            if base.temporary:
                return base
        profile = run.plan.base.profile or ""

        def call(code: str) -> Credentials:
            base = self._base(run)
            run.wish.progress(f"asking STS for an MFA session of {profile or 'the environment'}")
            try:
                return self.ports.sts.get_session_token(base, step.serial, code, step.duration_seconds, run.plan.endpoint)
            except XswitchError as error:
                raise blame(error, self._blamed(run)) from None

        def entry(record: Record) -> IndexEntry:
            return IndexEntry(record.key, "mfa", profile, step.serial, record.issued_at, record.expires_at, last_used=record.issued_at)

        return self._keep(run, step.key, run.wish.questions.answered(step.serial, profile, step.mfa_process, call), entry)

    def _base(self, run: _Run) -> Credentials:
        if run.base is None:
            run.wish.progress(f"reading the credentials of {run.plan.base.profile or 'the environment'}")
            run.base = self.ports.base.resolve(run.plan.base, run.view, run.plan.endpoint)
            if run.base.temporary and not run.plan.base.temporary:
                run.plan = for_temporary_base(run.plan)
        return run.base

    def _blamed(self, run: _Run) -> Source:
        """The base, for a sentence with the command that gets it new credentials."""
        profile = run.view.profiles.get(run.plan.base.profile or "")
        return Source(run.plan.base, "" if profile is None else profile.get("sso_session") or "")

    def _settle(self, run: _Run) -> None:
        """Find out, before a later hop is made, whether that hop has to send a code of its own.

        It has to when the base turns out to be temporary; only a process's can, and only then the answer is worth asking for.
        """
        mfa, chain = run.plan.mfa, run.plan.role.chain
        if mfa is None or chain is None or run.plan.base.kind is not BaseKind.CREDENTIAL_PROCESS:
            return
        if chain.hops[0].mfa_serial != mfa.serial and self._usable(mfa.key) is None:
            self._base(run)

    # -- the vault and the index -----------------------------------------------------------------------------------

    def _look(self, key: str) -> Record | None:
        value = self.ports.vault.get(key)
        return None if value is None else session_record.decode(value, key)

    def _usable(self, key: str) -> Record | None:
        """A session that can still be a source."""
        found = self._look(key)
        return found if found is not None and self.ports.clock.now() < found.expires_at - SOURCE_MARGIN else None

    def _keep(self, run: _Run, key: str, credentials: Credentials, entry: Callable[[Record], IndexEntry]) -> Record:
        now = self.ports.clock.now()
        refuse_incomplete(credentials, now)
        value = session_record.encode(key, credentials, now)
        record = session_record.decode(value, key)
        if record is None:
            raise NetworkError("The answer of STS lacks a key.", next_step="xswitch doctor", code="incomplete_answer")
        self.ports.vault.put(key, value)
        run.made.add(key)
        try:
            self.ports.index.put(entry(record))
        except XswitchError as error:
            run.problems.append(Problem("index", f"The session is in the vault and not in the index: {error}"))
        return record

    def _entry(self, record: Record, hop: PlannedHop, managed_profile: str) -> IndexEntry:
        known = self.ports.index.entries().get(record.key)
        fresh = role_entry(record, hop)
        if known is None:
            return replace(fresh, managed_profile=managed_profile)
        return replace(fresh, managed_profile=managed_profile or known.managed_profile, static=known.static)

    def _drop(self, key: str) -> None:
        self.ports.vault.delete(key)
        self.ports.index.remove([key])

    def _silent(self, plan: Plan, now: datetime) -> bool:
        """Whether a renewal that asks nobody and runs no `mfa_process` can work, by the index."""
        until = silent_until(plan, self.ports.index.entries(), now)
        return until is None or now < until

    @contextmanager
    def _turn(self, run: _Run, key: str, *, patient: bool = True) -> Iterator[None]:
        limit = None if patient else PATIENCE_SECONDS
        with run.wish.questions.turn(key), self.ports.locks.hold(key, limit):
            yield
