"""Modal dialogs: a frame with lines, sometimes an input, and a key bar.

A dialog returns its result through `dismiss`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import ClassVar, TypeVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input

from xswitch.actions.ports import Clock
from xswitch.core.duration_text import format_duration
from xswitch.core.model import Guard, MfaChallenge, Role
from xswitch.core.roles.guards import is_confirmed
from xswitch.tui.render import formatting
from xswitch.tui.render.formatting import role_title_lines
from xswitch.tui.render.key_items import KeyBarItem
from xswitch.tui.render.text import Line, span, wrap
from xswitch.tui.widgets.input import PlainInput
from xswitch.tui.widgets.key_bar import KeyBar
from xswitch.tui.widgets.lines import Lines, LinesForWidth

DialogResult = TypeVar("DialogResult")
_DIGITS = 6
_CODE_PERIOD_SECONDS = 30
_BAR_WIDTH = 15


class Dialog(ModalScreen[DialogResult]):
    """A frame in the middle of the screen. Escape dismisses it with None."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel", show=False)]
    TITLE_TEXT: ClassVar[str] = ""

    def __init__(self, *, guard: str = "") -> None:
        super().__init__()
        self._guard = guard

    def compose(self) -> ComposeResult:
        """Yield the frame around the body, with the keys at its bottom."""
        with Vertical(id="frame") as frame:
            frame.border_title = self.TITLE_TEXT
            if self._guard:
                frame.add_class(f"guard-{self._guard}")
            yield from self.body()
            yield KeyBar(self.items(), indent=0, id="dialog-keys")

    def body(self) -> ComposeResult:
        """Yield the widgets of the dialog."""
        yield from ()

    def items(self) -> Sequence[KeyBarItem]:
        """Return the dialog's keys."""
        return (KeyBarItem("esc", "close", "cancel"),)

    def action_cancel(self) -> None:
        """Dismiss with None."""
        self.dismiss(None)

    def tick(self) -> None:
        """Redraw what changes with time; called once a second."""


class ForgetDialog(Dialog[bool]):
    """Asks for confirmation before dropping a session and its managed profile."""

    TITLE_TEXT = "Forget"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "yes", "forget", show=False),
        Binding("n", "cancel", "cancel", show=False),
    ]

    def __init__(self, role: Role) -> None:
        super().__init__(guard=role.guard.color if role.guard else "")
        self._role = role

    def body(self) -> ComposeResult:
        """Yield the effects of forgetting."""

        def content(width: int) -> list[Line]:
            return [
                *role_title_lines(self._role, width),
                [],
                *wrap(
                    [
                        ("This drops its session and removes ", "text"),
                        span(self._role.managed_profile, "bright"),
                        (" from the AWS config.", "text"),
                    ],
                    width,
                ),
                *wrap(
                    [
                        ("Shells that use this profile lose their credentials. ", "muted"),
                        ("The MFA session is kept.", "muted"),
                    ],
                    width,
                ),
            ]

        yield Lines(content)

    def items(self) -> Sequence[KeyBarItem]:
        """Return confirm and cancel."""
        return (KeyBarItem("⏎", "forget", "yes"), KeyBarItem("esc", "cancel", "cancel", right=True))

    def action_yes(self) -> None:
        """Dismiss with True."""
        self.dismiss(True)


class BusyDialog(Dialog[bool]):
    """Shows the steps of a switch as they happen; `steps` may grow.

    Escape dismisses it with None, and its owner dismisses it with False.
    """

    TITLE_TEXT = "Switching"

    def __init__(self, role: Role, steps: Sequence[str], seconds: Callable[[], float]) -> None:
        super().__init__(guard=role.guard.color if role.guard else "")
        self._role = role
        self._steps = steps
        self._seconds = seconds

    def body(self) -> ComposeResult:
        """Yield the role and the steps."""
        yield Lines(lambda width: role_title_lines(self._role, width))
        yield Lines(self._progress, id="steps")

    def _progress(self, width: int) -> list[Line]:
        lines: list[Line] = [[]]
        seconds = int(self._seconds())
        for position, step in enumerate(self._steps):
            last = position == len(self._steps) - 1
            sign: Line = [("↻ ", "accent")] if last else [("✓ ", "live")]
            spent: Line = [(f"  {seconds} s", "muted")] if last and seconds else []
            lines += wrap([*sign, span(step, "text" if last else "muted"), *spent], width, hang=2)
        return lines

    def tick(self) -> None:
        """Redraw the steps and the elapsed seconds."""
        for lines in self.query("#steps").results(Lines):
            lines.show(self._progress)

    def items(self) -> Sequence[KeyBarItem]:
        """Return cancel."""
        return (KeyBarItem("esc", "cancel", "cancel", right=True),)


