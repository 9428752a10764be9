"""Signing in and out on the screen: jobs, and the dialog that shows them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol

from xswitch.actions.sso.finding import AwsLogin
from xswitch.actions.sso.sign_in import SignInOptions, SignInResult
from xswitch.actions.sso.sign_in_ports import SignInPrompt
from xswitch.actions.sso.sign_out import SignOutResult
from xswitch.core.display import show_value
from xswitch.core.errors import ErrorCode, SourceCredentialsError
from xswitch.core.errors.sso import login_command
from xswitch.core.model import CredentialSourceKind, Role, SsoSession
from xswitch.core.roles.sources import sign_in_of_source
from xswitch.qr_code import qr_rows
from xswitch.tui import errors as failures
from xswitch.tui.jobs import Job
from xswitch.tui.render import formatting
from xswitch.tui.render.text import span
from xswitch.tui.sso import sign_in_state as states
from xswitch.tui.sso.session_choice import SessionChoiceDialog, SessionRow
from xswitch.tui.sso.sign_in_dialog import SignInDialog
from xswitch.tui.sso.sign_in_state import SignInState

if TYPE_CHECKING:
    from xswitch.tui.app import PickerApp

_LONGEST_END_SECONDS = 5.0

SignedIn = Callable[[SignInResult], None]


class ListPortal(Protocol):
    """Lists a portal in the background."""

    def __call__(self, session: SsoSession, *, quiet: bool = False) -> None:
        """List it; if `quiet`, tell only changes."""
        ...


class JobSignIn:
    """Implements `actions.sso.sign_in_ports.SignInUi` in a job's thread: it only posts messages."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._seconds_left: int | None = None

    def progress(self, text: str) -> None:
        """Show what is going on."""
        self._job.notify(partial(states.with_progress, text=text))

    def show(self, prompt: SignInPrompt) -> None:
        """Show URL and code."""
        qr_code: Sequence[str] = ()
        if prompt.user_code:
            try:
                qr_code = qr_rows(prompt.url)
            except ValueError:  # too long
                qr_code = ()
        self._job.notify(partial(states.with_prompt, prompt=prompt, qr_code=qr_code))

    def waiting(self, seconds_left: int) -> None:
        """Show the time left, once a second."""
        if seconds_left != self._seconds_left:
            self._seconds_left = seconds_left
            self._job.notify(partial(states.with_seconds_left, seconds=seconds_left))

    def cancelled(self) -> bool:
        """Whether the dialog was closed."""
        return self._job.stopped


