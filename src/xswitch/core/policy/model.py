"""Values of policy evaluation: requests, documents, and decisions.

A Decision keeps a trace of every statement, so that a denial can be explained.
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
    """A policy document that breaks the grammar; `what` says where, without quoting it."""

    default_code = ErrorCode.POLICY


class PolicyKind(StrEnum):
    """The attachment of a document, which decides what its Allow grants."""

    IDENTITY = "identity"  # attached to the caller: user, role
    TRUST = "trust"  # attached to the role to assume; always required
    SESSION = "session"  # passed to AssumeRole; only limits
    BOUNDARY = "boundary"  # permissions boundary; only limits
    SCP = "scp"  # service control policy over the caller's account; every level must allow
    # Resource control policy over the role's account. Only its Deny counts, as RCPFullAWSAccess
    # is always attached.
    RCP = "rcp"


class PrincipalKind(StrEnum):
    """Kind of caller."""

    ROOT = "root"
    USER = "user"
    ROLE_SESSION = "role_session"
    SERVICE = "service"
    FEDERATED = "federated"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller."""

    kind: PrincipalKind
    arn: str
    """As in GetCallerIdentity, or the name of a service or identity provider."""
    account: str
    role_arn: str = ""
    """The role of a session, with its path. A simulated role has its own ARN here and in `arn`."""
    management: bool = False
    """Whether its account is its organization's management account, which no SCP limits."""

    @property
    def service_linked(self) -> bool:
        """Whether it is a session of a service-linked role, which no SCP or RCP limits."""
        return ":role/aws-service-role/" in self.role_arn

    @property
    def signed(self) -> bool:
        """Whether it belongs to an account and has policies; services and providers don't."""
        return self.kind not in (PrincipalKind.SERVICE, PrincipalKind.FEDERATED)


@dataclass(frozen=True, slots=True)
class Request:
    """A request to decide: whether `principal` may do `action` on `resource`."""

    principal: Principal
    action: str
    resource: str
    resource_account: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """The values of each context key, by lower-case key."""
    resource_management: bool = False
    """Whether the resource is in its organization's management account, which no RCP limits."""


@dataclass(frozen=True, slots=True)
class PrincipalSet:
    """The Principal or NotPrincipal element of a statement."""

    values: Mapping[str, tuple[str, ...]]
    """By type: "AWS", "Service", "Federated", "CanonicalUser". A plain "*" is AWS: *."""
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator applied to one key."""

    operator: str
    """In lower case, without set operator and IfExists."""
    key: str
    """As written in the policy."""
    values: tuple[str, ...]
    quantifier: Literal["", "all", "any"] = ""
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Identity policies have no `principals`, trust policies no `resources`."""

    index: int
    """Position in its document, from 0."""
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
    """A parsed policy."""

    kind: PolicyKind
    name: str
    """Shown to users: a policy ARN, "inline policy X"."""
    statements: tuple[Statement, ...]
    variables: bool = True
    """Whether `${…}` is a variable, which depends on the version of the language."""
    level: str = ""
    """Where in the organization an SCP or RCP is attached: root, OU, account; any unique name."""


class Grant(StrEnum):
    """How a Principal element covers a caller."""

    NONE = "none"
    ACCOUNT = "account"  # trusts the caller's account, whose policies still have to allow it
    ROLE = "role"  # names the role behind a session
    EXACT = "exact"  # names the user or session itself, or everyone


@dataclass(frozen=True, slots=True)
class UnmetCondition:
    """A condition the request doesn't meet."""

    condition: Condition
    actual: tuple[str, ...] | None
    """The request's values for the key, None if the request doesn't have the key."""
    unresolved: tuple[str, ...] = ()
    """The keys of variables without a value."""

    @property
    def key(self) -> str:
        """Context key, as written in the policy."""
        return self.condition.key

    @property
    def operator(self) -> str:
        """Operator in lower case, without set operator and IfExists."""
        return self.condition.operator

    @property
    def expected(self) -> tuple[str, ...]:
        """Values in the policy, as written."""
        return self.condition.values


@dataclass(frozen=True, slots=True)
class StatementTrace:
    """The evaluation of one statement.

    `principal`, `action` and `resource` say whether that element covers the request; an absent
    element does.
    """

    document: str
    kind: PolicyKind
    statement: Statement
    applies: bool
    why_not: str = ""
    """The first reason why the statement doesn't apply, in a few words."""
    grant: Grant = Grant.NONE
    """For trust policies only."""
    principal: bool = True
    action: bool = True
    resource: bool = True
    unmet: tuple[UnmetCondition, ...] = ()
    """Every unmet condition, even if the elements don't cover the request."""
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
    """A kind of policy that must allow the request and doesn't; SCPs have a `level` too."""

    kind: PolicyKind
    level: str = ""


@dataclass(frozen=True, slots=True)
class Decision:
    """The result of evaluating a request."""

    allowed: bool
    explicit_deny: bool
    reason: str
    deciding_statement: StatementTrace | None = None
    """The statement that decided; None for a missing Allow."""
    missing: PolicyKind | None = None
    """The first kind of policy without an Allow; of an explicit deny, the kind that denies."""
    traces: tuple[StatementTrace, ...] = ()
    missing_allows: tuple[MissingAllow, ...] = ()
    """All of them in AWS's order of evaluation, even if there is an explicit deny."""

    @property
    def denials(self) -> tuple[StatementTrace, ...]:
        """Every Deny that applies."""
        return tuple(trace for trace in self.traces if trace.denies)
