"""The errors of failed IAM calls.

Source: the IAM API reference, "Common errors" and the errors of each action.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xswitch.core.errors import AwsDeniedError, ErrorCode, XswitchError
from xswitch.core.errors.messages import MessageTemplate, display_reason
from xswitch.core.errors.sts import ApiCall, AwsErrorResponse, error_from_response

_CORRECT_VALUE = "Correct the value named in the reason."
_INVALID_VALUE = MessageTemplate("AWS rejected a value for {hop} ({operation}).", _CORRECT_VALUE)
_RUN_AGAIN = "Run the same command again."
# By AWS's code, without the suffix "Exception" that some services add.
_MESSAGES: Mapping[str, tuple[ErrorCode, MessageTemplate]] = MappingProxyType(
    {
        "AccessDenied": (
            ErrorCode.IAM_DENIED,
            MessageTemplate(
                "AWS denied {operation} on {hop}.",
                "Use a profile that is allowed to change IAM in that account.",
            ),
        ),
        "NoSuchEntity": (
            ErrorCode.IAM_MISSING,
            MessageTemplate(
                "{hop} doesn't exist ({operation}).", "Check the name and the account."
            ),
        ),
        "EntityAlreadyExists": (
            ErrorCode.IAM_EXISTS,
            MessageTemplate(
                "{hop} already exists ({operation}).",
                "Run the same command again: it starts from the current state.",
            ),
        ),
        "ConcurrentModification": (
            ErrorCode.IAM_BUSY,
            MessageTemplate("Another request is changing {hop} at the same time.", _RUN_AGAIN),
        ),
        "EntityTemporarilyUnmodifiable": (
            ErrorCode.IAM_BUSY,
            MessageTemplate("{hop} was created a moment ago and can't be changed yet.", _RUN_AGAIN),
        ),
        "MalformedPolicyDocument": (
            ErrorCode.IAM_MALFORMED,
            MessageTemplate("AWS rejected the policy of {hop}.", _CORRECT_VALUE),
        ),
        "LimitExceeded": (
            ErrorCode.IAM_LIMIT,
            MessageTemplate(
                "{hop} exceeds a quota of its account.",
                "Remove unused resources, or request a higher quota.",
            ),
        ),
        "DeleteConflict": (
            ErrorCode.IAM_CONFLICT,
            MessageTemplate(
                "{hop} can't be removed, because other resources depend on it.",
                "Remove those first.",
            ),
        ),
        "InvalidInput": (ErrorCode.IAM_INPUT, _INVALID_VALUE),
        "ValidationError": (ErrorCode.IAM_INPUT, _INVALID_VALUE),
        "UnmodifiableEntity": (
            ErrorCode.IAM_UNMODIFIABLE,
            MessageTemplate(
                "{hop} belongs to an AWS service and can't be changed.", "Use another role."
            ),
        ),
        "PolicyNotAttachable": (
            ErrorCode.IAM_INPUT,
            MessageTemplate("That policy can't be attached to {hop}.", "Use another policy."),
        ),
    }
)

IAM_CODES = frozenset(code for code, _ in _MESSAGES.values())


def iam_error_from_response(call: ApiCall, response: AwsErrorResponse) -> XswitchError:
    """Return the error for a response of IAM.

    Errors that all services share (keys, clock, throttling) have the messages of STS.
    """
    message = _MESSAGES.get(response.code.removesuffix("Exception"))
    if message is None:
        return error_from_response(call, response)
    code, template = message
    what, next_step = template.fill(operation=call.operation, hop=call.hop or "it")
    return AwsDeniedError(
        what,
        why=display_reason(response.text),
        next_step=next_step,
        code=code,
        aws_code=response.code,
        hop=call.hop,
    )
