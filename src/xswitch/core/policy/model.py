"""The values of policy evaluation: who asks for what, under which documents, and what came of it.

A Decision keeps what every statement said, so that a denial can be explained and not only
pronounced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from xswitch.core.errors import ConfigError, ErrorCode

Effect = Literal["Allow", "Deny"]


class PolicyError(ConfigError):
    """A policy document breaks the grammar.

    `what` says where and how, without quoting the whole document.
    """

    default_code = ErrorCode.POLICY


class PolicyKind(StrEnum):
    """What a document is attached to, which decides what its Allow is worth."""

    IDENTITY = "identity"  # on the caller: user, role
    TRUST = "trust"  # on the role to be assumed; nothing is allowed without it
    SESSION = "session"  # given to AssumeRole; only ever takes away
    BOUNDARY = "boundary"  # permissions boundary; only ever takes away
    # Service control policy over the caller's account; only ever takes away, and every level must
    # allow
    SCP = "scp"
    # Resource control policy over the role's account; only its Deny counts, as RCPFullAWSAccess is
    # always there
    RCP = "rcp"


class PrincipalKind(StrEnum):
    """What kind of caller it is."""

    ROOT = "root"
    USER = "user"
    ROLE_SESSION = "role_session"
    SERVICE = "service"
    FEDERATED = "federated"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller.

    `arn` is what GetCallerIdentity says, or the name of a service or identity provider.

    `role_arn` (with path) only for a role session; a role without a session, as in a simulation,
    has its own ARN in both. `management` says that its account is the management account of its
    organization, which no SCP binds.
    """

    kind: PrincipalKind
    arn: str
    account: str
    role_arn: str = ""
    management: bool = False

    @property
    def service_linked(self) -> bool:
        """Whether it is the session of a service-linked role, which no SCP or RCP binds."""
        return ":role/aws-service-role/" in self.role_arn

    @property
    def signed(self) -> bool:
        """Whether it is somebody of an account, with policies of its own.

        A service or an identity provider is not.
        """
        return self.kind not in (PrincipalKind.SERVICE, PrincipalKind.FEDERATED)


@dataclass(frozen=True, slots=True)
class Request:
    """One question: whether `principal` may do `action` to `resource`.

    `context` has the values of each context key (lower-case).

    `resource_management` says that the resource's account is the management account of its
    organization, which no RCP binds.
    """

    principal: Principal
    action: str
    resource: str
    resource_account: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    resource_management: bool = False


@dataclass(frozen=True, slots=True)
class PrincipalSet:
    """The Principal or NotPrincipal of a statement, values by type ("AWS", "Service", "Federated", "CanonicalUser"); "*" is AWS: *."""

    values: Mapping[str, tuple[str, ...]]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator applied to one key.

    `operator` without prefix and suffix, `quantifier` "" or "all" or "any", `key` as written.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: Literal["", "all", "any"] = ""
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `index` counts from 0 in its document.

    `principals` None in identity policies, `resources` None in trust policies.
    """

    index: int
    sid: str
    effect: Effect
    actions: tuple[str, ...]
    not_actions: bool
    resources: tuple[str, ...] | None
    not_resources: bool
    principals: PrincipalSet | None
    conditions: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class PolicyDocument:
    """A parsed policy.

    `name` is how people know it (a policy ARN, "inline policy X"), `variables` whether `${…}` means
    something in it.

    `level` is the place in the organization an SCP or RCP is attached to (its root, an OU, the
    account; any name that tells them apart).
    """

    kind: PolicyKind
    name: str
    statements: tuple[Statement, ...]
    variables: bool = True
    level: str = ""


class Grant(StrEnum):
    """How a Principal element covers a caller."""

    NONE = "none"
    ACCOUNT = "account"  # trusts the caller's account, which still has to allow it
    ROLE = "role"  # names the role behind a session
    EXACT = "exact"  # names the user or session itself, or everyone


@dataclass(frozen=True, slots=True)
class UnmetCondition:
    """A condition the request doesn't meet: the values it has for the key (None.

    No such key), and keys of variables without a value.
    """

    condition: Condition
    given: tuple[str, ...] | None
    unresolved: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """The context key, as written in the policy."""
        return self.condition.key

    @property
    def operator(self) -> str:
        """The operator in lower case, without set operator and IfExists."""
        return self.condition.operator

    @property
    def wanted(self) -> tuple[str, ...]:
        """The values in the policy, as written."""
        return self.condition.values


@dataclass(frozen=True, slots=True)
class StatementTrace:
    """What one statement said to the request: `applies`, or `why_not` in a few words.

    `grant` only for trust policies.

    `principal`, `action` and `resource` say whether that element covers the request (as an element
    that isn't there does), and `unmet` has every condition that isn't met, whatever the elements
    say.
    """

    document: str
    kind: PolicyKind
    statement: Statement
    applies: bool
    why_not: str = ""
    grant: Grant = Grant.NONE
    principal: bool = True
    action: bool = True
    resource: bool = True
    unmet: tuple[UnmetCondition, ...] = ()
    level: str = ""

    @property
    def denies(self) -> bool:
        """Whether it is a Deny that applies."""
        return self.applies and self.statement.effect == "Deny"

    @property
    def allows(self) -> bool:
        """Whether it is an Allow that applies."""
        return self.applies and self.statement.effect == "Allow"


@dataclass(frozen=True, slots=True)
class MissingAllow:
    """A kind of policy that had to allow the request and doesn't.

    `level` of the organization for an SCP.
    """

    kind: PolicyKind
    level: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of a request.

    `deciding_statement` is the statement that settled it, None for a missing Allow; `missing` is
    the kind of policy that lacked one (of an explicit deny, the kind that denies). `lacking` has
    every kind that lacks an Allow, in the order AWS looks at them, also beside an explicit deny.
    """

    allowed: bool
    explicit_deny: bool
    reason: str
    deciding_statement: StatementTrace | None = None
    missing: PolicyKind | None = None
    traces: tuple[StatementTrace, ...] = ()
    missing_allows: tuple[MissingAllow, ...] = ()

    @property
    def denials(self) -> tuple[StatementTrace, ...]:
        """Every Deny that applies."""
        return tuple(trace for trace in self.traces if trace.denies)
