"""The demo's AWS as a process: `python -m xswitch.demo.process CLOCK_FILE FOLDER…`.

It prints its endpoint as one line and runs until its standard input ends; then it removes the
demo's folders, so nothing remains however the parent ended.
"""

from __future__ import annotations

import json
import shutil
import signal
import sys
from pathlib import Path

from xswitch.core.errors import SettingsError
from xswitch.demo import scenario
from xswitch.emulator.clock import DemoClock, ShiftedClock
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState

FOLDER_PREFIX = "xswitch-demo-"


def load_state(state_file: Path | None) -> AwsState:
    """The state in a file, or the demo's. Raises SettingsError."""
    if state_file is None:
        return AwsState.from_json(json.dumps(scenario.state()))
    try:
        text = state_file.read_text(encoding="utf-8")
    except (OSError, ValueError) as problem:
        raise SettingsError(
            f"The state file {state_file} can't be read.", why=str(problem), code="demo_state"
        ) from None
    return AwsState.from_json(text)


def main(arguments: list[str]) -> int:
    """Serve until standard input ends."""
    clock_file, *folders = map(Path, arguments)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    world = load_state(None)
    with EmbeddedAws(world, clock=ShiftedClock(DemoClock(clock_file), world.clock_offset)) as aws:
        sys.stdout.write(f"{aws.endpoint}\n")
        sys.stdout.flush()
        sys.stdin.read()
    for folder in folders:
        if folder.name.startswith(FOLDER_PREFIX):
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
