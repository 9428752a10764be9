"""What a failed IAM call means: AWS's code and text as one of our errors. Pure.

Source: the IAM API reference, "Common errors" and the errors of each action.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xswitch.core.errors import AwsDeniedError, XswitchError
from xswitch.core.errors.sts import ApiCall, AwsErrorResponse, display_reason, error_from_response

IAM_MISSING = "iam_missing"
IAM_EXISTS = "iam_exists"
IAM_DENIED = "iam_denied"
IAM_BUSY = "iam_busy"
IAM_MALFORMED = "iam_malformed"

_MESSAGES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "AccessDenied": (
            IAM_DENIED,
            "AWS does not allow {operation} on {hop}.",
            "Use a profile that may change IAM in that account.",
        ),
        "NoSuchEntity": (
            IAM_MISSING,
            "AWS knows no {hop} ({operation}).",
            "Check its name and the account.",
        ),
        "EntityAlreadyExists": (
            IAM_EXISTS,
            "{hop} exists already ({operation}).",
            "Run the same command again: it starts from what is there.",
        ),
        "ConcurrentModification": (
            IAM_BUSY,
            "Somebody else is changing {hop} at the same moment.",
            "Run the same command again.",
        ),
        "EntityTemporarilyUnmodifiable": (
            IAM_BUSY,
            "{hop} was made only just now and can't be changed yet.",
            "Run the same command again.",
        ),
        "MalformedPolicyDocument": (
            IAM_MALFORMED,
            "AWS does not take the policy of {hop}.",
            "Correct what the reason names.",
        ),
        "LimitExceeded": (
            "iam_limit",
            "{hop} is at a limit of its account.",
            "Remove what is no longer used, or have the quota raised.",
        ),
        "DeleteConflict": (
            "iam_conflict",
            "{hop} can't be removed: something still belongs to it.",
            "Remove that first.",
        ),
        "InvalidInput": (
            "iam_input",
            "AWS does not take a value for {hop} ({operation}).",
            "Correct what the reason names.",
        ),
        "ValidationError": (
            "iam_input",
            "AWS does not take a value for {hop} ({operation}).",
            "Correct what the reason names.",
        ),
        "UnmodifiableEntity": (
            "iam_unmodifiable",
            "{hop} belongs to AWS and can't be changed.",
            "Use a role of your own.",
        ),
        "PolicyNotAttachable": (
            "iam_input",
            "That policy can't be attached to {hop}.",
            "Use another policy.",
        ),
    }
)

IAM_CODES = frozenset(code for code, _, _ in _MESSAGES.values())


def iam_error_from_response(call: ApiCall, refusal: AwsErrorResponse) -> XswitchError:
    """The error for an answer of IAM that was an error.

    What is no matter of IAM alone (keys, clock, throttling) as STS tells it.
    """
    code = refusal.code.removesuffix("Exception")
    message = _MESSAGES.get(code)
    if message is None:
        return error_from_response(call, refusal)
    error_code, what, step = message
    names = {"operation": call.operation, "hop": call.hop or "it"}
    return AwsDeniedError(
        what.format(**names),
        why=display_reason(refusal.text),
        next_step=step,
        code=error_code,
        aws_code=refusal.code,
        hop=call.hop,
    )
