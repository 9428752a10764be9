"""Many roles and sessions: `list` with thousands of roles, `renew --all` with dozens of sessions.

python benchmarks/scale.py [ROUNDS]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from hotworld import XSWITCH, embedded_aws, hot_home, more_sessions
from measure import ROUNDS, Row, interleaved, process, row
from sample import home

from xswitch.emulator.faults import ALWAYS, FaultKind

FEW, MANY = 10, 5_000
SESSIONS = 50
LATENCY = 0.1


def listing(folder: Path, rounds: int = ROUNDS) -> Row:
    """Measure `xswitch list --json`."""
    names = {roles: f"xswitch list, {roles:,} roles" for roles in (FEW, MANY)}
    worlds = {roles: home(folder, roles) for roles in names}
    figures = interleaved(
        {
            name: process([XSWITCH, "list", "--json"], worlds[roles])
            for roles, name in names.items()
        },
        rounds,
    )
    return row(figures[names[MANY]], figures[names[FEW]], 3)


def renewing(folder: Path, rounds: int = ROUNDS) -> Row:
    """Measure `xswitch renew --all` with a slow STS."""
    one, many = "renew --all, 1 role", f"renew --all, {SESSIONS} roles"
    with embedded_aws() as aws, hot_home(folder, aws) as single, hot_home(folder, aws) as multiple:
        more_sessions(multiple, aws, SESSIONS - 1)
        aws.faults.add(FaultKind.DELAY, "AssumeRole", times=ALWAYS, seconds=LATENCY)
        figures = interleaved(
            {one: _renewal(single.environ, 1), many: _renewal(multiple.environ, SESSIONS)}, rounds
        )
    return row(figures[many], figures[one], 4)


def _renewal(environ: Mapping[str, str], sessions: int) -> Callable[[], object]:
    def run() -> None:
        command = [XSWITCH, "renew", "--all", "--json"]
        done = subprocess.run(
            command, env=dict(environ), check=True, capture_output=True, text=True, timeout=120
        )
        renewed = json.loads(done.stdout)["data"]["renewed"]
        if len(renewed) != sessions or any(entry["error"] for entry in renewed):
            raise SystemExit(f"renewed {len(renewed)} of {sessions}")

    return run


def rows(folder: Path, rounds: int = ROUNDS) -> list[Row]:
    """Measure both."""
    return [listing(folder / "list", rounds), renewing(folder, rounds)]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="xswitch-bench-") as scratch:
        for result in rows(Path(scratch), int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS):
            print(result)


if __name__ == "__main__":
    main()
