"""The use cases of access set-up as one object."""

from __future__ import annotations

from collections.abc import Sequence

from xswitch.actions.access import apply as applying
from xswitch.actions.access import check as checking
from xswitch.actions.access import lint as linting
from xswitch.actions.access import plan as planner
from xswitch.actions.access.accounts import Sides
from xswitch.actions.access.api import AccessInputs, AppliedAccess, CheckedAccess, PlannedAccess, Steps
from xswitch.actions.ports import MfaPrompt, Progress
from xswitch.actions.sessions.broker import Broker
from xswitch.core.access.model import Finding, NamedPolicy


def _silence(_: str) -> None:
    """Progress that the steps tell already."""


class RealAccess:
    """Fits `AccessActions`. May be used from several threads."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    def plan(self, inputs: AccessInputs, ask: MfaPrompt, progress: Progress) -> PlannedAccess:
        """See `AccessActions.plan`."""
        return planner.plan(self._broker.ports, Sides(self._broker, ask, progress), inputs)

    def apply(self, planned: PlannedAccess, ask: MfaPrompt, steps: Steps) -> AppliedAccess:
        """See `AccessActions.apply`."""
        return applying.apply(self._broker.ports, Sides(self._broker, ask, _silence), planned, steps)

    def take_back(self, applied: AppliedAccess, ask: MfaPrompt, steps: Steps) -> AppliedAccess:
        """See `AccessActions.take_back`."""
        return applying.take_back(self._broker.ports, Sides(self._broker, ask, _silence), applied, steps)

    def check(self, planned: PlannedAccess, ask: MfaPrompt, progress: Progress) -> CheckedAccess:
        """See `AccessActions.check`."""
        return checking.check(self._broker, planned, ask, progress)

    def lint(self, documents: Sequence[NamedPolicy], roles: Sequence[str], profile: str | None, ask: MfaPrompt) -> tuple[Finding, ...]:
        """See `AccessActions.lint`."""
        return linting.lint(Sides(self._broker, ask, _silence), documents, roles, profile)
