"""What an explanation is made of.

Every call of the chain, who made it, how it failed, and what could be seen of both sides.

Everything is a fact that was read or measured, or says that it was not: None is never "no". Times
are UTC, durations seconds.
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

ASSUME_ROLE, TAG_SESSION, SET_SOURCE_IDENTITY = (
    "sts:AssumeRole",
    "sts:TagSession",
    "sts:SetSourceIdentity",
)
TagPairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AttemptedCall:
    """One AssumeRole as it was sent, or would have been.

    `inherited_tags` are those the calling session passes on. `source_identity` is the one in force,
    whoever set it.
    """

    role_arn: str
    session_name: str
    duration_seconds: int
    region: str
    external_id: str | None = None
    mfa_serial: str | None = None
    tags: TagPairs = ()
    inherited_tags: TagPairs = ()
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None

    @property
    def actions(self) -> tuple[str, ...]:
        """Every action both sides must allow.

        Source: IAM user guide, "Pass session tags" and "Monitor … source identity".
        """
        extra_actions = ((TAG_SESSION,) if self.tags or self.inherited_tags else ()) + (
            (SET_SOURCE_IDENTITY,) if self.source_identity else ()
        )
        return (ASSUME_ROLE, *extra_actions)

    @property
    def role(self) -> RoleArn | None:
        """The role's ARN in its parts."""
        return parse_role_arn(self.role_arn)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and with what.

    `arn` as AWS names it ("" for unknown), `role_arn` with its path for a session of a role.

    `mfa` says whether the credentials remember a code, `mfa_age` how long ago that was.
    `session_policies` limit this very session; those in `session_policy_arns` do too and were not
    read.
    """

    arn: str = ""
    role_arn: str = ""
    user_id: str = ""
    temporary: bool = False
    mfa: bool | None = None
    mfa_age: int | None = None
    issued_at: datetime | None = None
    session_tags: TagPairs = ()
    session_policies: tuple[NamedPolicy, ...] = ()
    session_policy_arns: tuple[str, ...] = ()

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
        """Whether it is a user, which can have an MFA device."""
        return ":user/" in self.arn

    @property
    def policy_arn(self) -> str:
        """The ARN policies hang on: the user's, or that of the role behind the session.

        "" when unknown.
        """
        return self.arn if self.is_user else self.role_arn


@dataclass(frozen=True, slots=True)
class Observations:
    """What could be seen for one hop.

    `role_missing` is a proof: somebody who may look found no role of that name.

    `roles` are the ARNs of the target account's roles, None when they could not be listed;
    `simulations` are by action.
    """

    principal_policies: PrincipalPolicies | None = None
    simulations: Mapping[str, Simulation] = field(default_factory=lambda: MappingProxyType({}))
    role: RoleState | None = None
    role_missing: bool = False
    roles: tuple[str, ...] | None = None
    sources_read: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every policy of the caller was read, so that what isn't there is missing."""
        return self.principal_policies is not None and not self.principal_policies.unread


@dataclass(frozen=True, slots=True)
class HopEvidence:
    """One hop.

    Its number (1 is the first AssumeRole), the profile that configures it, the call, the caller,
    what was seen.
    """

    number: int
    profile: str
    call: AttemptedCall
    caller: Caller = Caller()
    observations: Observations = Observations()


class FailureKind(StrEnum):
    """Where a failure comes from."""

    DENIED = "denied"  # AWS answered no
    BASE = "base"  # the chain's base has no usable credentials
    NETWORK = "network"  # no answer of AWS
    MFA = "mfa"  # a code is needed and nobody can be asked


@dataclass(frozen=True, slots=True)
class SwitchFailure:
    """An XswitchError as a value: `text` is AWS's own answer or the reason context, cleaned."""

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
    """All of it.

    `failed` is the number of the hop that failed, 0 for the base, None when the switch worked.

    `serials` are MFA devices configured elsewhere for the same base.
    """

    target: str
    base_profile: str
    base_arn: str
    hops: tuple[HopEvidence, ...]
    now: datetime
    failed: int | None = None
    failure: SwitchFailure | None = None
    serials: tuple[str, ...] = ()


_FAILURE_KIND_BY_ERROR: tuple[tuple[type[XswitchError], FailureKind], ...] = (
    (IdentityMismatchError, FailureKind.NETWORK),
    (AwsDeniedError, FailureKind.DENIED),
    (SourceCredentialsError, FailureKind.BASE),
    (NetworkError, FailureKind.NETWORK),
    (MfaNeededError, FailureKind.MFA),
)


def is_explainable(error: XswitchError) -> bool:
    """Whether a failure is one of access, which can be explained.

    Not a locked vault, a config that can't be written, a cancel.
    """
    return any(isinstance(error, kind) for kind, _ in _FAILURE_KIND_BY_ERROR)


def failure_from_error(error: XswitchError) -> SwitchFailure:
    """The failure an `is_explainable` error is."""
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
