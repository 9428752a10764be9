"""Many roles and many sessions: `list` of thousands, `renew --all` of dozens.

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
    """The whole process of `xswitch list --json`."""
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
    """`xswitch renew --all` with an STS that takes its time."""
    one, many = "renew --all, 1 role", f"renew --all, {SESSIONS} roles"
    with embedded_aws() as aws, hot_home(folder, aws) as alone, hot_home(folder, aws) as crowd:
        more_sessions(crowd, aws, SESSIONS - 1)
        aws.faults.add(FaultKind.DELAY, "AssumeRole", times=ALWAYS, seconds=LATENCY)
        figures = interleaved(
            {one: _renewal(alone.environ, 1), many: _renewal(crowd.environ, SESSIONS)}, rounds
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
    """Both promises."""
    return [listing(folder / "list", rounds), renewing(folder, rounds)]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="xswitch-bench-") as scratch:
        for one in rows(Path(scratch), int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS):
            print(one)


if __name__ == "__main__":
    main()
