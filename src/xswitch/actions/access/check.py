"""Check a setup: write the role profile, and switch to the role as its user."""

from __future__ import annotations

from xswitch.actions.access.accounts import Accounts
from xswitch.actions.access.api import AccessCheckResult, AccessPlanResult
from xswitch.actions.access.callers import find_assuming_profile
from xswitch.actions.access.role_profile import write_role_profile
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.sessions.acquisition import SessionRequest, SessionResult
from xswitch.actions.sessions.broker import Broker
from xswitch.actions.sessions.mfa import MfaCodes
from xswitch.actions.sessions.verification import check_identity
from xswitch.actions.snapshot import ConfigSnapshot, take_snapshot
from xswitch.core.errors import AwsDeniedError, ErrorCode
from xswitch.core.model import SessionPlan
from xswitch.core.profiles.managed import NO_OVERRIDES
from xswitch.core.text import command_for

SWITCH_RETRY_DELAYS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 4.0, 4.0)
"""Seconds between retries while IAM propagates a change, about 20 in all."""
_PROPAGATING_CODES = frozenset({ErrorCode.NOT_AUTHORIZED, ErrorCode.EXPLICIT_DENY})


def check(
    broker: Broker, planned: AccessPlanResult, ask: MfaPrompt, progress: Progress
) -> AccessCheckResult:
    """Switch to the role as its user: see `AccessActions.check`."""
    ports = broker.ports
    accounts = Accounts(broker, ask, progress)
    progress("looking for the profile that switches")
    name = write_role_profile(accounts, planned, find_assuming_profile(accounts, planned))
    snapshot = take_snapshot(ports.config)
    role = snapshot.roles_by_name[name]
    plan = snapshot.plan(role, NO_OVERRIDES)
    request = SessionRequest(MfaCodes(ask, ports.process.mfa_process), progress, force_renewal=True)
    session, tries = _session_with_retries(broker, snapshot, plan, request)
    progress("asking AWS who this is")
    identity = ports.aws.sts.get_caller_identity(session.record.credentials, plan.endpoint)
    check_identity(role, identity)
    return AccessCheckResult(
        identity=identity,
        expires_at=session.record.expires_at,
        profile=name,
        command=command_for("xs", name),
        console_link=planned.console_link,
        tries=tries,
    )


def _session_with_retries(
    broker: Broker, snapshot: ConfigSnapshot, plan: SessionPlan, request: SessionRequest
) -> tuple[SessionResult, int]:
    """Return the session and the number of tries.

    Prompts for a code only once, because the MFA session is stored.
    """
    for number, delay in enumerate((*SWITCH_RETRY_DELAYS, 0.0), 1):
        try:
            return broker.session(plan, snapshot.view, request), number
        except AwsDeniedError as error:
            if error.code not in _PROPAGATING_CODES or number > len(SWITCH_RETRY_DELAYS):
                raise
            request.progress(f"IAM hasn't propagated the change; retrying in {delay:g} s")
            broker.ports.process.sleep(delay)
    raise AssertionError  # the last try returns or raises
