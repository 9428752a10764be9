"""The filter input, which distinguishes letters that act from letters that start a word."""

from __future__ import annotations

from textual import events
from textual.message import Message
from textual.timer import Timer

from xswitch.core.text import sanitize
from xswitch.tui.picker.keys import ACTIONS, LETTER_SECONDS, LetterMode, interpret_character
from xswitch.tui.widgets.input import PlainInput

PLACEHOLDERS = (
    " type to filter: account, id, role, region, note, kind:sso, in any order",
    " type to filter: account, id, role, region, note, in any order",
    " type to filter: account, role, region, note",
    " type to filter",
    "",
)
_MAX_LENGTH = 200


class Filter(PlainInput):
    """The input with the focus; while it is empty, the letters of `keys` act."""

    class CommandEntered(Message):
        """The user typed a key or letter that acts."""

        def __init__(self, action: str) -> None:
            super().__init__()
            self.action = action

    class LetterModeChanged(Message):
        """The interpretation of the next letter has changed."""

    def __init__(self) -> None:
        super().__init__(max_length=_MAX_LENGTH, id="filter")
        self.letters = LetterMode()
        self._timer: Timer | None = None

    @property
    def letters_act(self) -> bool:
        """Whether a letter typed now acts."""
        return not self.value and not self.letters.text_only

    async def _on_key(self, event: events.Key) -> None:
        # Textual calls Input's own handler after this one, unless the event's default is prevented.
        if event.is_printable and event.character is not None:
            event.stop()
            event.prevent_default()
            self._type(event.character)
        elif self.letters.pending and event.key in ("backspace", "escape"):
            event.stop()
            event.prevent_default()
            self._take(LetterMode())
        elif event.key in ACTIONS:
            # Bindings with priority would overtake the characters typed before them, and Enter
            # would switch to another role than the one the filter was typed for.
            event.stop()
            event.prevent_default()
            self._act()
            self.post_message(self.CommandEntered(ACTIONS[event.key]))

    def _type(self, character: str) -> None:
        result = interpret_character(self.letters, character, empty=not self.value)
        self._take(result.letters)
        if result.action:
            self.post_message(self.CommandEntered(result.action))
        if result.text:
            if self.selection.is_empty:
                self.insert_text_at_cursor(result.text)
            else:
                self.replace(result.text, *sorted(self.selection))

    def _take(self, letters: LetterMode) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
        if letters.pending:
            self._timer = self.set_timer(LETTER_SECONDS, self._act)
        changed = letters != self.letters
        self.letters = letters
        # Show the letter before its meaning is decided.
        self.placeholder = letters.pending + " " if letters.pending else self._hint()
        if changed:
            self.post_message(self.LetterModeChanged())

    def _act(self) -> None:
        action = self.letters.action
        if action:
            self._take(LetterMode())
            self.post_message(self.CommandEntered(action))

    def _hint(self) -> str:
        return next((text for text in PLACEHOLDERS if len(text) < self.size.width), "")

    def on_resize(self) -> None:
        """Show the longest placeholder that fits."""
        if not self.letters.pending:
            self.placeholder = self._hint()

    def begin_text(self) -> None:
        """Take the next characters as text."""
        self._take(LetterMode(text_only=True))

    def resume_commands(self) -> None:
        """Let letters act again while the filter is empty."""
        if self.letters.text_only:
            self._take(LetterMode())

    def _on_paste(self, event: events.Paste) -> None:
        """Insert pasted text as one sanitized line."""
        event.stop()
        event.prevent_default()
        text = sanitize(" ".join(event.text.split()), limit=_MAX_LENGTH)
        if text:
            self._take(LetterMode())
            self.replace(text, *sorted(self.selection))
