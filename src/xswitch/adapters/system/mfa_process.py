"""A command of the user's choice that knows MFA codes (`mfa_process` on a profile)."""

from __future__ import annotations

from collections.abc import Mapping

from xswitch.core.errors import ErrorCode, MfaNeededError
from xswitch.core.model import MfaChallenge
from xswitch.core.sts_limits import MFA_CODE_LENGTH, is_mfa_code
from xswitch.core.text import sanitize


class MfaProcess:
    """Fulfils `actions.ports.MfaProcessRunner`.

    Splits the command as botocore splits a credential_process, runs it without a shell or input.

    `environment` is the command's, None for this process's own; `seconds` is how long it may take.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, seconds: float = 60.0) -> None:
        self._environment = environment
        self._seconds = seconds

    def run(self, command: str, challenge: MfaChallenge) -> str:
        """The code the command printed.

        Raises MfaNeededError when it prints none, fails, or takes too long.
        """
        # Subprocess is 4 ms for every command, and few profiles have such a command
        from xswitch.adapters.system.processes import (  # noqa: PLC0415
            CapturedCommand,
            CommandTimeoutError,
            OutputTooLargeError,
            split_command_line,
        )

        try:
            status, output = CapturedCommand(
                split_command_line(command), self._environment, self._seconds
            ).finish()
        except CommandTimeoutError:
            raise _no_code_error(
                challenge, f"It did not end within {self._seconds:g} seconds and was stopped."
            ) from None
        except OutputTooLargeError:
            raise _no_code_error(challenge, "It printed far more than a code.") from None
        except ValueError:
            raise _no_code_error(challenge, "Its quotes do not match.") from None
        except OSError as error:
            raise _no_code_error(
                challenge, f"It can't be started: {(error.strerror or 'no reason given').lower()}."
            ) from None
        if status != 0:
            raise _no_code_error(challenge, f"It ended with status {status}.")
        code = output.strip().decode("ascii", "replace")
        if not is_mfa_code(code):
            raise _no_code_error(
                challenge, f"It printed something other than {MFA_CODE_LENGTH} digits."
            )
        return code


def _no_code_error(challenge: MfaChallenge, why: str) -> MfaNeededError:
    profile = sanitize(challenge.profile, limit=100)
    return MfaNeededError(
        f"The mfa_process of profile {profile} gave no MFA code.",
        why=why,
        next_step=f"Run the command at mfa_process of profile {profile} by hand, or give a code: --mfa-code",
        code=ErrorCode.MFA_PROCESS,
    )
