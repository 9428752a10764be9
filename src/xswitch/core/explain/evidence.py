"""The evidence for an explanation: calls, callers, the failure, and the policies that were read.

All of it was read or measured; None means unknown, never "no". Times are UTC, durations seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from xswitch.core.access.model import NamedPolicy, PrincipalPolicies, RoleState, Simulation
from xswitch.core.arn import RoleArn, account_of, parse_role_arn, partition_of
from xswitch.core.errors import (
    AwsDeniedError,
    IdentityMismatchError,
    MfaNeededError,
    NetworkError,
    SourceCredentialsError,
    XswitchError,
)
from xswitch.core.explain.identity_center import SsoEvidence

ASSUME_ROLE, TAG_SESSION, SET_SOURCE_IDENTITY = (
    "sts:AssumeRole",
    "sts:TagSession",
    "sts:SetSourceIdentity",
)
TagPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AttemptedCall:
    """One AssumeRole call, sent or planned."""

    role_arn: str
    session_name: str
    duration_seconds: int
    region: str
    external_id: str | None = None
    mfa_serial: str | None = None
    tags: TagPairs = ()
    inherited_tags: TagPairs = ()
    """Transitive tags of the calling session."""
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None
    """Set by this call or an earlier one."""

    @property
    def actions(self) -> tuple[str, ...]:
        """Actions that the policies of both accounts must allow.

        Source: IAM user guide, "Pass session tags" and "Monitor … source identity".
        """
        tagging = (TAG_SESSION,) if self.tags or self.inherited_tags else ()
        identity = (SET_SOURCE_IDENTITY,) if self.source_identity else ()
        return (ASSUME_ROLE, *tagging, *identity)

    @property
    def role(self) -> RoleArn | None:
        """Parsed ARN of the role."""
        return parse_role_arn(self.role_arn)


@dataclass(frozen=True, slots=True)
class Caller:
    """The caller and its credentials."""

    arn: str = ""
    """As in GetCallerIdentity, "" if unknown."""
    role_arn: str = ""
    """The role of a session, with its path."""
    user_id: str = ""
    temporary: bool = False
    mfa: bool | None = None
    """Whether the credentials were issued with an MFA code."""
    mfa_age: int | None = None
    issued_at: datetime | None = None
    session_tags: TagPairs = ()
    session_policies: tuple[NamedPolicy, ...] = ()
    """Policies that limit this session."""
    session_policy_arns: tuple[str, ...] = ()
    """Further ones, which were not read."""

    @property
    def account(self) -> str:
        """The id of the caller's account, "" when unknown."""
        return account_of(self.arn)

    @property
    def partition(self) -> str:
        """The caller's partition, "" when unknown."""
        return partition_of(self.arn)

    @property
    def is_user(self) -> bool:
        """Whether it is an IAM user, which can have an MFA device."""
        return ":user/" in self.arn

    @property
    def policy_arn(self) -> str:
        """ARN that policies are attached to: the user's or the session's role; "" if unknown."""
        return self.arn if self.is_user else self.role_arn


@dataclass(frozen=True, slots=True)
class Observations:
    """Policies and settings that could be read for one hop."""

    principal_policies: PrincipalPolicies | None = None
    simulations: Mapping[str, Simulation] = field(default_factory=lambda: MappingProxyType({}))
    """By action."""
    role: RoleState | None = None
    role_missing: bool = False
    """Proved: IAM has answered that there is no role of that name."""
    roles: tuple[str, ...] | None = None
    """ARNs of the target account's roles, None if they could not be listed."""
    sources_read: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all policies of the caller were read."""
        return self.principal_policies is not None and not self.principal_policies.unread


@dataclass(frozen=True, slots=True)
class HopEvidence:
    """Evidence for one hop."""

    number: int
    """1 for the first AssumeRole."""
    profile: str
    call: AttemptedCall
    caller: Caller = Caller()
    observations: Observations = Observations()


class FailureKind(StrEnum):
    """Where a failure comes from."""

    DENIED = "denied"  # by AWS
    BASE = "base"  # no usable source credentials
    NETWORK = "network"  # no answer from AWS
    MFA = "mfa"  # an MFA code is needed, and there is no prompt


@dataclass(frozen=True, slots=True)
class SwitchFailure:
    """An XswitchError as a value; `text` is AWS's answer or the known reason, sanitized."""

    kind: FailureKind
    code: str
    what: str
    text: str = ""
    next_step: str = ""
    aws_code: str = ""
    about: str = ""
    exit_code: int = 1


@dataclass(frozen=True, slots=True)
class Evidence:
    """All evidence about one switch."""

    target: str
    base_profile: str
    base_arn: str
    hops: tuple[HopEvidence, ...]
    now: datetime
    failed: int | None = None
    """Number of the failed hop, 0 for the source credentials, None if the switch worked."""
    failure: SwitchFailure | None = None
    serials: tuple[str, ...] = ()
    """MFA devices that other profiles have for the same source credentials."""
    sso: SsoEvidence | None = None
    """Set if the source credentials are those of Identity Center."""


_FAILURE_KIND_BY_ERROR: tuple[tuple[type[XswitchError], FailureKind], ...] = (
    (IdentityMismatchError, FailureKind.NETWORK),
    (AwsDeniedError, FailureKind.DENIED),
    (SourceCredentialsError, FailureKind.BASE),
    (NetworkError, FailureKind.NETWORK),
    (MfaNeededError, FailureKind.MFA),
)


def is_explainable(error: XswitchError) -> bool:
    """Check whether a failure is about access; a locked vault or a cancellation isn't."""
    return any(isinstance(error, kind) for kind, _ in _FAILURE_KIND_BY_ERROR)


def failure_from_error(error: XswitchError) -> SwitchFailure:
    """Convert an error for which `is_explainable` holds."""
    kind = next(
        failure_kind
        for error_type, failure_kind in _FAILURE_KIND_BY_ERROR
        if isinstance(error, error_type)
    )
    denied = error if isinstance(error, AwsDeniedError) else None
    return SwitchFailure(
        kind=kind,
        code=error.code,
        what=error.what,
        text=error.why,
        next_step=error.next_step,
        aws_code="" if denied is None else denied.aws_code,
        about="" if denied is None else denied.hop,
        exit_code=int(error.exit_code),
    )
