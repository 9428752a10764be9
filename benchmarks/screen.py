"""The picker without a terminal: the time to its first paint of rows, and of every keystroke."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from xswitch.tui.app import PickerApp
from xswitch.wiring import build_world

TYPED = "pay prod adm"
SIZE = (120, 36)


def _app(folder: Path) -> PickerApp:
    os.environ["HOME"] = str(folder)
    world = build_world(dict(os.environ))
    return PickerApp(world.actions, clock=world.clock, environ={})


async def _rows(app: PickerApp, pause: object) -> None:
    """Wait until the config was read and its rows are on the screen."""
    assert callable(pause)
    deadline = time.monotonic() + 60
    while not app.picker.state.loaded and time.monotonic() < deadline:
        await pause(0.005)
    await pause()


async def keystrokes(folder: Path) -> list[float]:
    """CPU milliseconds of each key of the typing, and of as many backspaces, in the HOME `folder`.

    CPU, because the harness that presses keys waits between them; the repaint is part of it.
    """
    app = _app(folder)
    times = []
    async with app.run_test(size=SIZE) as pilot:
        await _rows(app, pilot.pause)
        await pilot.press("x", "backspace")
        for key in [*("space" if letter == " " else letter for letter in TYPED), *["backspace"] * len(TYPED)]:
            start = time.process_time()
            await pilot.press(key)
            times.append((time.process_time() - start) * 1000)
    return times


async def _first_rows(folder: Path) -> None:
    app = _app(folder)
    async with app.run_test(size=SIZE) as pilot:
        await _rows(app, pilot.pause)


if __name__ == "__main__":
    asyncio.run(_first_rows(Path(os.environ["HOME"])))
