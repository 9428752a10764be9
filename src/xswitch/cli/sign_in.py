"""A sign-in to Identity Center on the command line: URL, code, QR code, and the time left."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from xswitch.cli.context import Context
from xswitch.cli.tty import ask_line, has_terminal
from xswitch.core.display import show_value
from xswitch.core.errors import SignInNeededError

if TYPE_CHECKING:  # only a sign-in needs them
    from xswitch.actions.sso.sign_in import SignInOptions, SignInResult
    from xswitch.actions.sso.sign_in_ports import SignInPrompt
    from xswitch.core.model import SsoSession

_SECONDS_PER_MINUTE = 60


class CommandLineSignIn:
    """Implements `actions.sso.sign_in_ports.SignInUi` on standard error; Ctrl-C cancels."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._stderr = context.stderr

    def progress(self, text: str) -> None:
        """Show what is going on."""
        self._context.progress(text)

    def show(self, prompt: SignInPrompt) -> None:
        """Show URL and code; the URL of a sign-in by code also as a QR code, and copied."""
        label = show_value(prompt.label)
        if not prompt.user_code:
            self._stderr.say(
                f"Approve the sign-in to {label} in the browser, which has been opened at:"
                if prompt.browser_opened
                else f"Open this URL on this machine, and approve the sign-in to {label}:"
            )
            self._stderr.say(f"  {prompt.url}", verbatim=True)
            return
        self._stderr.say(f"Approve the sign-in to {label} on any device with a browser:")
        self._stderr.say(f"  {prompt.url}", verbatim=True)
        if prompt.short_url and prompt.short_url != prompt.url:
            self._stderr.hint(f"  or type it at {prompt.short_url}")
        if self._context.services.approve_sign_in is not None:
            self._stderr.hint(
                "  in the demo, another terminal is a device: xswitch demo --approve URL"
            )
        self._stderr.say(f"The page shows the code {prompt.user_code}. Approve no other one.")
        # Last, so that no other line scrolls a part of it off a screen where it just fits
        self._draw_qr_code(prompt.url)
        self._stderr.copy(prompt.url)

    def waiting(self, seconds_left: int) -> None:
        """Show the time left to approve."""
        minutes, seconds = divmod(seconds_left, _SECONDS_PER_MINUTE)
        self._stderr.status(f"waiting for approval, {minutes}:{seconds:02} left (Ctrl-C cancels)")

    def cancelled(self) -> bool:
        """Return False: Ctrl-C interrupts."""
        return False

    def _draw_qr_code(self, url: str) -> None:
        from xswitch.qr_code import qr_rows  # noqa: PLC0415 -- only for a code

        try:
            rows = qr_rows(url)
        except ValueError:
            return
        size = shutil.get_terminal_size(fallback=(80, 24))
        # The line below is that of the time left
        if len(rows[0]) <= size.columns and len(rows) < size.lines:
            self._stderr.picture(rows)


def sign_in(context: Context, session: SsoSession, options: SignInOptions) -> SignInResult:
    """Sign in on the command line; the line of the time left doesn't stay.

    Meanwhile, what the portal offers is listed in the background.
    """
    try:
        result = context.actions.sso.sign_in(session, options, CommandLineSignIn(context))
    finally:
        context.stderr.clear_status()
    if result.method is not None:
        context.actions.list_portal_in_background(session)
    return result


def offer_sign_in(context: Context, error: SignInNeededError) -> bool:
    """Offer a sign-in where a command needs one; return whether the person signed in.

    Without a terminal, and for a script, it isn't offered: the error has the command.
    """
    if not error.label or getattr(context.arguments, "json", False) or not has_terminal():
        return False
    from xswitch.actions.sso.sign_in import SignInOptions  # noqa: PLC0415 -- rarely needed

    context.stderr.say(error.what)
    answer = ask_line(f"Sign in to {show_value(error.label)} now? [Y/n] ")
    if answer.strip().lower() not in {"", "y", "yes"}:
        return False
    session = context.actions.sso.labeled(error.label)
    sign_in(context, session, SignInOptions())
    return True