class TextDialog(Dialog[None]):
    """Shows lines, and scrolls if they don't fit."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,q", "cancel", "close", show=False),
        Binding("up", "scroll(-1)", "up", show=False),
        Binding("down", "scroll(1)", "down", show=False),
        Binding("pageup", "scroll(-10)", "page up", show=False),
        Binding("pagedown,space", "scroll(10)", "page down", show=False),
    ]

    def __init__(self, title: str, content: LinesForWidth) -> None:
        super().__init__()
        self._title = title
        self._content = content

    def body(self) -> ComposeResult:
        """Yield the scrolling lines."""
        with VerticalScroll(id="text", can_focus=False):
            yield Lines(self._content)

    def on_mount(self) -> None:
        """Set the title."""
        self.query_one("#frame").border_title = self._title

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#text").scroll_relative(y=lines, animate=False)

    def items(self) -> Sequence[KeyBarItem]:
        """Return scroll and close."""
        return (
            KeyBarItem("↑↓", "scroll", "scroll(3)", 1),
            KeyBarItem("esc", "close", "cancel", right=True),
        )


class AnswerInput(PlainInput):
    """The input of a dialog."""

    def __init__(self, placeholder: str = "", *, max_length: int = 0) -> None:
        super().__init__(placeholder=placeholder, max_length=max_length, id="answer")


class MfaCodeInput(AnswerInput):
    """An input for six digits; a pasted code may contain blanks or dashes."""

    def __init__(self) -> None:
        super().__init__(" six digits", max_length=_DIGITS)
        self.restrict = r"[0-9]*"

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        digits = "".join(character for character in event.text if character in "0123456789")
        self.value = digits[:_DIGITS]
        self.cursor_position = len(self.value)


class TypedDialog(Dialog[str]):
    """A dialog with an input. Enter dismisses it with the text, if the text is valid."""

    def __init__(self, *, guard: str = "") -> None:
        super().__init__(guard=guard)
        self._error = ""

    def answer_line(self, answer: AnswerInput) -> ComposeResult:
        """Yield the prompt and the input."""
        with Horizontal(id="answer-line"):
            yield Lines(lambda _width: [[(formatting.PROMPT_SIGN, "accent")]], classes="prompt")
            yield answer

    def validation_error(self, text: str) -> str:
        """Return why `text` is invalid, "" if it is valid."""
        raise NotImplementedError

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Send on Enter."""
        event.stop()
        self.action_send()

    def on_input_changed(self, event: Input.Changed) -> None:
        """Clear the error when the user types."""
        event.stop()
        self._show_error("")

    def action_send(self) -> None:
        """Dismiss with the text, or show why it is invalid."""
        text = self.query_one(AnswerInput).value
        error = self.validation_error(text)
        if error:
            self._show_error(error)
        else:
            self.dismiss(text.strip())

    def _show_error(self, why: str) -> None:
        self._error = why
        self.query_one("#error", Lines).show(self._error_lines)

    def _error_lines(self, width: int) -> list[Line]:
        return (
            wrap([("✗ ", "error"), (self._error, "error")], width, hang=2) if self._error else [[]]
        )


