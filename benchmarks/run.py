"""`make bench`.

Every promise of docs/performance.md in one run, into benchmarks/results.json, that page and its
plot.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import cold
import explain
import peers
import scale
import screen
from page import Results, page
from plot import svg

import hot

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"


def measure(folder: Path) -> Results:
    """Every figure, each group interleaved by itself."""
    return Results(
        when=time.strftime("%Y-%m-%d"),
        python=sys.version.split()[0],
        rows=[
            *hot.rows(folder),
            *cold.rows(folder),
            scale.listing(folder / "list"),
            screen.start(folder / "start"),
            *screen.long_lists(folder / "long"),
            scale.renewing(folder),
        ],
        renewal=hot.renewal(folder),
        peers=peers.figures(folder),
        explained=[figure for _, figure in explain.rows()],
        cold=cold.imports(folder),
        picker=screen.imports(folder / "imports"),
    )


def main() -> None:
    """Measure, write, and print."""
    folder = Path(tempfile.mkdtemp(prefix="xswitch-bench-"))
    try:
        found = measure(folder)
    finally:
        shutil.rmtree(folder)
    results = asdict(found)
    for row, told in zip(found.rows, results["rows"], strict=True):
        told["holds"] = row.holds
    results["renewal"]["holds"] = found.renewal.holds
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    (DOCS / "performance.svg").write_text(svg(found.rows, found.peers))
    (DOCS / "performance.md").write_text(page(found))
    for row in found.rows:
        print(row)
    print(found.renewal)
    for figure in found.peers:
        print(f"{figure.name:50} {figure.median:8.1f} ms")


if __name__ == "__main__":
    main()
