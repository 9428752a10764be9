"""A chain walked for real, hop by hop, with nothing kept.

An explanation is of what AWS says now.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from xswitch.actions.explain.calls import HopCredentials
from xswitch.actions.ports import Ports, Progress
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.sessions.renewability import MIN_SOURCE_LIFETIME
from xswitch.actions.sessions.verification import (
    check_assumed_role,
    check_identity,
    check_temporary_credentials,
)
from xswitch.actions.snapshot import ConfigSnapshot
from xswitch.core.errors import XswitchError
from xswitch.core.errors.source_credentials import SourceLabel, as_source_error
from xswitch.core.explain.non_policy import POLICY_CODES
from xswitch.core.model import Credentials, PlannedMfaSession, Secret, SessionPlan
from xswitch.core.sessions import session_record
from xswitch.core.sessions.plan import mfa_process_for, with_temporary_source


@dataclass
class ChainAttempt:
    """One walk.

    `number` is the hop it is at (0: the base), `held` what each hop reached was called with,
    `base_arn` who the base is.

    A living MFA session is used as a switch would use it, for its age may be the cause; with a code
    given, a new one is made. Role sessions are always new ones, and none is kept.
    """

    ports: Ports
    reading: ConfigSnapshot
    plan: SessionPlan
    questions: MfaCodes
    progress: Progress
    new_mfa: bool = False
    number: int = 0
    held: list[HopCredentials] = field(default_factory=list)
    base_arn: str = ""

    def run(self) -> None:
        """Walk to the end. Raises what the base and STS raise, MfaNeededError, CancelledError."""
        held = self._start()
        for number, hop in enumerate(self.plan.hops, 1):
            self.number = number
            self.held.append(held)
            credentials, request = held.credentials, hop.request
            # A walk goes on only with credentials in its hand
            assert credentials is not None  # noqa: S101
            self.progress(f"asking STS for {hop.profile}")
            try:
                if request.mfa_serial is None:
                    assumed = self.ports.sts.assume_role(credentials, request, self.plan.endpoint)
                else:
                    assumed = self.questions.answered(
                        request.mfa_serial,
                        hop.profile,
                        mfa_process_for(self.reading.view, self.plan.role),
                        lambda code, credentials=credentials, request=request: (
                            self.ports.sts.assume_role(  # type: ignore[misc] # defaults bind
                                credentials,
                                replace(request, mfa_code=Secret(code)),
                                self.plan.endpoint,
                            )
                        ),
                    )
            except XswitchError as error:
                raise (
                    as_source_error(error, self._source)
                    if number == 1 and self.plan.mfa is None
                    else error
                ) from None
            check_assumed_role(hop, assumed.arn)
            now = self.ports.clock.now()
            check_temporary_credentials(assumed.credentials, now)
            held = HopCredentials(assumed.credentials, now)
        if self.reading.settings.verify_identity and held.credentials is not None:
            self.progress("asking AWS who this is")
            check_identity(
                self.plan.role,
                self.ports.sts.get_caller_identity(held.credentials, self.plan.endpoint),
            )

    def _start(self) -> HopCredentials:
        self.progress(f"reading the credentials of {self.plan.base.profile or 'the environment'}")
        base = self.ports.base.resolve(self.plan.base, self.reading.view, self.plan.endpoint)
        if base.temporary and not self.plan.base.temporary:
            self.plan = with_temporary_source(self.plan)
        try:
            self.base_arn = self.ports.sts.get_caller_identity(base, self.plan.endpoint).arn
        except XswitchError as error:
            # A network's policy may keep even this from a caller. A switch does not ask it, so
            # nothing follows for the switch.
            if error.code not in POLICY_CODES:
                raise as_source_error(error, self._source) from None
        step = self.plan.mfa
        return HopCredentials(base) if step is None else self._mfa_session(base, step)

    def _mfa_session(self, base: Credentials, step: PlannedMfaSession) -> HopCredentials:
        found = None if self.new_mfa else self._kept(step)
        if found is not None:
            return found
        profile = self.plan.base.profile or ""

        def call(code: str) -> Credentials:
            self.progress(f"asking STS for an MFA session of {profile or 'the environment'}")
            return self.ports.sts.get_session_token(
                base, step.serial, code, step.duration_seconds, self.plan.endpoint
            )

        credentials = self.questions.answered(step.serial, profile, step.mfa_process, call)
        now = self.ports.clock.now()
        return HopCredentials(credentials, now, now)

    def _kept(self, step: PlannedMfaSession) -> HopCredentials | None:
        try:
            value = self.ports.vault.get(step.key)
        except XswitchError:
            return None
        record = None if value is None else session_record.decode(value, step.key)
        if record is None or self.ports.clock.now() >= record.expires_at - MIN_SOURCE_LIFETIME:
            return None
        return HopCredentials(record.credentials, record.issued_at, record.issued_at)

    @property
    def _source(self) -> SourceLabel:
        profile = self.reading.view.profiles.get(self.plan.base.profile or "")
        return SourceLabel(
            self.plan.base, "" if profile is None else profile.get("sso_session") or ""
        )
