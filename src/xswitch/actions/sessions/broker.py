"""The session broker: returns a plan's session from the vault, or gets it from AWS.

It works a chain backward: the role's own session first, then the sources it is made from, and only
as far as needed. Each session has its own lock across processes. Locks are taken in chain order
(role, the role before it, MFA session), so two callers can't deadlock.

No session's lock is held during a question for an MFA code or a `credential_process` (see
`unlocked`), nor while a sign-in to Identity Center is renewed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from xswitch.actions.sessions.acquisition import (
    SOURCE,
    Acquisition,
    SessionRequest,
    SessionResult,
)
from xswitch.actions.sessions.mfa import MfaCodeRequired, MfaQuestion
from xswitch.actions.sessions.publish import (
    mfa_index_entry,
    role_index_entry,
    source_index_entry,
)
from xswitch.actions.sessions.stored_sessions import StoredSessions
from xswitch.actions.sessions.unlocked import (
    SourceRequired,
    answer_question,
    device_turn,
    loop_error,
    resolve_source,
    run_source,
)
from xswitch.actions.sessions.verification import check_assumed_role, check_temporary_credentials
from xswitch.core.errors import (
    AwsDeniedError,
    CancelledError,
    ErrorCode,
    NetworkError,
    SourceCredentialsError,
    XswitchError,
)
from xswitch.core.errors.source_credentials import SourceLabel, as_source_error
from xswitch.core.errors.sts import CREDENTIALS_ERROR_CODES
from xswitch.core.model import (
    ConfigView,
    Credentials,
    CredentialSourceKind,
    HistoryEntry,
    PlannedMfaSession,
    Problem,
    Secret,
    SessionPlan,
)
from xswitch.core.roles.sources import sign_in_of_source
from xswitch.core.sessions.plan import mfa_process_for, with_temporary_source
from xswitch.core.sessions.running_commands import credential_process_digest
from xswitch.core.sessions.session_record import SessionRecord

# A session issued later than this from now was stored before the clock was set back, so its times
# are wrong.
CLOCK_MARGIN = timedelta(minutes=5)

StsAnswer = TypeVar("StsAnswer")


class Broker(StoredSessions):
    """Gets sessions by plan, safe for use from several threads and processes at once."""

    def session(
        self, plan: SessionPlan, view: ConfigView, request: SessionRequest
    ) -> SessionResult:
        """Return a session of the plan's role.

        Raises VaultError if the vault can't be read or written, and MfaNeededError,
        CancelledError, SourceCredentialsError, AwsDeniedError, NetworkError if a new session was
        needed and couldn't be made.
        """
        marks = self.ports.storage.forget_marks.read() if request.marks is None else request.marks
        acquisition = Acquisition(plan, view, request, marks)
        try:
            record = self._obtain(acquisition, force=request.force_renewal)
        except XswitchError as error:
            self._record_history(acquisition, error.code)
            raise
        is_new = record.key in acquisition.new_records
        if is_new or request.interactive:
            self._record_history(acquisition, "new" if is_new else "kept")
        return SessionResult(
            record,
            from_vault=not is_new,
            problems=tuple(acquisition.problems),
            new_records=dict(acquisition.new_records),
            aws_unreachable=acquisition.aws_unreachable and not is_new,
            forgotten=self.ports.storage.forget_marks.changed(marks, record.key),
            marks=marks,
        )

    def source_credentials(
        self, plan: SessionPlan, view: ConfigView, request: SessionRequest
    ) -> Credentials:
        """Return the credentials of the plan's source, and store nothing.

        Raises SourceCredentialsError, NetworkError, and ChainError for a process that leads here.
        """
        acquisition = Acquisition(plan, view, request)
        self._ensure_no_loop(acquisition)
        try:
            while True:
                try:
                    return self._source_credentials(acquisition)
                except SourceRequired:
                    run_source(self.ports, acquisition)
        finally:
            acquisition.release_turns()

    def _record_history(self, acquisition: Acquisition, result: str) -> None:
        plan = acquisition.plan
        session_name = plan.hops[-1].request.session_name if plan.hops else ""
        self.ports.state.history.record(
            HistoryEntry(self._now(), plan.role.name, plan.role.principal, session_name, result)
        )

    def drop(self, key: str) -> None:
        """Delete a stored session, even if it's missing from vault or index."""
        with self.ports.storage.locks.hold(key):
            self.ports.storage.delete(key)

    # -- attempts

    def _obtain(self, acquisition: Acquisition, *, force: bool = False) -> SessionRecord:
        """Return the session of the last hop, and do between the attempts what takes minutes."""
        try:
            while True:
                try:
                    return self._ensure_session(acquisition, acquisition.last, force=force)
                except MfaCodeRequired as required:
                    answer_question(self.ports, acquisition, required.question)
                except SourceRequired:
                    run_source(self.ports, acquisition)
        finally:
            acquisition.release_turns()

    def _call_with_code(
        self,
        acquisition: Acquisition,
        key: str,
        question: MfaQuestion,
        call: Callable[[str], StsAnswer],
    ) -> StsAnswer:
        """Call STS with the code for the session `key`. Raises MfaCodeRequired if there is none."""
        question = acquisition.questions.setdefault(key, question)
        result = acquisition.request.mfa_codes.call_with_code(question, call)
        acquisition.device_turn.release()
        return result

    # -- role sessions

    def _ensure_session(
        self, acquisition: Acquisition, number: int, *, force: bool = False
    ) -> SessionRecord:
        """Return the session of hop `number`, from the vault if it doesn't need a renewal."""
        plan = acquisition.plan
        key = plan.key if number == SOURCE else plan.hops[number].key
        stored = self._load(acquisition, key)
        before = acquisition.first_seen.setdefault(key, stored)
        now = self._now()
        if (
            stored is not None
            and not force
            and not self._needs_refresh(acquisition, stored, number, now)
        ):
            if (
                number == acquisition.last
                and now >= stored.advisory_refresh_at
                and self._can_renew_without_prompt(acquisition.plan, now)
            ):
                self.ports.process.background.renew(
                    acquisition.request.managed_profile or acquisition.plan.role.name,
                    acquisition.request.binding,
                )
            return stored
        # Answers of credential_process expire one minute early, so a client can't use the last one
        is_valid = stored is not None and now < stored.usable_until
        try:
            self._ensure_no_loop(acquisition)
            self._ensure_sign_in(acquisition, number)
            with self._lock(acquisition, key, wait=force or not is_valid):
                current = self._load(acquisition, key)
                if current is not None and self._was_renewed(
                    acquisition, number, before, current, force=force
                ):
                    return current
                if number == SOURCE:
                    return self._source_session(acquisition)
                return self._assume_with_retry(acquisition, number)
        except CancelledError:
            raise
        except XswitchError as error:
            if (
                stored is None
                or not is_valid
                or force
                or (acquisition.request.renew_if_advised and number == acquisition.last)
            ):
                raise
            acquisition.problems.append(
                Problem(
                    "not_renewed",
                    f"The session could not be renewed yet: {error}",
                    profile=plan.role.name if number == SOURCE else plan.hops[number].profile,
                )
            )
            acquisition.aws_unreachable = isinstance(error, NetworkError)
            return stored

    def _needs_refresh(
        self, acquisition: Acquisition, record: SessionRecord, number: int, now: datetime
    ) -> bool:
        if record.issued_at > now + CLOCK_MARGIN:
            return True
        if acquisition.request.renew_if_advised and number == acquisition.last:
            return now >= record.advisory_refresh_at
        return now >= record.mandatory_refresh_at

    def _was_renewed(
        self,
        acquisition: Acquisition,
        number: int,
        before: SessionRecord | None,
        after: SessionRecord,
        *,
        force: bool,
    ) -> bool:
        """Whether another caller renewed the session while this one waited for the lock."""
        if (
            force
            and before is not None
            and before.credentials.access_key_id == after.credentials.access_key_id
        ):
            return False
        return not self._needs_refresh(acquisition, after, number, self._now())

    def _assume_with_retry(self, acquisition: Acquisition, number: int) -> SessionRecord:
        source = self._source(acquisition, number)
        try:
            return self._assume(acquisition, number, source)
        except XswitchError as error:
            if not isinstance(source, SessionRecord):
                raise as_source_error(error, self._source_label(acquisition)) from None
            if (
                not isinstance(error, AwsDeniedError)
                or error.code not in CREDENTIALS_ERROR_CODES
                or not self._may_replace(acquisition, source)
            ):
                raise
        # AWS rejected the stored source session, so replace it once
        with self._lock(acquisition, source.key):
            stored = self._load(acquisition, source.key)
            if (
                stored is not None
                and stored.credentials.access_key_id == source.credentials.access_key_id
            ):
                self.ports.storage.delete(source.key)
        return self._assume(acquisition, number, self._source(acquisition, number))

    def _may_replace(self, acquisition: Acquisition, source: SessionRecord) -> bool:
        """Whether a new source session may succeed where this one was rejected."""
        return source.key not in acquisition.new_records

    def _source(self, acquisition: Acquisition, number: int) -> SessionRecord | Credentials:
        """Return what hop `number` is assumed with: a session, or the source credentials."""
        if number > 0:
            self._probe_source(acquisition)
            source = self._ensure_session(acquisition, number - 1)
            acquisition.source_turn.release()
            return source
        if acquisition.plan.mfa is None:
            return self._source_credentials(acquisition)
        return self._mfa_session(acquisition, acquisition.plan.mfa)

    def _assume(
        self, acquisition: Acquisition, number: int, source: SessionRecord | Credentials
    ) -> SessionRecord:
        """Call AssumeRole for hop `number`, and store the session."""
        credentials = source.credentials if isinstance(source, SessionRecord) else source
        hop = acquisition.plan.hops[number]
        request, endpoint = hop.request, acquisition.plan.endpoint
        acquisition.request.progress(f"asking STS for {hop.profile}")
        if request.mfa_serial is None:
            assumed = self.ports.aws.sts.assume_role(credentials, request, endpoint)
        else:
            process = mfa_process_for(acquisition.view, acquisition.plan.role)
            assumed = self._call_with_code(
                acquisition,
                hop.key,
                MfaQuestion(request.mfa_serial, hop.profile, process),
                lambda code: self.ports.aws.sts.assume_role(
                    credentials, replace(request, mfa_code=Secret(code)), endpoint
                ),
            )
        check_assumed_role(hop, assumed.arn)
        managed = acquisition.request.managed_profile if number == acquisition.last else ""
        return self._store(
            acquisition,
            hop.key,
            assumed.credentials,
            lambda record: self._index_entry(
                acquisition.plan, record, role_index_entry(record, hop), managed
            ),
        )

    # -- the start of a chain

    def _source_session(self, acquisition: Acquisition) -> SessionRecord:
        """Make the session of a target without hops, and store it. The caller has its lock."""
        plan = acquisition.plan
        if plan.mfa is None:
            return self._new_sso_session(acquisition)
        mfa = plan.mfa
        session = acquisition.request.mfa_codes.attempt_once(
            mfa.key, lambda: self._new_mfa_session(acquisition, mfa)
        )
        if isinstance(session, SessionRecord):
            return session
        raise SourceCredentialsError(
            f"The keys of {plan.role.name} are temporary, so they can't get an MFA session.",
            next_step=f"Remove mfa_serial at {plan.role.origin.file}:{plan.role.origin.line}",
            code=ErrorCode.BASE_CREDENTIALS,
        )

    def _new_sso_session(self, acquisition: Acquisition) -> SessionRecord:
        plan, managed = acquisition.plan, acquisition.request.managed_profile
        credentials = self._source_credentials(acquisition)
        check_temporary_credentials(credentials, self._now(), "Identity Center")
        return self._store(
            acquisition,
            plan.key,
            credentials,
            lambda record: self._index_entry(
                plan, record, source_index_entry(record, plan), managed
            ),
        )

    def _mfa_session(
        self, acquisition: Acquisition, step: PlannedMfaSession
    ) -> SessionRecord | Credentials:
        stored = self._load_usable_source(acquisition, step.key)
        if stored is None:
            with self._lock(acquisition, step.key):
                stored = self._load_usable_source(acquisition, step.key)
                if stored is None:
                    return acquisition.request.mfa_codes.attempt_once(
                        step.key, lambda: self._new_mfa_session(acquisition, step)
                    )
        acquisition.source_turn.release()
        if acquisition.device_turn.name == device_turn(step.serial):
            acquisition.device_turn.release()
        return stored

    def _new_mfa_session(
        self, acquisition: Acquisition, step: PlannedMfaSession
    ) -> SessionRecord | Credentials:
        profile = acquisition.plan.base.profile or ""
        question = MfaQuestion(step.serial, profile, step.mfa_process)
        # Check the source credentials before a person types a code for them. A client that gets no
        # code doesn't wait for them, but keys in the environment are there or not. A process's
        # credentials are known to be temporary only after it has run.
        if (
            acquisition.request.interactive
            or acquisition.plan.base.kind is CredentialSourceKind.ENVIRONMENT
            or acquisition.request.mfa_codes.takes_time(question)
        ):
            credentials = self._source_credentials(acquisition)
            if credentials.temporary:
                return credentials

        def call(code: str) -> Credentials:
            credentials = self._source_credentials(acquisition)
            acquisition.request.progress(
                f"asking STS for an MFA session of {profile or 'the environment'}"
            )
            try:
                return self.ports.aws.sts.get_session_token(
                    credentials, step.serial, code, step.duration_seconds, acquisition.plan.endpoint
                )
            except XswitchError as error:
                raise as_source_error(error, self._source_label(acquisition)) from None

        return self._store(
            acquisition,
            step.key,
            self._call_with_code(acquisition, step.key, question, call),
            lambda record: self._index_entry(
                acquisition.plan,
                record,
                mfa_index_entry(record, profile, step.serial),
                "" if acquisition.plan.hops else acquisition.request.managed_profile,
            ),
        )

    def _source_credentials(self, acquisition: Acquisition) -> Credentials:
        """Return the source credentials. Raises SourceRequired if a process has to run first."""
        plan = acquisition.plan
        if acquisition.source_error is not None:
            raise acquisition.source_error
        if acquisition.source_credentials is None:
            if plan.base.kind is CredentialSourceKind.CREDENTIAL_PROCESS:
                raise SourceRequired
            acquisition.source_credentials = resolve_source(self.ports, acquisition)
        credentials = acquisition.source_credentials
        if credentials.temporary and not plan.base.temporary:
            acquisition.plan = with_temporary_source(plan)
        return credentials

    def _ensure_no_loop(self, acquisition: Acquisition) -> None:
        """Raise ChainError if this process has to wait for a credential_process that started it.

        The xswitch that runs the command also holds the lock of its session, so don't wait for it.
        """
        plan = acquisition.plan
        if (
            plan.base.kind is not CredentialSourceKind.CREDENTIAL_PROCESS
            or credential_process_digest(plan.base)
            not in self.ports.config.environment.running_commands()
        ):
            return
        sources = [hop.key for hop in plan.hops[:-1]]
        sources += [] if plan.mfa is None else [plan.mfa.key]
        if all(self._load_usable_source(acquisition, key) is None for key in sources):
            raise loop_error(f"The credential_process of {plan.base.profile}")

    def _ensure_sign_in(self, acquisition: Acquisition, number: int) -> None:
        """Renew the sign-in of the source if hop `number` is to be made from it.

        No session is locked meanwhile: hundreds of callers fail at once if the sign-in was ended,
        instead of one after another.
        """
        plan = acquisition.plan
        if (
            plan.base.kind is not CredentialSourceKind.SSO
            or acquisition.signed_in
            or acquisition.source_credentials is not None
            or any(
                self._load_usable_source(acquisition, hop.key) is not None
                for hop in plan.hops[: max(number, 0)]
            )
        ):
            return
        self.ports.aws.source_credentials.ensure_sign_in(plan.base, acquisition.view)
        acquisition.signed_in = True

    def _source_label(self, acquisition: Acquisition) -> SourceLabel:
        return self.source_label(acquisition.plan)

    @staticmethod
    def source_label(plan: SessionPlan) -> SourceLabel:
        """Return how messages name the source of a plan."""
        base = plan.base
        is_sso = base.kind is CredentialSourceKind.SSO
        return SourceLabel(base, sign_in_of_source(base)[0] if is_sso else "")

    def _probe_source(self, acquisition: Acquisition) -> None:
        """Find out whether a later hop has to send its own MFA code.

        It has to if the source credentials turn out to be temporary. Only those of a process can,
        and it runs only if the answer makes a difference.
        """
        plan = acquisition.plan
        mfa, chain = plan.mfa, plan.role.chain
        if (
            mfa is None
            or chain is None
            or plan.base.kind is not CredentialSourceKind.CREDENTIAL_PROCESS
        ):
            return
        if (
            chain.hops[0].mfa_serial != mfa.serial
            and self._load_usable_source(acquisition, mfa.key) is None
        ):
            self._source_credentials(acquisition)
