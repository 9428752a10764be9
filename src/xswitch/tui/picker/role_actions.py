"""What is done with roles, from the key to the end: switching, and the upkeep of sessions.

Each step is a job or a dialog.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Protocol

from textual.screen import Screen
from textual.timer import Timer

from xswitch.actions.api import Actions, ForgetResult, RenewResult, SwitchOptions, SwitchResult
from xswitch.actions.ports import Clock
from xswitch.core.errors import CancelledError, XswitchError
from xswitch.core.model import Role
from xswitch.core.shell.quoting import quote_for_shell
from xswitch.core.text import pluralize
from xswitch.tui import errors as failures
from xswitch.tui.dialogs.input import GuardDialog
from xswitch.tui.dialogs.screens import BusyDialog, ForgetDialog
from xswitch.tui.jobs import Job
from xswitch.tui.picker import state as states
from xswitch.tui.picker.screen import PickerScreen
from xswitch.tui.render import formatting

_PROGRESS_DELAY_SECONDS = 0.25


class Stage(Protocol):
    """What the flows need of the app."""

    actions: Actions
    clock: Clock
    picker: PickerScreen

    @property
    def picker_on_top(self) -> bool:
        """Whether the picker is what is on screen."""
        ...

    def start_job(
        self,
        work: Callable[[Job], Any],
        done: Callable[[Any], None],
        failed: Callable[[BaseException], None],
        told: Callable[[Any], None] = ...,
    ) -> Job:
        """Run something in a thread."""
        ...

    def read_status(self) -> None:
        """Look into the index."""
        ...

    def push_screen(
        self, screen: Screen[Any], callback: Callable[[Any], None] | None = None
    ) -> Any:
        """Show a dialog."""
        ...

    def set_timer(self, delay: float, callback: Callable[[], None]) -> Timer:
        """Call back later."""
        ...

    def exit(self, result: SwitchResult | None = None) -> None:
        """Leave with this."""
        ...

    def copy_to_clipboard(self, text: str) -> None:
        """Give the terminal a text to keep."""
        ...


def show_role_failure(stage: Stage, name: str, error: BaseException) -> None:
    """Something failed.

    The detail opens on it when its role is the selected one, else a message says so.
    """
    picker = stage.picker
    if isinstance(error, CancelledError):
        picker.update(partial(states.clear_busy, names=(name,)))
        picker.say("Stopped.", "○", "muted")
        return
    failure = failures.from_exception(error)
    picker.update(partial(states.with_failure, name=name, failure=failure))
    role = picker.state.role
    if role is not None and role.name == name:
        picker.open_detail()
    else:
        picker.say(f"{name}: {failure.what}", "✗", "error")


def show_misconfigured(stage: Stage, role: Role) -> None:
    """A role whose chain can't be resolved was asked for: say what to correct."""
    stage.picker.update(
        partial(states.with_failure, name=role.name, failure=failures.from_misconfigured_role(role))
    )
    stage.picker.open_detail()


class SwitchFlow:
    """One switch at a time: guard, job, progress, success or failure."""

    def __init__(self, stage: Stage, explain: Callable[[Role, BaseException], None]) -> None:
        self._stage = stage
        self._explain = explain
        self._job: Job | None = None
        self._role: Role | None = None
        self._steps: list[str] = []
        self._started = stage.clock.now()
        self._timer: Timer | None = None
        self._dialog: BusyDialog | None = None

    def begin(self, role: Role) -> None:
        """Switch to a role, after its guard's confirmation."""
        if self._job is not None or role.name in self._stage.picker.state.busy:
            return
        if role.chain is None:
            show_misconfigured(self._stage, role)
        elif role.guard is not None and role.guard.confirm:
            self._stage.push_screen(
                GuardDialog(role, role.guard),
                lambda typed: self._run(role, typed) if typed is not None else None,
            )
        else:
            self._run(role, None)

    def role_for(self, job: Job) -> Role | None:
        """The role this switch is about, if `job` is this switch.

        Its progress makes room for a question.
        """
        if job is not self._job:
            return None
        self._hide()
        return self._role

    def resume(self, job: Job) -> None:
        """The question was answered: progress again."""
        if job is self._job:
            self._show()

    def _run(self, role: Role, confirmation: str | None) -> None:
        stage = self._stage
        options = SwitchOptions(confirmation=confirmation)
        stage.picker.update(partial(states.mark_busy, names=(role.name,), word="switching"))
        self._role = role
        self._steps = ["Looking for a session"]
        self._started = stage.clock.now()

        def work(job: Job) -> SwitchResult:
            return stage.actions.switch(role, options, job, job.progress)

        def failed(error: BaseException) -> None:
            self._over()
            show_role_failure(stage, role.name, error)
            self._explain(role, error)

        self._job = stage.start_job(work, stage.exit, failed, self._told)
        # A switch served from the vault is over before a dialog would be worth looking at.
        self._timer = stage.set_timer(_PROGRESS_DELAY_SECONDS, self._show)

    def _told(self, text: str) -> None:
        step = text[:1].upper() + text[1:]
        self._steps.append(step)
        if self._dialog is not None:
            self._dialog.tick()

    def _show(self) -> None:
        if (
            self._job is None
            or self._role is None
            or self._dialog is not None
            or not self._stage.picker_on_top
        ):
            return
        self._dialog = BusyDialog(self._role, self._steps, self._elapsed_seconds)
        self._stage.push_screen(self._dialog, self._on_dialog_closed)

    def _elapsed_seconds(self) -> float:
        return (self._stage.clock.now() - self._started).total_seconds()

    def _hide(self) -> None:
        dialog, self._dialog = self._dialog, None
        if dialog is not None:
            dialog.dismiss(False)

    def _on_dialog_closed(self, by_user: bool | None) -> None:  # noqa: FBT001 -- a dialog's answer
        if by_user is False:
            return
        self._dialog = None
        job, role = self._job, self._role
        if job is None or role is None:
            return
        job.stop()
        self._over()
        show_role_failure(self._stage, role.name, CancelledError("You stopped it."))
        self._stage.read_status()

    def _over(self) -> None:
        self._job = None
        if self._timer is not None:
            self._timer.stop()
        self._hide()


