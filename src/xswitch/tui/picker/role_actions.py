"""Actions on roles, each made of jobs and dialogs: switch, renew, forget, pin, copy, explain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from textual.timer import Timer

from xswitch.actions.results import ForgetResult, RenewResult, SwitchOptions, SwitchResult
from xswitch.core.errors import CancelledError, ErrorCode, SignInNeededError, XswitchError
from xswitch.core.model import Role
from xswitch.core.shell.shells import quote_for_shell
from xswitch.core.text import pluralize
from xswitch.tui import errors as failures
from xswitch.tui.dialogs.screens import BusyDialog, ForgetDialog, GuardDialog
from xswitch.tui.jobs import Job
from xswitch.tui.picker import state as states
from xswitch.tui.render import formatting

if TYPE_CHECKING:
    from xswitch.core.explain.model import Explanation
    from xswitch.tui.app import PickerApp

_PROGRESS_DELAY_SECONDS = 0.25


def show_role_failure(app: PickerApp, name: str, error: BaseException) -> None:
    """Show a failure: in the detail if its role is selected, else as a message."""
    picker = app.picker
    if isinstance(error, CancelledError):
        picker.update(partial(states.clear_busy, names=(name,)))
        picker.show_message("Stopped.", "○", "muted")
        return
    failure = failures.from_exception(error)
    if failure.code == ErrorCode.ROLE_CHANGED:
        picker.update(partial(states.clear_busy, names=(name,)))
        app.reload(f"{failure.what} Read again; nothing was done.")
        return
    picker.update(partial(states.with_failure, name=name, failure=failure))
    role = picker.state.role
    if role is not None and role.name == name:
        picker.open_detail()
    else:
        picker.show_message(f"{name}: {failure.what}", "✗", "error")


def show_misconfigured(app: PickerApp, role: Role) -> None:
    """Say what to correct in a role whose chain can't be resolved."""
    app.picker.update(
        partial(states.with_failure, name=role.name, failure=failures.from_misconfigured_role(role))
    )
    app.picker.open_detail()


def sign_in_for_role(
    app: PickerApp,
    name: str,
    label: str,
    done: Callable[[], None],
    *,
    leaves: bool,
) -> None:
    """Sign in because an action on a role needs it, which `done` repeats."""

    def cancelled() -> None:
        show_role_failure(app, name, CancelledError("You stopped it."))

    app.picker.update(partial(states.mark_busy, names=(name,), word="sign-in"))
    app.sign_in.for_role(label, name, done, cancelled, leaves=leaves)


