"""A pytest plugin for the soak: counts ordinary tests that prove a row, one figure per function.

At the end it prints how long the tests of each module took, so that one sees what to shorten.
"""

from __future__ import annotations

import gc
import os
from collections import Counter
from itertools import chain, zip_longest
from pathlib import Path

import pytest

from soak import COMPUTING, ROWS, WAITING
from support.reliability.soak import write

IN_WORKER = "PYTEST_XDIST_WORKER" in os.environ  # the one that started them hears of all tests

# Generated input is made of many small objects that live long; collections cost a tenth of it.
gc.set_threshold(100_000, 50, 100)

_seconds: Counter[str] = Counter()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let tests that wait run beside tests that compute, and the short ones last."""
    waiting = [item for item in items if item.path.stem in WAITING]
    computing = [item for item in items if item.path.stem in COMPUTING]
    short = [item for item in items if item.path.stem not in {*WAITING, *COMPUTING}]
    by_turns = chain.from_iterable(zip_longest(waiting, computing))
    items[:] = [*(item for item in by_turns if item is not None), *short]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the seconds of each module, the longest first."""
    if not IN_WORKER:
        terminalreporter.section("seconds of each module")
        for module, seconds in _seconds.most_common():
            terminalreporter.write_line(f"{seconds:6d}  {module}")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Record a row's finished test; a skipped one doesn't count."""
    _seconds[report.nodeid.partition("::")[0]] += round(report.duration)
    if IN_WORKER or (report.when != "call" and not report.skipped):
        return
    path, _, name = report.nodeid.partition("::")
    row = next(
        (
            key
            for key, row in ROWS.items()
            if Path(path).as_posix().removeprefix("tests/") in row.also
        ),
        None,
    )
    if row is not None:
        what = name.partition("[")[0].rpartition("::")[2].removeprefix("test_").replace("_", " ")
        write(row, what, int(not report.skipped), int(report.failed), ordinary=True)