class SignInFlow:
    """One sign-in at a time: dialog, job, then success; and sign-outs."""

    def __init__(
        self,
        app: PickerApp,
        list_portal: ListPortal,
        approve: Callable[[str], str] | None = None,
    ) -> None:
        self._app = app
        self._list_portal = list_portal
        self._approve = approve
        self._job: Job | None = None
        self._ended = threading.Event()
        self._ended.set()
        self._dialog: SignInDialog | None = None
        self._find: Callable[[], SsoSession | AwsLogin] | None = None
        self._signed_in: SignedIn = lambda _result: None
        self._cancelled: Callable[[], None] = lambda: None

    def of_row(self, role: Role | None) -> None:
        """Sign in to the session that a row's role needs, else to the one the user chooses."""
        self._with_session(role, "Sign in with IAM Identity Center", "sign in", self.to)

    def out_of_row(self, role: Role | None) -> None:
        """Sign out of the session that a row's role needs, else of the one the user chooses."""
        self._with_session(role, "Sign out of IAM Identity Center", "sign out", self.sign_out)

    def _with_session(
        self, role: Role | None, title: str, verb: str, act: Callable[[str], None]
    ) -> None:
        """Act on the session of a row, else on the only one, else on the one that is chosen."""
        picker = self._app.picker
        sessions = picker.state.data.listing.sign_ins
        target = None if role is None else sign_in_target(role)
        if target is None and len(sessions) == 1:
            target = sessions[0].label
        if target is not None:
            act(target)
        elif not sessions:
            text = "The AWS config has no IAM Identity Center session: N adds one."
            picker.show_message(text, "○", "muted")
        else:
            rows = [SessionRow(session.label, picker.sign_in_note(session)) for session in sessions]

            def chosen(label: str | None) -> None:
                if label is not None:
                    act(label)

            self._app.push_screen(SessionChoiceDialog(title, verb, rows), chosen)

    def to(self, target: str) -> None:
        """Sign in to the session of a profile, a start URL, or with a name, and list its portal."""

        def signed_in(result: SignInResult) -> None:
            self._app.picker.show_message(signed_in_text(self._app, result))
            self._list_portal(result.session)

        self.begin(partial(self._app.actions.sso.find, target), target, signed_in)

    def for_role(
        self,
        label: str,
        purpose: str,
        done: Callable[[], None],
        cancelled: Callable[[], None],
        *,
        leaves: bool,
    ) -> None:
        """Sign in because an action on a role needs it, which `done` repeats.

        If that `leaves` the picker, another process lists the portal.
        """

        def signed_in(result: SignInResult) -> None:
            if leaves:
                self._app.start_job(
                    lambda _job: self._app.actions.portals.start_refresh(result.session),
                    lambda _none: None,
                    lambda _error: None,
                )
            else:
                # The action's own message is the one to read
                self._list_portal(result.session, quiet=True)
            done()

        find = partial(self._app.actions.sso.labeled, label)
        self.begin(find, label, signed_in, purpose=purpose, cancelled=cancelled)

    def begin(
        self,
        find: Callable[[], SsoSession | AwsLogin],
        label: str,
        signed_in: SignedIn,
        *,
        purpose: str = "",
        cancelled: Callable[[], None] = lambda: None,
    ) -> None:
        """Open the dialog and sign in to the session that `find` returns.

        `find` runs in a thread and may raise. `purpose` is what needs the sign-in.
        """
        if self._dialog is not None:
            return
        self._find, self._signed_in, self._cancelled = find, signed_in, cancelled
        state = SignInState(label, purpose, approves=self._approve is not None)
        self._dialog = SignInDialog(state, self._app.copy_to_clipboard)
        self._app.push_screen(self._dialog, self._closed)
        self._start(SignInOptions())

    def start_again(self, *, by_code: bool) -> None:
        """End the sign-in under way, and start another one, perhaps by a code."""
        if self._dialog is not None:
            self._dialog.update(states.restarted)
            self._start(SignInOptions(device_code=by_code))

    def approve(self) -> None:
        """Approve the sign-in under way, in place of a browser."""
        dialog, approve = self._dialog, self._approve
        prompt = None if dialog is None else dialog.state.prompt
        if dialog is None or prompt is None or approve is None:
            return

        def failed(error: BaseException) -> None:
            dialog.show_message([("✗ ", "error"), span(failures.from_exception(error).what)])

        # The sign-in itself learns of it
        self._app.start_job(lambda _job: approve(prompt.url), lambda _user: None, failed)

    def _start(self, options: SignInOptions) -> None:
        if self._job is not None:
            self._job.stop()
        find, dialog, sso = self._find, self._dialog, self._app.actions.sso
        if find is None or dialog is None:
            return

        before, self._ended = self._ended, threading.Event()
        ended = self._ended

        def work(job: Job) -> SignInResult:
            # One that was stopped ends within moments
            before.wait(_LONGEST_END_SECONDS)
            try:
                session = find()
                if isinstance(session, AwsLogin):
                    raise aws_login_error(session)
                job.notify(partial(states.with_label, label=session.label))
                return sso.sign_in(session, options, JobSignIn(job))
            finally:
                ended.set()

        def done(result: SignInResult) -> None:
            self._job = None
            if dialog is self._dialog:
                self._dialog = None
                dialog.dismiss(True)
                self._signed_in(result)

        def failed(error: BaseException) -> None:
            self._job = None
            failure = failures.from_exception(error)
            dialog.update(partial(states.with_failure, failure=failure))

        self._job = self._app.start_job(work, done, failed, dialog.update)

    def _closed(self, signed_in: bool | None) -> None:  # noqa: FBT001 -- a dialog's answer
        if signed_in:
            return
        self._dialog = None
        if self._job is not None:
            self._job.stop()
            self._job = None
        self._cancelled()

    def sign_out(self, target: str) -> None:
        """Sign out of the session of a profile, or of a label."""
        picker = self._app.picker

        def done(results: Sequence[SignOutResult]) -> None:
            self._app.portal_watch.look(picker.state.data.listing.sign_ins)
            for result in results:
                if result.error is not None:
                    picker.show_message(result.error.what, "✗", "error")
                elif result.was_signed_in:
                    picker.show_message(f"Signed out of {show_value(result.label)}.")
                else:
                    text = f"You weren't signed in to {show_value(result.label)}."
                    picker.show_message(text, "○", "muted")

        def failed(error: BaseException) -> None:
            failure = failures.from_exception(error)
            picker.show_message(f"{failure.what} {failure.next_step}".strip(), "✗", "error")

        self._app.start_job(lambda _job: self._app.actions.sso.sign_out(target), done, failed)


def sign_in_target(role: Role) -> str | None:
    """Return what `find` takes for the session that a role needs, None if it needs none.

    An sso-session goes before the profile of its name, so the label says it best.
    """
    base = None if role.chain is None else role.chain.base
    if base is None:
        return None
    if base.kind is CredentialSourceKind.SSO:
        return sign_in_of_source(base)[0]
    return base.profile if base.kind is CredentialSourceKind.LOGIN_SESSION else None


def signed_in_text(app: PickerApp, result: SignInResult) -> str:
    """Return the sentence for a sign-in."""
    until = formatting.format_local_time(result.expires_at, app.clock.now())
    renewed = ", renewed automatically" if result.refreshable else ""
    still = "Signed in" if result.method is not None else "Still signed in"
    return f"{still} to {show_value(result.session.label)} until {until}{renewed}."


def aws_login_error(login: AwsLogin) -> SourceCredentialsError:
    """Return the error for a profile that only the AWS CLI signs in, which needs the terminal."""
    return SourceCredentialsError(
        f"Profile {show_value(login.profile)} signs in with the AWS CLI, which needs the terminal.",
        next_step=login_command(login.profile),
        code=ErrorCode.LOGIN_NEEDED,
    )
