"""Values of cross-account access: the request, what exists, and what has to change.

Policy documents are JSON as `documents.canonical_json` writes it, so equal documents are equal
values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from xswitch.core.model import Severity

DEFAULT_MAX_SESSION_SECONDS = 3600


class AccountSide(StrEnum):
    """The account of the role (target), or of the principals that assume it (source)."""

    TARGET = "target"
    SOURCE = "source"


class PrincipalType(StrEnum):
    """Kind of principal that may assume the role."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class TrustedPrincipal:
    """The principal that may assume the role."""

    kind: PrincipalType
    account: str
    name: str = ""
    """Without path; "" for a whole account."""
    path: str = "/"
    """As far as known."""


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy of a role, user or group."""

    name: str
    document: str
    """Canonical JSON."""


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """A complete request: one role in the target account, and the principal that may assume it."""

    partition: str
    target_account: str
    role_name: str
    principal: TrustedPrincipal
    role_path: str = "/"
    managed_policies: tuple[str, ...] = ()
    """ARNs."""
    inline_policies: tuple[NamedPolicy, ...] = ()
    external_id: str | None = None
    require_mfa: bool = True
    max_session_seconds: int = DEFAULT_MAX_SESSION_SECONDS
    """3,600 to 43,200 (IAM user guide, "Maximum session duration")."""
    tags: tuple[tuple[str, str], ...] = ()
    description: str = ""

    @property
    def role_arn(self) -> str:
        """ARN of the role, with its path."""
        return (
            f"arn:{self.partition}:iam::{self.target_account}:role{self.role_path}{self.role_name}"
        )


@dataclass(frozen=True, slots=True)
class RoleState:
    """The current state of a role in IAM."""

    arn: str
    trust: str
    description: str = ""
    max_session_seconds: int = DEFAULT_MAX_SESSION_SECONDS
    tags: tuple[tuple[str, str], ...] = ()
    attached: tuple[str, ...] = ()
    inline: tuple[NamedPolicy, ...] = ()
    boundary: str = ""


@dataclass(frozen=True, slots=True)
class PrincipalState:
    """The current state of a principal in IAM."""

    kind: PrincipalType
    arn: str
    """For a whole account, the ARN of its root."""
    inline: tuple[NamedPolicy, ...] = ()
    attached: tuple[str, ...] = ()
    """ARNs."""
    managed: NamedPolicy | None = None
    """For a whole account, xswitch's customer managed policy, if it exists."""


@dataclass(frozen=True, slots=True)
class IamCall:
    """One IAM API call, with the API's names (CreateRole, RoleName …)."""

    operation: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IamChange:
    """One change of a plan, with the call that makes it and the calls that undo it."""

    side: AccountSide
    subject: str
    summary: str
    """One line for users."""
    call: IamCall
    undo: tuple[IamCall, ...]
    before: str = ""
    """Text for a diff, "" if nothing exists."""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of `access lint`, or a warning of a plan."""

    code: str
    """Stable."""
    severity: Severity
    why: str
    where: str = ""
    """The document and statement: "trust policy of …, statement 2"."""
    corrected: str = ""
    """The corrected statement as JSON, "" for none."""


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """The changes in one account."""

    side: AccountSide
    account: str
    profile: str | None
    """The administrator's profile. Without one, another administrator gets a file."""
    seen: bool
    """Whether the account was read. If not, the changes are for an empty account."""
    changes: tuple[IamChange, ...]


@dataclass(frozen=True, slots=True)
class AccessPlan:
    """The changes in both accounts, and the documents (JSON) they result in."""

    request: AccessRequest
    target: AccountPlan
    source: AccountPlan
    trust: str
    permission: str
    warnings: tuple[Finding, ...] = ()

    @property
    def sides(self) -> tuple[AccountPlan, AccountPlan]:
        """Both accounts in order of application.

        The source comes first, because a trust policy can't name a missing principal.
        """
        return (self.source, self.target)

    def of(self, side: AccountSide) -> AccountPlan:
        """Return the plan for one account."""
        return self.target if side is AccountSide.TARGET else self.source

    @property
    def empty(self) -> bool:
        """Whether there is nothing to change."""
        return not self.target.changes and not self.source.changes


@dataclass(frozen=True, slots=True)
class Simulation:
    """A result of SimulatePrincipalPolicy for one action and resource."""

    decision: str
    """allowed, explicitDeny or implicitDeny."""
    matched: tuple[str, ...] = ()
    missing_context: tuple[str, ...] = ()
    allowed_by_boundary: bool | None = None
    """None if IAM doesn't say."""
    allowed_by_organization: bool | None = None
    """None if IAM doesn't say."""


@dataclass(frozen=True, slots=True)
class PrincipalPolicies:
    """The policies of a principal that could be read."""

    identity: tuple[NamedPolicy, ...] = ()
    boundary: NamedPolicy | None = None
    unread: tuple[str, ...] = ()
    """Those that could not, in words: "attached policy …: AccessDenied"."""
    facts: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Values of context keys, such as "aws:PrincipalTag/x"."""
