"""Textual's driver for POSIX terminals, with fixes for sizes, signals, stops, and lost terminals.

Textual asks the terminal what it supports. An answer that is late would be typed at the shell's
prompt, so this driver asks nothing: it uses what terminals without the feature ignore.
"""

from __future__ import annotations

import asyncio
import os
import select
import signal
import termios
import threading
import time
from codecs import getincrementaldecoder
from contextlib import suppress
from typing import Any

from textual import events
from textual.app import App
from textual.drivers.linux_driver import LinuxDriver
from textual.geometry import Size
from textual.messages import TerminalSupportsSynchronizedOutput

from xswitch.tui.startup.full_screen import (
    ENTER_ALT_SCREEN,
    LEAVE_ALT_SCREEN,
    LEAVE_SCREEN,
    LEAVING_SIGNALS,
    REPORTS_OFF,
    FullScreen,
    terminal_size,
)
from xswitch.tui.startup.keyboard import Keyboard

_READY_POLL_SECONDS = 0.02
_READY_LIMIT_SECONDS = 10.0
_INPUT_POLL_SECONDS = 0.1
_WAIT_POLL_SECONDS = 0.02
_READ_SIZE = 4096
_WRITE_SIZE = 512
_STALL_LIMIT_SECONDS = 2.0
_JOIN_LIMIT_SECONDS = 2.0
# Reports of the mouse's last movement are still on their way for a round trip to the terminal.
_REPORTS_STOP_SECONDS = 0.5
_REPORTS_PAUSE_SECONDS = 0.05
_REPORTS_LIMIT_SECONDS = 0.3


class TerminalOutput:
    """A terminal's output that ignores errors after the terminal is gone.

    Textual's writer thread would end at the first error, and its callers would then wait for it
    forever.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._buffer: list[str] = []
        self.last_progress = time.monotonic()
        """When the terminal last took something, on the monotonic clock."""

    def write(self, text: str) -> None:
        """Write at the next flush."""
        self._buffer.append(text)

    def flush(self) -> None:
        """Write, if the terminal is there; blocks as long as it takes nothing."""
        data = "".join(self._buffer).encode(errors="replace")
        self._buffer.clear()
        while data:
            try:
                data = data[os.write(self._descriptor, data[:_WRITE_SIZE]) :]
                self.last_progress = time.monotonic()
            except BlockingIOError:  # another program made the descriptor nonblocking
                select.select([], [self._descriptor], [], _INPUT_POLL_SECONDS)
            except OSError:
                return

    def fileno(self) -> int:
        """Return the terminal's descriptor."""
        return self._descriptor


