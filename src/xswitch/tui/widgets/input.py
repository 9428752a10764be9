"""Text input: a plain input, and an app that sanitizes pasted text.

Textual inserts and draws pasted text as it is.
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
    """An app that sanitizes pastes into every input, Textual's own included."""

    async def on_event(self, event: events.Event) -> None:
        """Sanitize a paste; every event passes here first."""
        if isinstance(event, events.Paste) and not event.is_forwarded:
            event.text = "\n".join(_sanitize_line(line) for line in event.text.splitlines())
        await super().on_event(event)

    @property
    def clipboard(self) -> str:
        """The text copied in the app as one sanitized line.

        It can only be pasted into an input, which has one line.
        """
        return " ".join(_sanitize_line(line) for line in super().clipboard.splitlines())


def _sanitize_line(line: str) -> str:
    return sanitize(line.replace("\t", " "))
