"""The warm read, which every AWS program waits for when it starts.

    python benchmarks/hot.py [ROUNDS]

Each contestant is run once per round, by posix_spawn and wait; results are medians in milliseconds.
Memory is a child's peak RSS (getrusage), which is never below the size of the process that spawned
it. Children are therefore spawned by a bare interpreter, like the baseline.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from hotworld import HotHome, embedded_aws, gnome_keyring, hot_home, identity_center_home
from measure import Row, interleaved, row

from support.vault.keyrings import counting_proxy

ROUNDS = 101  # after 25, the medians of two equal contestants still differ by over 5 percent
READS = 1_000
_RSS_ROUNDS = 9
_BARE_NAME = "python -I -S -c pass"
_HANDSHAKE = 2
_SOON_SECONDS = 20 * 60  # when a read starts a background renewal
_RENEWED_WITHIN = 60.0
# Runs a command N times, and prints milliseconds, peak RSS in KiB, and exit status of each run
_RUNNER = """
import posix, sys, time
times = []
for _ in range(int(sys.argv[1])):
    out = [(posix.POSIX_SPAWN_OPEN, 1, "/dev/null", posix.O_WRONLY, 0)]
    start = time.perf_counter()
    child = posix.posix_spawn(sys.argv[2], sys.argv[2:], posix.environ, file_actions=out)
    _, status, used = posix.wait4(child, 0)
    times.append((time.perf_counter() - start, used.ru_maxrss, status))
for seconds, rss, status in times:
    sys.stdout.write(f"{seconds * 1000} {rss} {status}\\n")
"""


@dataclass(frozen=True, slots=True)
class Renewal:
    """Consecutive reads across a renewal, in milliseconds."""

    reads: int
    p50: float
    p99: float
    longest: float
    slow: int
    """Reads that ran the full program, which shows in their memory."""
    renewals: int

    @property
    def holds(self) -> bool:
        """All reads were warm, and there was one renewal."""
        return self.slow == 0 and self.renewals == 1


def spawned(argv: Sequence[str], environ: Mapping[str, str]) -> Callable[[], object]:
    """Return a run of a whole process with minimal overhead; a failure stops the benchmark."""
    words, variables = list(argv), dict(environ)
    out = [(os.POSIX_SPAWN_OPEN, 1, "/dev/null", os.O_WRONLY, 0)]

    def run() -> None:
        _, status = os.waitpid(os.posix_spawn(words[0], words, variables, file_actions=out), 0)
        if status:
            raise SystemExit(f"{' '.join(words)} ended with {status}")

    return run


def rows(folder: Path, rounds: int = ROUNDS) -> list[Row]:
    """Measure the warm read; skip gnome-keyring if it isn't installed."""
    with ExitStack() as stack:
        aws = stack.enter_context(embedded_aws())
        few = stack.enter_context(hot_home(folder, aws))
        many = stack.enter_context(hot_home(folder, aws, roles=5_000))
        center = stack.enter_context(identity_center_home(folder, aws))
        bus = stack.enter_context(gnome_keyring())
        secret = None if bus is None else stack.enter_context(hot_home(folder, aws, bus=bus))
        for home in filter(None, (few, many, center, secret)):
            home.check_hot(home.command)
        few.check_hot(few.console)
        bare = (few.command[0], "-I", "-S", "-c", "pass")
        contestants = {
            _BARE_NAME: spawned(bare, few.environ),
            "warm read, runtime keyring": spawned(few.command, few.environ),
            "warm read, 5,000 profiles": spawned(many.command, many.environ),
            "warm read, Identity Center": spawned(center.command, center.environ),
            "warm read, console script": spawned(few.console, few.environ),
        }
        if secret is not None:
            contestants["warm read, gnome-keyring"] = spawned(secret.command, secret.environ)
        figures = interleaved(contestants, rounds)
        return [
            row(figures["warm read, runtime keyring"], figures[_BARE_NAME], 1.3),
            row(figures["warm read, Identity Center"], figures[_BARE_NAME], 1.1),
            *(
                [row(figures["warm read, gnome-keyring"], figures[_BARE_NAME], 1.6)]
                if secret is not None
                else []
            ),
            row(figures["warm read, console script"], figures[_BARE_NAME], 2.5),
            row(figures["warm read, 5,000 profiles"], figures["warm read, runtime keyring"], 1.05),
            _memory(few, bare),
            *([_round_trips(secret)] if secret is not None else []),
        ]


def _round_trips(home: HotHome) -> Row:
    """Count the round trips of a warm read of the Secret Service after SASL and Hello."""
    with counting_proxy(home.environ["DBUS_SESSION_BUS_ADDRESS"]) as (address, bursts):
        environ = {**home.environ, "DBUS_SESSION_BUS_ADDRESS": address}
        subprocess.run(home.command, env=environ, check=True, capture_output=True, timeout=60)
        calls = len(bursts[_HANDSHAKE:])
    return Row("D-Bus round trips of a warm read", calls, calls, calls, "one", 1, calls, 2, "times")


def renewal(folder: Path, reads: int = READS) -> Renewal:
    """Read while the session enters its refresh window and is renewed in the background."""
    with embedded_aws() as aws, hot_home(folder, aws) as home:
        before = _calls(aws.calls)
        home.shorten(_SOON_SECONDS)
        times, sizes = _run_often(home.command, home.environ, reads)
        until = time.monotonic() + _RENEWED_WITHIN
        while _calls(aws.calls) == before and time.monotonic() < until:
            time.sleep(0.05)
        bare = max(_run_often((home.command[0], "-I", "-S", "-c", "pass"), home.environ, 3)[1])
        cuts = statistics.quantiles(times, n=100)
        slow = sum(size > 1.5 * bare for size in sizes)
        return Renewal(
            reads,
            round(cuts[49], 2),
            round(cuts[98], 2),
            round(max(times), 2),
            slow,
            _calls(aws.calls) - before,
        )


def _calls(calls: Sequence[object]) -> int:
    return sum(getattr(call, "action", "") == "AssumeRole" for call in calls)


def _memory(home: HotHome, bare: tuple[str, ...]) -> Row:
    _, sizes = _run_often(home.command, home.environ, _RSS_ROUNDS)
    _, bare_sizes = _run_often(bare, home.environ, _RSS_ROUNDS)
    median, baseline = statistics.median(sizes), statistics.median(bare_sizes)
    ratio = round(median / baseline, 3)
    return Row(
        "warm read, peak memory",
        median,
        min(sizes),
        max(sizes),
        _BARE_NAME,
        baseline,
        ratio,
        1.3,
        "KiB",
    )


def _run_often(
    argv: Sequence[str], environ: Mapping[str, str], times: int
) -> tuple[list[float], list[int]]:
    """Return milliseconds and peak RSS in KiB of each run."""
    runner = [
        argv[0] if argv[0].rpartition("/")[2].startswith("python") else sys.executable,
        "-I",
        "-S",
        "-c",
        _RUNNER,
        str(times),
        *argv,
    ]
    done = subprocess.run(
        runner, env=dict(environ), check=True, capture_output=True, text=True, timeout=600
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    if any(status != "0" for *_, status in lines):
        raise SystemExit(f"{' '.join(argv)} failed")
    return [float(line[0]) for line in lines], [int(line[1]) for line in lines]


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="xswitch-bench-") as scratch:
        for result in rows(Path(scratch), int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS):
            print(result)
        print(renewal(Path(scratch)))


if __name__ == "__main__":
    main()
