"""The session broker.

From a plan to a living session, out of the vault or from STS, once for all who ask at the same
time.

A chain is walked backwards: the role's own session first, then what it is made from, only as far as
need be. Every session has its own lock across processes, taken in the order of the chain (role, the
role before, MFA session), which no two callers can take crosswise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from xswitch.actions.ports import Ports, Progress
from xswitch.actions.sessions.entries import role_index_entry
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.sessions.renewability import MIN_SOURCE_LIFETIME, renewable_until
from xswitch.actions.sessions.verification import check_assumed_role, check_temporary_credentials
from xswitch.core.errors import (
    AwsDeniedError,
    CancelledError,
    ErrorCode,
    NetworkError,
    XswitchError,
)
from xswitch.core.errors.source_credentials import SourceLabel, as_source_error
from xswitch.core.errors.sts import CREDENTIALS_ERROR_CODES
from xswitch.core.model import (
    ConfigView,
    Credentials,
    CredentialSourceKind,
    HistoryEntry,
    IndexEntry,
    PlannedHop,
    PlannedMfaSession,
    Problem,
    Secret,
    SessionPlan,
)
from xswitch.core.sessions import session_record
from xswitch.core.sessions.plan import mfa_process_for, with_temporary_source
from xswitch.core.sessions.session_record import SessionRecord

# A session "issued" later than now plus this was kept before the clock was set back: its times say
# nothing.
CLOCK_MARGIN = timedelta(minutes=5)
# Whoever has a living session does not wait for long until somebody else has renewed it.
MAX_LOCK_WAIT_SECONDS = 15.0


@dataclass(frozen=True, slots=True)
class SessionRequest:
    """How a session is wanted.

    `force` makes a new one whatever there is; `eager` already renews one that is due for renewal in
    the background; `interactive` says that a person started this. `managed_profile` is the profile
    the session will be served through, "" for none.
    """

    questions: MfaCodes
    progress: Progress
    force: bool = False
    eager: bool = False
    interactive: bool = True
    managed_profile: str = ""


@dataclass(frozen=True, slots=True)
class SessionResult:
    """What the broker found or made.

    `problems` holds why an aging session was served when a new one could not be had.

    `aws_unreachable` says that it was for want of an answer of AWS.
    """

    record: SessionRecord
    from_vault: bool
    problems: tuple[Problem, ...] = ()
    aws_unreachable: bool = False


@dataclass
class _Acquisition:
    """One call of the broker.

    `made` are the keys of sessions it made itself, `base` is resolved at most once.
    """

    plan: SessionPlan
    view: ConfigView
    session_request: SessionRequest
    base: Credentials | None = None
    made: set[str] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)
    aws_unreachable: bool = False

    @property
    def last(self) -> int:
        return len(self.plan.hops) - 1


class Broker:
    """Sessions by plan.

    Safe to call from several threads and processes at once; `ports` is the world it works in.
    """

    def __init__(self, ports: Ports) -> None:
        self.ports = ports

    def session(
        self, plan: SessionPlan, view: ConfigView, session_request: SessionRequest
    ) -> SessionResult:
        """A session of the plan's role.

        Raises VaultError when the vault can't be read or written, MfaNeededError, CancelledError,
        SourceCredentialsError, AwsDeniedError and NetworkError when a session had to be made and
        could not be.
        """
        run = _Acquisition(plan, view, session_request)
        try:
            record = self._ensure_session(run, run.last, force=session_request.force)
        except XswitchError as error:
            self._note(run, error.code)
            raise
        made = record.key in run.made
        if made or session_request.interactive:
            self._note(run, "new" if made else "kept")
        return SessionResult(
            record,
            from_vault=not made,
            problems=tuple(run.problems),
            aws_unreachable=run.aws_unreachable and not made,
        )

    def _note(self, run: _Acquisition, result: str) -> None:
        role, request = run.plan.role, run.plan.hops[-1].request
        self.ports.history.record(
            HistoryEntry(
                self.ports.clock.now(), role.name, request.role_arn, request.session_name, result
            )
        )

    def drop(self, key: str) -> None:
        """Forget one session, whatever became of it."""
        with self.ports.locks.hold(key):
            self._delete_session(key)

    # -- role sessions
    # ---------------------------------------------------------------------------------------------

    def _ensure_session(
        self, run: _Acquisition, number: int, *, force: bool = False
    ) -> SessionRecord:
        """The session of hop `number`, out of the vault if it is fresh enough."""
        key = run.plan.hops[number].key
        found = self._look(key)
        now = self.ports.clock.now()
        if found is not None and not force and not self._needs_refresh(run, found, number, now):
            if (
                number == run.last
                and now >= found.advisory_refresh_at
                and self._can_renew_without_prompt(run.plan, now)
            ):
                self.ports.background.renew(
                    run.session_request.managed_profile or run.plan.role.name
                )
            return found
        # Its last minute is of no use to a client either: what credential_process answers ends a
        # minute early.
        living = found is not None and now < found.expires_at - MIN_SOURCE_LIFETIME
        try:
            with self._turn(run, key, patient=force or not living):
                again = self._look(key)
                if again is not None and self._renewed(run, number, found, again, force=force):
                    return again
                return self._assume_with_retry(run, number)
        except CancelledError:
            raise
        except XswitchError as error:
            if (
                found is None
                or not living
                or force
                or (run.session_request.eager and number == run.last)
            ):
                raise
            run.problems.append(
                Problem(
                    "not_renewed",
                    f"The session could not be renewed yet: {error}",
                    profile=run.plan.hops[number].profile,
                )
            )
            run.aws_unreachable = isinstance(error, NetworkError)
            return found

    def _needs_refresh(
        self, run: _Acquisition, record: SessionRecord, number: int, now: datetime
    ) -> bool:
        if record.issued_at > now + CLOCK_MARGIN:
            return True
        return now >= (
            record.advisory_refresh_at
            if run.session_request.eager and number == run.last
            else record.mandatory_refresh_at
        )

    def _renewed(
        self,
        run: _Acquisition,
        number: int,
        before: SessionRecord | None,
        after: SessionRecord,
        *,
        force: bool,
    ) -> bool:
        """Whether somebody else made what we wanted while we waited for the lock."""
        if (
            force
            and before is not None
            and before.credentials.access_key_id == after.credentials.access_key_id
        ):
            return False
        return not self._needs_refresh(run, after, number, self.ports.clock.now())

    def _assume_with_retry(self, run: _Acquisition, number: int) -> SessionRecord:
        source = self._source(run, number)
        try:
            return self._call(
                run, number, source.credentials if isinstance(source, SessionRecord) else source
            )
        except XswitchError as error:
            if not isinstance(source, SessionRecord):
                raise as_source_error(error, self._source_label(run)) from None
            if (
                not isinstance(error, AwsDeniedError)
                or error.code not in CREDENTIALS_ERROR_CODES
                or source.key in run.made
            ):
                raise
        # AWS no longer takes the session we had kept; a new one of it may do, and is tried once.
        with self._turn(run, source.key):
            kept = self._look(source.key)
            if (
                kept is not None
                and kept.credentials.access_key_id == source.credentials.access_key_id
            ):
                self._delete_session(source.key)
        source = self._source(run, number)
        return self._call(
            run, number, source.credentials if isinstance(source, SessionRecord) else source
        )

    def _source(self, run: _Acquisition, number: int) -> SessionRecord | Credentials:
        """What hop `number` is assumed with.

        The session before it, the MFA session, or the base.
        """
        if number > 0:
            self._settle(run)
            return self._ensure_session(run, number - 1)
        return self._base(run) if run.plan.mfa is None else self._mfa_session(run, run.plan.mfa)

    def _call(self, run: _Acquisition, number: int, credentials: Credentials) -> SessionRecord:
        hop = run.plan.hops[number]
        request, endpoint = hop.request, run.plan.endpoint
        run.session_request.progress(f"asking STS for {hop.profile}")
        if request.mfa_serial is None:
            assumed = self.ports.sts.assume_role(credentials, request, endpoint)
        else:
            assumed = run.session_request.questions.answered(
                request.mfa_serial,
                hop.profile,
                mfa_process_for(run.view, run.plan.role),
                lambda code: self.ports.sts.assume_role(
                    credentials, replace(request, mfa_code=Secret(code)), endpoint
                ),
            )
        check_assumed_role(hop, assumed.arn)
        managed = run.session_request.managed_profile if number == run.last else ""
        return self._keep(
            run, hop.key, assumed.credentials, lambda record: self._entry(record, hop, managed)
        )

    # -- what chains start from
    # ------------------------------------------------------------------------------------

    def _mfa_session(
        self, run: _Acquisition, step: PlannedMfaSession
    ) -> SessionRecord | Credentials:
        found = self._load_usable_source(step.key)
        if found is not None:
            return found
        with self._turn(run, step.key):
            found = self._load_usable_source(step.key)
            return found or run.session_request.questions.once(
                step.key, lambda: self._make_mfa_session(run, step)
            )

    def _make_mfa_session(
        self, run: _Acquisition, step: PlannedMfaSession
    ) -> SessionRecord | Credentials:
        # Who is asked to type a code first learns that the credentials it is for are there; a
        # client that nobody watches, and that will have no code, is not kept waiting for them. What
        # a process gives can't be known without asking it.
        if (
            run.session_request.interactive
            or run.plan.base.kind is CredentialSourceKind.CREDENTIAL_PROCESS
        ):
            base = self._base(run)
            if base.temporary:
                return base
        profile = run.plan.base.profile or ""

        def call(code: str) -> Credentials:
            base = self._base(run)
            run.session_request.progress(
                f"asking STS for an MFA session of {profile or 'the environment'}"
            )
            try:
                return self.ports.sts.get_session_token(
                    base, step.serial, code, step.duration_seconds, run.plan.endpoint
                )
            except XswitchError as error:
                raise as_source_error(error, self._source_label(run)) from None

        def entry(record: SessionRecord) -> IndexEntry:
            return IndexEntry(
                record.key,
                "mfa",
                profile,
                step.serial,
                record.issued_at,
                record.expires_at,
                last_used=record.issued_at,
            )

        return self._keep(
            run,
            step.key,
            run.session_request.questions.answered(step.serial, profile, step.mfa_process, call),
            entry,
        )

    def _base(self, run: _Acquisition) -> Credentials:
        if run.base is None:
            run.session_request.progress(
                f"reading the credentials of {run.plan.base.profile or 'the environment'}"
            )
            run.base = self.ports.base.resolve(run.plan.base, run.view, run.plan.endpoint)
            if run.base.temporary and not run.plan.base.temporary:
                run.plan = with_temporary_source(run.plan)
        return run.base

    def _source_label(self, run: _Acquisition) -> SourceLabel:
        """The base, for a sentence with the command that gets it new credentials."""
        profile = run.view.profiles.get(run.plan.base.profile or "")
        return SourceLabel(
            run.plan.base, "" if profile is None else profile.get("sso_session") or ""
        )

    def _settle(self, run: _Acquisition) -> None:
        """Find out, before a later hop is made, whether that hop has to send a code of its own.

        It has to when the base turns out to be temporary; only a process's can, and only then the
        answer is worth asking for.
        """
        mfa, chain = run.plan.mfa, run.plan.role.chain
        if (
            mfa is None
            or chain is None
            or run.plan.base.kind is not CredentialSourceKind.CREDENTIAL_PROCESS
        ):
            return
        if chain.hops[0].mfa_serial != mfa.serial and self._load_usable_source(mfa.key) is None:
            self._base(run)

    # -- the vault and the index
    # -----------------------------------------------------------------------------------

    def _look(self, key: str) -> SessionRecord | None:
        value = self.ports.vault.get(key)
        return None if value is None else session_record.decode(value, key)

    def _load_usable_source(self, key: str) -> SessionRecord | None:
        """A session that can still be a source."""
        found = self._look(key)
        return (
            found
            if found is not None and self.ports.clock.now() < found.expires_at - MIN_SOURCE_LIFETIME
            else None
        )

    def _keep(
        self,
        run: _Acquisition,
        key: str,
        credentials: Credentials,
        entry: Callable[[SessionRecord], IndexEntry],
    ) -> SessionRecord:
        now = self.ports.clock.now()
        check_temporary_credentials(credentials, now)
        value = session_record.encode(key, credentials, now)
        record = session_record.decode(value, key)
        if record is None:
            raise NetworkError(
                "The answer of STS lacks a key.",
                next_step="xswitch doctor",
                code=ErrorCode.INCOMPLETE_ANSWER,
            )
        self.ports.vault.put(key, value)
        run.made.add(key)
        try:
            self.ports.index.put(entry(record))
        except XswitchError as error:
            run.problems.append(
                Problem("index", f"The session is in the vault and not in the index: {error}")
            )
        return record

    def _entry(self, record: SessionRecord, hop: PlannedHop, managed_profile: str) -> IndexEntry:
        known = self.ports.index.entries().get(record.key)
        fresh = role_index_entry(record, hop)
        if known is None:
            return replace(fresh, managed_profile=managed_profile)
        return replace(
            fresh, managed_profile=managed_profile or known.managed_profile, static=known.static
        )

    def _delete_session(self, key: str) -> None:
        self.ports.vault.delete(key)
        self.ports.index.remove([key])

    def _can_renew_without_prompt(self, plan: SessionPlan, now: datetime) -> bool:
        """Whether a renewal that asks nobody and runs no `mfa_process` can work, by the index."""
        until = renewable_until(plan, self.ports.index.entries(), now)
        return until is None or now < until

    @contextmanager
    def _turn(self, run: _Acquisition, key: str, *, patient: bool = True) -> Iterator[None]:
        limit = None if patient else MAX_LOCK_WAIT_SECONDS
        with run.session_request.questions.turn(key), self.ports.locks.hold(key, limit):
            yield
