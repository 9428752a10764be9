"""Textual's driver for POSIX terminals, with fixes for input, suspending, and lost terminals.

Textual would end the screen with a traceback at a byte that isn't UTF-8 and at a key sequence with
an invalid number. It also looks for keys in pasted text, where an escape sequence before the end of
a line would press Enter. All of these easily occur in pasted text.
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
    """Ignores invalid key sequences."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:  # noqa: FBT001, FBT002 -- Textual's signature
        try:
            return list(super()._sequence_to_key_events(sequence, alt))
        except (ValueError, OverflowError):
            return [events.Key(Keys.Ignore, sequence)]


class Keyboard:
    """Turns terminal input into events. Pasted text becomes a single event."""

    def __init__(self, *, debug: bool = False) -> None:
        self._parser = LenientParser(debug)
        self._before = ""
        self._pasted: str | None = None

    def feed(self, text: str) -> Iterator[Message]:
        """Return the events of some input, which may start and end anywhere."""
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
                # The parser got nothing between the two markers, and reports an empty paste.
                yield from (
                    message
                    for message in self._parser.feed(BRACKETED_PASTE_END)
                    if not isinstance(message, events.Paste)
                )
                yield events.Paste(content.replace("\0", ""))

    def tick(self) -> Iterable[Message]:
        """Return events that waited for more input: the Escape key."""
        return self._parser.tick()


def _read_input(descriptor: int) -> bytes:
    """Return the typed bytes, or none if the terminal is gone."""
    try:
        return os.read(descriptor, _READ_SIZE)
    except OSError:
        return b""


class DisconnectSafeFile:
    """A terminal's output that ignores errors after the terminal is gone.

    Textual's writer thread would end at the first error, and its callers would then wait for it
    forever.
    """

    def __init__(self, terminal: Any) -> None:
        self._terminal = terminal

    def write(self, text: str) -> None:
        """Write, if the terminal is there."""
        with contextlib.suppress(OSError):
            self._terminal.write(text)

    def flush(self) -> None:
        """Flush, if the terminal is there."""
        streams.flush(self._terminal)

    def fileno(self) -> int:
        """Return the terminal's descriptor."""
        number: int = self._terminal.fileno()
        return number


class TerminalDriver(LinuxDriver):
    """Textual's driver with the fixes of this module."""

    picker_ready: threading.Event
    first_frame_drawn: bool
    _entered = False

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._file: Any = DisconnectSafeFile(self._file)
        # Textual runs these two in signal handlers, which can interrupt the writing of a frame
        # while it holds a lock that both need.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        loop.add_signal_handler(signal.SIGCONT, self._resume_after_stop)

    def _resume_after_stop(self) -> None:
        """Take over the terminal again, which another program may have used.

        After a stop that gave no notice, release the terminal first.
        """
        if not self._auto_restart or not self._app.is_running:
            return
        if not self._must_signal_resume:
            self.suspend_application_mode()
            self._must_signal_resume = True
        self.resume_application_mode()
        self._app.refresh(layout=True)

    def write(self, data: str) -> None:
        """Write, but don't enter the alternate screen if the first frame already did."""
        if data == ENTER_ALT_SCREEN and self.first_frame_drawn and not self._entered:
            self._entered = True
            return
        super().write(data)

    def run_input_thread(self) -> None:
        """Turn input into events until asked to exit."""
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
                        # The terminal is gone. Leave as on SIGHUP, which the parent process may
                        # have blocked.
                        signal.raise_signal(signal.SIGHUP)
                        return
                    text = decode(typed)
                for message in (*keyboard.feed(text), *keyboard.tick()):
                    self.process_message(message)


def driver_for(picker_ready: threading.Event, *, first_frame_drawn: bool) -> type[LinuxDriver]:
    """Return a driver class that leaves keys in the terminal until `picker_ready`.

    Textual drops keys that arrive before it is ready. With `first_frame_drawn`, the driver doesn't
    enter the alternate screen again, which would clear the frame.
    """
    return type(
        "DriverOfOneScreen",
        (TerminalDriver,),
        {"picker_ready": picker_ready, "first_frame_drawn": first_frame_drawn},
    )
