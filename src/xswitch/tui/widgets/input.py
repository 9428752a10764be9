"""What is pasted into a line, from the terminal or from what was copied here.

Harmless, as Textual takes and draws it as it is.
"""

from __future__ import annotations

from typing import TypeVar

from textual import events
from textual.app import App
from textual.widgets import Input

from xswitch.core.text import sanitize

AppResult = TypeVar("AppResult")


class PlainInput(Input):
    """A line of input without a frame, a blinking cursor, or a bell at what it can't take."""

    def __init__(
        self,
        value: str = "",
        *,
        placeholder: str = "",
        max_length: int = 0,
        id: str,  # noqa: A002 -- Textual's own argument
    ) -> None:
        super().__init__(
            value,
            placeholder=placeholder,
            compact=True,
            select_on_focus=False,
            max_length=max_length,
            id=id,
        )
        self.cursor_blink = False

    def restricted(self) -> None:
        """Ignore a character the input can't take; Textual would ring the bell."""


class SafePasteApp(App[AppResult]):
    """An app into whose lines nothing a terminal acts on can be pasted, Textual's own line of the command palette among them."""

    async def on_event(self, event: events.Event) -> None:
        """Every event passes here first."""
        if isinstance(event, events.Paste) and not event.is_forwarded:
            event.text = "\n".join(_sanitize_line(line) for line in event.text.splitlines())
        await super().on_event(event)

    @property
    def clipboard(self) -> str:
        """What was copied here, as one line: a line is all it can be pasted into."""
        return " ".join(_sanitize_line(line) for line in super().clipboard.splitlines())


def _sanitize_line(line: str) -> str:
    return sanitize(line.replace("\t", " "))
