"""Open the picker and return its result."""

from __future__ import annotations

import gc
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from textual import constants
from textual.driver import Driver

from xswitch.actions.api import Actions
from xswitch.actions.ports import Clock
from xswitch.actions.results import SwitchResult
from xswitch.core.errors import ExitCode, XswitchError
from xswitch.tui.app import PickerApp
from xswitch.tui.errors import from_bug
from xswitch.tui.startup.full_screen import FullScreen, can_report_mouse
from xswitch.tui.startup.preload import Preload

_GC_THRESHOLD = 100_000


def _driver(picker_ready: threading.Event, full_screen: FullScreen) -> type[Driver] | None:
    if os.name != "posix":
        return None
    from xswitch.tui.startup.driver import driver_for  # noqa: PLC0415 -- there is none on Windows

    return driver_for(picker_ready, full_screen)


@dataclass(frozen=True, slots=True)
class PickerResult:
    """Result of the picker.

    With a switch, the exit code is 0. Without one it is the exit code of the process (130: the user
    left).
    """

    switched: SwitchResult | None
    exit_code: int


def run_picker(  # noqa: PLR0913 -- the app's dependencies
    actions: Actions,
    *,
    clock: Clock,
    environ: Mapping[str, str],
    totp_hint: Callable[[str], str] | None = None,
    approve_sign_in: Callable[[str], str] | None = None,
    notice: str = "",
    preload: Preload | None = None,
    full_screen: FullScreen | None = None,
) -> PickerResult:
    """Show the picker until the user switches to a role or leaves, and restore the terminal.

    It draws full screen on descriptors 0 and 2, which must be a terminal. `environ` supplies
    NO_COLOR, COLORFGBG, AWS_REGION, and AWS_DEFAULT_REGION. In the demo, `totp_hint` returns the
    code to show in the MFA dialog, and `approve_sign_in` approves the sign-in of a URL. `notice` is
    shown under the title. `preload` holds data that is already being loaded, and `full_screen` the
    screen that the first frame may be on.
    Raises XswitchError only for a bug in the screen.
    """
    # Thousands of roles are millions of objects that live as long as the screen. Collecting garbage
    # at the default threshold would scan them again and again, and make some keys slow.
    thresholds = gc.get_threshold()
    gc.set_threshold(_GC_THRESHOLD, *thresholds[1:])
    picker_ready = threading.Event()
    app = PickerApp(
        actions,
        clock=clock,
        environ=environ,
        totp_hint=totp_hint,
        approve_sign_in=approve_sign_in,
        notice=notice,
        preload=preload,
        driver_class=_driver(picker_ready, full_screen or FullScreen()),
    )
    app.picker_ready = picker_ready.set
    # Textual would write every key and message, including a typed MFA code, to the file of
    # TEXTUAL_LOG and to its developer console.
    constants.LOG_FILE = None  # type: ignore[misc]
    app.devtools = None
    try:
        switched = app.run(mouse=can_report_mouse(environ))
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
