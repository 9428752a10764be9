"""Opening the picker and what comes of it."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from textual import constants
from textual.driver import Driver

from xswitch.actions.api import Actions, SwitchResult
from xswitch.actions.ports import Clock
from xswitch.core.errors import ExitCode, XswitchError
from xswitch.tui.app import PickerApp
from xswitch.tui.errors import from_bug
from xswitch.tui.startup.preload import Preload

_GC_THRESHOLD = 100_000


def _driver(picker_ready: threading.Event, *, first_frame_drawn: bool) -> type[Driver] | None:
    if os.name != "posix":
        return None
    from xswitch.tui.startup.driver import driver_for  # noqa: PLC0415 -- there is none on Windows

    return driver_for(picker_ready, first_frame_drawn=first_frame_drawn)


@dataclass(frozen=True, slots=True)
class PickerResult:
    """How the picker was left.

    With a switch and 0, or without one and the exit code of the process (130: the user left).
    """

    switched: SwitchResult | None
    exit_code: int


def run_picker(  # noqa: PLR0913 -- everything the screen has of the world
    actions: Actions,
    *,
    clock: Clock,
    environ: Mapping[str, str],
    totp_hint: Callable[[str], str] | None = None,
    notice: str = "",
    preload: Preload | None = None,
    first_frame_drawn: bool = False,
) -> PickerResult:
    """Show the picker full screen on descriptors 0 and 2, which must be a terminal, until a role is switched to or the user leaves.

    `environ` is read for NO_COLOR, COLORFGBG, AWS_REGION and AWS_DEFAULT_REGION. `totp_hint` gives the code to show in the MFA
    dialog (the demo's), `notice` a line to show under the title, `early` is a reading that has begun, `first_frame_drawn` says that its rows
    are on the screen already. The terminal is as it was afterwards, whatever happens. Raises XswitchError only for a bug of the
    screen itself.
    """
    # Thousands of roles are millions of objects that live as long as the screen: looking through
    # them again and again for garbage would make one key in many slow.
    thresholds = gc.get_threshold()
    gc.set_threshold(_GC_THRESHOLD, *thresholds[1:])
    picker_ready = threading.Event()
    app = PickerApp(
        actions,
        clock=clock,
        environ=environ,
        totp_hint=totp_hint,
        notice=notice,
        preload=preload,
        driver_class=_driver(picker_ready, first_frame_drawn=first_frame_drawn),
    )
    app.picker_ready = picker_ready.set
    # Textual would tell every key and message, a typed MFA code among them, to the file of
    # TEXTUAL_LOG and to its console for developers.
    constants.LOG_FILE = None  # type: ignore[misc]
    app.devtools = None
    try:
        switched = app.run()
    except KeyboardInterrupt:
        return PickerResult(None, int(ExitCode.CANCELLED))
    finally:
        gc.set_threshold(*thresholds)
    crash = app.crash
    if crash is not None:
        failure = from_bug(crash)
        raise XswitchError(failure.what, why=failure.why, next_step=failure.next_step)
    return PickerResult(
        switched, int(ExitCode.DONE if switched is not None else ExitCode.CANCELLED)
    )
