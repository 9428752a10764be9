"""The terminal's side of the screen: Textual's driver for POSIX, with a beginning and with hands of its own.

Textual's would end the screen, with a traceback, at a byte that is no UTF-8 and at a key sequence with a number no key has. Either is
quickly among what somebody pastes.
"""

from __future__ import annotations

import os
import selectors
import threading
from codecs import getincrementaldecoder
from collections.abc import Iterable

from textual import events
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.keys import Keys

from xswitch.tui.firstpaint import ENTER

_MOMENT = 0.02
_WAIT_SECONDS = 0.1
_AT_ONCE = 4096


class ForgivingParser(XTermParser):
    """Passes over what looks like a key and is none."""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[events.Key]:  # noqa: FBT001, FBT002 -- Textual's signature
        try:
            return list(super()._sequence_to_key_events(sequence, alt))
        except (ValueError, OverflowError):
            return [events.Key(Keys.Ignore, sequence)]


def driver_for(settled: threading.Event, *, painted: bool) -> type[LinuxDriver]:
    """The driver of one screen, which leaves keys in the terminal until `settled`, as Textual drops those that come before it is ready.

    With `painted` it doesn't enter the alternate screen, which would clear what stands there.
    """

    class Careful(LinuxDriver):
        entered = not painted

        def write(self, data: str) -> None:
            if data == ENTER and not self.entered:
                self.entered = True
                return
            super().write(data)

        def run_input_thread(self) -> None:
            while painted and not settled.wait(_MOMENT) and not self.exit_event.is_set():
                pass
            parser = ForgivingParser(self._debug)
            decode = getincrementaldecoder("utf-8")("replace").decode
            with selectors.SelectSelector() as selector:
                selector.register(self.fileno, selectors.EVENT_READ)
                while not self.exit_event.is_set():
                    text = decode(os.read(self.fileno, _AT_ONCE)) if selector.select(_WAIT_SECONDS) else ""
                    # Nothing read is not handed on: to the parser that is the end of everything.
                    for message in (*(parser.feed(text) if text else ()), *parser.tick()):
                        self.process_message(message)

    return Careful
