"""Every failure xswitch reports: the exceptions, their codes and the exit codes.

    XswitchError                    1  a bug
    ├── OutputLostError             1  the output can't be written
    ├── UsageError                  2  the command line or its values
    ├── TargetError                 3  the role, profile or user to act on
    ├── AwsDeniedError              4  AWS denied the request, or an MFA code
    │   ├── IdentityMismatchError      the session belongs to another account or role
    │   └── ThrottledError             too many requests
    ├── MfaNeededError              5  an MFA code is missing, with no terminal to ask on
    ├── SourceCredentialsError      6  the credentials a chain starts from
    │   ├── SignInNeededError          a person has to sign in to IAM Identity Center
    │   └── SignInError                a sign-in to IAM Identity Center failed
    ├── VaultError                  7  the session store
    │   ├── VaultLockedError           present and locked
    │   ├── VaultAbsentError           not available on this machine
    │   └── VaultBrokenError           wrong answers, or none
    ├── LockBusyError               7  another process holds a lock
    │   └── LockHeldByAncestorError 7  the one that waits for this process
    ├── ConfigError                 8  AWS config, settings and state files
    │   ├── ChainError                 a profile's chain of roles
    │   ├── ShadowError                a managed profile that other keys would override
    │   └── SettingsError              xswitch's own settings
    ├── SystemRefusedError          8  a file or device, where no other error says more
    ├── NetworkError                9  AWS wasn't reached
    ├── ShellError                 10  the shell can't be changed
    ├── CommandRefusedError       126  the system can't start the command of `exec`
    ├── CommandNotFoundError      127  the command of `exec`
    └── CancelledError            130  stopped by the user

The messages for AWS errors are in the modules beside this one. Errors hold unformatted text: the
command line and the screen sanitize it when they show it.
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import ClassVar

from xswitch.core.display import hide_secrets


class ExitCode(IntEnum):
    """Exit codes of the process; part of the interface, documented in docs/json.md."""

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
    SHELL = 10
    COMMAND_REFUSED = 126
    COMMAND_NOT_FOUND = 127
    CANCELLED = 130


class ErrorCode(StrEnum):
    """Stable names of failures for `--json`; part of the interface, documented in docs/errors.md.

    An error caused by a problem in the config may carry that problem's code instead.
    """

    BUG = "bug"
    CANCELLED = "cancelled"
    OUTPUT_LOST = "output_lost"

    # The command line and its values
    USAGE = "usage"
    BAD_DURATION = "bad_duration"
    BAD_EXTERNAL_ID = "bad_external_id"
    BAD_MFA_SERIAL = "bad_mfa_serial"
    BAD_OVERRIDE = "bad_override"
    BAD_PROFILE_NAME = "bad_profile_name"
    BAD_REGION = "bad_region"
    BAD_SESSION_NAME = "bad_session_name"
    BAD_START_URL = "bad_start_url"
    BAD_TEMPLATE = "bad_template"
    COLOUR_INVALID = "colour_invalid"
    CONFIRMATION_NEEDED = "confirmation_needed"
    FILE = "file"
    FILE_EXISTS = "file_exists"
    FORMAT = "format"
    GUARD_MISMATCH = "guard_mismatch"
    GUARD_POLICY = "guard_policy"
    GUARD_UNCONFIRMED = "guard_unconfirmed"
    ACCOUNT_INVALID = "account_invalid"
    DESCRIPTION_INVALID = "description_invalid"
    DURATION_INVALID = "duration_invalid"
    EXTERNAL_ID_INVALID = "external_id_invalid"
    NAME_INVALID = "name_invalid"
    PARTITION_INVALID = "partition_invalid"
    PATH_INVALID = "path_invalid"
    POLICY_INVALID = "policy_invalid"
    TAGS_INVALID = "tags_invalid"
    MANAGED_PROFILE = "managed_profile"
    MFA_DEVICE_MISSING = "mfa_device_missing"
    NO_CONSOLE_LINK = "no_console_link"
    NO_TERMINAL = "no_terminal"
    NOT_CONFIRMED = "not_confirmed"
    POLICY = "policy"
    SWITCH_FROM = "switch_from"
    UNCONFIRMED = "unconfirmed"

    # Targets
    TARGET = "target"
    NO_PREVIOUS = "no_previous"
    POLICY_MISSING = "policy_missing"
    PRINCIPAL_ELSEWHERE = "principal_elsewhere"
    PRINCIPAL_MISSING = "principal_missing"
    ROLE_CHANGED = "role_changed"
    ROLE_MISSING = "role_missing"
    TARGET_AMBIGUOUS = "target_ambiguous"
    TARGET_UNKNOWN = "target_unknown"

    # MFA
    MFA_NEEDED = "mfa_needed"
    MFA_PROCESS = "mfa_process"
    MFA_UNUSABLE = "mfa_unusable"

    # The shell
    SHELL = "shell"

    # The command of `exec`
    COMMAND_NOT_FOUND = "command_not_found"
    COMMAND_REFUSED = "command_refused"

    # Answers of AWS
    DENIED = "denied"
    BAD_PARAMETER = "bad_parameter"
    BAD_SECRET = "bad_secret"  # noqa: S105 -- the name of a failure
    CLOCK_SKEW = "clock_skew"
    DURATION_CHAINING = "duration_chaining"
    DURATION_ROLE_MAX = "duration_role_max"
    EXPIRED_TOKEN = "expired_token"  # noqa: S105 -- the name of a failure
    EXPLICIT_DENY = "explicit_deny"
    INCOMPLETE_ANSWER = "incomplete_answer"
    INVALID_KEY = "invalid_key"
    MALFORMED_POLICY = "malformed_policy"
    MFA_SERIAL = "mfa_serial"
    MFA_WRONG = "mfa_wrong"
    NOT_AUTHORIZED = "not_authorized"
    PACKED_POLICY = "packed_policy"
    REGION_DISABLED = "region_disabled"
    ROOT_USER = "root_user"
    SESSION_CREDENTIALS = "session_credentials"
    THROTTLED = "throttled"
    WRONG_IDENTITY = "wrong_identity"

    # Answers of IAM
    IAM_BUSY = "iam_busy"
    IAM_CONFLICT = "iam_conflict"
    IAM_DENIED = "iam_denied"
    IAM_EXISTS = "iam_exists"
    IAM_INPUT = "iam_input"
    IAM_LIMIT = "iam_limit"
    IAM_MALFORMED = "iam_malformed"
    IAM_MISSING = "iam_missing"
    IAM_UNMODIFIABLE = "iam_unmodifiable"

    # The connection to AWS
    NETWORK = "network"
    AWS_INTERNAL = "aws_internal"
    CA_BUNDLE = "ca_bundle"
    DNS = "dns"
    ENDPOINT_URL = "endpoint_url"
    ENDPOINT_VARIANT = "endpoint_variant"
    NOT_AWS = "not_aws"
    PROXY = "proxy"
    REFUSED = "refused"
    REGION = "region"
    RESET = "reset"
    TIMEOUT = "timeout"
    TLS = "tls"
    UNREACHABLE = "unreachable"

    # Source credentials
    BASE_CREDENTIALS = "base_credentials"
    CONTAINER_ANSWER = "container_answer"
    KEYS_EXPIRED = "keys_expired"
    KEYS_INCOMPLETE = "keys_incomplete"
    KEYS_MISSING = "keys_missing"
    LOGIN_DENIED = "login_denied"
    LOGIN_NEEDED = "login_needed"
    NO_CONTAINER = "no_container"
    NO_METADATA = "no_metadata"
    PROCESS_ANSWER = "process_answer"
    PROCESS_EXPIRED = "process_expired"
    PROCESS_FAILED = "process_failed"
    PROCESS_MISSING = "process_missing"
    PROCESS_TIMEOUT = "process_timeout"
    AWS_CLI_MISSING = "aws_cli_missing"
    SSO_CACHE = "sso_cache"
    SSO_CALLBACK = "sso_callback"
    SSO_CLIENT = "sso_client"
    SSO_CODE_EXPIRED = "sso_code_expired"
    SSO_CONFIG = "sso_config"
    SSO_DENIED = "sso_denied"
    SSO_GRANT = "sso_grant"
    SSO_NOT_FOUND = "sso_not_found"
    SSO_REQUEST = "sso_request"
    SSO_LOGIN = "sso_login"
    SSO_NOT_APPROVED = "sso_not_approved"
    SSO_NO_ANSWER = "sso_no_answer"
    SSO_NO_BROWSER = "sso_no_browser"
    SSO_NO_PORT = "sso_no_port"
    SSO_START_URL = "sso_start_url"
    SSO_STATE = "sso_state"
    SSO_WINDOW_CLOSED = "sso_window_closed"
    WEB_IDENTITY_DENIED = "web_identity_denied"
    WEB_IDENTITY_FILE = "web_identity_file"

    # The vault and locks
    BUSY = "busy"
    FORGOTTEN = "forgotten"
    VAULT_ABSENT = "vault_absent"
    VAULT_BROKEN = "vault_broken"
    VAULT_LOCKED = "vault_locked"
    VAULT_MUTE = "vault_mute"
    VAULT_NO_KEYRING = "vault_no_keyring"
    VAULT_LEFT = "vault_left"
    VAULT_NO_MEMORY = "vault_no_memory"
    VAULT_NOT_ALLOWED = "vault_not_allowed"
    VAULT_PIN = "vault_pin"
    VAULT_UNLISTED = "vault_unlisted"
    VAULT_UNKNOWN = "vault_unknown"
    VAULT_UNTRUSTED = "vault_untrusted"

    # Files
    CONFIG = "config"
    ACCESS_CHANGED = "access_changed"
    CHAIN = "chain"
    COMMAND_UNSAFE = "command_unsafe"
    CONFIG_BUSY = "config_busy"
    CONFIG_NOT_A_FILE = "config_not_a_file"
    CONFIG_NOT_UTF8 = "config_not_utf8"
    CONFIG_NOT_WRITABLE = "config_not_writable"
    CONFIG_PATH_TOO_LONG = "config_path_too_long"
    CONFIG_SYMLINK_LOOP = "config_symlink_loop"
    CONFIG_TOO_LARGE = "config_too_large"
    CONFIG_UNREADABLE = "config_unreadable"
    CREDENTIALS_EXPOSED = "credentials_exposed"
    EDIT_UNSAFE = "edit_unsafe"
    ILLEGAL_KEY = "illegal_key"
    ILLEGAL_PROFILE_NAME = "illegal_profile_name"
    NO_HOME = "no_home"
    NO_WORKING_FOLDER = "no_working_folder"
    NO_SESSION = "no_session"
    NOT_OURS = "not_ours"
    NOTHING_TO_UNDO = "nothing_to_undo"
    OTHER_ROLE = "other_role"
    PROFILE_EXISTS = "profile_exists"
    ROLE_ELSEWHERE = "role_elsewhere"
    SETTINGS = "settings"
    SHADOW = "shadow"
    SOURCE_LOOP = "source_loop"
    STATE_FOLDER = "state_folder"
    STATE_NEWER = "state_newer"
    STATE_UNTRUSTED = "state_untrusted"
    SYSTEM = "system"
    UNDO_CHANGED = "undo_changed"
    UNDO_DAMAGED = "undo_damaged"
    UNDO_SECRET = "undo_secret"  # noqa: S105 -- the name of a failure
    UNSAFE_COMMENT = "unsafe_comment"
    UNSAFE_VALUE = "unsafe_value"


class XswitchError(Exception):
    """A failure with a message for the user; what has the form of a secret is hidden in it."""

    exit_code: ClassVar[ExitCode] = ExitCode.BUG
    default_code: ClassVar[str] = ErrorCode.BUG

    what: str
    """One sentence that names the failure."""
    why: str
    """The reason as far as known: AWS's text, or a file and line."""
    next_step: str
    """An instruction that ends in the exact command, or ""."""
    code: str
    """An `ErrorCode`, or the code of the config problem that caused the error."""

    def __init__(
        self, what: str, *, why: str = "", next_step: str = "", code: str | None = None
    ) -> None:
        self.what = hide_secrets(what)
        self.why = hide_secrets(why)
        self.next_step = hide_secrets(next_step)
        super().__init__(self.what)
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.what} {self.why}".strip()


