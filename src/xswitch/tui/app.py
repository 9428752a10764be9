"""The app: runs jobs in threads, delivers their messages, and loads the picker's data.

`picker.screen` draws the screen, and `picker.role_actions` acts on roles.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.filter import LineFilter, Monochrome, NoColor
from textual.screen import Screen
from textual.scrollbar import ScrollBar

from xswitch.actions.api import Actions
from xswitch.actions.ports import Clock
from xswitch.actions.results import Listing, SwitchResult
from xswitch.core.text import pluralize
from xswitch.tui import errors as failures
from xswitch.tui.dialogs.screens import Dialog, MfaDialog, TextDialog
from xswitch.tui.jobs import Job, JobEnded, JobProgress, MfaCodeRequested
from xswitch.tui.picker import state as states
from xswitch.tui.picker.command_palette import PickerCommands
from xswitch.tui.picker.detail import problem_lines
from xswitch.tui.picker.index_watch import IndexWatch
from xswitch.tui.picker.keys import help_lines
from xswitch.tui.picker.portal_watch import PortalWatch
from xswitch.tui.picker.role_actions import ExplainFlow, SessionActions, SwitchFlow
from xswitch.tui.picker.screen import ActionRequested, PickerScreen
from xswitch.tui.render.palette import DARK, LIGHT, PALETTES, PLAIN, choose_palette
from xswitch.tui.render.theme import ColorRemover, textual_theme
from xswitch.tui.startup.preload import Preload, Preloaded, load_picker_data
from xswitch.tui.widgets.input import SafePasteApp
from xswitch.tui.widgets.resizing import layout_at_app_size
from xswitch.tui.widgets.scrollbar import ThinScrollBar

if TYPE_CHECKING:
    from xswitch.tui.setup.flow import SetupFlow
    from xswitch.tui.setup.screen import SetupScreen
    from xswitch.tui.sso.session_flow import AddSessionFlow
    from xswitch.tui.sso.session_screen import SessionScreen
    from xswitch.tui.sso.sign_in_dialog import SignInDialog
    from xswitch.tui.sso.sign_in_flow import SignInFlow

_STATUS_SECONDS = 10
JobResult = TypeVar("JobResult")


class PickerApp(SafePasteApp[SwitchResult]):
    """The full-screen picker.

    Its return value is the switch that succeeded, or None if the user left without one.
    """

    TITLE = "xswitch"
    # Textual loads a screen's own style sheet when it pushes the screen, but never pushes the first
    # one.
    CSS_PATH = "picker/picker.tcss"
    COMMANDS = {PickerCommands}  # noqa: RUF012 -- as Textual declares it
    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+c", "leave", "leave", show=False, priority=True)
    ]

    def __init__(  # noqa: PLR0913 -- the app's dependencies
        self,
        actions: Actions,
        *,
        clock: Clock,
        environ: Mapping[str, str],
        totp_hint: Callable[[str], str] | None = None,
        approve_sign_in: Callable[[str], str] | None = None,
        notice: str = "",
        preload: Preload | None = None,
        driver_class: type[Driver] | None = None,
    ) -> None:
        super().__init__(driver_class=driver_class)
        ScrollBar.renderer = ThinScrollBar
        Screen._screen_resized = layout_at_app_size  # type: ignore[method-assign, assignment]  # noqa: SLF001 -- Textual has no setting for it
        self.actions = actions
        self.picker_ready: Callable[[], object] = lambda: None
        self.clock = clock
        self._environ = environ
        self._hint = totp_hint
        self._approve_sign_in = approve_sign_in
        self._plain = bool(environ.get("NO_COLOR"))
        self._color_removers: tuple[LineFilter, ...] = (ColorRemover(),)
        self.no_color = self._plain
        for palette in PALETTES.values():
            self.register_theme(textual_theme(palette))
        self.theme = choose_palette("auto", environ)
        self.picker = PickerScreen(clock, environ, notice, self._begin)
        self.explain_flow = ExplainFlow(self)
        self.switch_flow = SwitchFlow(self, self.explain_flow.failed)
        self.session_actions = SessionActions(self)
        self.portal_watch = PortalWatch(self, self._read_more)
        self._setup: SetupFlow | None = None
        self._add_session: AddSessionFlow | None = None
        self._sign_in: SignInFlow | None = None
        self._select_after_reload = ""
        self._reason_to_reload = ""
        self._preload = preload
        self._jobs: set[Job] = set()
        self._prompt_lock = threading.Lock()
        self._watch = IndexWatch(self)
        self._seconds = 0
        self._themed = False

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Return Textual's filters, with NO_COLOR handled by `ColorRemover`.

        Textual's own NO_COLOR filters write gray, and apply even if NO_COLOR is empty.
        """
        if self._plain:
            return self._color_removers
        return [
            line_filter
            for line_filter in super().get_line_filters()
            if not isinstance(line_filter, Monochrome | NoColor)
        ]

    def get_default_screen(self) -> PickerScreen:
        """Return the picker."""
        return self.picker

    def on_mount(self) -> None:
        """Tick once a second."""
        self.set_interval(1.0, self._tick)

    def on_unmount(self) -> None:
        """Stop all jobs: their results are no longer needed."""
        for job in tuple(self._jobs):
            job.stop()

    def _fatal_error(self) -> None:
        # Textual would print a traceback with the values of variables; `run` reports the crash
        # without them.
        self._close_messages_no_wait()

    @property
    def crash(self) -> Exception | None:
        """The exception that ended the app, if one did."""
        return self._exception

    @property
    def picker_on_top(self) -> bool:
        """Whether the picker is shown with no dialog over it, and isn't being removed."""
        return self.screen_stack[-1:] == [self.picker]

    def action_leave(self) -> None:
        """Leave, from any screen."""
        self.exit(None)

    def action_command_palette(self) -> None:
        """Open the command palette, but only over the picker."""
        if self.picker_on_top:
            super().action_command_palette()

    def _tick(self) -> None:
        self._seconds += 1
        for screen in self.screen_stack:
            if isinstance(screen, PickerScreen | Dialog):
                screen.tick()
        if self._seconds % _STATUS_SECONDS == 0:
            self.read_status()

    def start_job(
        self,
        work: Callable[[Job], JobResult],
        done: Callable[[JobResult], None],
        failed: Callable[[BaseException], None],
        on_progress: Callable[[Any], None] = lambda _update: None,
    ) -> Job:
        """Run `work` in a thread.

        The callbacks run in the app's thread, and only until the job is stopped.
        """
        job = Job(
            work=work,
            done=done,
            failed=failed,
            on_progress=on_progress,
            prompt_lock=self._prompt_lock,
        )
        self._jobs.add(job)
        job.start(self)
        return job

    def on_job_progress(self, event: JobProgress) -> None:
        """Pass on a job's progress unless the job was stopped."""
        if not event.job.stopped:
            event.job.on_progress(event.update)

    def on_job_ended(self, event: JobEnded) -> None:
        """Pass on a job's result or error unless the job was stopped."""
        self._jobs.discard(event.job)
        if event.job.stopped:
            return
        if event.error is None:
            event.job.done(event.result)
        else:
            event.job.failed(event.error)

    def on_mfa_code_requested(self, event: MfaCodeRequested) -> None:
        """Ask for the MFA code a job needs."""
        if event.job.stopped:
            return
        role = self.switch_flow.role_for(event.job)
        seconds = self.picker.state.settings.mfa_duration_seconds

        def answered(code: str | None) -> None:
            event.reply.put(code)
            if code is not None:
                self.switch_flow.resume(event.job)

        self.push_screen(
            MfaDialog(event.challenge, role, self.clock, session_seconds=seconds, hint=self._hint),
            answered,
        )

    def _begin(self) -> None:
        """Show the preloaded data at once, so that there is only one layout; else load it."""
        preloaded = self._preload.take() if self._preload is not None else None
        if preloaded is None:
            self._read()
        else:
            self._show_data(preloaded)

    def reload(self, reason: str) -> None:
        """Load the data again, and say why."""
        self._reason_to_reload = reason
        self._read()

    def _read(self) -> None:
        def failed(error: BaseException) -> None:
            failure = failures.from_exception(error)
            self.picker.update(partial(states.with_load_failure, failure=failure))
            if self.picker.state.roles:
                self.picker.show_message(failure.what, "✗", "error")

        self.start_job(
            lambda _job: load_picker_data(self.actions, self.clock), self._show_data, failed
        )

    def _show_data(self, read: Preloaded) -> None:
        data, matcher, widths = read
        picker = self.picker
        if not self._themed:
            self._themed = True
            self.theme = choose_palette(data.listing.settings.theme, self._environ)
        reloaded = picker.state.loaded
        query = picker.filter.value
        picker.load(
            states.with_data(picker.state, data, matcher.filter(query).order, query=query),
            matcher,
            widths,
        )
        if self._select_after_reload:
            picker.update(partial(states.select_role, name=self._select_after_reload))
            self._select_after_reload = ""
        if self._reason_to_reload:
            picker.show_message(self._reason_to_reload, "!", "warning")
            self._reason_to_reload = ""
        elif reloaded:
            picker.show_message(f"Reloaded: {pluralize(len(data.listing.roles), 'role')}.")
        self.call_after_refresh(self._start_background_reads, data.listing)

    def _start_background_reads(self, listing: Listing) -> None:
        # These don't delay the rows.
        self.picker_ready()
        self.read_status()
        if not listing.vault_label:
            self._read_vault()
        self.portal_watch.look(listing.sign_ins)

    def _read_more(self, done: Callable[[], None]) -> None:
        """Read the rows again without a word, after a portal's page; cursor and filter stay."""

        def show(read: Preloaded) -> None:
            data, matcher, widths = read
            picker = self.picker
            order = matcher.filter(picker.filter.value).order
            state = replace(picker.state, query=picker.filter.value)
            picker.load(states.with_more_data(state, data, order), matcher, widths)
            done()

        self.start_job(
            lambda _job: load_picker_data(self.actions, self.clock), show, lambda _error: done()
        )

    def _read_vault(self) -> None:
        # Selecting a vault can take seconds, and no row needs it. A switch reports any problem with
        # it.
        def known(label: str) -> None:
            self.picker.update(partial(states.with_vault, label=label))

        self.start_job(lambda _job: self.actions.vault_info().label, known, lambda _error: None)

    def read_status(self) -> None:
        """Read the session index."""
        self._watch.refresh()

    def on_action_requested(self, event: ActionRequested) -> None:
        """Run an action the picker doesn't do itself.

        Actions on a role need one under the cursor.
        """
        without_role: Mapping[str, Callable[[], Any]] = {
            "leave": self.action_leave,
            "help": lambda: self.push_screen(TextDialog("Keys", help_lines)),
            "command_palette": self.action_command_palette,
            "problems": self._show_problems,
            "reload": self._read,
            "theme": self._change_theme,
            "renew_all": self.session_actions.renew_all,
            "set_up": self._set_up,
            "add_session": self._begin_session,
            "sign_in": lambda: self.sign_in.of_row(event.role),
            "sign_out": lambda: self.sign_in.out_of_row(event.role),
        }
        if event.action in without_role:
            without_role[event.action]()
        elif event.role is not None:
            with_role = {
                "switch": self.switch_flow.begin,
                "renew": self.session_actions.renew,
                "forget": self.session_actions.forget,
                "pin": self.session_actions.pin,
                "copy": self.session_actions.copy,
                "console": self.session_actions.console,
                "explain": self.explain_flow.show,
            }
            with_role[event.action](event.role)

    def _set_up(self) -> None:
        # Loaded when first used: few sessions of the picker set up a role.
        from xswitch.tui.setup.flow import SetupFlow  # noqa: PLC0415

        def finished(profile: str) -> None:
            self._select_after_reload = profile
            self._read()

        self._setup = SetupFlow(self, finished)
        self._setup.begin()

    def on_setup_screen_step_requested(self, event: SetupScreen.StepRequested) -> None:
        """Do the next step of a setup."""
        if self._setup is not None:
            self._setup.handle_action(event.action)

    @property
    def sign_in(self) -> SignInFlow:
        """The sign-ins and sign-outs."""
        if self._sign_in is None:
            # Loaded when first used: most sessions of the picker need none
            from xswitch.tui.sso.sign_in_flow import SignInFlow  # noqa: PLC0415

            self._sign_in = SignInFlow(self, self.portal_watch.list, self._approve_sign_in)
        return self._sign_in

    def on_sign_in_dialog_start_requested(self, event: SignInDialog.StartRequested) -> None:
        """Sign in again, perhaps by a code."""
        self.sign_in.start_again(by_code=event.by_code)

    def on_sign_in_dialog_approval_requested(self) -> None:
        """Approve the sign-in in place of a browser: in the demo."""
        self.sign_in.approve()

    def _begin_session(self) -> None:
        # Loaded when first used, as the setup
        from xswitch.tui.sso.session_flow import AddSessionFlow  # noqa: PLC0415

        def added(name: str) -> None:
            self._read()
            self.sign_in.to(name)

        self._add_session = AddSessionFlow(self, added)
        self._add_session.begin()

    def on_session_screen_step_requested(self, event: SessionScreen.StepRequested) -> None:
        """Do the next step of adding a session."""
        if self._add_session is not None:
            self._add_session.handle_action(event.action)

    def _show_problems(self) -> None:
        problems = self.picker.state.problems
        if problems:
            self.push_screen(
                TextDialog("Problems", lambda width: problem_lines(problems, width, full=True))
            )
        else:
            self.picker.show_message("No problems found in the config files.")

    def _change_theme(self) -> None:
        if self.theme == PLAIN:
            self.picker.show_message("NO_COLOR is set: themes are off.", "!", "warning")
            return
        self.theme = LIGHT if self.theme == DARK else DARK
        self.picker.repaint()
