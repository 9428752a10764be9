"""Medians and their ratios. Every contestant runs once per round, so noise affects all equally."""

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
        """Divide the medians."""
        return self.median / other.median if other.median else float("inf")


@dataclass(frozen=True, slots=True)
class Row:
    """A measurement and its limit: the ratio of two medians."""

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
        """The ratio is within the limit."""
        return self.ratio <= self.limit

    def __str__(self) -> str:
        verdict = "holds" if self.holds else "MISSED"
        medians = f"{self.median:9.2f} {self.unit} / {self.baseline:9.2f} = {self.ratio:.3f}"
        return f"{self.name:44} {medians} (at most {self.limit:g} of {self.against}) {verdict}"


def row(ours: Figure, against: Figure, limit: float, unit: str = "ms") -> Row:
    """Compare two figures; the limit is that `ours` is at most `limit` times `against`."""
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
    """Run every contestant once per round, after a warm-up round."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for round_number in range(rounds + 1):
        for name, run in contestants.items():
            start = time.perf_counter()
            run()
            if round_number:
                times[name].append((time.perf_counter() - start) * 1000)
    return {name: figure(name, values) for name, values in times.items()}


def figure(name: str, values: Sequence[float]) -> Figure:
    """Return median and quartiles of milliseconds."""
    quarters = statistics.quantiles(values, n=4) if len(values) > 1 else [values[0]] * 3
    return Figure(
        name, round(statistics.median(values), 3), round(quarters[0], 3), round(quarters[2], 3)
    )


def process(argv: Sequence[str], environ: Mapping[str, str]) -> Callable[[], object]:
    """Return a run of a whole process; a failure stops the benchmark."""

    null = subprocess.DEVNULL

    def run() -> object:
        return subprocess.run(
            argv, env=dict(environ), check=True, stdin=null, stdout=null, stderr=null
        )

    return run
