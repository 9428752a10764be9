"""The MFA prompt on the terminal."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from xswitch.core.display import display
from xswitch.core.errors import CancelledError
from xswitch.core.model import MfaChallenge
from xswitch.core.sts_limits import MFA_CODE_LENGTH, is_mfa_code

_CONSOLE = ("CONIN$", "CONOUT$") if os.name == "nt" else ("/dev/tty", "/dev/tty")
_MAX_ATTEMPTS = 3


class TerminalPrompt:
    """Implements `actions.ports.MfaPrompt` on the terminal itself, so stdin and stdout stay free.

    Without a terminal, `otherwise` answers.
    """

    def __init__(
        self,
        otherwise: Callable[[MfaChallenge], str],
        console: tuple[str, str] = _CONSOLE,
    ) -> None:
        self._otherwise = otherwise
        self._console = console

    def can_ask(self) -> bool:
        """Whether there is a terminal."""
        reader, writer = self._console
        try:
            with Path(reader).open(encoding="utf-8"), Path(writer).open("w", encoding="utf-8"):
                return True
        except OSError:
            return False

    def code(self, challenge: MfaChallenge) -> str:
        """Return the code that the user types.

        Raises CancelledError for Ctrl-C, Ctrl-D, or an empty line.
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
                    screen.write(f"A code has {MFA_CODE_LENGTH} digits.\n")
        except KeyboardInterrupt:
            raise _cancelled() from None
        except OSError:
            return self._otherwise(challenge)
        raise _cancelled()


def _introduction(challenge: MfaChallenge) -> list[str]:
    profile, serial = display(challenge.profile, limit=100), display(challenge.serial, limit=200)
    lines = [f"Profile {profile} needs an MFA code from {serial}."]
    if challenge.refusal:
        lines.insert(0, display(challenge.refusal, limit=300))
    return lines


def _cancelled() -> CancelledError:
    return CancelledError("No MFA code entered.")