class OutputLostError(XswitchError):
    """Standard output can't be written, or the text to confirm has no reader."""

    default_code = ErrorCode.OUTPUT_LOST


class UsageError(XswitchError):
    """An invalid command line, or an invalid value in it."""

    exit_code = ExitCode.USAGE
    default_code = ErrorCode.USAGE


class TargetError(XswitchError):
    """No match for a target, or several; `candidates` holds profile names."""

    exit_code = ExitCode.TARGET
    default_code = ErrorCode.TARGET

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
    """An error response of AWS.

    `aws_code` is AWS's own error code, `hop` the role ARN, MFA device or profile it is about.
    """

    exit_code = ExitCode.DENIED
    default_code = ErrorCode.DENIED

    def __init__(  # noqa: PLR0913 -- each is a separate part of the response
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
    """GetCallerIdentity returned another account or role than requested."""

    default_code = ErrorCode.WRONG_IDENTITY


class ThrottledError(AwsDeniedError):
    """AWS refused a request because there were too many.

    `retry_after` is the number of seconds that AWS asks to wait, None if it doesn't say.
    """

    default_code = ErrorCode.THROTTLED

    def __init__(self, what: str, *, retry_after: float | None = None, aws_code: str = "") -> None:
        super().__init__(what, next_step="Run the same command again.", aws_code=aws_code)
        self.retry_after = retry_after


class MfaNeededError(XswitchError):
    """An MFA code is needed and can't be prompted for."""

    exit_code = ExitCode.MFA_NEEDED
    default_code = ErrorCode.MFA_NEEDED


class SourceCredentialsError(XswitchError):
    """The credentials a chain starts from are missing, expired or unavailable."""

    exit_code = ExitCode.BASE_CREDENTIALS
    default_code = ErrorCode.BASE_CREDENTIALS


class SignInNeededError(SourceCredentialsError):
    """A person has to sign in to Identity Center; `xswitch login` takes the `label`."""

    default_code = ErrorCode.SSO_LOGIN

    def __init__(
        self,
        what: str,
        *,
        why: str = "",
        next_step: str = "",
        code: str | None = None,
        label: str = "",
    ) -> None:
        super().__init__(what, why=why, next_step=next_step, code=code)
        self.label = label


class SignInError(SourceCredentialsError):
    """A sign-in to Identity Center, or the renewal of one, failed."""

    default_code = ErrorCode.SSO_CALLBACK


class VaultError(XswitchError):
    """The vault can't be used."""

    exit_code = ExitCode.VAULT
    default_code = ErrorCode.VAULT_BROKEN


class VaultLockedError(VaultError):
    """The store is locked, which is never treated as absent."""

    default_code = ErrorCode.VAULT_LOCKED


class VaultAbsentError(VaultError):
    """The store isn't available on this machine at the moment."""

    default_code = ErrorCode.VAULT_ABSENT


class VaultBrokenError(VaultError):
    """The store answers wrongly, or not at all."""


class LockBusyError(XswitchError):
    """Another process has held a lock for the whole waiting time."""

    exit_code = ExitCode.VAULT
    default_code = ErrorCode.BUSY


class LockHeldByAncestorError(LockBusyError):
    """The process that holds the lock waits for this one."""


class ConfigError(XswitchError):
    """The AWS config, or a file of xswitch's own, can't be read or written; it is unchanged."""

    exit_code = ExitCode.CONFIG
    default_code = ErrorCode.CONFIG


class ChainError(ConfigError):
    """A profile's chain can't be resolved: a missing source, a loop, a contradiction."""

    default_code = ErrorCode.CHAIN


class ShadowError(ConfigError):
    """The managed profile isn't written, because other keys of that name would override it."""

    default_code = ErrorCode.SHADOW


class SettingsError(ConfigError):
    """xswitch's own settings or state can't be read or written."""

    default_code = ErrorCode.SETTINGS


class SystemRefusedError(XswitchError):
    """The system refused a file operation, and no other error says what it was for."""

    exit_code = ExitCode.CONFIG
    default_code = ErrorCode.SYSTEM


class NetworkError(XswitchError):
    """AWS wasn't reached, or the response didn't come from AWS."""

    exit_code = ExitCode.NETWORK
    default_code = ErrorCode.NETWORK


class ShellError(XswitchError):
    """The shell can't be changed, or the change wouldn't last."""

    exit_code = ExitCode.SHELL
    default_code = ErrorCode.SHELL


class CommandNotFoundError(XswitchError):
    """The command that `exec` is to run doesn't exist: the exit code is a shell's."""

    exit_code = ExitCode.COMMAND_NOT_FOUND
    default_code = ErrorCode.COMMAND_NOT_FOUND


class CommandRefusedError(XswitchError):
    """The system can't start the command that `exec` is to run: the exit code is a shell's."""

    exit_code = ExitCode.COMMAND_REFUSED
    default_code = ErrorCode.COMMAND_REFUSED


class CancelledError(XswitchError):
    """The user cancelled."""

    exit_code = ExitCode.CANCELLED
    default_code = ErrorCode.CANCELLED
