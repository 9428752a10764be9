"""MFA codes: who is asked, how often, and one question at a time."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from xswitch.actions.ports import MfaProcessRunner, MfaPrompt
from xswitch.core.errors import AwsDeniedError, ErrorCode, MfaNeededError, XswitchError
from xswitch.core.model import MfaChallenge, Secret

MAX_ATTEMPTS = 3
_CODE_FORMAT = re.compile(
    r"[0-9]{6}", re.ASCII
)  # GetSessionToken and AssumeRole: TokenCode is exactly six digits

T = TypeVar("T")


class NoMfaPrompt:
    """Fits the port `MfaPrompt`.

    Nobody is there, and the error names the command that would ask.
    """

    def __init__(self, next_step: str) -> None:
        self._next_step = next_step

    def code(self, challenge: MfaChallenge) -> str:
        """Always MfaNeededError."""
        raise MfaNeededError(
            f"An MFA code of {challenge.serial} is needed, and nobody can be asked here.",
            next_step=self._next_step,
        )


class MfaCodes:
    """The questions of one use case, shared by the threads that work for it.

    `given` is the code of the command line: it gets one attempt. `commands` tells whether an
    `mfa_process` may run. A session that two threads need is sought by one of them, and when that
    fails for want of a code, the other fails alike instead of asking again.
    """

    def __init__(
        self,
        ask: MfaPrompt,
        command: MfaProcessRunner,
        *,
        given: str | None = None,
        commands: bool = True,
    ) -> None:
        self._ask = ask
        self._command = command
        self._given = None if given is None else Secret(given)
        self._commands = commands
        self._asking = threading.Lock()
        self._guard = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._failures: dict[str, XswitchError] = {}
        self._used: set[tuple[str, Secret]] = set()

    @contextmanager
    def turn(self, key: str) -> Iterator[None]:
        """Hold what belongs to a session key among this use case's threads, however long a question takes."""
        with self._guard:
            lock = self._turns.setdefault(key, threading.Lock())
        with lock:
            yield

    def once(self, key: str, seek: Callable[[], T]) -> T:
        """`seek()`, or the error it raised for this key the last time.

        To be called within the key's turn.
        """
        if key in self._failures:
            raise self._failures[key]
        try:
            return seek()
        except XswitchError as error:
            self._failures[key] = error
            raise

    def answered(
        self, serial: str, profile: str, command: str | None, call: Callable[[str], T]
    ) -> T:
        """What `call(code)` gives for the first code AWS accepts.

        The code comes from the command line (one attempt), else the `mfa_process` (one run, as it
        prints the same code for a while), else the prompt, `MAX_ATTEMPTS` in all; no code is sent
        twice. Raises MfaNeededError, CancelledError, what `call` raises.
        """
        with self._asking:
            refusal = ""
            denied: XswitchError | None = None
            for attempt in range(1, MAX_ATTEMPTS + 1):
                given = self._given is not None
                try:
                    code = self._next(
                        MfaChallenge(serial, profile, attempt, refusal),
                        command if attempt == 1 else None,
                    )
                except MfaNeededError as error:
                    raise denied or error from None
                try:
                    return call(self._unused(serial, code))
                except (AwsDeniedError, MfaNeededError) as error:
                    if error.code not in {ErrorCode.MFA_WRONG, ErrorCode.MFA_UNUSABLE}:
                        raise
                    if given:
                        raise
                    refusal = error.why or error.what
                    # AWS's refusal says more than ours of a code that was never sent.
                    denied = (
                        denied
                        if isinstance(denied, AwsDeniedError) and isinstance(error, MfaNeededError)
                        else error
                    )
            # The loop ran at least once, and came round only with a refusal
            assert denied is not None  # noqa: S101
            raise denied

    def _next(self, challenge: MfaChallenge, command: str | None) -> str:
        if self._given is not None:
            code, self._given = self._given.reveal(), None
            return code
        if command and self._commands:
            try:
                return self._command.run(command, challenge)
            except MfaNeededError as failed:
                try:
                    return self._ask.code(challenge)
                except MfaNeededError:
                    raise failed from None
        return self._ask.code(challenge)

    def _unused(self, serial: str, code: str) -> str:
        code = "".join(code.split())
        if _CODE_FORMAT.fullmatch(code) is None:
            raise _UnusableCodeError(
                "An MFA code has six digits.", next_step="Type the code the device shows now."
            )
        if (serial, Secret(code)) in self._used:
            raise _UnusableCodeError(
                "This code was used already.", next_step="Wait until the device shows the next one."
            )
        self._used.add((serial, Secret(code)))
        return code


class _UnusableCodeError(MfaNeededError):
    """A code that can't be right, found without asking AWS."""

    default_code = ErrorCode.MFA_UNUSABLE
