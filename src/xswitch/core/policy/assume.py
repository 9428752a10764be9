"""A whole AssumeRole call.

One request can ask for up to three permissions, on both sides, and all must be there.

Source: IAM user guide, "Pass session tags in AWS STS" (sts:TagSession) and "Monitor and control
actions taken with assumed roles" (sts:SetSourceIdentity); "Available keys for AWS STS".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from xswitch.core.policy.evaluate import evaluate
from xswitch.core.policy.model import Decision, PolicyDocument, Request

ASSUME_ROLE = "sts:AssumeRole"
TAG_SESSION = "sts:TagSession"
SET_SOURCE_IDENTITY = "sts:SetSourceIdentity"


@dataclass(frozen=True, slots=True)
class AssumeRole:
    """What is asked in one call.

    `request` says who asks for which role, its context without what stands here; its action is
    ignored.

    `external_id` and `source_identity` None: not given. `inherited_tags` says that the calling
    session passes tags on (transitive ones), which asks for sts:TagSession as well as tags of the
    call's own.
    """

    request: Request
    session_name: str
    external_id: str | None = None
    source_identity: str | None = None
    tags: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    transitive_tag_keys: tuple[str, ...] = ()
    inherited_tags: bool = False

    @property
    def actions(self) -> tuple[str, ...]:
        """The permissions the call asks for, in AWS's order."""
        tagged = (TAG_SESSION,) if self.tags or self.inherited_tags else ()
        named = (SET_SOURCE_IDENTITY,) if self.source_identity is not None else ()
        return (ASSUME_ROLE, *tagged, *named)

    @property
    def context(self) -> Mapping[str, tuple[str, ...]]:
        """The request's context with the keys this call brings (lower case)."""
        own: dict[str, tuple[str, ...]] = {"sts:rolesessionname": (self.session_name,)}
        if self.external_id is not None:
            own["sts:externalid"] = (self.external_id,)
        if self.source_identity is not None:
            own["sts:sourceidentity"] = (self.source_identity,)
        if self.tags:
            own |= {f"aws:requesttag/{key.lower()}": (value,) for key, value in self.tags.items()}
            own["aws:tagkeys"] = tuple(self.tags)
        if self.transitive_tag_keys:
            own["sts:transitivetagkeys"] = self.transitive_tag_keys
        return MappingProxyType({**self.request.context, **own})


@dataclass(frozen=True, slots=True)
class AssumeRoleDecision:
    """What came of each permission a call asked for, by action, in AWS's order."""

    parts: Mapping[str, Decision]

    @property
    def allowed(self) -> bool:
        """Whether all are allowed."""
        return self.refused is None

    @property
    def refused(self) -> tuple[str, Decision] | None:
        """The first that isn't, as AWS would name it."""
        return next(
            ((action, decision) for action, decision in self.parts.items() if not decision.allowed),
            None,
        )


def evaluate_assume_role(
    call: AssumeRole, documents: Sequence[PolicyDocument]
) -> AssumeRoleDecision:
    """Every permission that one AssumeRole call needs, decided."""
    context = call.context
    parts = {
        action: evaluate(replace(call.request, action=action, context=context), documents)
        for action in call.actions
    }
    return AssumeRoleDecision(MappingProxyType(parts))
