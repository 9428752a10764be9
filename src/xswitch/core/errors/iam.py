"""What a failed IAM call means: AWS's code and text as one of our errors. Pure.

Source: the IAM API reference, "Common errors" and the errors of each action.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xswitch.core.errors import AwsDeniedError, ErrorCode, XswitchError
from xswitch.core.errors.messages import MessageTemplate, display_reason
from xswitch.core.errors.sts import ApiCall, AwsErrorResponse, error_from_response

_MESSAGES: Mapping[str, tuple[ErrorCode, MessageTemplate]] = MappingProxyType(
    {
        "AccessDenied": (
            ErrorCode.IAM_DENIED,
            MessageTemplate(
                "AWS does not allow {operation} on {hop}.",
                "Use a profile that may change IAM in that account.",
            ),
        ),
        "NoSuchEntity": (
            ErrorCode.IAM_MISSING,
            MessageTemplate("AWS knows no {hop} ({operation}).", "Check its name and the account."),
        ),
        "EntityAlreadyExists": (
            ErrorCode.IAM_EXISTS,
            MessageTemplate(
                "{hop} exists already ({operation}).",
                "Run the same command again: it starts from what is there.",
            ),
        ),
        "ConcurrentModification": (
            ErrorCode.IAM_BUSY,
            MessageTemplate(
                "Somebody else is changing {hop} at the same moment.", "Run the same command again."
            ),
        ),
        "EntityTemporarilyUnmodifiable": (
            ErrorCode.IAM_BUSY,
            MessageTemplate(
                "{hop} was made only just now and can't be changed yet.",
                "Run the same command again.",
            ),
        ),
        "MalformedPolicyDocument": (
            ErrorCode.IAM_MALFORMED,
            MessageTemplate(
                "AWS does not take the policy of {hop}.", "Correct what the reason names."
            ),
        ),
        "LimitExceeded": (
            ErrorCode.IAM_LIMIT,
            MessageTemplate(
                "{hop} is at a limit of its account.",
                "Remove what is no longer used, or have the quota raised.",
            ),
        ),
        "DeleteConflict": (
            ErrorCode.IAM_CONFLICT,
            MessageTemplate(
                "{hop} can't be removed: something still belongs to it.", "Remove that first."
            ),
        ),
        "InvalidInput": (
            ErrorCode.IAM_INPUT,
            MessageTemplate(
                "AWS does not take a value for {hop} ({operation}).",
                "Correct what the reason names.",
            ),
        ),
        "ValidationError": (
            ErrorCode.IAM_INPUT,
            MessageTemplate(
                "AWS does not take a value for {hop} ({operation}).",
                "Correct what the reason names.",
            ),
        ),
        "UnmodifiableEntity": (
            ErrorCode.IAM_UNMODIFIABLE,
            MessageTemplate(
                "{hop} belongs to AWS and can't be changed.", "Use a role of your own."
            ),
        ),
        "PolicyNotAttachable": (
            ErrorCode.IAM_INPUT,
            MessageTemplate("That policy can't be attached to {hop}.", "Use another policy."),
        ),
    }
)

IAM_CODES = frozenset(code for code, _ in _MESSAGES.values())


def iam_error_from_response(call: ApiCall, refusal: AwsErrorResponse) -> XswitchError:
    """The error for an answer of IAM that was an error.

    What is no matter of IAM alone (keys, clock, throttling) as STS tells it.
    """
    code = refusal.code.removesuffix("Exception")
    message = _MESSAGES.get(code)
    if message is None:
        return error_from_response(call, refusal)
    error_code, template = message
    what, next_step = template.fill(operation=call.operation, hop=call.hop or "it")
    return AwsDeniedError(
        what,
        why=display_reason(refusal.text),
        next_step=next_step,
        code=error_code,
        aws_code=refusal.code,
        hop=call.hop,
    )
