"""MFA codes: where they come from, how often xswitch asks, and one prompt at a time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TypeVar

from xswitch.actions.ports import MfaProcessRunner, MfaPrompt
from xswitch.core.display import display
from xswitch.core.errors import AwsDeniedError, ErrorCode, MfaNeededError, XswitchError
from xswitch.core.model import MfaChallenge, Secret
from xswitch.core.sts_limits import is_mfa_code
from xswitch.core.text import command_for

MAX_ATTEMPTS = 3

T = TypeVar("T")


class NoMfaPrompt:
    """Implements `MfaPrompt` where there is no terminal."""

    def __init__(self, next_step: str = "") -> None:
        self._next_step = next_step

    def can_ask(self) -> bool:
        """Return False: there is no terminal."""
        return False

    def code(self, challenge: MfaChallenge) -> str:
        """Raise MfaNeededError, whose next step is a switch unless another one was given."""
        raise MfaNeededError(
            f"An MFA code for {display(challenge.serial, limit=200)} is needed,"
            " and there is no terminal to prompt on.",
            next_step=self._next_step
            or command_for("xswitch switch", challenge.profile, "--mfa-code CODE"),
        )


class FixedMfaCode:
    """Implements `MfaPrompt` with the code of `--mfa-code`, which is used once.

    It takes precedence over an `mfa_process`.
    """

    def __init__(self, code: str) -> None:
        self._code: Secret | None = Secret(code)

    def can_ask(self) -> bool:
        """Return False: the code is at hand."""
        return False

    def code(self, challenge: MfaChallenge) -> str:
        """Return the code on the first call, and raise MfaNeededError after that."""
        code, self._code = self._code, None
        if code is not None:
            return code.reveal()
        raise MfaNeededError(
            f"The MFA code for {display(challenge.serial, limit=200)} doesn't work.",
            why=display(challenge.refusal, limit=600)
            or "A code works only once, and another one is needed.",
            next_step="Wait until the device shows the next code, then rerun the command with it.",
        )


@dataclass
class MfaQuestion:
    """One question for a code, with its attempts so far and the answer that isn't used yet."""

    serial: str
    profile: str
    command: str | None
    """The `mfa_process`."""
    attempts: int = 0
    answer: Secret | XswitchError | None = None
    """A code, or why there is none."""
    refusal: str = ""
    """Why the last code didn't work."""
    denied: XswitchError | None = None
    """The error to raise if there is no further code."""

    @property
    def runs_command(self) -> bool:
        """Whether the next answer comes from the `mfa_process`.

        It runs once, because it prints the same code for a while.
        """
        return bool(self.command) and self.attempts == 0

    def reject(self, error: XswitchError) -> None:
        """Note why a code didn't work; after `MAX_ATTEMPTS`, the answer is that error."""
        self.refusal = error.why or error.what
        # AWS's error says more than ours about a code that wasn't sent
        if not (isinstance(self.denied, AwsDeniedError) and isinstance(error, MfaNeededError)):
            self.denied = error
        if self.attempts >= MAX_ATTEMPTS:
            self.answer = self.denied


class MfaCodeRequired(Exception):  # noqa: N818 -- not an error
    """A code is needed, and asking for it may take minutes, so no lock may be held meanwhile."""

    def __init__(self, question: MfaQuestion) -> None:
        super().__init__()
        self.question = question


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
        self._has_code = isinstance(prompt, FixedMfaCode)
        self._run_process = run_process and not self._has_code
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

    def takes_time(self, question: MfaQuestion) -> bool:
        """Whether an answer takes time: a person or an `mfa_process` gives it."""
        if question.runs_command and self._run_process:
            return True
        return not self._has_code and self._prompt.can_ask()

    def ask(self, question: MfaQuestion) -> None:
        """Give a question its answer, from the `mfa_process` first, then from the prompt.

        One question is asked at a time. There are `MAX_ATTEMPTS` answers in all. An error of the
        prompt is the answer.
        """
        with self._prompt_lock:
            while question.answer is None:
                runs_command = question.runs_command
                question.attempts += 1
                challenge = MfaChallenge(
                    question.serial, question.profile, question.attempts, question.refusal
                )
                try:
                    code = self._next_code(challenge, question.command if runs_command else None)
                except MfaNeededError as error:
                    question.answer = question.denied or error
                    return
                except XswitchError as error:
                    question.answer = error
                    return
                try:
                    question.answer = self._validate_unused(question.serial, code)
                except MfaNeededError as error:
                    question.reject(error)

    def call_with_code(self, question: MfaQuestion, call: Callable[[str], T]) -> T:
        """Return `call(code)` with the question's answer, unless AWS rejects the code.

        No code is sent twice. Raises MfaCodeRequired if a code has to be asked for (again) first,
        MfaNeededError, CancelledError, and what `call` raises.
        """
        while True:
            if question.answer is None:
                if self.takes_time(question):
                    raise MfaCodeRequired(question)
                self.ask(question)
            answer, question.answer = question.answer, None
            if isinstance(answer, XswitchError):
                raise answer
            # `ask` always gives an answer
            assert answer is not None  # noqa: S101
            self._used.add((question.serial, answer))
            try:
                return call(answer.reveal())
            except AwsDeniedError as error:
                if error.code != ErrorCode.MFA_WRONG:
                    raise
                question.reject(error)

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

    def _validate_unused(self, serial: str, code: str) -> Secret:
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
        return Secret(code)


class _UnusableCodeError(MfaNeededError):
    """A code that is known to be wrong without a call to AWS."""

    default_code = ErrorCode.MFA_UNUSABLE
