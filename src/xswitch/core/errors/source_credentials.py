"""What it means that a chain's base has no credentials to give, and the exact command that helps.

Pure, as `core.errors.sts`: the adapter names one of `SOURCE_MESSAGES`, this module fills it for the
base at hand.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from xswitch.core.errors import SourceCredentialsError, XswitchError
from xswitch.core.errors.sts import CREDENTIALS_ERROR_CODES, display_reason
from xswitch.core.model import CredentialSource, CredentialSourceKind
from xswitch.core.text import sanitize

_CORRECT_CONFIG = "Correct it at {origin}."
_RUN_MANUALLY = "See what it says: {caller}"


@dataclass(frozen=True, slots=True)
class SourceLabel:
    """A base, as its failures speak of it.

    `sso_session` is the name of the sso-session its profile uses, "" for none.
    """

    base: CredentialSource
    sso_session: str = ""


@dataclass(frozen=True, slots=True)
class SourceMessageTemplate:
    """`what` and `next_step` of one code.

    `{name}` is "profile X" or the place the base is, `{origin}` its file:line, `{command}` the
    command that gets new credentials, `{caller}` one that shows the error of another program,
    `{detail}` a few words of the failure.
    """

    what: str
    next_step: str


SOURCE_MESSAGES: Mapping[str, SourceMessageTemplate] = MappingProxyType(
    {
        "keys_missing": SourceMessageTemplate("There are no access keys in {name}.", "{command}"),
        "keys_incomplete": SourceMessageTemplate(
            "The access keys in {name} are incomplete: {detail}.", "{command}"
        ),
        "keys_expired": SourceMessageTemplate(
            "The access keys in {name} have expired.", "{command}"
        ),
        "process_missing": SourceMessageTemplate(
            "The credential_process of {name} can't be started: {detail}.", _CORRECT_CONFIG
        ),
        "process_failed": SourceMessageTemplate(
            "The credential_process of {name} failed: {detail}.", _RUN_MANUALLY
        ),
        "process_timeout": SourceMessageTemplate(
            "The credential_process of {name} did not end within {detail} and was stopped.",
            _RUN_MANUALLY,
        ),
        "process_answer": SourceMessageTemplate(
            "The credential_process of {name} printed no usable credentials: {detail}.",
            _RUN_MANUALLY,
        ),
        "process_expired": SourceMessageTemplate(
            "The credential_process of {name} printed credentials that have expired.", _RUN_MANUALLY
        ),
        "sso_login": SourceMessageTemplate(
            "You are not signed in to IAM Identity Center for {name}.", "{command}"
        ),
        "sso_cache": SourceMessageTemplate(
            "The stored IAM Identity Center sign-in for {name} can't be read.", "{command}"
        ),
        "sso_denied": SourceMessageTemplate(
            "IAM Identity Center does not give {name} its role.",
            "Check sso_account_id and sso_role_name at {origin}.",
        ),
        "sso_config": SourceMessageTemplate(
            "The IAM Identity Center settings of {name} are incomplete or contradict each other.",
            _CORRECT_CONFIG,
        ),
        "web_identity_file": SourceMessageTemplate(
            "The web identity token of {name} can't be read: {detail}.", _CORRECT_CONFIG
        ),
        "web_identity_denied": SourceMessageTemplate(
            "AWS does not accept the web identity token of {name}.",
            "Get a new token, or check role_arn at {origin}.",
        ),
        "login_needed": SourceMessageTemplate(
            "You are not signed in to AWS for {name}.", "{command}"
        ),
        "login_denied": SourceMessageTemplate(
            "AWS does not renew the sign-in of {name}.", "{command}"
        ),
        "no_metadata": SourceMessageTemplate(
            "The EC2 metadata service gives no credentials: {detail}.",
            "Run this on an EC2 instance with a role, or use another source.",
        ),
        "no_container": SourceMessageTemplate(
            "There is no container credential endpoint: {detail}.",
            "Run this in a container with a task role, or use another source.",
        ),
        "container_answer": SourceMessageTemplate(
            "The container credential endpoint gives no credentials.",
            "Check the task role of the container, or use another source.",
        ),
        "base_credentials": SourceMessageTemplate(
            "There are no credentials to be had from {name}.", "{command}"
        ),
    }
)

_SIGN_IN_COMMANDS: Mapping[CredentialSourceKind, str] = MappingProxyType(
    {
        CredentialSourceKind.STATIC_KEYS: "aws configure",
        CredentialSourceKind.SSO: "aws sso login",
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
    source: SourceLabel, code: str, *, detail: str = "", why: str = ""
) -> SourceCredentialsError:
    """The error for a base that gives no credentials.

    `code` is one of `SOURCE_MESSAGES`, `detail` and `why` come from the failure.
    """
    sentence = SOURCE_MESSAGES[code]
    values = {
        "name": _display_name(source.base),
        "origin": _display_origin(source.base),
        "command": renewal_instruction(source),
        "caller": _with_profile("aws sts get-caller-identity", source.base),
        "detail": display_reason(detail),
    }
    return SourceCredentialsError(
        sentence.what.format(**values),
        why=display_reason(why),
        next_step=sentence.next_step.format(**values),
        code=code,
    )


def as_source_error(error: XswitchError, source: SourceLabel) -> XswitchError:
    """`error` of a call that the base's own credentials signed.

    When AWS rejects these, it's the base that needs renewing.

    Any other error is returned as it is.
    """
    if error.code not in CREDENTIALS_ERROR_CODES:
        return error
    return SourceCredentialsError(
        error.what, why=error.why, next_step=renewal_instruction(source), code=error.code
    )


def renewal_instruction(source: SourceLabel) -> str:
    """The command that gets this base new credentials, or what to do where no command does."""
    base = source.base
    if base.kind is CredentialSourceKind.SSO and source.sso_session:
        return f"aws sso login --sso-session {_shell_quoted(source.sso_session)}"
    if base.kind in _SIGN_IN_COMMANDS:
        return _with_profile(_SIGN_IN_COMMANDS[base.kind], base)
    if base.kind is CredentialSourceKind.ENVIRONMENT:
        return "Set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, for temporary keys, AWS_SESSION_TOKEN; or use a source profile."
    if base.kind is CredentialSourceKind.CREDENTIAL_PROCESS:
        return _RUN_MANUALLY.format(caller=_with_profile("aws sts get-caller-identity", base))
    if base.kind is CredentialSourceKind.WEB_IDENTITY:
        return "Get a new web identity token."
    return "Check the role of this instance or container."


def _with_profile(command_line: str, base: CredentialSource) -> str:
    return (
        command_line
        if base.profile is None
        else f"{command_line} --profile {_shell_quoted(base.profile)}"
    )


def _shell_quoted(name: str) -> str:
    return shlex.quote(sanitize(name))


def _display_name(base: CredentialSource) -> str:
    return (
        _SOURCE_NAMES.get(base.kind, "the environment")
        if base.profile is None
        else f"profile {sanitize(base.profile, limit=100)}"
    )


def _display_origin(base: CredentialSource) -> str:
    return (
        _display_name(base)
        if base.origin is None
        else sanitize(f"{base.origin.file}:{base.origin.line}")
    )
