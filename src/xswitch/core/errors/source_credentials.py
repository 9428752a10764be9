"""The errors of unavailable source credentials, each with the exact command that renews them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.display import display
from xswitch.core.errors import ErrorCode, SourceCredentialsError, XswitchError
from xswitch.core.errors.messages import MessageTemplate, display_reason
from xswitch.core.errors.sso import login_command
from xswitch.core.errors.sts import CREDENTIALS_ERROR_CODES
from xswitch.core.model import CredentialSource, CredentialSourceKind
from xswitch.core.text import last_argument, option_text, sanitize

_CORRECT_CONFIG = "Correct it at {origin}."
_RUN_MANUALLY = "See its output: {caller}"


@dataclass(frozen=True, slots=True)
class SourceLabel:
    """Source credentials as messages name them."""

    base: CredentialSource
    sign_in: str = ""
    """The label of its Identity Center session, if any."""


# `{name}` is "profile X" or where else the credentials come from, `{role}` is its Identity Center
# role, `{origin}` file and line, `{command}` renews the credentials, `{caller}` shows the error of
# another program.
SOURCE_MESSAGES: Mapping[ErrorCode, MessageTemplate] = MappingProxyType(
    {
        ErrorCode.KEYS_MISSING: MessageTemplate("No access keys in {name}.", "{command}"),
        ErrorCode.KEYS_INCOMPLETE: MessageTemplate(
            "The access keys in {name} are incomplete: {detail}.", "{command}"
        ),
        ErrorCode.KEYS_EXPIRED: MessageTemplate(
            "The access keys in {name} have expired.", "{command}"
        ),
        ErrorCode.PROCESS_MISSING: MessageTemplate(
            "The credential_process of {name} can't be started: {detail}.", _CORRECT_CONFIG
        ),
        ErrorCode.PROCESS_FAILED: MessageTemplate(
            "The credential_process of {name} failed: {detail}.", _RUN_MANUALLY
        ),
        ErrorCode.PROCESS_TIMEOUT: MessageTemplate(
            "The credential_process of {name} was stopped after {detail}.", _RUN_MANUALLY
        ),
        ErrorCode.PROCESS_ANSWER: MessageTemplate(
            "The credential_process of {name} printed no usable credentials: {detail}.",
            _RUN_MANUALLY,
        ),
        ErrorCode.PROCESS_EXPIRED: MessageTemplate(
            "The credential_process of {name} printed expired credentials.", _RUN_MANUALLY
        ),
        ErrorCode.SSO_DENIED: MessageTemplate(
            "IAM Identity Center denied {role}.",
            "Check sso_account_id and sso_role_name at {origin}.",
        ),
        ErrorCode.SSO_NOT_FOUND: MessageTemplate(
            "IAM Identity Center doesn't know the account of {role}.",
            "Check sso_account_id at {origin}.",
        ),
        ErrorCode.SSO_REQUEST: MessageTemplate(
            "IAM Identity Center rejected the request for {role}.",
            "Check sso_region and sso_start_url, and the role, at {origin}.",
        ),
        ErrorCode.SSO_CONFIG: MessageTemplate(
            "The IAM Identity Center settings of {name} are incomplete or contradict each other.",
            _CORRECT_CONFIG,
        ),
        ErrorCode.WEB_IDENTITY_FILE: MessageTemplate(
            "The web identity token of {name} can't be read: {detail}.", _CORRECT_CONFIG
        ),
        ErrorCode.WEB_IDENTITY_DENIED: MessageTemplate(
            "AWS rejected the web identity token of {name}.",
            "Get a new token, or check role_arn at {origin}.",
        ),
        ErrorCode.LOGIN_NEEDED: MessageTemplate(
            "You aren't signed in to AWS for {name}.", "{command}"
        ),
        ErrorCode.LOGIN_DENIED: MessageTemplate(
            "AWS didn't renew the sign-in of {name}.", "{command}"
        ),
        ErrorCode.NO_METADATA: MessageTemplate(
            "The EC2 metadata service provides no credentials: {detail}.",
            "Run this on an EC2 instance with a role, or use another source.",
        ),
        ErrorCode.NO_CONTAINER: MessageTemplate(
            "No container credential endpoint: {detail}.",
            "Run this in a container with a task role, or use another source.",
        ),
        ErrorCode.CONTAINER_ANSWER: MessageTemplate(
            "The container credential endpoint provides no credentials.",
            "Check the task role of the container, or use another source.",
        ),
        ErrorCode.BASE_CREDENTIALS: MessageTemplate(
            "No credentials are available from {name}.", "{command}"
        ),
    }
)

_CODES_OF_ROLE = frozenset({ErrorCode.SSO_DENIED, ErrorCode.SSO_NOT_FOUND})
_SIGN_IN_COMMANDS: Mapping[CredentialSourceKind, str] = MappingProxyType(
    {
        CredentialSourceKind.STATIC_KEYS: "aws configure",
        CredentialSourceKind.LOGIN_SESSION: "aws login",
    }
)
_SOURCE_NAMES: Mapping[CredentialSourceKind, str] = MappingProxyType(
    {
        CredentialSourceKind.EC2_METADATA: "the EC2 metadata service",
        CredentialSourceKind.ECS_CONTAINER: "the container credential endpoint",
    }
)


def source_error(
    source: SourceLabel, code: ErrorCode, *, detail: str = "", why: str = ""
) -> SourceCredentialsError:
    """Return the error for unavailable source credentials.

    `code` is a key of `SOURCE_MESSAGES`; `detail` goes into its message.
    """
    base = source.base
    what, next_step = SOURCE_MESSAGES[code].fill(
        name=source_name(base),
        role=source_name(base) if base.profile is None else f"the role of {source_name(base)}",
        origin=_display_origin(base),
        command=renewal_instruction(source),
        caller=_with_profile("aws sts get-caller-identity", base),
        detail=display_reason(detail),
    )
    if base.profile is None and code in _CODES_OF_ROLE and source.sign_in:
        label = last_argument(source.sign_in)
        next_step = f"List what the portal offers now: xswitch sso refresh {label}"
    return SourceCredentialsError(what, why=display_reason(why), next_step=next_step, code=code)


def as_source_error(error: XswitchError, source: SourceLabel) -> XswitchError:
    """Return `error` with the command that renews the source credentials.

    `error` is of a call that they signed. An error that isn't about credentials is returned as is.
    """
    if error.code not in CREDENTIALS_ERROR_CODES:
        return error
    return SourceCredentialsError(
        error.what, why=error.why, next_step=renewal_instruction(source), code=error.code
    )


def renewal_instruction(source: SourceLabel) -> str:
    """Return the command that renews the credentials, or an instruction if there is none."""
    base = source.base
    if base.kind is CredentialSourceKind.SSO:
        return login_command(source.sign_in or base.profile or "")
    if base.kind in _SIGN_IN_COMMANDS:
        return _with_profile(_SIGN_IN_COMMANDS[base.kind], base)
    if base.kind is CredentialSourceKind.ENVIRONMENT:
        return (
            "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary keys, "
            "AWS_SESSION_TOKEN; or use a source profile."
        )
    if base.kind is CredentialSourceKind.CREDENTIAL_PROCESS:
        return _RUN_MANUALLY.format(caller=_with_profile("aws sts get-caller-identity", base))
    if base.kind is CredentialSourceKind.WEB_IDENTITY:
        return "Get a new web identity token."
    return "Check the role of this instance or container."


def _with_profile(command_line: str, base: CredentialSource) -> str:
    return (
        command_line
        if base.profile is None
        else f"{command_line} {option_text('--profile', base.profile)}"
    )


def source_name(base: CredentialSource) -> str:
    """Return where source credentials come from, as messages name it."""
    if base.profile is not None:
        return f"profile {display(base.profile, limit=100)}"
    if base.kind is CredentialSourceKind.SSO:  # a role that only the portal lists
        return display(base.detail, limit=200)
    return _SOURCE_NAMES.get(base.kind, "the environment")


def _display_origin(base: CredentialSource) -> str:
    return (
        source_name(base)
        if base.origin is None
        else sanitize(f"{base.origin.file}:{base.origin.line}")
    )
