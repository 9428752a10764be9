"""A plugin of pytest for the soak.

Ordinary tests that are the proof of a row count as its figures, one for each test function.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from soak import ROWS
from support.reliability.soak import write

IN_WORKER = "PYTEST_XDIST_WORKER" in os.environ  # the one that started them hears of all tests


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Note a test of a row that ended.

    A skipped one counts nothing, so that its figure falls short.
    """
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
        write(row, what, int(not report.skipped), int(report.failed))
