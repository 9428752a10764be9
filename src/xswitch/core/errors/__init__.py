"""Every failure xswitch reports, as one tree.

Each error says what happened, why, and the exact next command, and carries the exit code of the
process. Nothing here formats for a terminal: `botocore_reader.render` and the screen do, and they
clean hostile text first.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar


class ExitCode(IntEnum):
    """The process exit codes; documented in docs/json.md and part of the interface."""

    DONE = 0
    BUG = 1
    USAGE = 2
    TARGET = 3
    DENIED = 4
    MFA_NEEDED = 5
    BASE_CREDENTIALS = 6
    VAULT = 7
    CONFIG = 8
    NETWORK = 9
    CANCELLED = 130


class XswitchError(Exception):
    """A failure with a sentence for the user.

    `what` is one sentence; `why` the reason as far as known (an AWS text, file:line); `next_step`
    the exact command to run, or an instruction, or "". `code` is a stable snake_case word for
    `--json` and tests. No field may hold a secret.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.BUG
    default_code: ClassVar[str] = "bug"

    def __init__(
        self, what: str, *, why: str = "", next_step: str = "", code: str | None = None
    ) -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.next_step = next_step
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.what} {self.why}".strip()


class UsageError(XswitchError):
    """The command line is not understood."""

    exit_code = ExitCode.USAGE
    default_code = "usage"


class TargetError(XswitchError):
    """No such target, or several; `candidates` are profile names."""

    exit_code = ExitCode.TARGET
    default_code = "target"

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        next_step: str = "",
        code: str | None = None,
        candidates: tuple[str, ...] = (),
    ) -> None:
        super().__init__(what, why=why, next_step=next_step, code=code)
        self.candidates = candidates


class AwsDeniedError(XswitchError):
    """AWS answered, and the answer was no.

    `aws_code` is AWS's own error code, `hop` the role ARN or profile refused.
    """

    exit_code = ExitCode.DENIED
    default_code = "denied"

    def __init__(  # noqa: PLR0913 -- each is a separate fact of AWS's answer
        self,
        what: str,
        *,
        why: str = "",
        next_step: str = "",
        code: str | None = None,
        aws_code: str = "",
        hop: str = "",
    ) -> None:
        super().__init__(what, why=why, next_step=next_step, code=code)
        self.aws_code = aws_code
        self.hop = hop


class IdentityMismatchError(AwsDeniedError):
    """GetCallerIdentity names another account or role than the one asked for."""

    default_code = "wrong_identity"


class MfaNeededError(XswitchError):
    """A code is needed and nobody can be asked."""

    exit_code = ExitCode.MFA_NEEDED
    default_code = "mfa_needed"


class SourceCredentialsError(XswitchError):
    """The credentials a chain starts from are missing, expired or can't be obtained."""

    exit_code = ExitCode.BASE_CREDENTIALS
    default_code = "base_credentials"


class VaultError(XswitchError):
    """The vault can't be used; see its subclasses for the answers of a store that is not ok."""

    exit_code = ExitCode.VAULT
    default_code = "vault_broken"


class VaultLockedError(VaultError):
    """The store is there and locked; it is never treated as absent."""

    default_code = "vault_locked"


class VaultAbsentError(VaultError):
    """There is no such store on this machine now."""

    default_code = "vault_absent"


class VaultBrokenError(VaultError):
    """The store is there and answers wrongly, or not at all."""

    default_code = "vault_broken"


class ConfigError(XswitchError):
    """The AWS config can't be read, or must not be written; the files are as they were."""

    exit_code = ExitCode.CONFIG
    default_code = "config"


class ChainError(ConfigError):
    """A profile's chain can't be resolved: a missing source, a loop, a contradiction."""

    default_code = "chain"


class ShadowError(ConfigError):
    """Writing the managed profile would be useless or dangerous.

    Other keys of that name would win.
    """

    default_code = "shadow"


class SettingsError(ConfigError):
    """xswitch's own settings file can't be read."""

    default_code = "settings"


class NetworkError(XswitchError):
    """AWS could not be reached, or what answered was not AWS."""

    exit_code = ExitCode.NETWORK
    default_code = "network"


class CancelledError(XswitchError):
    """The user stopped it."""

    exit_code = ExitCode.CANCELLED
    default_code = "cancelled"
