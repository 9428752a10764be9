"""Runs the real picker on this terminal with the fake use cases.

Usage: `python support/programs/picker.py RESULT [MODE]`.

RESULT receives the result as JSON. MODE: plain (default), hang (a switch that never ends), crash (a
bug in a use case), stuck (loading never ends), mfa (requires the code 123456), many (20,000 roles),
theme-light, hostile (names full of escape sequences), screen-bug, finalizer-NUMBER (a
finalizer gets the signal NUMBER after the first frame).
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

sys.path[0] = str(Path(__file__).parents[2])

from support.tui.fake_actions import FakeActions, make_role, many_roles, sample_listing  # noqa: E402 -- found by the line above
from xswitch.actions.results import Listing  # noqa: E402 -- found by the line above
from xswitch.core.errors import XswitchError  # noqa: E402 -- found by the line above
from xswitch.streams import flush_and_exit_code  # noqa: E402 -- found by the line above
from xswitch.tui.app import PickerApp  # noqa: E402 -- found by the line above
from xswitch.tui.run import run_picker  # noqa: E402 -- found by the line above
from xswitch.tui.startup.first_frame import draw_first_frame  # noqa: E402 -- found by the line above
from xswitch.tui.startup.preload import Preload  # noqa: E402 -- found by the line above

HOSTILE = "evil\x1b]52;c;SGFja2Vk\x07\x1b[2J\x9b31m\u202e"


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Stuck(FakeActions):
    def listing(self) -> Listing:
        threading.Event().wait()
        return super().listing()


def main() -> int:
    result, mode = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "plain"
    now = SystemClock().now
    kind = Stuck if mode == "stuck" else FakeActions
    actions = kind(clock=now, answer=sample_listing(now()))
    if mode == "hang":
        actions.gate = threading.Event()
    elif mode == "crash":
        actions.errors["switch"] = RuntimeError("canary-secret-value")
    elif mode == "mfa":
        actions.code = "123456"
    elif mode == "many":
        actions.answer = sample_listing(now(), roles=many_roles(20_000))
    elif mode == "theme-light":
        actions.answer = replace(
            actions.answer, settings=replace(actions.answer.settings, theme="light")
        )
    elif mode == "hostile":
        actions.answer = sample_listing(
            now(),
            roles=(make_role(HOSTILE, "1" * 12, HOSTILE, account_name=HOSTILE, note=HOSTILE),),
        )
    elif mode == "screen-bug":

        def fails(_app: PickerApp) -> None:
            raise RuntimeError("canary-secret-value")

        PickerApp._tick = fails  # type: ignore[method-assign,assignment]
    try:
        return play(actions, result, mode)
    except XswitchError as error:
        sys.stderr.write(f"xswitch: {error}\n")
        return int(error.exit_code)


def receive_in_finalizer(number: int) -> None:
    """Receive a signal where Python ignores exceptions."""

    class Finalized:
        def __del__(self) -> None:
            signal.raise_signal(number)

    sys.unraisablehook = lambda _unraisable: None
    Finalized()


def play(actions: FakeActions, result: Path, mode: str) -> int:
    preload = Preload(actions, SystemClock())
    with draw_first_frame(preload, os.environ, SystemClock().now()) as screen:
        if mode.startswith("finalizer-"):
            receive_in_finalizer(int(mode.partition("-")[2]))
        outcome = run_picker(
            actions,
            clock=SystemClock(),
            environ=os.environ,
            totp_hint=(lambda _serial: "123456") if mode == "mfa" else None,
            notice="A demo, with nothing of yours in it." if mode == "mfa" else "",
            preload=preload,
            full_screen=screen,
        )
    switched = outcome.switched.role.name if outcome.switched else None
    result.write_text(
        json.dumps({"switched": switched, "exit_code": outcome.exit_code, "asked": actions.asked}),
        encoding="utf-8",
    )
    return outcome.exit_code


if __name__ == "__main__":
    sys.exit(flush_and_exit_code(main()))