class TerminalDriver(LinuxDriver):
    """Textual's driver with the fixes of this module."""

    picker_ready: threading.Event
    full_screen: FullScreen
    first_frame_drawn: bool

    def __init__(self, app: App[Any], **options: Any) -> None:
        super().__init__(app, **options)
        self._output = TerminalOutput(2)
        self._file: Any = self._output
        # Otherwise Textual would take the first size from Rich, which doesn't ask the terminal if
        # TERM is dumb.
        self._size = self._size or self._get_terminal_size()
        self._last_report = 0.0
        self._original_attributes = self.full_screen.original_attributes
        # Textual runs these in signal handlers, which can interrupt the writing of a frame while it
        # holds a lock that they need.
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTSTP, self._sigtstp_application)
        loop.add_signal_handler(signal.SIGCONT, self._resume_after_stop)
        for number in LEAVING_SIGNALS:
            loop.add_signal_handler(number, self._leave)
        if self.full_screen.signal_received:
            loop.call_soon(self._leave)
        # The first frame lets a stop wait.
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTSTP})

    def _leave(self) -> None:
        self._app.exit()

    def _get_terminal_size(self) -> tuple[int, int]:
        return terminal_size(self.fileno, os.environ)

    # -- taking the terminal and giving it back

    def start_application_mode(self) -> None:
        """Take over the terminal; in the background, stop until the shell resumes the job."""
        with suppress(termios.error):  # not a terminal, or gone
            attributes = termios.tcgetattr(self.fileno)
            termios.tcsetattr(self.fileno, termios.TCSANOW, attributes)
        self.exit_event = threading.Event()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        if self._writer_thread is None:
            return
        # Writing must never block the app: it couldn't be ended while the terminal takes nothing.
        self._writer_thread._queue.maxsize = 0  # noqa: SLF001 -- Textual has no setting for it
        if self._original_attributes is not None:
            self.attrs_before, self._original_attributes = self._original_attributes, None

    def _request_terminal_sync_mode_support(self) -> None:
        """Update the screen without flicker where the terminal can; others ignore the mode."""
        self.process_message(TerminalSupportsSynchronizedOutput())

    def _query_in_band_window_resize(self) -> None:
        """Don't ask for it: SIGWINCH tells of a new size."""

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
        """Write, but enter the alternate screen only once, and leave it on a clean line."""
        if data == ENTER_ALT_SCREEN:
            if self.full_screen.entered:
                return
            self.full_screen.entered = True
        elif data == LEAVE_ALT_SCREEN:
            self.full_screen.entered = False
            data = LEAVE_SCREEN
        super().write(data)

    def disable_input(self) -> None:
        """Stop reading, and discard what the terminal still reports."""
        if self._writer_thread is None:
            return
        if not self.exit_event.is_set():
            signal.signal(signal.SIGWINCH, signal.SIG_DFL)
            self.write(REPORTS_OFF)
            self.exit_event.set()
            if self._key_thread is not None:
                self._key_thread.join(_JOIN_LIMIT_SECONDS)
            self._discard_reports()
        with suppress(termios.error):
            termios.tcflush(self.fileno, termios.TCIFLUSH)

    def _discard_reports(self) -> None:
        """Discard reports until they pause, if the mouse moved a moment ago."""
        now = time.monotonic()
        if now - self._last_report > _REPORTS_STOP_SECONDS:
            return
        end = now + _REPORTS_LIMIT_SECONDS
        while time.monotonic() < end and _is_readable(self.fileno, _REPORTS_PAUSE_SECONDS):
            if not _read_input(self.fileno):
                return

    def close(self) -> None:
        """Write what is left, as long as the terminal takes it."""
        writer = self._writer_thread
        if writer is None:
            return
        started = time.monotonic()
        writer._queue.put(None)  # noqa: SLF001 -- Textual would wait without a limit
        while writer.is_alive():
            writer.join(_INPUT_POLL_SECONDS)
            progress = max(started, self._output.last_progress)
            if time.monotonic() - progress > _STALL_LIMIT_SECONDS:
                return

    # -- input

    def run_input_thread(self) -> None:
        """Turn input into events until asked to exit."""
        exit_event = self.exit_event
        self._wait_until_ready(exit_event)
        keyboard = Keyboard(debug=self._debug)
        decode = getincrementaldecoder("utf-8")("replace").decode
        size = self._get_terminal_size()
        while not exit_event.is_set():
            text = ""
            if _is_readable(
                self.fileno, _WAIT_POLL_SECONDS if keyboard.waits else _INPUT_POLL_SECONDS
            ):
                typed = _read_input(self.fileno)
                if typed == b"":
                    # The terminal is gone.
                    self._loop.call_soon_threadsafe(self._leave)
                    return
                text = decode(typed or b"")
            for message in (*keyboard.feed(text), *keyboard.tick()):
                if isinstance(message, events.MouseEvent):
                    self._last_report = time.monotonic()
                self.process_message(message)
            # No SIGWINCH comes from a terminal that doesn't control this process.
            if (now := self._get_terminal_size()) != size:
                size = now
                self.process_message(events.Resize(Size(*size), Size(*size)))

    def _wait_until_ready(self, exit_event: threading.Event) -> None:
        end = time.monotonic() + _READY_LIMIT_SECONDS
        while (
            self.first_frame_drawn
            and not self.picker_ready.wait(_READY_POLL_SECONDS)
            and not exit_event.is_set()
            and time.monotonic() < end
        ):
            pass


def _is_readable(descriptor: int, seconds: float) -> bool:
    """Return whether there is input, or the terminal is gone, within some seconds."""
    return bool(select.select([descriptor], [], [], seconds)[0])


def _read_input(descriptor: int) -> bytes | None:
    """Return the typed bytes: b"" if the terminal is gone, None if another program read them."""
    try:
        return os.read(descriptor, _READ_SIZE)
    except BlockingIOError:
        return None
    except OSError:
        return b""


def driver_for(picker_ready: threading.Event, full_screen: FullScreen) -> type[LinuxDriver]:
    """Return a driver class that leaves keys in the terminal until `picker_ready`.

    Textual drops keys that arrive before it is ready. If the first frame is drawn, the driver
    doesn't enter the alternate screen again, which would clear the frame.
    """
    return type(
        "DriverOfOneScreen",
        (TerminalDriver,),
        {
            "picker_ready": picker_ready,
            "full_screen": full_screen,
            "first_frame_drawn": full_screen.entered,
        },
    )
