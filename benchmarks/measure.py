"""Medians and ratios, taken side by side.

Every contestant runs once per round, so noise hits all alike.
"""

from __future__ import annotations

import statistics
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

ROUNDS = 25


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


@dataclass(frozen=True, slots=True)
class Row:
    """One promise and what was measured: `ratio` of the medians, at most `limit`."""

    name: str
    median: float
    low: float
    high: float
    against: str
    baseline: float
    ratio: float
    limit: float
    unit: str = "ms"

    @property
    def holds(self) -> bool:
        """Whether the promise is kept."""
        return self.ratio <= self.limit

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "MISSED"
        text = f"{self.name:44} {self.median:9.2f} {self.unit} / {self.baseline:9.2f} = {self.ratio:.3f}"
        return f"{text} (at most {self.limit:g} of {self.against}) {verdict}"


def row(ours: Figure, against: Figure, limit: float, unit: str = "ms") -> Row:
    """The promise that `ours` is at most `limit` times `against`."""
    return Row(
        ours.name,
        ours.median,
        ours.low,
        ours.high,
        against.name,
        against.median,
        round(ours.ratio(against), 3),
        limit,
        unit,
    )


def interleaved(contestants: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Figure]:
    """Run every contestant once per round, after one warming round."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for round_number in range(rounds + 1):
        for name, run in contestants.items():
            start = time.perf_counter()
            run()
            if round_number:
                times[name].append((time.perf_counter() - start) * 1000)
    return {name: figure(name, values) for name, values in times.items()}


def figure(name: str, values: Sequence[float]) -> Figure:
    """Median and quartiles of one contestant's milliseconds."""
    quarters = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return Figure(
        name, round(statistics.median(values), 3), round(quarters[0], 3), round(quarters[2], 3)
    )


def process(argv: Sequence[str], environ: Mapping[str, str]) -> Callable[[], object]:
    """A whole process as a contestant; a failing one stops the bench."""

    nowhere = subprocess.DEVNULL

    def run() -> object:
        return subprocess.run(
            argv, env=dict(environ), check=True, stdin=nowhere, stdout=nowhere, stderr=nowhere
        )

    return run
