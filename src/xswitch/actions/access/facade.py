"""The use cases of access set-up as one object."""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.actions.access import apply as applying
from xswitch.actions.access import check as checking
from xswitch.actions.access import lint as linting
from xswitch.actions.access import plan as planner
from xswitch.actions.access.accounts import Accounts
from xswitch.actions.access.api import (
    AccessApplyResult,
    AccessCheckResult,
    AccessInputs,
    AccessPlanResult,
    ChangeListener,
)
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.sessions.broker import Broker
from xswitch.core.access.model import Finding, NamedPolicy


def _no_progress(_: str) -> None:
    """Progress that the steps tell already."""


class RealAccess:
    """Fits `AccessActions`. May be used from several threads."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def plan(self, inputs: AccessInputs, ask: MfaPrompt, progress: Progress) -> AccessPlanResult:
        """See `AccessActions.plan`."""
        return planner.plan(self._broker.ports, Accounts(self._broker, ask, progress), inputs)

    def apply(
        self, planned: AccessPlanResult, ask: MfaPrompt, steps: ChangeListener
    ) -> AccessApplyResult:
        """See `AccessActions.apply`."""
        return applying.apply(
            self._broker.ports, Accounts(self._broker, ask, _no_progress), planned, steps
        )

    def rollback(
        self, applied: AccessApplyResult, ask: MfaPrompt, steps: ChangeListener
    ) -> AccessApplyResult:
        """See `AccessActions.take_back`."""
        return applying.rollback(
            self._broker.ports, Accounts(self._broker, ask, _no_progress), applied, steps
        )

    def check(
        self, planned: AccessPlanResult, ask: MfaPrompt, progress: Progress
    ) -> AccessCheckResult:
        """See `AccessActions.check`."""
        return checking.check(self._broker, planned, ask, progress)

    def lint(
        self,
        documents: Sequence[NamedPolicy],
        roles: Sequence[str],
        profile: str | None,
        ask: MfaPrompt,
    ) -> tuple[Finding, ...]:
        """See `AccessActions.lint`."""
        return linting.lint(Accounts(self._broker, ask, _no_progress), documents, roles, profile)