class SessionActions:
    """Renewing, forgetting, pinning, copying."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def renew(self, role: Role) -> None:
        """A fresh session for one role."""
        if role.name in self._stage.picker.state.busy:
            return
        if role.chain is None:
            show_misconfigured(self._stage, role)
        else:
            self._renew((role.name,), all_sessions=False)

    def renew_all(self) -> None:
        """Fresh sessions for all that have one."""
        state = self._stage.picker.state
        names = [name for name in state.names_with_session() if name not in state.busy]
        if names:
            self._renew(names, all_sessions=True)
        else:
            self._stage.picker.say("There is no session to renew.", "○", "muted")

    def _renew(self, names: Sequence[str], *, all_sessions: bool) -> None:
        stage = self._stage
        stage.picker.update(partial(states.mark_busy, names=names, word="renewing"))

        def work(job: Job) -> tuple[RenewResult, ...]:
            return stage.actions.renew(
                () if all_sessions else names, job, job.progress, all_sessions=all_sessions
            )

        def done(results: Sequence[RenewResult]) -> None:
            stage.picker.update(partial(states.clear_busy, names=names))
            self._renewed(results)

        def failed(error: BaseException) -> None:
            stage.picker.update(partial(states.clear_busy, names=names))
            show_role_failure(stage, names[0], error)

        stage.start_job(work, done, failed)

    def _renewed(self, results: Sequence[RenewResult]) -> None:
        picker, now = self._stage.picker, self._stage.clock.now()
        names_by_profile = {role.managed_profile: role.name for role in picker.state.roles}
        renewed_count = 0
        for result in results:
            name = names_by_profile.get(result.name, result.name)
            if result.error is not None:
                show_role_failure(self._stage, name, result.error)
            elif result.expires_at is not None:
                renewed_count += 1
                picker.update(
                    partial(
                        states.with_renewed_session,
                        name=name,
                        expires_at=result.expires_at,
                        now=now,
                    )
                )
        if renewed_count:
            failed_count = len(results) - renewed_count
            text = f"Renewed {pluralize(renewed_count, 'session')}." + (
                f" {failed_count} failed." if failed_count else ""
            )
            picker.say(text, "!" if failed_count else "✓", "warning" if failed_count else "live")
        self._stage.read_status()

    def forget(self, role: Role) -> None:
        """Drop a role's session and managed profile, after asking."""
        if role.name not in self._stage.picker.state.busy:
            self._stage.push_screen(
                ForgetDialog(role), lambda yes: self._forget(role) if yes else None
            )

    def _forget(self, role: Role) -> None:
        stage = self._stage
        stage.picker.update(partial(states.mark_busy, names=(role.name,), word="dropping"))

        def done(results: Sequence[ForgetResult]) -> None:
            stage.picker.update(partial(states.without_session, name=role.name))
            sessions = sum(result.sessions for result in results)
            stage.picker.say(f"Forgot {role.name}: {pluralize(sessions, 'session')} dropped.")

        stage.start_job(
            lambda _job: stage.actions.forget((role.name,)),
            done,
            partial(show_role_failure, stage, role.name),
        )

    def pin(self, role: Role) -> None:
        """Pin a role, or take its pin."""
        stage = self._stage
        pinned = role.name not in stage.picker.state.pins
        stage.picker.update(partial(states.with_pin, name=role.name, pinned=pinned))
        stage.picker.say(
            f"{'Pinned' if pinned else 'No longer pinned'}: {role.name}.",
            formatting.PIN_SIGN,
            "pin",
        )

        def failed(error: BaseException) -> None:
            stage.picker.update(partial(states.with_pin, name=role.name, pinned=not pinned))
            show_role_failure(stage, role.name, error)

        stage.start_job(
            lambda _job: stage.actions.set_pin(role.name, pinned=pinned), lambda _none: None, failed
        )

    def copy(self, role: Role) -> None:
        """Copy the line that makes a shell use a role's managed profile.

        Nothing but text of our own reaches the clipboard.
        """
        picker = self._stage.picker
        if not role.managed_profile.isprintable():
            picker.say(
                "The managed profile's name can't be pasted safely, so it was not copied.",
                "✗",
                "error",
            )
            return
        line = f"export AWS_PROFILE={quote_for_shell('sh', role.managed_profile)}"
        self._stage.copy_to_clipboard(line)
        no_session = picker.state.session(role).expires_at is None
        picker.say(
            f"Copied: {line}" + ("   (switch once to make that profile)" if no_session else "")
        )

    def console(self, role: Role) -> None:
        """Copy the console's switch-role link of a role, or say why there is none."""
        picker = self._stage.picker
        try:
            # 8 ms, and few ask for a link
            from xswitch.core.access.link import console_url_for_role  # noqa: PLC0415

            link = console_url_for_role(role)
        except XswitchError as error:
            picker.say(str(error), "✗", "error")
            return
        self._stage.copy_to_clipboard(link)
        picker.say(f"Copied: {link}")