class SwitchFlow:
    """One switch at a time: guard, job, progress, then success or failure."""

    def __init__(self, app: PickerApp, explain: Callable[[Role, BaseException], None]) -> None:
        self._app = app
        self._explain = explain
        self._job: Job | None = None
        self._role: Role | None = None
        self._steps: list[str] = []
        self._started = app.clock.now()
        self._timer: Timer | None = None
        self._dialog: BusyDialog | None = None

    def begin(self, role: Role) -> None:
        """Switch to a role, after its guard's confirmation."""
        if self._job is not None or role.name in self._app.picker.state.busy:
            return
        if role.chain is None:
            show_misconfigured(self._app, role)
        elif role.guard is not None and role.guard.confirm:
            self._app.push_screen(
                GuardDialog(role, role.guard),
                lambda typed: self._run(role, typed) if typed is not None else None,
            )
        else:
            self._run(role, None)

    def role_for(self, job: Job) -> Role | None:
        """Return the switch's role, and hide its progress for the MFA prompt.

        Returns None if `job` isn't this switch.
        """
        if job is not self._job:
            return None
        self._hide()
        return self._role

    def resume(self, job: Job) -> None:
        """Show the progress again after the MFA prompt."""
        if job is self._job:
            self._show()

    def _sign_in_first(self, role: Role, label: str, confirmation: str | None) -> None:
        sign_in_for_role(
            self._app,
            role.name,
            label,
            partial(self._run, role, confirmation, signed_in=True),
            leaves=True,
        )

    def _run(self, role: Role, confirmation: str | None, *, signed_in: bool = False) -> None:
        """Switch; if that needs a sign-in, offer it once, then go on."""
        app = self._app
        options = SwitchOptions(confirmation=confirmation)
        app.picker.update(partial(states.mark_busy, names=(role.name,), word="switching"))
        self._role = role
        self._steps = ["Looking for a session"]
        self._started = app.clock.now()

        def work(job: Job) -> SwitchResult:
            return app.actions.switch(role, options, job, job.progress)

        def failed(error: BaseException) -> None:
            self._finish()
            if isinstance(error, SignInNeededError) and error.label and not signed_in:
                self._sign_in_first(role, error.label, confirmation)
                return
            show_role_failure(app, role.name, error)
            self._explain(role, error)
            if signed_in:
                app.portal_watch.look(app.picker.state.data.listing.sign_ins)

        self._job = app.start_job(work, app.exit, failed, self._add_step)
        # A switch that reuses a session from the vault ends before a dialog would be readable.
        self._timer = app.set_timer(_PROGRESS_DELAY_SECONDS, self._show)

    def _add_step(self, text: str) -> None:
        step = text[:1].upper() + text[1:]
        self._steps.append(step)
        if self._dialog is not None:
            self._dialog.tick()

    def _show(self) -> None:
        if (
            self._job is None
            or self._role is None
            or self._dialog is not None
            or not self._app.picker_on_top
        ):
            return
        self._dialog = BusyDialog(self._role, self._steps, self._elapsed_seconds)
        self._app.push_screen(self._dialog, self._on_dialog_closed)

    def _elapsed_seconds(self) -> float:
        return (self._app.clock.now() - self._started).total_seconds()

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
        self._finish()
        show_role_failure(self._app, role.name, CancelledError("You stopped it."))
        self._app.read_status()

    def _finish(self) -> None:
        self._job = None
        if self._timer is not None:
            self._timer.stop()
        self._hide()


