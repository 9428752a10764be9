"""MFA codes: where they come from, how often xswitch asks, and one prompt at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from xswitch.actions.ports import MfaProcessRunner, MfaPrompt
from xswitch.core.errors import AwsDeniedError, ErrorCode, MfaNeededError, XswitchError
from xswitch.core.model import MfaChallenge, Secret
from xswitch.core.sts_limits import is_mfa_code
from xswitch.core.text import sanitize

MAX_ATTEMPTS = 3

T = TypeVar("T")


class NoMfaPrompt:
    """Implements `MfaPrompt` where there is no terminal."""

    def __init__(self, next_step: str = "") -> None:
        self._next_step = next_step

    def code(self, challenge: MfaChallenge) -> str:
        """Raise MfaNeededError, whose next step is a switch unless another one was given."""
        raise MfaNeededError(
            f"An MFA code for {sanitize(challenge.serial, limit=200)} is needed,"
            " and there is no terminal to prompt on.",
            next_step=self._next_step
            or f"xswitch switch {sanitize(challenge.profile, limit=100)} --mfa-code CODE",
        )


class FixedMfaCode:
    """Implements `MfaPrompt` with the code of `--mfa-code`, which is used once.

    It takes precedence over an `mfa_process`.
    """

    def __init__(self, code: str) -> None:
        self._code: Secret | None = Secret(code)

    def code(self, challenge: MfaChallenge) -> str:
        """Return the code on the first call, and raise MfaNeededError after that."""
        code, self._code = self._code, None
        if code is not None:
            return code.reveal()
        raise MfaNeededError(
            f"The MFA code for {sanitize(challenge.serial, limit=200)} doesn't work.",
            why=sanitize(challenge.refusal, limit=600)
            or "A code works only once, and another one is needed.",
            next_step="Wait until the device shows the next code, then rerun the command with it.",
        )


class MfaCodes:
    """The MFA codes of one use case, shared by its threads.

    If two threads need the same session, one of them gets it. If that fails, the other fails with
    the same error and doesn't prompt again.
    """

    def __init__(
        self, prompt: MfaPrompt, process: MfaProcessRunner, *, run_process: bool = True
    ) -> None:
        self._prompt = prompt
        self._process = process
        self._run_process = run_process and not isinstance(prompt, FixedMfaCode)
        self._prompt_lock = threading.Lock()
        self._guard = threading.Lock()
        self._locks: dict[str, threading.Lock] = {}
        self._failures: dict[str, XswitchError] = {}
        self._used: set[tuple[str, Secret]] = set()

    @contextmanager
    def lock(self, key: str) -> Iterator[None]:
        """Hold a session key's lock among this use case's threads, without a timeout."""
        with self._guard:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            yield

    def attempt_once(self, key: str, attempt: Callable[[], T]) -> T:
        """Return `attempt()`, or raise the error it raised for this key before.

        Call it while holding the key's lock.
        """
        if key in self._failures:
            raise self._failures[key]
        try:
            return attempt()
        except XswitchError as error:
            self._failures[key] = error
            raise

    def call_with_code(
        self, serial: str, profile: str, command: str | None, call: Callable[[str], T]
    ) -> T:
        """Return `call(code)` for the first code that AWS accepts.

        The first code comes from the `mfa_process`, which runs once because it prints the same
        code for a while. Further codes come from the prompt, `MAX_ATTEMPTS` in all. No code is
        sent twice. Raises MfaNeededError, CancelledError, and what `call` raises.
        """
        with self._prompt_lock:
            refusal = ""
            denied: XswitchError | None = None
            for attempt in range(1, MAX_ATTEMPTS + 1):
                try:
                    code = self._next_code(
                        MfaChallenge(serial, profile, attempt, refusal),
                        command if attempt == 1 else None,
                    )
                except MfaNeededError as error:
                    raise denied or error from None
                try:
                    return call(self._validate_unused(serial, code))
                except (AwsDeniedError, MfaNeededError) as error:
                    if error.code not in {ErrorCode.MFA_WRONG, ErrorCode.MFA_UNUSABLE}:
                        raise
                    refusal = error.why or error.what
                    # AWS's error says more than ours about a code that wasn't sent
                    if not (
                        isinstance(denied, AwsDeniedError) and isinstance(error, MfaNeededError)
                    ):
                        denied = error
            # The loop runs at least once, and repeats only after an error
            assert denied is not None  # noqa: S101
            raise denied

    def _next_code(self, challenge: MfaChallenge, command: str | None) -> str:
        if command and self._run_process:
            try:
                return self._process.run(command, challenge)
            except MfaNeededError as failed:
                try:
                    return self._prompt.code(challenge)
                except MfaNeededError:
                    raise failed from None
        return self._prompt.code(challenge)

    def _validate_unused(self, serial: str, code: str) -> str:
        code = "".join(code.split())
        if not is_mfa_code(code):
            raise _UnusableCodeError(
                "An MFA code has six digits.",
                next_step="Type the code that the device shows now.",
            )
        if (serial, Secret(code)) in self._used:
            raise _UnusableCodeError(
                "This code was already used.",
                next_step="Wait until the device shows the next one.",
            )
        self._used.add((serial, Secret(code)))
        return code


class _UnusableCodeError(MfaNeededError):
    """A code that is known to be wrong without a call to AWS."""

    default_code = ErrorCode.MFA_UNUSABLE
