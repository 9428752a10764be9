"""From a failed switch to its explanation.

Looked for beside the screen, shown in the detail, and whole when asked for.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from xswitch.core.errors import CancelledError, XswitchError
from xswitch.core.model import Role
from xswitch.tui.picker import state as states
from xswitch.tui.picker.role_actions import Stage

if TYPE_CHECKING:
    from xswitch.core.explain.model import Explanation


class ExplainFlow:
    """Explanations of the roles that failed."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def failed(self, role: Role, error: BaseException) -> None:
        """A switch failed: find out why, which takes a second at most."""
        if not isinstance(error, XswitchError) or isinstance(error, CancelledError):
            return

        def done(explanation: Explanation) -> None:
            self._stage.picker.update(
                partial(states.with_explanation, name=role.name, explanation=explanation)
            )

        self._stage.start_job(
            lambda _job: self._stage.actions.explain_failure(role, error), done, lambda _error: None
        )

    def show(self, role: Role) -> None:
        """The whole explanation of a role's last failure."""
        # Most sessions of the picker see no failure
        from xswitch.tui.explain.screen import ExplainScreen  # noqa: PLC0415

        explanation = self._stage.picker.state.explanations.get(role.name)
        if explanation is not None:
            self._stage.push_screen(ExplainScreen(explanation, self._stage.copy_to_clipboard))
