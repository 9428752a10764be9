"""The dialogs: frames with lines, sometimes one input, and a key bar.

Each answers through `dismiss`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen

from xswitch.core.model import Role
from xswitch.tui.picker.keys import KEYS, MOVEMENT_HELP, key_label
from xswitch.tui.render.text import Line, pad, span, wrap
from xswitch.tui.widgets.key_bar import KeyBar
from xswitch.tui.widgets.keyitems import KeyBarItem
from xswitch.tui.widgets.lines import Lines, LinesForWidth

DialogResult = TypeVar("DialogResult")
_LETTERS_HELP = "Letters act while the filter is empty. Typed on without a pause they begin a word; / makes sure they do."

_SIGN_HELP = (
    ("●", "live", "live"),
    ("◐", "expiring", "expiring"),
    ("○", "expired", "expired"),
    ("▲", "guard-red", "guarded"),
    ("★", "pin", "pinned"),
    ("✗", "error", "failed"),
)


class Dialog(ModalScreen[DialogResult]):
    """A frame in the middle of the screen. Escape answers None."""

    CSS_PATH: ClassVar[list[str | PurePath]] = ["dialogs.tcss"]
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "cancel", "cancel", show=False)]
    TITLE_TEXT: ClassVar[str] = ""

    def __init__(self, *, guard: str = "") -> None:
        super().__init__()
        self._guard = guard

    def compose(self) -> ComposeResult:
        """The frame around what a dialog says, its keys at the bottom."""
        with Vertical(id="frame") as frame:
            frame.border_title = self.TITLE_TEXT
            if self._guard:
                frame.add_class(f"guard-{self._guard}")
            yield from self.body()
            yield KeyBar(self.items(), indent=0, id="dialog-keys")

    def body(self) -> ComposeResult:
        """What a dialog says."""
        yield from ()

    def items(self) -> Sequence[KeyBarItem]:
        """Its keys."""
        return (KeyBarItem("esc", "close", "cancel"),)

    def action_cancel(self) -> None:
        """Answer None."""
        self.dismiss(None)

    async def on_key_bar_chosen(self, event: KeyBar.Chosen) -> None:
        """A key was clicked."""
        event.stop()
        await self.run_action(event.action)

    def tick(self) -> None:
        """A second has passed."""


def role_lines(role: Role, width: int) -> list[Line]:
    """Which role a dialog is about."""
    guard = f"guard-{role.guard.colour}" if role.guard else "title"
    name = [
        span(role.account_name or role.account_id or role.name, guard),
        (" / ", "faint"),
        span(role.role_name, guard),
    ]
    return [*wrap(name, width), *wrap([span(role.role_arn, "muted")], width)]


class ForgetDialog(Dialog[bool]):
    """Asks before a session and its managed profile are dropped."""

    TITLE_TEXT = "Forget"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,y", "yes", "forget", show=False),
        Binding("n", "cancel", "cancel", show=False),
    ]

    def __init__(self, role: Role) -> None:
        super().__init__(guard=role.guard.colour if role.guard else "")
        self._role = role

    def body(self) -> ComposeResult:
        """What will be dropped."""

        def content(width: int) -> list[Line]:
            return [
                *role_lines(self._role, width),
                [],
                *wrap(
                    [
                        ("Its session is dropped, and ", "text"),
                        span(self._role.managed_profile, "bright"),
                        (" leaves the AWS config.", "text"),
                    ],
                    width,
                ),
                *wrap(
                    [
                        (
                            "Shells that use that profile lose their credentials. The MFA session stays.",
                            "muted",
                        )
                    ],
                    width,
                ),
            ]

        yield Lines(content)

    def items(self) -> Sequence[KeyBarItem]:
        """Yes or no."""
        return (KeyBarItem("⏎", "forget", "yes"), KeyBarItem("esc", "cancel", "cancel", right=True))

    def action_yes(self) -> None:
        """Answer yes."""
        self.dismiss(True)


class BusyDialog(Dialog[bool]):
    """What a switch is doing, step by step: `steps` may grow.

    Escape answers None, its owner takes it away with False.
    """

    TITLE_TEXT = "Switching"

    def __init__(self, role: Role, steps: Sequence[str], seconds: Callable[[], float]) -> None:
        super().__init__(guard=role.guard.colour if role.guard else "")
        self._role = role
        self._steps = steps
        self._seconds = seconds

    def body(self) -> ComposeResult:
        """The role and the steps."""
        yield Lines(lambda width: role_lines(self._role, width))
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
        """Draw the steps and the seconds."""
        for lines in self.query("#steps").results(Lines):
            lines.show(self._progress)

    def items(self) -> Sequence[KeyBarItem]:
        """Only cancelling."""
        return (KeyBarItem("esc", "cancel", "cancel", right=True),)


class TextDialog(Dialog[None]):
    """Lines to read, scrolling when there are many."""

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
        """The lines."""
        with VerticalScroll(id="text", can_focus=False):
            yield Lines(self._content)

    def on_mount(self) -> None:
        """The title is this dialog's own."""
        self.query_one("#frame").border_title = self._title

    def action_scroll(self, lines: int) -> None:
        """Scroll the text."""
        self.query_one("#text").scroll_relative(y=lines, animate=False)

    def items(self) -> Sequence[KeyBarItem]:
        """Scrolling and closing."""
        return (
            KeyBarItem("↑↓", "scroll", "scroll(3)", 1),
            KeyBarItem("esc", "close", "cancel", right=True),
        )


def help_lines(width: int) -> list[Line]:
    """Every key, with what it does."""
    rows: list[Line] = []
    rows += wrap(
        [
            (
                "Type to filter. All words must occur, in any order, in the name, account, id, role, ARN, region, note or tags.",
                "text",
            )
        ],
        width,
    )
    rows += [[], [(pad("empty", 7), "muted"), (pad("always", 12), "muted"), ("", "muted")]]
    for key in KEYS:
        always = " ".join(key_label(key_name) for key_name in key.keys)
        rows += wrap(
            [(pad(key.letter, 7), "key"), (pad(always, 12), "key"), (key.text, "text")],
            width,
            hang=19,
        )
    rows.append([])
    for keys, text in MOVEMENT_HELP:
        rows += wrap([(pad(keys, 19), "key"), (text, "text")], width, hang=19)
    rows += [
        [],
        *wrap(
            [
                (
                    _LETTERS_HELP,
                    "muted",
                )
            ],
            width,
        ),
    ]
    rows.append([])
    rows += wrap(
        [
            part
            for sign, style_name, word in _SIGN_HELP
            for part in ((sign + " ", style_name), (word + "  ", "text"))
        ],
        width,
    )
    return rows
