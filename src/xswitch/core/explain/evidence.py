"""What an explanation is made of: every call of the chain, who made it, how it failed, and what could be seen of both sides.

Everything is a fact that was read or measured, or says that it was not: None is never "no". Times are UTC, durations seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from xswitch.core.access.model import NamedPolicy, PolicyReading, RoleState, Simulation
from xswitch.core.arn import RoleArn, parse_role_arn
from xswitch.core.errors import AwsDeniedError, BaseCredentialsError, MfaNeededError, NetworkError, WrongIdentityError, XswitchError

ASSUME_ROLE, TAG_SESSION, SET_SOURCE_IDENTITY = "sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"
Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """One AssumeRole as it was sent, or would have been.

    `inherited_tags` are those the calling session passes on. `source_identity` is the one in force, whoever set it.
    """

    role_arn: str
    session_name: str
    duration_seconds: int
    region: str
    external_id: str | None = None
    mfa_serial: str | None = None
    tags: Pairs = ()
    inherited_tags: Pairs = ()
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None

    @property
    def actions(self) -> tuple[str, ...]:
        """Every action both sides must allow. Source: IAM user guide, "Pass session tags" and "Monitor … source identity"."""
        more = ((TAG_SESSION,) if self.tags or self.inherited_tags else ()) + ((SET_SOURCE_IDENTITY,) if self.source_identity else ())
        return (ASSUME_ROLE, *more)

    @property
    def role(self) -> RoleArn | None:
        """The role's ARN in its parts."""
        return parse_role_arn(self.role_arn)


@dataclass(frozen=True, slots=True)
class Calling:
    """Who calls, and with what: `arn` as AWS names it ("" for unknown), `role_arn` with its path for a session of a role.

    `mfa` says whether the credentials remember a code, `mfa_age` how long ago that was. `session_policies` limit this very session;
    those in `session_policy_arns` do too and were not read.
    """

    arn: str = ""
    role_arn: str = ""
    user_id: str = ""
    temporary: bool = False
    mfa: bool | None = None
    mfa_age: int | None = None
    issued_at: datetime | None = None
    session_tags: Pairs = ()
    session_policies: tuple[NamedPolicy, ...] = ()
    session_policy_arns: tuple[str, ...] = ()

    @property
    def account(self) -> str:
        """The id of the caller's account, "" when unknown."""
        parts = self.arn.split(":")
        return parts[4] if len(parts) > 5 else ""  # noqa: PLR2004 -- an ARN has six parts

    @property
    def partition(self) -> str:
        """The caller's partition, "" when unknown."""
        return self.arn.split(":")[1] if self.account else ""

    @property
    def is_user(self) -> bool:
        """Whether it is a user, which can have an MFA device."""
        return ":user/" in self.arn

    @property
    def policy_arn(self) -> str:
        """The ARN policies hang on: the user's, or that of the role behind the session; "" when unknown."""
        return self.arn if self.is_user else self.role_arn


@dataclass(frozen=True, slots=True)
class Sight:
    """What could be seen for one hop. `role_missing` is a proof: somebody who may look found no role of that name.

    `roles` are the ARNs of the target account's roles, None when they could not be listed; `simulations` are by action.
    """

    reading: PolicyReading | None = None
    simulations: Mapping[str, Simulation] = field(default_factory=lambda: MappingProxyType({}))
    role: RoleState | None = None
    role_missing: bool = False
    roles: tuple[str, ...] | None = None
    looked_at: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether every policy of the caller was read, so that what isn't there is missing."""
        return self.reading is not None and not self.reading.unread


@dataclass(frozen=True, slots=True)
class Step:
    """One hop: its number (1 is the first AssumeRole), the profile that configures it, the call, the caller, what was seen."""

    number: int
    profile: str
    asked: Asked
    calling: Calling = Calling()
    sight: Sight = Sight()


class FailureKind(StrEnum):
    """Where a failure comes from."""

    DENIED = "denied"  # AWS answered no
    BASE = "base"  # the chain's base has no usable credentials
    NETWORK = "network"  # no answer of AWS
    MFA = "mfa"  # a code is needed and nobody can be asked


@dataclass(frozen=True, slots=True)
class Failure:
    """An XswitchError as a value: `text` is AWS's own answer or the reason known, cleaned."""

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
    """All of it. `failed` is the number of the hop that failed, 0 for the base, None when the switch worked.

    `serials` are MFA devices configured elsewhere for the same base.
    """

    target: str
    base_profile: str
    base_arn: str
    steps: tuple[Step, ...]
    now: datetime
    failed: int | None = None
    failure: Failure | None = None
    serials: tuple[str, ...] = ()


_KINDS: tuple[tuple[type[XswitchError], FailureKind], ...] = (
    (WrongIdentityError, FailureKind.NETWORK),
    (AwsDeniedError, FailureKind.DENIED),
    (BaseCredentialsError, FailureKind.BASE),
    (NetworkError, FailureKind.NETWORK),
    (MfaNeededError, FailureKind.MFA),
)


def explainable(error: XswitchError) -> bool:
    """Whether a failure is one of access, which can be explained: not a locked vault, a config that can't be written, a cancel."""
    return any(isinstance(error, kind) for kind, _ in _KINDS)


def failure_of(error: XswitchError) -> Failure:
    """The failure an `explainable` error is."""
    kind = next(found for known, found in _KINDS if isinstance(error, known))
    denied = error if isinstance(error, AwsDeniedError) else None
    return Failure(
        kind=kind,
        code=error.code,
        what=error.what,
        text=error.why,
        next_step=error.next_step,
        aws_code="" if denied is None else denied.aws_code,
        about="" if denied is None else denied.hop,
        exit_code=int(error.exit_code),
    )
