"""The errors of a sign-in to IAM Identity Center: a sentence and a next step for each."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xswitch.core.errors import ErrorCode, SignInError, SignInNeededError
from xswitch.core.errors.messages import MessageTemplate, display_reason
from xswitch.core.text import last_argument, sanitize

_AGAIN = "xswitch login {name}"
_BY_CODE = "xswitch login --device-code {name}"

# `{name}` is the session's name or start URL, `{detail}` what the code doesn't say.
SIGN_IN_MESSAGES: Mapping[ErrorCode, MessageTemplate] = MappingProxyType(
    {
        ErrorCode.SSO_STATE: MessageTemplate(
            "The browser's answer doesn't belong to the sign-in to {name}, so it wasn't used.",
            _AGAIN,
        ),
        ErrorCode.SSO_CALLBACK: MessageTemplate(
            "IAM Identity Center refused the sign-in to {name}: {detail}.", _AGAIN
        ),
        ErrorCode.SSO_NO_PORT: MessageTemplate(
            "No port of 127.0.0.1 is free for the browser's answer: {detail}.", _BY_CODE
        ),
        ErrorCode.SSO_NO_BROWSER: MessageTemplate("No browser was started: {detail}.", _BY_CODE),
        ErrorCode.SSO_WINDOW_CLOSED: MessageTemplate(
            "The browser was closed before the sign-in to {name} was approved.", _AGAIN
        ),
        ErrorCode.SSO_NO_ANSWER: MessageTemplate(
            "The sign-in to {name} wasn't approved within {detail}.", _AGAIN
        ),
        ErrorCode.SSO_CODE_EXPIRED: MessageTemplate(
            "The code of the sign-in to {name} has expired.", _BY_CODE
        ),
        ErrorCode.SSO_NOT_APPROVED: MessageTemplate(
            "The sign-in to {name} was denied in the browser.", _AGAIN
        ),
        ErrorCode.SSO_CLIENT: MessageTemplate(
            "IAM Identity Center no longer knows this xswitch as a client of {name}.",
            "xswitch login --force {name}",
        ),
        ErrorCode.SSO_GRANT: MessageTemplate(
            "IAM Identity Center doesn't accept the sign-in to {name}.", _AGAIN
        ),
        ErrorCode.SSO_START_URL: MessageTemplate(
            "The start URL of {name} can't be used: {detail}.",
            "Correct sso_start_url or sso_region at {origin}.",
        ),
    }
)


def login_command(label: str) -> str:
    """Return the command that signs in to the session with this label."""
    return f"xswitch login {last_argument(label)}"


def sign_in_error(
    label: str, code: ErrorCode, *, detail: str = "", why: str = "", origin: str = ""
) -> SignInError:
    """Return the error of a failed sign-in; `code` is a key of `SIGN_IN_MESSAGES`.

    `label` is the session's name or start URL, `origin` the file and line of its settings.
    """
    template = SIGN_IN_MESSAGES[code]
    what, next_step = template.fill(
        name=sanitize(label), detail=display_reason(detail), origin=origin or "the AWS config"
    )
    if "{name}" in template.next_step:
        next_step = template.next_step.format(name=last_argument(label))
    return SignInError(what, why=display_reason(why), next_step=next_step, code=code)


def sign_in_needed(label: str, why: str = "", code: ErrorCode | None = None) -> SignInNeededError:
    """Return the error for a session without a sign-in, with the command that signs in."""
    return SignInNeededError(
        f"You aren't signed in to IAM Identity Center ({sanitize(label)}).",
        why=display_reason(why),
        next_step=login_command(label),
        code=code,
        label=label,
    )
