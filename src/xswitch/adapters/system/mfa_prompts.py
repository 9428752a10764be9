"""Where MFA codes come from when a person, a flag or nobody knows them."""

from __future__ import annotations

import os
from pathlib import Path

from xswitch.adapters.system.mfa_process import CODE_LENGTH, is_mfa_code
from xswitch.core.errors import CancelledError, MfaNeededError
from xswitch.core.model import MfaChallenge
from xswitch.core.text import sanitize

_CONSOLE = ("CONIN$", "CONOUT$") if os.name == "nt" else ("/dev/tty", "/dev/tty")
_MAX_ATTEMPTS = 3


class TerminalPrompt:
    """Fulfils `actions.ports.MfaPrompt` on the terminal itself, so that stdin and stdout stay free for data.

    `next_step` is what to run where there is no terminal; "" is `xswitch switch PROFILE --mfa-code CODE`.
    """

    def __init__(self, next_step: str = "", console: tuple[str, str] = _CONSOLE) -> None:
        self._next_step = next_step
        self._console = console

    def code(self, challenge: MfaChallenge) -> str:
        """The code typed.

        Raises MfaNeededError without a terminal, CancelledError for Ctrl-C, Ctrl-D or an empty
        line.
        """
        reader, writer = self._console
        try:
            with (
                Path(reader).open(encoding="utf-8", errors="replace") as keys,
                Path(writer).open("w", encoding="utf-8", errors="replace") as screen,
            ):
                screen.writelines(f"{line}\n" for line in _introduction(challenge))
                for _ in range(_MAX_ATTEMPTS):
                    screen.write("MFA code: ")
                    screen.flush()
                    typed = keys.readline()
                    code = typed.replace(" ", "").strip()
                    if not code:
                        raise _cancelled()
                    if is_mfa_code(code):
                        return code
                    screen.write(f"A code has {CODE_LENGTH} digits.\n")
        except KeyboardInterrupt:
            raise _cancelled() from None
        except OSError:
            raise no_prompt_error(challenge, self._next_step) from None
        raise _cancelled()


class FixedMfaCode:
    """Fulfils `actions.ports.MfaPrompt` with a code given beforehand (`--mfa-code`).

    Good for one answer.
    """

    def __init__(self, code: str) -> None:
        self._code = code

    def code(self, challenge: MfaChallenge) -> str:
        """The code, once. Raises MfaNeededError when asked again: AWS takes no code twice."""
        code, self._code = self._code, ""
        if code:
            return code
        raise MfaNeededError(
            f"The given MFA code for {sanitize(challenge.serial, limit=200)} does not do.",
            why=sanitize(challenge.refusal, limit=600)
            or "A code works once, and another one is needed.",
            next_step="Wait until the device shows the next code, then run the same command with it.",
        )


class DisabledMfaPrompt:
    """Fulfils `actions.ports.MfaPrompt` where asking is not allowed.

    `credential-process` without a terminal, background work.
    """

    def __init__(self, next_step: str = "") -> None:
        self._next_step = next_step

    def code(self, challenge: MfaChallenge) -> str:
        """Raise MfaNeededError, at once."""
        raise no_prompt_error(challenge, self._next_step)


def no_prompt_error(challenge: MfaChallenge, next_step: str = "") -> MfaNeededError:
    """The error when a code is needed and there is no terminal.

    `next_step` as for `TerminalPrompt`.
    """
    return MfaNeededError(
        f"An MFA code of {sanitize(challenge.serial, limit=200)} is needed, and there is no terminal to ask on.",
        next_step=next_step
        or f"xswitch switch {sanitize(challenge.profile, limit=100)} --mfa-code CODE",
    )


def _introduction(challenge: MfaChallenge) -> list[str]:
    lines = [
        f"{sanitize(challenge.profile, limit=100)} needs a code of {sanitize(challenge.serial, limit=200)}"
    ]
    if challenge.refusal:
        lines.insert(0, sanitize(challenge.refusal, limit=300))
    return lines


def _cancelled() -> CancelledError:
    return CancelledError("No MFA code was given.")
