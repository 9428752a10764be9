"""The values of policy evaluation: who asks for what, under which documents, and what came of it.

A Decision keeps what every statement said, so that a denial can be explained and not only pronounced.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Literal

from xswitch.core.errors import ConfigError

Effect = Literal["Allow", "Deny"]


class PolicyError(ConfigError):
    """A policy document breaks the grammar; `what` says where and how, without quoting the whole document."""

    default_code = "policy"


class PolicyKind(StrEnum):
    """What a document is attached to, which decides what its Allow is worth."""

    IDENTITY = "identity"  # on the caller: user, role
    TRUST = "trust"  # on the role to be assumed; nothing is allowed without it
    SESSION = "session"  # given to AssumeRole; only ever takes away
    BOUNDARY = "boundary"  # permissions boundary; only ever takes away


class PrincipalKind(StrEnum):
    """What kind of caller it is."""

    ROOT = "root"
    USER = "user"
    ROLE_SESSION = "role_session"
    SERVICE = "service"
    FEDERATED = "federated"


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller. `arn` is what GetCallerIdentity says; `role_arn` (with path) only for a role session; `name` of a service or provider."""

    kind: PrincipalKind
    arn: str
    account: str
    role_arn: str = ""

    @property
    def grantable(self) -> tuple[str, ...]:
        """Every ARN by which a policy can name exactly this caller, the widest first."""
        return (self.role_arn, self.arn) if self.role_arn else (self.arn,)


@dataclass(frozen=True, slots=True)
class Request:
    """One question: whether `principal` may do `action` to `resource`; `context` has the values of each context key (lower-case)."""

    principal: Principal
    action: str
    resource: str
    resource_account: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))


@dataclass(frozen=True, slots=True)
class PrincipalSet:
    """The Principal or NotPrincipal of a statement, values by type ("AWS", "Service", "Federated", "CanonicalUser"); "*" is AWS: *."""

    values: Mapping[str, tuple[str, ...]]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator applied to one key: `operator` without prefix and suffix, `quantifier` "" or "all" or "any", `key` as written."""

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: Literal["", "all", "any"] = ""
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement; `index` counts from 0 in its document. `principals` None in identity policies, `resources` None in trust policies."""

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
class Document:
    """A parsed policy; `name` is how people know it (a policy ARN, "inline policy X"), `variables` whether `${…}` means something in it."""

    kind: PolicyKind
    name: str
    statements: tuple[Statement, ...]
    variables: bool = True


class Grant(StrEnum):
    """How a Principal element covers a caller."""

    NONE = "none"
    ACCOUNT = "account"  # trusts the caller's account, which still has to allow it
    ROLE = "role"  # names the role behind a session
    EXACT = "exact"  # names the user or session itself, or everyone


@dataclass(frozen=True, slots=True)
class StatementTrace:
    """What one statement said to the request: `applies`, or `why_not` in a few words; `grant` only for trust policies."""

    document: str
    kind: PolicyKind
    statement: Statement
    applies: bool
    why_not: str = ""
    grant: Grant = Grant.NONE


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of a request.

    `decisive` is the statement that settled it, None for a missing Allow; `missing` is the kind of policy that lacked one.
    """

    allowed: bool
    explicit_deny: bool
    reason: str
    decisive: StatementTrace | None = None
    missing: PolicyKind | None = None
    traces: tuple[StatementTrace, ...] = ()
