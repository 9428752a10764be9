"""MFA codes from the command in a profile's `mfa_process` setting."""

from __future__ import annotations

import os
from collections.abc import Mapping

from xswitch.core.display import display
from xswitch.core.errors import ErrorCode, MfaNeededError
from xswitch.core.model import MfaChallenge
from xswitch.core.sessions.running_commands import child_environment, mfa_process_digest
from xswitch.core.sts_limits import MFA_CODE_LENGTH, is_mfa_code


class MfaProcess:
    """Implements `actions.ports.MfaProcessRunner`.

    The command is split as botocore splits a credential_process, and runs without shell or input,
    in `environment` (None: this process's) for at most `seconds`.
    """

    def __init__(self, environment: Mapping[str, str] | None = None, seconds: float = 60.0) -> None:
        self._environment = environment
        self._seconds = seconds

    def run(self, command: str, challenge: MfaChallenge) -> str:
        """Return the code the command prints.

        Raises MfaNeededError if it prints no code, fails, or takes too long.
        """
        # Imports subprocess (4 ms), and few profiles have an mfa_process.
        from xswitch.adapters.system.processes import (  # noqa: PLC0415
            CapturedCommand,
            CommandTimeoutError,
            OutputTooLargeError,
            split_command_line,
        )

        try:
            environment = child_environment(
                os.environ if self._environment is None else self._environment,
                mfa_process_digest(challenge.serial),
                os.getpid(),
            )
            status, output = CapturedCommand(
                split_command_line(command), environment, self._seconds
            ).finish()
        except CommandTimeoutError:
            raise _no_code_error(
                challenge, f"It was stopped after {self._seconds:g} seconds."
            ) from None
        except OutputTooLargeError:
            raise _no_code_error(challenge, "It printed much more than a code.") from None
        except ValueError:
            raise _no_code_error(challenge, "Its quotes don't match.") from None
        except OSError as error:
            raise _no_code_error(
                challenge, f"It can't be started: {(error.strerror or 'no reason given').lower()}."
            ) from None
        if status != 0:
            raise _no_code_error(challenge, f"It exited with status {status}.")
        code = output.strip().decode("ascii", "replace")
        if not is_mfa_code(code):
            raise _no_code_error(
                challenge, f"It printed something other than {MFA_CODE_LENGTH} digits."
            )
        return code


def _no_code_error(challenge: MfaChallenge, why: str) -> MfaNeededError:
    profile = display(challenge.profile, limit=100)
    return MfaNeededError(
        f"The mfa_process of profile {profile} returned no MFA code.",
        why=why,
        next_step=f"Run the mfa_process command of profile {profile} yourself, or use --mfa-code.",
        code=ErrorCode.MFA_PROCESS,
    )
