"""The steps of adding an sso-session, each as a job; the screen shows their state."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from xswitch.actions.sso.portals import AddingSession
from xswitch.core.model import Problem
from xswitch.tui import errors as failures
from xswitch.tui.jobs import Job
from xswitch.tui.sso import session_form as states
from xswitch.tui.sso.session_form import SessionStage
from xswitch.tui.sso.session_screen import SessionScreen

if TYPE_CHECKING:
    from xswitch.tui.app import PickerApp


class AddSessionFlow:
    """Adds one session; `added` is called with its name, whether it was written or there."""

    def __init__(self, app: PickerApp, added: Callable[[str], None]) -> None:
        self._app = app
        self._added = added
        self._screen: SessionScreen | None = None
        self._job: Job | None = None

    def begin(self) -> None:
        """Show the form."""
        screen = self._screen = SessionScreen()
        self._app.push_screen(screen, self._closed)
        self._app.start_job(
            lambda _job: tuple(self._app.actions.portals.regions()),
            screen.suggest_regions,
            lambda _error: None,
        )

    def handle_action(self, action: str) -> None:
        """Do an action of the screen."""
        screen = self._screen
        if screen is None:
            return
        if action == "back":
            self._back(screen)
        elif screen.state.stage is SessionStage.FORM:
            self._check(screen)
        elif screen.state.adding is not None and not screen.state.working:
            self._write(screen, screen.state.adding)

    def _closed(self, name: str | None) -> None:
        self._stop()
        self._screen = None
        if name is not None:
            self._added(name)

    def _stop(self) -> None:
        if self._job is not None:
            self._job.stop()
            self._job = None

    def _back(self, screen: SessionScreen) -> None:
        stage = screen.state.stage
        if stage is SessionStage.WRITING:
            return  # it takes a moment, and either happens or doesn't
        self._stop()
        if stage is SessionStage.FORM:
            screen.dismiss(None)
        else:
            screen.update(states.back_to_form)

    def _failed(self, screen: SessionScreen, error: BaseException) -> None:
        self._job = None
        message = failures.from_exception(error)
        screen.update(partial(states.with_failure, error=error, message=message))

    def _check(self, screen: SessionScreen) -> None:
        screen.update(states.start_checking)
        if screen.state.stage is not SessionStage.CHECKING:
            return
        values = {key: value.strip() for key, value in screen.state.values.items()}

        def done(adding: AddingSession) -> None:
            self._job = None
            screen.update(partial(states.with_plan, adding=adding))

        self._job = self._app.start_job(
            lambda _job: self._app.actions.portals.plan_session(
                values["name"], values["start_url"], values["region"], states.scopes(values)
            ),
            done,
            partial(self._failed, screen),
        )

    def _write(self, screen: SessionScreen, adding: AddingSession) -> None:
        screen.update(states.start_writing)

        def done(_problems: Sequence[Problem]) -> None:
            self._job = None
            screen.dismiss(adding.session.name)

        self._job = self._app.start_job(
            lambda _job: self._app.actions.portals.add_session(adding),
            done,
            partial(self._failed, screen),
        )