class SessionActions:
    """Renews, forgets, pins, and copies."""

    def __init__(self, app: PickerApp) -> None:
        self._app = app

    def renew(self, role: Role) -> None:
        """Renew one role's session."""
        if role.name in self._app.picker.state.busy:
            return
        if role.chain is None:
            show_misconfigured(self._app, role)
        else:
            self._renew((role.name,), all_sessions=False)

    def renew_all(self) -> None:
        """Renew all sessions."""
        state = self._app.picker.state
        names = [name for name in state.names_with_session() if name not in state.busy]
        if names:
            self._renew(names, all_sessions=True)
        else:
            self._app.picker.show_message("No sessions to renew.", "○", "muted")

    def _renew(self, names: Sequence[str], *, all_sessions: bool, signed_in: bool = False) -> None:
        app = self._app
        app.picker.update(partial(states.mark_busy, names=names, word="renewing"))
        shown = tuple(role for role in app.picker.state.roles if role.name in names)

        def work(job: Job) -> tuple[RenewResult, ...]:
            return app.actions.renew(
                () if all_sessions else names,
                job,
                job.progress,
                all_sessions=all_sessions,
                shown=shown,
            )

        def done(results: Sequence[RenewResult]) -> None:
            app.picker.update(partial(states.clear_busy, names=names))
            error = results[0].error if len(results) == 1 and not all_sessions else None
            if isinstance(error, SignInNeededError) and error.label and not signed_in:
                again = partial(self._renew, names, all_sessions=False, signed_in=True)
                sign_in_for_role(app, names[0], error.label, again, leaves=False)
            else:
                self._renewed(results)

        def failed(error: BaseException) -> None:
            app.picker.update(partial(states.clear_busy, names=names))
            show_role_failure(app, names[0], error)

        app.start_job(work, done, failed)

    def _renewed(self, results: Sequence[RenewResult]) -> None:
        picker, now = self._app.picker, self._app.clock.now()
        names_by_profile = {role.managed_profile: role.name for role in picker.state.roles}
        renewed_count = 0
        for result in results:
            name = names_by_profile.get(result.name, result.name)
            if result.error is not None:
                show_role_failure(self._app, name, result.error)
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
            picker.show_message(
                text, "!" if failed_count else "✓", "warning" if failed_count else "live"
            )
        self._app.read_status()

    def forget(self, role: Role) -> None:
        """Drop a role's session and managed profile, after a confirmation."""
        if role.name not in self._app.picker.state.busy:
            self._app.push_screen(
                ForgetDialog(role), lambda yes: self._forget(role) if yes else None
            )

    def _forget(self, role: Role) -> None:
        app = self._app
        app.picker.update(partial(states.mark_busy, names=(role.name,), word="dropping"))

        def done(results: Sequence[ForgetResult]) -> None:
            app.picker.update(partial(states.without_session, name=role.name))
            sessions = sum(result.sessions for result in results)
            app.picker.show_message(
                f"Forgot {role.name}: {pluralize(sessions, 'session')} dropped."
            )

        app.start_job(
            lambda _job: app.actions.forget((role.name,), shown=(role,)),
            done,
            partial(show_role_failure, app, role.name),
        )

    def pin(self, role: Role) -> None:
        """Pin or unpin a role."""
        app = self._app
        pinned = role.name not in app.picker.state.pins
        app.picker.update(partial(states.with_pin, name=role.name, pinned=pinned))
        app.picker.show_message(
            f"{'Pinned' if pinned else 'Unpinned'}: {role.name}.", formatting.PIN_SIGN, "pin"
        )

        def failed(error: BaseException) -> None:
            app.picker.update(partial(states.with_pin, name=role.name, pinned=not pinned))
            show_role_failure(app, role.name, error)

        app.start_job(
            lambda _job: app.actions.set_pin(role.name, pinned=pinned, shown=(role,)),
            lambda _none: None,
            failed,
        )

    def copy(self, role: Role) -> None:
        """Copy the shell command that selects a role's managed profile.

        A name with characters unsafe to paste is never copied.
        """
        picker = self._app.picker
        if not role.managed_profile.isprintable():
            picker.show_message(
                "Not copied: the managed profile's name isn't safe to paste.", "✗", "error"
            )
            return
        line = f"export AWS_PROFILE={quote_for_shell('sh', role.managed_profile)}"
        self._app.copy_to_clipboard(line)
        no_session = picker.state.session(role).expires_at is None
        picker.show_message(
            f"Copied: {line}" + ("   (switch once to create that profile)" if no_session else "")
        )

    def console(self, role: Role) -> None:
        """Copy a role's console switch-role link, or say why it has none."""
        picker = self._app.picker
        try:
            # Importing this takes 8 ms, and few sessions of the picker need it
            from xswitch.core.access.console import console_url_for_role  # noqa: PLC0415

            link = console_url_for_role(role)
        except XswitchError as error:
            picker.show_message(str(error), "✗", "error")
            return
        self._app.copy_to_clipboard(link)
        picker.show_message(f"Copied: {link}")


class ExplainFlow:
    """Explanations of failed switches."""

    def __init__(self, app: PickerApp) -> None:
        self._app = app

    def failed(self, role: Role, error: BaseException) -> None:
        """Explain a failed switch in the background, which takes at most a second."""
        if not isinstance(error, XswitchError) or isinstance(error, CancelledError):
            return

        def done(explanation: Explanation) -> None:
            self._app.picker.update(
                partial(states.with_explanation, name=role.name, explanation=explanation)
            )

        self._app.start_job(
            lambda _job: self._app.actions.explain_failure(role, error), done, lambda _error: None
        )

    def show(self, role: Role) -> None:
        """Show the whole explanation of a role's last failure."""
        # Most sessions of the picker see no failure
        from xswitch.tui.explain.screen import ExplainScreen  # noqa: PLC0415

        explanation = self._app.picker.state.explanations.get(role.name)
        if explanation is not None:
            self._app.push_screen(ExplainScreen(explanation, self._app.copy_to_clipboard))
