"""The steps of a setup, each as a job; the screen shows their state."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from xswitch.actions.access.api import ChangeListener, ChangeStatus
from xswitch.core.access.model import AccountSide, IamChange
from xswitch.core.errors import CancelledError
from xswitch.core.shell.shells import quote_for_shell
from xswitch.tui import errors as failures
from xswitch.tui.jobs import Job
from xswitch.tui.setup import form
from xswitch.tui.setup import state as states
from xswitch.tui.setup.form import access_apply_command
from xswitch.tui.setup.screen import SetupScreen
from xswitch.tui.setup.state import SetupStage, SetupState

if TYPE_CHECKING:
    from xswitch.tui.app import PickerApp


class SetupFlow:
    """One setup, from the key to the new role in the list.

    `finished` is called with the new role profile's name, or "" if only the files must be reread.
    """

    def __init__(self, app: PickerApp, finished: Callable[[str], None]) -> None:
        self._app = app
        self._finished = finished
        self._screen: SetupScreen | None = None
        self._job: Job | None = None
        self._stop_requested = threading.Event()

    def begin(self) -> None:
        """Show the form."""
        screen = self._screen = SetupScreen()
        self._app.push_screen(screen, self._closed)
        self._app.start_job(
            lambda _job: tuple(self._app.actions.config().profiles),
            screen.suggest,
            lambda _error: None,
        )

    def handle_action(self, action: str) -> None:
        """Do an action of the screen."""
        screen = self._screen
        if screen is None:
            return
        {"go": self._go, "back": self._back, "roll_back": self._roll_back, "copy": self._copy}[
            action
        ](screen)

    def _closed(self, profile: str | None) -> None:
        if self._job is not None:
            self._job.stop()
        self._job = self._screen = None
        if profile is not None:
            self._finished(profile)

    def _go(self, screen: SetupScreen) -> None:
        stage = screen.state.stage
        if stage is SetupStage.FORM:
            self._plan(screen)
        elif stage in (SetupStage.PLAN, SetupStage.STOPPED):
            self._apply(screen)
        elif stage is SetupStage.CHECK_FAILED:
            screen.update(states.start_checking)
            self._check(screen)
        elif stage is SetupStage.DONE:
            screen.dismiss(
                screen.state.check_result.profile if screen.state.check_result is not None else ""
            )

    def _back(self, screen: SetupScreen) -> None:
        stage = screen.state.stage
        if stage in (SetupStage.APPLYING, SetupStage.ROLLING_BACK):
            # Stop between two calls, never during one, so that every change is accounted for.
            self._stop_requested.set()
        elif screen.state.working:
            if self._job is not None:
                self._job.stop()
                self._job = None
            screen.update(
                partial(
                    states.with_failure,
                    failure=failures.from_error(CancelledError("You stopped it.")),
                )
            )
        elif stage is SetupStage.PLAN:
            screen.update(states.back_to_form)
        else:
            screen.dismiss(None if stage is SetupStage.FORM else "")

    def _run(
        self,
        screen: SetupScreen,
        work: Callable[[Job], Any],
        transition: Callable[[SetupState, Any], SetupState],
    ) -> None:
        """Run `work` as a job; `transition` takes its result into the state."""

        def failed(error: BaseException) -> None:
            self._job = None
            screen.update(partial(states.with_failure, failure=failures.from_exception(error)))

        def done(result: Any) -> None:
            self._job = None
            screen.update(lambda state: transition(state, result))
            if screen.state.stage is SetupStage.CHECKING:
                self._check(screen)

        def show_progress(update: Any) -> None:
            screen.update(
                partial(states.with_progress, text=update) if isinstance(update, str) else update
            )

        self._stop_requested.clear()
        self._job = self._app.start_job(work, done, failed, show_progress)

    def _plan(self, screen: SetupScreen) -> None:
        screen.update(states.start_planning)
        if screen.state.stage is not SetupStage.PLANNING:
            return
        inputs = form.access_inputs(screen.state.values)
        self._run(
            screen,
            lambda job: self._app.actions.access.plan(inputs, job, job.progress),
            states.with_plan,
        )

    def _apply(self, screen: SetupScreen) -> None:
        plan = screen.state.plan_result
        if plan is not None:
            screen.update(states.start_applying)
            self._run(
                screen,
                lambda job: self._app.actions.access.apply(plan, job, self._steps(job)),
                states.finish_applying,
            )

    def _roll_back(self, screen: SetupScreen) -> None:
        apply_result = screen.state.apply_result
        if apply_result is not None:
            screen.update(states.start_rollback)
            self._run(
                screen,
                lambda job: self._app.actions.access.rollback(apply_result, job, self._steps(job)),
                states.finish_rollback,
            )

    def _check(self, screen: SetupScreen) -> None:
        plan = screen.state.plan_result
        if plan is not None:
            self._run(
                screen,
                lambda job: self._app.actions.access.check(plan, job, job.progress),
                states.finish_check,
            )

    def _steps(self, job: Job) -> ChangeListener:
        def step(side: AccountSide, change: IamChange, now: ChangeStatus) -> None:
            def draw(state: SetupState) -> SetupState:
                return states.with_step(state, side, change, now)

            job.notify(draw)
            if now == "doing" and self._stop_requested.is_set():
                raise CancelledError("You stopped it.")

        return step

    def _copy(self, screen: SetupScreen) -> None:
        state = screen.state
        text = state.check_result.console_link if state.check_result is not None else ""
        if state.stage is SetupStage.PLAN and state.plan_result is not None:
            text = " ".join(
                quote_for_shell("sh", word)
                for word in access_apply_command(state.plan_result.inputs)
            )
        if text:
            self._app.copy_to_clipboard(text)
            screen.show_message(f"Copied: {text}")
