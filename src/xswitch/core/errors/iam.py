"""What a failed IAM call means: AWS's code and text as one of our errors. Pure.

Source: the IAM API reference, "Common errors" and the errors of each action.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from xswitch.core.errors import AwsDeniedError, XswitchError
from xswitch.core.errors.sts import Call, Refusal, reason, refused

MISSING = "iam_missing"
EXISTS = "iam_exists"
DENIED = "iam_denied"
BUSY = "iam_busy"
MALFORMED = "iam_malformed"

_SENTENCES: Mapping[str, tuple[str, str, str]] = MappingProxyType(
    {
        "AccessDenied": (DENIED, "AWS does not allow {operation} on {hop}.", "Use a profile that may change IAM in that account."),
        "NoSuchEntity": (MISSING, "AWS knows no {hop} ({operation}).", "Check its name and the account."),
        "EntityAlreadyExists": (EXISTS, "{hop} exists already ({operation}).", "Run the same command again: it starts from what is there."),
        "ConcurrentModification": (BUSY, "Somebody else is changing {hop} at the same moment.", "Run the same command again."),
        "EntityTemporarilyUnmodifiable": (BUSY, "{hop} was made only just now and can't be changed yet.", "Run the same command again."),
        "MalformedPolicyDocument": (MALFORMED, "AWS does not take the policy of {hop}.", "Correct what the reason names."),
        "LimitExceeded": ("iam_limit", "{hop} is at a limit of its account.", "Remove what is no longer used, or have the quota raised."),
        "DeleteConflict": ("iam_conflict", "{hop} can't be removed: something still belongs to it.", "Remove that first."),
        "InvalidInput": ("iam_input", "AWS does not take a value for {hop} ({operation}).", "Correct what the reason names."),
        "ValidationError": ("iam_input", "AWS does not take a value for {hop} ({operation}).", "Correct what the reason names."),
        "UnmodifiableEntity": ("iam_unmodifiable", "{hop} belongs to AWS and can't be changed.", "Use a role of your own."),
        "PolicyNotAttachable": ("iam_input", "That policy can't be attached to {hop}.", "Use another policy."),
    }
)

IAM_CODES = frozenset(code for code, _, _ in _SENTENCES.values())


def iam_refused(call: Call, refusal: Refusal) -> XswitchError:
    """The error for an answer of IAM that was an error; what is no matter of IAM alone (keys, clock, throttling) as STS tells it."""
    code = refusal.code.removesuffix("Exception")
    found = _SENTENCES.get(code)
    if found is None:
        return refused(call, refusal)
    ours, what, step = found
    names = {"operation": call.operation, "hop": call.hop or "it"}
    return AwsDeniedError(what.format(**names), why=reason(refusal.text), next_step=step, code=ours, aws_code=refusal.code, hop=call.hop)
