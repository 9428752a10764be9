"""`credential-process`, and the renewal behind its back."""

from __future__ import annotations

import shlex
from contextlib import ExitStack, suppress

from xswitch.actions.ports import MfaPrompt, Ports
from xswitch.actions.sessions.broker import Broker, Session, Wish
from xswitch.actions.sessions.mfa import Nobody, Questions
from xswitch.actions.sessions.publish import point_hot_path, tell_prompt
from xswitch.actions.snapshot import Reading, read
from xswitch.core.errors import MfaNeededError, VaultError, XswitchError
from xswitch.core.model import Plan, Role
from xswitch.core.profiles.managed import NO_OVERRIDES
from xswitch.core.sessions import session_record

BUSY = "busy"


def silence(_: str) -> None:
    """Progress nobody watches."""


def credential_process(broker: Broker, profile: str, ask: MfaPrompt) -> str:
    """The answer for a managed profile, or for a role profile by its own name.

    Raises what the broker raises; MfaNeededError comes with the command that gets the session.
    """
    ports = broker.ports
    reading = read(ports)
    role = reading.role_of(profile)
    plan = reading.plan(role, reading.kept_overrides(profile))
    wish = Wish(Questions(ask, ports.mfa_command), silence, interactive=False, managed_profile=_managed(reading, profile))
    try:
        session = broker.session(plan, reading.view, wish)
    except MfaNeededError as error:
        raise MfaNeededError(error.what, why=error.why, next_step=_remedy(reading, role, profile), code=error.code) from None
    # The credentials are there: what can't be noted for the next time is no reason to withhold them.
    with suppress(XswitchError):
        _note(ports, reading, plan, profile, session)
    return session_record.answer(session.record.credentials)


def renew_in_background(broker: Broker, profile: str) -> None:
    """Renew a session that is due for it, without a question and without running an `mfa_process`, which may want a touch or a window.

    Nothing happens while another process does the same. Raises what the broker raises; nobody reads it.
    """
    ports = broker.ports
    reading = read(ports)
    role = reading.role_of(profile)
    plan = reading.plan(role, reading.kept_overrides(profile))
    questions = Questions(Nobody(_remedy(reading, role, profile)), ports.mfa_command, commands=False)
    wish = Wish(questions, silence, eager=True, interactive=False, managed_profile=_managed(reading, profile))
    with ExitStack() as alone:
        try:
            alone.enter_context(ports.locks.hold(f"renew-{plan.key}", 0))
        except VaultError as error:
            if error.code == BUSY:
                return
            raise
        _note(ports, reading, plan, profile, broker.session(plan, reading.view, wish))


def _managed(reading: Reading, profile: str) -> str:
    return "" if reading.managed_profile(profile) is None else profile


def _remedy(reading: Reading, role: Role, profile: str) -> str:
    """The command that asks for the code. A plain switch would drop the overrides a managed profile keeps; a renewal keeps them."""
    if reading.kept_overrides(profile) != NO_OVERRIDES and not role.temporary_definition:
        return f"xswitch renew {shlex.quote(profile)}"
    return f"xswitch switch {shlex.quote(role.name)}"


def _note(ports: Ports, reading: Reading, plan: Plan, profile: str, session: Session) -> None:
    point_hot_path(ports, reading, plan, profile)
    if reading.managed_profile(profile) is not None:
        tell_prompt(ports, plan, session.record, profile)
