"""The MFA prompt on the terminal."""

from __future__ import annotations

from collections.abc import Callable

from xswitch.core.display import display
from xswitch.core.errors import CancelledError
from xswitch.core.model import MfaChallenge
from xswitch.core.sts_limits import MFA_CODE_LENGTH, is_mfa_code
from xswitch.terminal import has_terminal, open_for_questions, read_line, write_text

_MAX_ATTEMPTS = 3


class TerminalPrompt:
    """Implements `actions.ports.MfaPrompt` on the terminal itself, so stdin and stdout stay free.

    Without a terminal, `otherwise` answers.
    """

    def __init__(self, otherwise: Callable[[MfaChallenge], str]) -> None:
        self._otherwise = otherwise

    def can_ask(self) -> bool:
        """Whether there is a terminal."""
        return has_terminal()

    def code(self, challenge: MfaChallenge) -> str:
        """Return the code that the user types.

        Raises CancelledError for Ctrl-C, Ctrl-D, or an empty line.
        """
        try:
            with open_for_questions() as (reader, writer):
                write_text(writer, "".join(f"{line}\n" for line in _introduction(challenge)))
                for _ in range(_MAX_ATTEMPTS):
                    write_text(writer, "MFA code: ")
                    code = read_line(reader).replace(" ", "").strip()
                    if not code:
                        raise _cancelled()
                    if is_mfa_code(code):
                        return code
                    write_text(writer, f"A code has {MFA_CODE_LENGTH} digits.\n")
        except (KeyboardInterrupt, EOFError):
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
