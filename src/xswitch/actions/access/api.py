"""The use cases of cross-account access, and the values they take and return."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from xswitch.actions.ports import MfaPrompt, Progress, no_progress
from xswitch.core.access.model import (
    DEFAULT_MAX_SESSION_SECONDS,
    AccessPlan,
    AccountSide,
    Finding,
    IamChange,
    NamedPolicy,
    PrincipalType,
)
from xswitch.core.errors import XswitchError
from xswitch.core.model import CallerIdentity

if TYPE_CHECKING:
    from xswitch.actions.access.accounts import Accounts
    from xswitch.actions.sessions.broker import Broker


@dataclass(frozen=True, slots=True)
class AccessInputs:
    """The inputs of a setup, from the form or the command line."""

    role_name: str
    who_kind: PrincipalType
    who_name: str = ""
    target_profile: str | None = None
    source_profile: str | None = None
    target_account: str = ""
    """Needed only without `target_profile`."""
    source_account: str = ""
    """Needed only without `source_profile`."""
    role_path: str = "/"
    policies: tuple[str, ...] = ()
    """Managed policies, by ARN or by the name of an AWS managed policy ("ReadOnlyAccess")."""
    documents: tuple[NamedPolicy, ...] = ()
    external_id: str = ""
    generate_external_id: bool = False
    require_mfa: bool = True
    max_session_seconds: int = DEFAULT_MAX_SESSION_SECONDS
    tags: tuple[tuple[str, str], ...] = ()
    description: str = ""
    switch_from: str | None = None
    """The profile that will switch; found by its identity if None."""
    save_as: str = ""
    """The name of the role profile, "" for the role's name."""
    region: str = ""
    display_name: str = ""
    color: str = ""
    mfa_serial: str = ""
    """The MFA device of the role profile, "" for the user's first one in IAM."""


@dataclass(frozen=True, slots=True)
class AccessPlanResult:
    """A plan, its inputs, and the console's switch-role link for the role."""

    inputs: AccessInputs
    plan: AccessPlan
    console_link: str


ChangeStatus = Literal["doing", "done", "failed", "taken_back"]
ChangeListener = Callable[[AccountSide, IamChange, ChangeStatus], None]
"""Callback for the status of each change.

It may raise CancelledError to stop before the next change.
"""


@dataclass(frozen=True, slots=True)
class AccessApplyResult:
    """The result of an apply or a rollback."""

    planned: AccessPlanResult
    done: tuple[tuple[AccountSide, IamChange], ...]
    left: tuple[tuple[AccountSide, IamChange], ...] = ()
    """The changes that were not made."""
    error: XswitchError | None = None
    """The error that stopped it."""


@dataclass(frozen=True, slots=True)
class AccessCheckResult:
    """The result of a successful check."""

    identity: CallerIdentity
    expires_at: datetime
    profile: str
    """The role profile, new or existing."""
    command: str
    """The command that switches to it."""
    console_link: str
    tries: int


class AccessActions:
    """The use cases of cross-account access.

    Each is imported on its first call. All methods raise only XswitchError subclasses and may run
    in worker threads.
    """

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def plan(self, inputs: AccessInputs, ask: MfaPrompt, progress: Progress) -> AccessPlanResult:
        """Read each account that has a profile, and compute the changes."""
        from xswitch.actions.access.accounts import Accounts
        from xswitch.actions.access.plan import plan

        return plan(self._broker.ports.process, Accounts(self._broker, ask, progress), inputs)

    def apply(
        self, planned: AccessPlanResult, ask: MfaPrompt, steps: ChangeListener
    ) -> AccessApplyResult:
        """Make the changes of `planned`, each once, the source account first.

        A failure is returned in the result, not raised. Stops with a ConfigError when an account
        has changed since the plan was made.
        """
        from xswitch.actions.access.apply import apply

        return apply(self._broker.ports.process, self._accounts(ask), planned, steps)

    def rollback(
        self, applied: AccessApplyResult, ask: MfaPrompt, steps: ChangeListener
    ) -> AccessApplyResult:
        """Undo an apply, the last change first; `done` of the result lists the undone changes.

        Also undoes the change during which the apply lost the network or was stopped, if AWS made
        it.
        """
        from xswitch.actions.access.apply import rollback

        return rollback(self._broker.ports.process, self._accounts(ask), applied, steps)

    def check(
        self, planned: AccessPlanResult, ask: MfaPrompt, progress: Progress
    ) -> AccessCheckResult:
        """Write the role profile, then switch to the role as the user.

        Retries AssumeRole and GetCallerIdentity a bounded number of times while IAM propagates the
        changes.
        """
        from xswitch.actions.access.check import check

        return check(self._broker, planned, ask, progress)

    def lint(
        self,
        documents: Sequence[NamedPolicy],
        roles: Sequence[str],
        profile: str | None,
        ask: MfaPrompt,
    ) -> tuple[Finding, ...]:
        """Lint these documents, and the trust policies of roles read with `profile`.

        Each of `roles` is an ARN, a role name, or a role profile.
        """
        from xswitch.actions.access.lint import lint

        return lint(self._accounts(ask), documents, roles, profile)

    def _accounts(self, ask: MfaPrompt) -> Accounts:
        from xswitch.actions.access.accounts import Accounts

        return Accounts(self._broker, ask, no_progress)
