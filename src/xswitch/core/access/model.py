"""The values of setting up cross-account access.

What is wanted, what is there, and what has to change on either side.

Policy documents are JSON texts here, as `documents.canonical` writes them, so that equal documents
are equal values.
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
    """Whose administrator something is for.

    The account of the role, or the account of those who assume it.
    """

    TARGET = "target"
    SOURCE = "source"


class PrincipalType(StrEnum):
    """What may assume the role."""

    USER = "user"
    GROUP = "group"
    ROLE = "role"
    ACCOUNT = "account"


@dataclass(frozen=True, slots=True)
class TrustedPrincipal:
    """Who shall assume the role; `name` without path, "" for a whole account.

    `path` as far as known.
    """

    kind: PrincipalType
    account: str
    name: str = ""
    path: str = "/"


@dataclass(frozen=True, slots=True)
class NamedPolicy:
    """A policy by the name it has, or gets, on its role, user or group.

    `document` is canonical JSON.
    """

    name: str
    document: str


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """What is wanted, with nothing left open.

    One role in the target account, and those who may assume it.

    `managed_policies` are ARNs; `max_session_seconds` 3,600..43,200 (IAM user guide, "Maximum
    session duration").
    """

    partition: str
    target_account: str
    role_name: str
    who: TrustedPrincipal
    role_path: str = "/"
    managed_policies: tuple[str, ...] = ()
    inline_policies: tuple[NamedPolicy, ...] = ()
    external_id: str | None = None
    require_mfa: bool = True
    max_session_seconds: int = DEFAULT_MAX_SESSION_SECONDS
    tags: tuple[tuple[str, str], ...] = ()
    description: str = ""

    @property
    def role_arn(self) -> str:
        """The role's ARN, path included."""
        return (
            f"arn:{self.partition}:iam::{self.target_account}:role{self.role_path}{self.role_name}"
        )


@dataclass(frozen=True, slots=True)
class RoleState:
    """A role as IAM has it now."""

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
    """A user, group or role of the source account as IAM has it now.

    `inline` are its own inline policies, `attached` ARNs.

    For a whole account `arn` is that of its root, and `managed` has the customer managed policy the
    set-up keeps there, if it exists.
    """

    kind: PrincipalType
    arn: str
    inline: tuple[NamedPolicy, ...] = ()
    attached: tuple[str, ...] = ()
    managed: NamedPolicy | None = None


@dataclass(frozen=True, slots=True)
class IamCall:
    """One IAM call.

    `operation` and `parameters` as boto3's `client.<operation>` takes them (CreateRole, RoleName
    …).
    """

    operation: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class IamChange:
    """One step of a plan, made by one call, and the calls that take it back.

    `summary` is a line for people; `before` and `after` are texts to be shown as a diff ("" for
    nothing there).
    """

    side: AccountSide
    subject: str
    summary: str
    call: IamCall
    undo: tuple[IamCall, ...]
    before: str = ""
    after: str = ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of `access lint`, or a warning of a plan: a stable `code`, and why it matters.

    `corrected` is the corrected statement as JSON ("" for none).
    `where` names the document and statement ("trust policy of …, statement 2").
    """

    code: str
    severity: Severity
    why: str
    where: str = ""
    corrected: str = ""


@dataclass(frozen=True, slots=True)
class AccountPlan:
    """One side: the profile that administers it (None.

    There is none, its file goes to somebody else), and what has to change.

    `seen` says whether the side was read; unread, `changes` are those for an account in which
    nothing of it exists.
    """

    side: AccountSide
    account: str
    profile: str | None
    seen: bool
    changes: tuple[IamChange, ...]


@dataclass(frozen=True, slots=True)
class AccessPlan:
    """Both sides of one request; nothing to do when neither has changes.

    `trust` and `permission` are the wanted documents (JSON).
    """

    request: AccessRequest
    target: AccountPlan
    source: AccountPlan
    trust: str
    permission: str
    warnings: tuple[Finding, ...] = ()

    @property
    def sides(self) -> tuple[AccountPlan, AccountPlan]:
        """Both, in the order they are applied.

        The source first, since a trust policy can't name a principal that doesn't exist yet.
        """
        return (self.source, self.target)

    def of(self, side: AccountSide) -> AccountPlan:
        """One side."""
        return self.target if side is AccountSide.TARGET else self.source

    @property
    def empty(self) -> bool:
        """Whether everything is as wanted already."""
        return not self.target.changes and not self.source.changes


@dataclass(frozen=True, slots=True)
class Simulation:
    """An answer of SimulatePrincipalPolicy for one action and resource.

    `decision` is allowed, explicitDeny or implicitDeny.

    `allowed_by_boundary` and `allowed_by_organization` are None where IAM says nothing of them.
    """

    decision: str
    matched: tuple[str, ...] = ()
    missing_context: tuple[str, ...] = ()
    allowed_by_boundary: bool | None = None
    allowed_by_organization: bool | None = None


@dataclass(frozen=True, slots=True)
class PrincipalPolicies:
    """What of a principal's policies could be read.

    `unread` says in words what could not ("attached policy …: AccessDenied").
    """

    identity: tuple[NamedPolicy, ...] = ()
    boundary: NamedPolicy | None = None
    unread: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType({})
    )  # tag values as "aws:PrincipalTag/x" and the like
