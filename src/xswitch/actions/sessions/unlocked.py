"""The steps to a session that may take minutes, done while no session is locked.

These are a question for an MFA code, and a `credential_process`, which may wait for a login. An
attempt that comes to one ends with an exception, which releases its locks, and is repeated with the
result. Two callers that need the same one take turns under a lock of its own. The second looks for
the session again first, so it usually needs nothing any more.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

from xswitch.actions.ports import Ports
from xswitch.actions.sessions.mfa import MfaQuestion
from xswitch.core.errors import (
    ChainError,
    ErrorCode,
    LockBusyError,
    LockHeldByAncestorError,
    SourceCredentialsError,
    XswitchError,
)
from xswitch.core.errors.source_credentials import source_name
from xswitch.core.model import Credentials, CredentialSourceKind
from xswitch.core.sessions.keys import key_digest
from xswitch.core.sessions.running_commands import mfa_process_digest

if TYPE_CHECKING:  # it uses this module
    from xswitch.actions.sessions.acquisition import Acquisition

# A caller with a valid session waits this long at most for another process to renew it.
MAX_LOCK_WAIT_SECONDS = 15.0
_RECENT_ENTRIES = 20


class SourceRequired(Exception):  # noqa: N818 -- not an error
    """A `credential_process` has to run, which may take minutes."""


class Turn:
    """A lock for one of these steps: among the threads of the use case, and across processes."""

    def __init__(self) -> None:
        self.name = ""
        """The lock that is held, "" for none."""
        self._held = ExitStack()

    def release(self) -> None:
        """Let other callers have their turn."""
        self.name = ""
        self._held.close()

    def take(
        self,
        ports: Ports,
        acquisition: Acquisition,
        name: str,
        waiting: str,
        *,
        wait: bool = True,
    ) -> None:
        """Take the lock; say `waiting` if another process has it, and wait for it.

        Raises LockBusyError if that takes too long; the turn is then taken among the threads only.
        """
        self.release()
        self._held.enter_context(acquisition.request.mfa_codes.lock(name))
        self.name = name
        locks = ports.storage.locks
        try:
            self._held.enter_context(locks.hold(name, 0))
        except LockBusyError:
            if not wait:
                raise
            acquisition.request.progress(waiting)
            stored = acquisition.first_seen.get(acquisition.plan.key)
            valid = stored is not None and ports.process.clock.now() < stored.usable_until
            limit = MAX_LOCK_WAIT_SECONDS if valid else None
            self._held.enter_context(locks.hold(name, limit))


def device_turn(serial: str) -> str:
    """Name the lock for the codes of an MFA device."""
    return f"mfa-{key_digest(device=serial)}"


def answer_question(ports: Ports, acquisition: Acquisition, question: MfaQuestion) -> None:
    """Take the device's turn; the next time, if its session is still missing, ask."""
    turn, name = acquisition.device_turn, device_turn(question.serial)
    loops = mfa_process_digest(question.serial) in ports.config.environment.running_commands()
    if turn.name == name or loops:  # the xswitch that runs the command has the turn
        if loops and question.runs_command:
            question.answer = loop_error(f"The mfa_process of {question.profile}")
        else:
            acquisition.request.mfa_codes.ask(question)
        return
    waiting = f"waiting for another xswitch, which asks for {question.serial}"
    try:
        turn.take(ports, acquisition, name, waiting)
    except LockHeldByAncestorError:
        if question.runs_command:
            question.answer = loop_error(f"The mfa_process of {question.profile}")
        else:
            acquisition.request.mfa_codes.ask(question)
    except LockBusyError as error:
        # A person can answer even if the other one never does
        if not acquisition.request.interactive:
            question.answer = error


def run_source(ports: Ports, acquisition: Acquisition) -> None:
    """Take the turn of the session that needs the source; the next time, run its process."""
    plan, turn = acquisition.plan, acquisition.source_turn
    first = plan.hops[0].key if plan.hops else plan.source_key
    name = f"source-{first if plan.mfa is None else plan.mfa.key}"
    waiting = f"waiting for another xswitch, which runs the process of {plan.base.profile}"
    # The other one may be asking for a code by now, which an unattended caller can't
    wait = plan.mfa is None or acquisition.request.interactive
    try:
        if turn.name != name:
            try:
                turn.take(ports, acquisition, name, waiting, wait=wait)
            except LockHeldByAncestorError:  # running it again would start the next one, and so on
                raise loop_error(f"The credential_process of {plan.base.profile}") from None
            except LockBusyError:
                if wait:
                    raise
            else:
                return
        acquisition.source_credentials = resolve_source(ports, acquisition)
    except XswitchError as error:
        acquisition.source_error = error


def resolve_source(ports: Ports, acquisition: Acquisition) -> Credentials:
    """Return the source credentials.

    Raises what the source raises, and ChainError if its process started an xswitch that needs it.
    """
    plan, began = acquisition.plan, ports.process.clock.now()
    acquisition.request.progress(
        f"reading the credentials of {plan.base.profile or source_name(plan.base)}"
    )
    try:
        return ports.aws.source_credentials.resolve(plan.base, acquisition.view, plan.endpoint)
    except SourceCredentialsError:
        # A command's output isn't shown, so an xswitch that it started tells by the history
        if plan.base.kind is CredentialSourceKind.CREDENTIAL_PROCESS and any(
            entry.result == ErrorCode.SOURCE_LOOP and entry.at >= began.replace(microsecond=0)
            for entry in ports.state.history.load()[-_RECENT_ENTRIES:]
        ):
            raise loop_error(f"The credential_process of {plan.base.profile}") from None
        raise


def loop_error(command: str) -> ChainError:
    """Return the error for a command that needs its own result."""
    return ChainError(
        f"{command} needs the session that it is to provide.",
        why="It starts xswitch, or another AWS program, for a profile that leads back to itself.",
        next_step="Let it use another profile; see: xswitch config",
        code=ErrorCode.SOURCE_LOOP,
    )
