"""Terminal input as events: keys, pastes, and the mouse; what else a terminal sends is ignored.

Textual would end the screen with a traceback at a key sequence with an invalid number. It types
sequences that it doesn't know into the filter, such as a late answer to a question that the shell
asked the terminal. It also looks for keys in pasted text, where an escape sequence before the end
of a line would press Enter.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable, Iterator

from textual import constants, events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.keys import Keys
from textual.message import Message

_ESCAPE = "\x1b"
# ECMA-48: a control sequence is complete at its final byte; a string at ST, or BEL as xterm has it.
# rxvt ends the Shift forms of its keys with a dollar sign.
_CONTROL_SEQUENCE = re.compile(r"\x1b\[(\d+\$|[0-?]*[ -/]*[@-~])")
_CONTROL_SEQUENCE_PART = re.compile(r"\x1b\[[0-?]*[ -/]*")
_STRING = re.compile(r"\x1b[\]PX^_][^\x07\x1b]*(\x07|\x1b\\)")
_STRING_PART = re.compile(r"\x1b[\]PX^_][^\x07\x1b]*\x1b?")
# Answers to questions, and other reports. No key begins with a question mark.
_REPORT = re.compile(r"\x1b\[([?>=].*|.*[ -/].|.*[cntxy])")
_LINUX_FUNCTION_KEY, _X10_MOUSE = "\x1b[[", "\x1b[M"
_ALT_KEY_LENGTH = 2
_REST_SECONDS = 1.0
"""How long the rest of a sequence may take; a slow connection splits it."""
_LONGEST_HELD = 65_536
_ABANDONED_PASTE_SECONDS = 1.0
_CTRL_C = ("\x03", "\x1b[99;5u")


class LenientParser(XTermParser):
    """Ignores invalid key sequences."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:  # noqa: FBT001, FBT002 -- Textual's signature
        try:
            return list(super()._sequence_to_key_events(sequence, alt))
        except (ValueError, OverflowError):
            return [events.Key(Keys.Ignore, sequence)]

    @property
    def waits(self) -> bool:
        """Whether the parser waits for the rest of a sequence."""
        return self._timeout_time is not None

    def expire(self) -> None:
        """Wait no longer: the next tick returns the events of what came so far."""
        if self.waits:
            self._timeout_time = 0.0


class Keyboard:
    """Turns terminal input into events. Pasted text becomes a single event."""

    def __init__(self, *, debug: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._debug = debug
        self._clock = clock
        self._parser = LenientParser(debug)
        self._held = ""
        self._pasted: str | None = None
        self._last_input = clock()

    def feed(self, text: str) -> Iterator[Message]:
        """Return the events of some input, which may start and end anywhere."""
        if not text:
            return
        pause, self._last_input = self._clock() - self._last_input, self._clock()
        if self._pasted is not None and text in _CTRL_C and pause > _ABANDONED_PASTE_SECONDS:
            # The end of the paste was lost, and the keys must work again.
            self._pasted = None
        text, self._held = self._held + text, ""
        while text:
            if self._pasted is not None:
                content, end_marker, text = (self._pasted + text).partition(BRACKETED_PASTE_END)
                if not end_marker:
                    self._pasted = content
                    return
                self._pasted = None
                yield events.Paste(content.replace("\0", ""))
                continue
            plain, escape, rest = text.partition(_ESCAPE)
            yield from self._parser.feed(plain) if plain else ()
            if not escape:
                return
            length = _sequence_length(escape + rest)
            if length is None:
                self._held = (escape + rest)[:_LONGEST_HELD]
                return
            sequence, text = (escape + rest)[:length], (escape + rest)[length:]
            yield from self._parse(sequence)

    @property
    def waits(self) -> bool:
        """Whether `tick` may have an event soon."""
        return bool(self._held) or self._parser.waits

    def tick(self) -> Iterator[Message]:
        """Return events that waited for more input, such as the Escape key."""
        waited = self._clock() - self._last_input
        held = self._held
        if held and waited >= (
            constants.ESCAPE_DELAY if len(held) <= _ALT_KEY_LENGTH else _REST_SECONDS
        ):
            self._held = ""
            if held == _ESCAPE:
                yield events.Key("escape", _ESCAPE)
            elif len(held) == _ALT_KEY_LENGTH:
                yield from self._parser.feed(held)
                self._parser.expire()
        yield from self._parser.tick()

    def _parse(self, sequence: str) -> Iterator[Message]:
        if sequence == BRACKETED_PASTE_START:
            self._pasted = ""
        elif sequence == _ESCAPE:  # another sequence follows
            yield events.Key("escape", _ESCAPE)
        elif not _is_ignored(sequence):
            yield from self._parser.feed(sequence)
            if (
                self._parser.waits
                and _CONTROL_SEQUENCE.fullmatch(sequence)
                and sequence not in {_LINUX_FUNCTION_KEY, _X10_MOUSE}
            ):
                # Textual doesn't know this sequence, and would type it after a while.
                self._parser = LenientParser(self._debug)


def _sequence_length(text: str) -> int | None:
    """Return the length of the escape sequence at the start of `text`; None if it goes on."""
    if text == _ESCAPE:
        return None
    introducer = text[1]
    if introducer == _ESCAPE:
        return 1
    if introducer == "[":
        complete, part = _CONTROL_SEQUENCE.match(text), _CONTROL_SEQUENCE_PART.match(text)
    elif introducer in "]PX^_":
        complete, part = _STRING.match(text), _STRING_PART.match(text)
    else:
        return _ALT_KEY_LENGTH
    if complete is not None:
        return complete.end()
    if part is None or part.end() == len(text):
        return None
    # Something that can't be in a sequence has cut it short.
    return part.end() - text[: part.end()].endswith(_ESCAPE)


def _is_ignored(sequence: str) -> bool:
    """Return whether a complete or cut sequence isn't a key, paste, focus, or mouse event."""
    if sequence[1] == "[":
        return _CONTROL_SEQUENCE.fullmatch(sequence) is None or bool(_REPORT.fullmatch(sequence))
    return sequence[1] in "]PX^_"
