"""The dialog of a sign-in: draws its state, and passes on its keys."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.message import Message

from xswitch.core.text import sanitize
from xswitch.tui.dialogs.screens import Dialog
from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line
from xswitch.tui.sso.sign_in_state import SignInStage, SignInState, sign_in_items, sign_in_lines
from xswitch.tui.widgets.key_bar import KeyBar
from xswitch.tui.widgets.lines import Lines

_FRAME_ROWS = 3
"""The rows of the dialog besides its text: the border, and the keys."""
_MESSAGE_SECONDS = 2.0


class SignInDialog(Dialog[bool]):
    """Shows a sign-in. Escape dismisses it with None; its owner dismisses it with True."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["../dialogs/dialogs.tcss", "sign_in.tcss"]
    TITLE_TEXT = "Sign in with IAM Identity Center"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "again", "try again", show=False),
        Binding("y", "copy", "copy", show=False),
        Binding("d", "by_code", "by a code", show=False),
        Binding("a", "approve", "approve", show=False),
        Binding("up", "scroll(-1)", "up", show=False),
        Binding("down", "scroll(1)", "down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
        Binding("pagedown,space", "scroll(10)", "page down", show=False),
    ]

    class StartRequested(Message):
        """The user asked to start again, perhaps by a code."""

        def __init__(self, *, by_code: bool) -> None:
            super().__init__()
            self.by_code = by_code

    class ApprovalRequested(Message):
        """The user asked to approve without a browser."""

    def __init__(self, state: SignInState, copy: Callable[[str], None]) -> None:
        super().__init__()
        self.state = state
        self._copy = copy

    def body(self) -> ComposeResult:
        """Yield the text, which scrolls if it doesn't fit."""
        with VerticalScroll(id="sign-in", can_focus=False) as scroll:
            scroll.styles.max_height = self._rows
            yield Lines(self._lines, id="sign-in-lines")

    @property
    def _rows(self) -> int:
        """The rows for text on this screen."""
        return max(1, self.app.size.height - _FRAME_ROWS)

    def _lines(self, width: int) -> list[Line]:
        return sign_in_lines(self.state, width, self._rows)

    def items(self) -> Sequence[KeyBarItem]:
        """Return the keys of the stage."""
        return sign_in_items(self.state)

    def update(self, change: Callable[[SignInState], SignInState]) -> None:
        """Change the state and draw it."""
        before, self.state = self.state, change(self.state)
        if before == self.state:
            return
        self._draw()
        prompt = self.state.prompt
        if prompt is not None and prompt is not before.prompt and prompt.user_code:
            # As on the command line: the URL of a code is for another device
            self.action_copy()

    def _draw(self) -> None:
        for lines in self.query("#sign-in-lines").results(Lines):
            lines.show(self._lines)
        for keys in self.query("#dialog-keys").results(KeyBar):
            keys.show(self.items())

    def on_resize(self, _event: events.Resize) -> None:
        """Show or leave out the QR code, as it fits."""
        self.query_one("#sign-in").styles.max_height = self._rows
        self.call_after_refresh(self._draw)

    def action_again(self) -> None:
        """Start again after a failure."""
        if self.state.stage is SignInStage.FAILED:
            self.post_message(self.StartRequested(by_code=False))

    def action_by_code(self) -> None:
        """Sign in by a code instead."""
        if any(item.action == "by_code" for item in self.items()):
            self.post_message(self.StartRequested(by_code=True))

    def action_approve(self) -> None:
        """Approve without a browser, in the demo."""
        if any(item.action == "approve" for item in self.items()):
            self.post_message(self.ApprovalRequested())

    def action_copy(self) -> None:
        """Copy the URL; one with characters unsafe to paste is never copied."""
        prompt = self.state.prompt
        if prompt is None:
            return
        message: Line = [("✓ ", "live"), ("Copied the URL.", "text")]
        if sanitize(prompt.url) == prompt.url and prompt.url.isprintable():
            self._copy(prompt.url)
        else:
            message = [("✗ ", "error"), ("Not copied: the URL isn't safe to paste.", "text")]
        self.show_message(message)

    def show_message(self, message: Line) -> None:
        """Show a message in place of the keys, for moments."""
        self._show_message(message)
        self.set_timer(_MESSAGE_SECONDS, lambda: self._show_message([]))

    def _show_message(self, message: Line) -> None:
        for keys in self.query("#dialog-keys").results(KeyBar):
            keys.show_message(message)

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#sign-in").scroll_relative(y=lines, animate=False)
