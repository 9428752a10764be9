"""What AWS's own words prove.

Sources: IAM user guide, "Troubleshoot access denied error messages" (whose policy denies, or lacks an Allow; AWS tells it within an
account and an organization, and only sometimes beyond).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from xswitch.core.explain.evidence import ASSUME_ROLE


class Layer(StrEnum):
    """One kind of policy that has a say."""

    IDENTITY = "identity"
    BOUNDARY = "boundary"
    SESSION = "session"
    SCP = "scp"
    RCP = "rcp"
    TRUST = "trust"
    ENDPOINT = "endpoint"


@dataclass(frozen=True, slots=True)
class Said:
    """A refusal as AWS words it.

    `layer` is the kind of policy it names, None when it names none; `explicit` whether by a Deny; `policy` the ARN it adds, or "".
    """

    caller: str = ""
    action: str = ASSUME_ROLE
    layer: Layer | None = None
    explicit: bool = False
    policy: str = ""


_REFUSAL = re.compile(r"User: (\S+) is not authorized to perform: (\S+?)(?: on resource: (\S+))?(?:\s+(.*))?$", re.DOTALL)
_REASON = re.compile(r"(?:with an explicit deny in (?:an?|the)|because no) ([a-z][a-z -]{2,40}?)(?: allows\b|[:.]|$)", re.IGNORECASE)
_POLICY = re.compile(r"arn:aws[a-z-]*:(?:iam|organizations)::[^\s,]+")
_LAYERS: Mapping[str, Layer] = MappingProxyType(
    {
        "identity-based policy": Layer.IDENTITY,
        "permissions boundary": Layer.BOUNDARY,
        "session policy": Layer.SESSION,
        "service control policy": Layer.SCP,
        "resource control policy": Layer.RCP,
        "role trust policy": Layer.TRUST,
        "resource-based policy": Layer.TRUST,
        "vpc endpoint policy": Layer.ENDPOINT,
    }
)


def said(text: str) -> Said:
    """What a text of AWS says of a refusal; a text of another form says nothing."""
    found = _REFUSAL.search(" ".join(text.split()))
    if found is None:
        return Said()
    caller, action, _, rest = found.groups()
    rest = rest or ""
    reason = _REASON.search(rest)
    layer = None if reason is None else _LAYERS.get(reason[1].strip().lower())
    policy = _POLICY.search(rest)
    return Said(caller, action, layer, "with an explicit deny" in rest.lower(), policy[0].rstrip(".") if policy else "")
