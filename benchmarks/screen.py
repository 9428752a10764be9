"""The picker: time to its first row in a real terminal, and its speed with a very long list.

    python benchmarks/screen.py [ROUNDS]

The first paint is measured from the loaded data to the end of the repaint that shows rows. The
worst keystroke is the slowest of typing a filter and deleting it again, from the key to the
repainted screen. Both are CPU time, because the test driver waits between keys.
"""

from __future__ import annotations

import asyncio
import fcntl
import os
import pty
import select
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cold import parse_import_times
from measure import ROUNDS, Row, figure, interleaved, row
from sample import FIRST_PORTAL_ROW, FIRST_ROW, home, portal_home

from xswitch.tui import app
from xswitch.tui.app import PickerApp
from xswitch.wiring import build_services

TYPED = "pay prod adm"
SIZE = (120, 36)
FEW, MANY, PORTAL_ROLES = 100, 20_000, 1_500
XSWITCH = str(Path(sys.executable).with_name("xswitch"))
_LIMIT_SECONDS = 30.0


def shown(argv: Sequence[str], environ: Mapping[str, str], text: bytes) -> Callable[[], object]:
    """Return a run of a program in a new terminal until it has written `text`."""

    def run() -> None:
        child, terminal = pty.fork()
        if child == 0:
            os.execve(argv[0], list(argv), dict(environ))
        try:
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
            seen = b""
            while text not in seen:
                if not select.select([terminal], [], [], _LIMIT_SECONDS)[0]:
                    raise SystemExit(f"{argv[0]} shows {seen[-300:]!r}")
                seen += os.read(terminal, 65536)
        finally:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            os.close(terminal)

    return run


def start(folder: Path, rounds: int = ROUNDS) -> Row:
    """Measure the time to the first row, compared with importing Textual."""
    environ = home(folder, FEW)
    importing = (sys.executable, "-c", "import textual.app; print('imported')")
    figures = interleaved(
        {
            "import textual.app": shown(importing, environ, b"imported"),
            f"picker to its first row, {FEW} roles": shown((XSWITCH,), environ, FIRST_ROW.encode()),
        },
        rounds,
    )
    against, ours = figures.values()
    return row(ours, against, 1.3)


def discovered(folder: Path, rounds: int = ROUNDS) -> Row:
    """Measure the time to the first row of roles that only a portal lists, against profiles."""
    against, ours = (
        f"{PORTAL_ROLES:,} profiles",
        f"picker to its first row, {PORTAL_ROLES:,} portal roles",
    )
    profiles, portal = home(folder, PORTAL_ROLES), portal_home(folder, PORTAL_ROLES)
    figures = interleaved(
        {
            against: shown((XSWITCH,), profiles, FIRST_ROW.encode()),
            ours: shown((XSWITCH,), portal, FIRST_PORTAL_ROW.encode()),
        },
        rounds,
    )
    return row(figures[ours], figures[against], 1.15)


def imports(folder: Path) -> list[tuple[str, float]]:
    """Return the modules imported before the picker draws and their milliseconds, slowest first."""
    code = "import xswitch.cli.commands.switch, xswitch.wiring, xswitch.tui.run"
    command = [sys.executable, "-X", "importtime", "-c", code]
    done = subprocess.run(
        command, env=home(folder, FEW), check=True, capture_output=True, text=True, timeout=60
    )
    return parse_import_times(done.stderr)


class _Watched(PickerApp):
    """A picker that records when its data was loaded and when it was painted."""

    # Relative to the parent class's module, not to this one
    CSS_PATH = str(Path(app.__file__).with_name("picker") / "picker.tcss")
    read_at = 0.0
    painted = 0.0

    def _show_data(self, read: object) -> None:
        self.read_at = time.process_time()
        super()._show_data(read)  # type: ignore[arg-type] # handed through

    def _display(self, screen: object, renderable: object) -> None:
        super()._display(screen, renderable)  # type: ignore[arg-type] # handed through
        if self.read_at and not self.painted and self.picker.list.virtual_size.height:
            self.painted = time.process_time()


async def _once(folder: Path) -> tuple[float, float]:
    """Return the milliseconds of the first paint and of the worst keystroke."""
    os.environ["HOME"] = str(folder)
    services = build_services(dict(os.environ))
    picker = _Watched(services.actions, clock=services.clock, environ={})
    times = []
    async with picker.run_test(size=SIZE) as pilot:
        deadline = time.monotonic() + 60
        while not picker.painted and time.monotonic() < deadline:
            await pilot.pause(0.005)
        await pilot.press("x", "backspace")
        for key in [
            *("space" if letter == " " else letter for letter in TYPED),
            *["backspace"] * len(TYPED),
        ]:
            began = time.process_time()
            await pilot.press(key)
            times.append((time.process_time() - began) * 1000)
    return (picker.painted - picker.read_at) * 1000, max(times)


def long_lists(folder: Path, rounds: int = ROUNDS) -> list[Row]:
    """Measure first paint and worst keystroke with many roles, compared with few."""
    times: dict[int, tuple[list[float], list[float]]] = {FEW: ([], []), MANY: ([], [])}
    for roles in times:
        home(folder, roles)
    for number in range(rounds + 1):
        for roles, (paints, keys) in times.items():
            paint, key = asyncio.run(_once(folder / f"home{roles}"))
            if number:
                paints.append(paint)
                keys.append(key)
    names = ("first paint after data", "worst keystroke")
    return [
        row(
            figure(f"picker, {name}, {MANY:,} roles", times[MANY][index]),
            figure(f"{FEW} roles", times[FEW][index]),
            2,
        )
        for index, name in enumerate(names)
    ]


def main() -> None:
    """Measure and print."""
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS
    with tempfile.TemporaryDirectory(prefix="xswitch-bench-") as scratch:
        folder = Path(scratch)
        for result in [
            start(folder / "start", rounds),
            discovered(folder / "portal", rounds),
            *long_lists(folder / "long", rounds),
        ]:
            print(result)


if __name__ == "__main__":
    main()
