"""A chain walked for real, hop by hop, with nothing kept: an explanation is of what AWS says now."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from xswitch.actions.explain.calls import Held
from xswitch.actions.ports import Ports, Progress
from xswitch.actions.sessions.mfa import Questions
from xswitch.actions.sessions.renewability import SOURCE_MARGIN
from xswitch.actions.sessions.verification import refuse_incomplete, refuse_other, refuse_other_session
from xswitch.actions.snapshot import Reading
from xswitch.core.errors import XswitchError
from xswitch.core.errors.source_credentials import Source, blame
from xswitch.core.explain.non_policy import POLICY_CODES
from xswitch.core.model import Credentials, MfaStep, Plan, Secret
from xswitch.core.sessions import session_record
from xswitch.core.sessions.plan import for_temporary_base, mfa_process_for


@dataclass
class Walk:
    """One walk. `number` is the hop it is at (0: the base), `held` what each hop reached was called with, `base_arn` who the base is.

    A living MFA session is used as a switch would use it, for its age may be the cause; with a code given, a new one is made. Role
    sessions are always new ones, and none is kept.
    """

    ports: Ports
    reading: Reading
    plan: Plan
    questions: Questions
    progress: Progress
    new_mfa: bool = False
    number: int = 0
    held: list[Held] = field(default_factory=list)
    base_arn: str = ""

    def run(self) -> None:
        """Walk to the end. Raises what the base and STS raise, MfaNeededError, CancelledError."""
        held = self._start()
        for number, hop in enumerate(self.plan.hops, 1):
            self.number = number
            self.held.append(held)
            credentials, request = held.credentials, hop.request
            assert credentials is not None  # noqa: S101 -- a walk goes on only with credentials in its hand
            self.progress(f"asking STS for {hop.profile}")
            try:
                if request.mfa_serial is None:
                    assumed = self.ports.sts.assume_role(credentials, request, self.plan.endpoint)
                else:
                    assumed = self.questions.answered(
                        request.mfa_serial,
                        hop.profile,
                        mfa_process_for(self.reading.view, self.plan.role),
                        lambda code, credentials=credentials, request=request: self.ports.sts.assume_role(  # type: ignore[misc] # defaults bind
                            credentials, replace(request, mfa_code=Secret(code)), self.plan.endpoint
                        ),
                    )
            except XswitchError as error:
                raise (blame(error, self._source) if number == 1 and self.plan.mfa is None else error) from None
            refuse_other_session(hop, assumed.arn)
            now = self.ports.clock.now()
            refuse_incomplete(assumed.credentials, now)
            held = Held(assumed.credentials, now)
        if self.reading.settings.verify_identity and held.credentials is not None:
            self.progress("asking AWS who this is")
            refuse_other(self.plan.role, self.ports.sts.get_caller_identity(held.credentials, self.plan.endpoint))

    def _start(self) -> Held:
        self.progress(f"reading the credentials of {self.plan.base.profile or 'the environment'}")
        base = self.ports.base.resolve(self.plan.base, self.reading.view, self.plan.endpoint)
        if base.temporary and not self.plan.base.temporary:
            self.plan = for_temporary_base(self.plan)
        try:
            self.base_arn = self.ports.sts.get_caller_identity(base, self.plan.endpoint).arn
        except XswitchError as error:
            # A network's policy may keep even this from a caller. A switch does not ask it, so nothing follows for the switch.
            if error.code not in POLICY_CODES:
                raise blame(error, self._source) from None
        step = self.plan.mfa
        return Held(base) if step is None else self._mfa_session(base, step)

    def _mfa_session(self, base: Credentials, step: MfaStep) -> Held:
        found = None if self.new_mfa else self._kept(step)
        if found is not None:
            return found
        profile = self.plan.base.profile or ""

        def call(code: str) -> Credentials:
            self.progress(f"asking STS for an MFA session of {profile or 'the environment'}")
            return self.ports.sts.get_session_token(base, step.serial, code, step.duration_seconds, self.plan.endpoint)

        credentials = self.questions.answered(step.serial, profile, step.mfa_process, call)
        now = self.ports.clock.now()
        return Held(credentials, now, now)

    def _kept(self, step: MfaStep) -> Held | None:
        try:
            value = self.ports.vault.get(step.key)
        except XswitchError:
            return None
        record = None if value is None else session_record.decode(value, step.key)
        if record is None or self.ports.clock.now() >= record.expires_at - SOURCE_MARGIN:
            return None
        return Held(record.credentials, record.issued_at, record.issued_at)

    @property
    def _source(self) -> Source:
        profile = self.reading.view.profiles.get(self.plan.base.profile or "")
        return Source(self.plan.base, "" if profile is None else profile.get("sso_session") or "")