class MfaDialog(TypedDialog):
    """Asks for the code of an MFA device, and shows the attempt and AWS's last error."""

    TITLE_TEXT = "MFA code"

    def __init__(
        self,
        challenge: MfaChallenge,
        role: Role | None,
        clock: Clock,
        *,
        session_seconds: int,
        hint: Callable[[str], str] | None,
    ) -> None:
        super().__init__(guard=role.guard.color if role is not None and role.guard else "")
        self._challenge = challenge
        self._role = role
        self._clock = clock
        self._session_seconds = session_seconds
        self._hint = hint

    def body(self) -> ComposeResult:
        """Yield the device, the last error, the input, and the code's remaining time."""
        yield Lines(self._device)
        yield from self.answer_line(MfaCodeInput())
        yield Lines(self._error_lines, id="error")
        yield Lines(self._code_countdown, id="window")

    def _device(self, width: int) -> list[Line]:
        challenge = self._challenge
        lines: list[Line] = (
            [*role_title_lines(self._role, width), []] if self._role is not None else []
        )
        lines += wrap([("device   ", "muted"), span(challenge.serial, "bright")], width, hang=9)
        if challenge.profile:
            lines += wrap([("profile  ", "muted"), span(challenge.profile, "text")], width, hang=9)
        if challenge.refusal or challenge.attempt > 1:
            refusal = challenge.refusal or "AWS rejected the last code."
            lines += [[], *wrap([("✗ ", "error"), span(refusal, "error")], width, hang=2)]
            lines += wrap(
                [
                    (f"  Attempt {challenge.attempt}. ", "text"),
                    ("AWS accepts each code once: use the next one.", "muted"),
                ],
                width,
                hang=2,
            )
        return [*lines, []]

    def _code_countdown(self, width: int) -> list[Line]:
        now = self._clock.now().timestamp()
        seconds_left = _CODE_PERIOD_SECONDS - int(now) % _CODE_PERIOD_SECONDS
        filled = round(_BAR_WIDTH * seconds_left / _CODE_PERIOD_SECONDS)
        bar: Line = [
            ("━" * filled, "accent"),
            ("─" * (_BAR_WIDTH - filled), "line"),
            (f"  next code in {seconds_left:>2} s", "muted"),
        ]
        lines = [bar]
        code = self._hint(self._challenge.serial) if self._hint is not None else ""
        if code:
            lines.append(
                [("demo     ", "muted"), span(code, "live"), ("  is the current code", "muted")]
            )
        duration = format_duration(self._session_seconds)
        validity = f"One code covers all roles with this device for {duration}."
        return [*lines, [], *wrap([(validity, "muted")], width)]

    def validation_error(self, text: str) -> str:
        """Require six digits."""
        return (
            ""
            if len(text) == _DIGITS
            else f"A code has six digits; this has {len(text)}."
            if text
            else "Type the six digits your device shows."
        )

    def items(self) -> Sequence[KeyBarItem]:
        """Return send and cancel."""
        return (KeyBarItem("⏎", "send", "send"), KeyBarItem("esc", "cancel", "cancel", right=True))

    def tick(self) -> None:
        """Redraw the code's remaining time."""
        for lines in self.query("#window").results(Lines):
            lines.show(self._code_countdown)


class GuardDialog(TypedDialog):
    """Asks for a guarded role's typed confirmation."""

    TITLE_TEXT = f"{formatting.GUARD_SIGN} Guarded role"

    def __init__(self, role: Role, guard: Guard) -> None:
        super().__init__(guard=guard.color)
        self._role = role
        self._rule = guard

    def body(self) -> ComposeResult:
        """Yield the role, the text to type, and the input."""
        yield Lines(self._what)
        yield from self.answer_line(AnswerInput(max_length=len(self._rule.confirm) + 40))
        yield Lines(self._error_lines, id="error")

    def _what(self, width: int) -> list[Line]:
        rule: Line = [("guard    ", "muted"), span(self._rule.name, "text")]
        length, reason = formatting.format_duration_and_reason(
            self._role.duration_seconds, self._role.duration_reason
        )
        duration: Line = [
            ("duration ", "muted"),
            (length, "text"),
            (f"  {reason}" if reason else "", "muted"),
        ]
        lines = [*role_title_lines(self._role, width), []]
        lines += wrap(rule, width, hang=9) if self._rule.name else []
        lines += wrap(duration, width, hang=9)
        if self._rule.policy_arns or self._rule.policy:
            lines += wrap(
                [("limits   ", "muted"), ("this guard's session policy applies", "text")],
                width,
                hang=9,
            )
        return [
            *lines,
            [],
            *wrap(
                [
                    ("Type ", "text"),
                    span(self._rule.confirm, f"guard-{self._rule.color}"),
                    (" to switch:", "text"),
                ],
                width,
            ),
            [],
        ]

    def validation_error(self, text: str) -> str:
        """Require exactly the guard's text."""
        return (
            ""
            if is_confirmed(self._rule, text)
            else "Doesn't match."
            if text
            else "Type the confirmation."
        )

    def items(self) -> Sequence[KeyBarItem]:
        """Return switch and cancel."""
        return (
            KeyBarItem("⏎", "switch", "send"),
            KeyBarItem("esc", "cancel", "cancel", right=True),
        )
