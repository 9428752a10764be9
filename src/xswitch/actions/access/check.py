"""The check: the role profile is written, and the user switches, as soon as IAM lets them."""

from __future__ import annotations

import shlex

from xswitch.actions.access.accounts import Sides
from xswitch.actions.access.api import CheckedAccess, PlannedAccess
from xswitch.actions.access.callers import find_switcher
from xswitch.actions.access.role_profile import write_profile
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.sessions.broker import Broker, Session, Wish
from xswitch.actions.sessions.mfa import Questions
from xswitch.actions.sessions.verification import refuse_other
from xswitch.actions.snapshot import Reading, read
from xswitch.core.errors import AwsDeniedError
from xswitch.core.model import Plan
from xswitch.core.profiles.managed import NO_OVERRIDES

PAUSES = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 4.0, 4.0)
"""Seconds between tries, some 20 in all: what IAM was told is seen everywhere only after a while."""
_NOT_YET = frozenset({"not_authorized", "explicit_deny"})


def check(broker: Broker, planned: PlannedAccess, ask: MfaPrompt, progress: Progress) -> CheckedAccess:
    """See `AccessActions.check`."""
    ports = broker.ports
    sides = Sides(broker, ask, progress)
    progress("looking for who switches")
    name = write_profile(sides, planned, find_switcher(sides, planned))
    reading = read(ports)
    role = reading.by_name[name]
    plan = reading.plan(role, NO_OVERRIDES)
    wish = Wish(Questions(ask, ports.mfa_command), progress, force=True)
    session, tries = _session(broker, reading, plan, wish)
    progress("asking AWS who this is")
    identity = ports.sts.get_caller_identity(session.record.credentials, plan.endpoint)
    refuse_other(role, identity)
    return CheckedAccess(
        identity=identity,
        expires_at=session.record.expires_at,
        profile=name,
        command=f"xs {shlex.quote(name)}",
        console_link=planned.console_link,
        tries=tries,
    )


def _session(broker: Broker, reading: Reading, plan: Plan, wish: Wish) -> tuple[Session, int]:
    """The session, tried until IAM knows; the code is asked for once, since the MFA session stays."""
    for number, pause in enumerate((*PAUSES, 0.0), 1):
        try:
            return broker.session(plan, reading.view, wish), number
        except AwsDeniedError as error:
            if error.code not in _NOT_YET or number > len(PAUSES):
                raise
            wish.progress(f"IAM does not know yet; trying again in {pause:g} s")
            broker.ports.pause(pause)
    raise AssertionError  # the last round returns or raises
