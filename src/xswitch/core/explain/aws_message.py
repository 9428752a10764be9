"""Parse AWS's messages about denied calls.

Source: IAM user guide, "Troubleshoot access denied error messages". AWS names the kind of policy
within an account or organization, and sometimes beyond.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from xswitch.core.explain.evidence import ASSUME_ROLE


class PolicyType(StrEnum):
    """Kind of policy that AWS names in a message."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"
    TRUST = "trust"
    ENDPOINT = "endpoint"


@dataclass(frozen=True, slots=True)
class DenialMessage:
    """The facts in AWS's message about a denied call."""

    caller: str = ""
    action: str = ASSUME_ROLE
    policy_type: PolicyType | None = None
    """None if the message names no policy."""
    explicit: bool = False
    """Whether an explicit Deny applies."""
    policy: str = ""
    """The ARN of the policy, "" if the message has none."""


_DENIAL_PATTERN = re.compile(
    r"User: (\S+) is not authorized to perform: (\S+?)(?: on resource: (\S+))?(?:\s+(.*))?$",
    re.DOTALL,
)
_REASON_PATTERN = re.compile(
    r"(?:with an explicit deny in (?:an?|the)|because no) "
    r"([a-z][a-z -]{2,40}?)(?: allows\b|[:.]|$)",
    re.IGNORECASE,
)
_POLICY_ARN_PATTERN = re.compile(r"arn:aws[a-z-]*:(?:iam|organizations)::[^\s,]+")
_POLICY_TYPE_BY_NAME: Mapping[str, PolicyType] = MappingProxyType(
    {
        "identity-based policy": PolicyType.IDENTITY,
        "permissions boundary": PolicyType.BOUNDARY,
        "session policy": PolicyType.SESSION,
        "service control policy": PolicyType.SCP,
        "resource control policy": PolicyType.RCP,
        "role trust policy": PolicyType.TRUST,
        "resource-based policy": PolicyType.TRUST,
        "vpc endpoint policy": PolicyType.ENDPOINT,
    }
)


def parse_denial(text: str) -> DenialMessage:
    """Parse AWS's message; a message of another form has no facts."""
    denial = _DENIAL_PATTERN.search(" ".join(text.split()))
    if denial is None:
        return DenialMessage()
    caller, action, _, remainder = denial.groups()
    remainder = remainder or ""
    reason = _REASON_PATTERN.search(remainder)
    policy_type = None if reason is None else _POLICY_TYPE_BY_NAME.get(reason[1].strip().lower())
    policy = _POLICY_ARN_PATTERN.search(remainder)
    return DenialMessage(
        caller,
        action,
        policy_type,
        "with an explicit deny" in remainder.lower(),
        policy[0].rstrip(".") if policy else "",
    )
