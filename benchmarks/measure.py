"""Medians and ratios, taken side by side: every contestant runs once per round, so noise hits all alike."""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One contestant's milliseconds."""

    name: str
    median: float
    low: float
    high: float

    def ratio(self, other: Figure) -> float:
        """How many times `other`."""
        return self.median / other.median if other.median else float("inf")


def interleaved(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Figure]:
    """Run every contestant once per round, after one warming round."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for round_number in range(rounds + 1):
        for name, run in contestants.items():
            start = time.perf_counter()
            run()
            if round_number:
                times[name].append((time.perf_counter() - start) * 1000)
    return {name: _figure(name, values) for name, values in times.items()}


def _figure(name: str, values: Sequence[float]) -> Figure:
    quarters = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return Figure(name, round(statistics.median(values), 3), round(quarters[0], 3), round(quarters[2], 3))


def process(argv: Sequence[str], environ: Mapping[str, str]) -> Callable[[], object]:
    """A whole process as a contestant; a failing one stops the bench."""

    def run() -> object:
        return subprocess.run(argv, env=dict(environ), check=True, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    return run
