"""The terminal's side of the screen.

Textual's driver for POSIX, with a beginning and with hands of its own.

Textual's would end the screen, with a traceback, at a byte that is no UTF-8 and at a key sequence
with a number no key has, and it looks for keys in what is pasted, where an escape sequence before
the end of a line presses Enter. Any of them is quickly among what somebody pastes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import selectors
import signal
import threading
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from typing import Any

from textual import events
from textual._xterm_parser import BRACKETED_PASTE_END, BRACKETED_PASTE_START, XTermParser
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys
from textual.message import Message

from xswitch import streams
from xswitch.tui.startup.first_frame import ENTER_ALT_SCREEN

_READY_POLL_SECONDS = 0.02
_INPUT_POLL_SECONDS = 0.1
_READ_SIZE = 4096


class LenientParser(XTermParser):
    """Passes over what looks like a key and is none."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:  # noqa: FBT001, FBT002 -- Textual's signature
        try:
            return list(super()._sequence_to_key_events(sequence, alt))
        except (ValueError, OverflowError):
            return [events.Key(Keys.Ignore, sequence)]


class Keyboard:
    """Makes events of what comes from the terminal.

    What is pasted is one text, whatever is in it.
    """

    def __init__(self, *, debug: bool = False) -> None:
        self._parser = LenientParser(debug)
        self._before = ""
        self._pasted: str | None = None

    def feed(self, text: str) -> Iterator[Message]:
        """The events of some text, which may begin and end anywhere."""
        while text:
            if self._pasted is None:
                seen = self._before + text
                end = (
                    seen.find(BRACKETED_PASTE_START)
                    + len(BRACKETED_PASTE_START)
                    - len(self._before)
                )
                if BRACKETED_PASTE_START not in seen:
                    self._before = seen[1 - len(BRACKETED_PASTE_START) :]
                    yield from self._parser.feed(text)
                    return
                yield from self._parser.feed(text[:end])
                self._before, self._pasted, text = "", "", text[end:]
            else:
                content, end_marker, text = (self._pasted + text).partition(BRACKETED_PASTE_END)
                if not end_marker:
                    self._pasted = content
                    return
                self._pasted = None
                # The parser saw nothing between the two, and tells so.
                yield from (
                    message
                    for message in self._parser.feed(BRACKETED_PASTE_END)
                    if not isinstance(message, events.Paste)
                )
                yield events.Paste(content.replace("\0", ""))

    def tick(self) -> Iterable[Message]:
        """The events of what has waited long enough for more: the escape key."""
        return self._parser.tick()


def _read_input(descriptor: int) -> bytes:
    """What was typed, nothing when there is no terminal any more."""
    try:
        return os.read(descriptor, _READ_SIZE)
    except OSError:
        return b""


class DisconnectSafeFile:
    """A terminal to write to that may be gone.

    Then nobody sees what is written, and nothing else comes of it.

    Textual's thread that writes would end at the first error, and whoever gives it more to write
    would wait for it for good.
    """

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal

    def write(self, text: str) -> None:
        """Write, if there is a terminal."""
        with contextlib.suppress(OSError):
            self._terminal.write(text)

    def flush(self) -> None:
        """Have all of it written, if there is a terminal."""
        streams.flush(self._terminal)

    def fileno(self) -> int:
        """The terminal's descriptor."""
        number: int = self._terminal.fileno()
        return number


class TerminalDriver(LinuxDriver):
    """Textual's driver, with the differences this module is for."""

    picker_ready: threading.Event
    first_frame_drawn: bool
    _entered = False

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._file: Any = DisconnectSafeFile(self._file)
        # Textual does these two amid whatever runs at that moment, the writing of a frame too,
        # which may hold a lock both need.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        loop.add_signal_handler(signal.SIGCONT, self._resume_after_stop)

    def _resume_after_stop(self) -> None:
        """Take the terminal again, which somebody else may have had.

        After a stop that wasn't seen coming, give it back first.
        """
        if not self._auto_restart or not self._app.is_running:
            return
        if not self._must_signal_resume:
            self.suspend_application_mode()
            self._must_signal_resume = True
        self.resume_application_mode()
        self._app.refresh(layout=True)

    def write(self, data: str) -> None:
        """Write to the terminal, but enter the alternate screen only if it isn't there already."""
        if data == ENTER_ALT_SCREEN and self.first_frame_drawn and not self._entered:
            self._entered = True
            return
        super().write(data)

    def run_input_thread(self) -> None:
        """Make events of what is typed, until told to end."""
        while (
            self.first_frame_drawn
            and not self.picker_ready.wait(_READY_POLL_SECONDS)
            and not self.exit_event.is_set()
        ):
            pass
        keyboard = Keyboard(debug=self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            while not self.exit_event.is_set():
                text = ""
                if selector.select(_INPUT_POLL_SECONDS):
                    typed = _read_input(self.fileno)
                    if not typed:
                        # The terminal is gone: leave as when it says so, which whoever started this
                        # may have kept from us.
                        signal.raise_signal(signal.SIGHUP)
                        return
                    text = decode(typed)
                for message in (*keyboard.feed(text), *keyboard.tick()):
                    self.process_message(message)


def driver_for(picker_ready: threading.Event, *, first_frame_drawn: bool) -> type[LinuxDriver]:
    """The driver of one screen, which leaves keys in the terminal until `picker_ready`, as Textual drops those that come before it is ready.

    With `first_frame_drawn` it doesn't enter the alternate screen, which would clear what stands there.
    """
    return type(
        "DriverOfOneScreen",
        (TerminalDriver,),
        {"picker_ready": picker_ready, "first_frame_drawn": first_frame_drawn},
    )
