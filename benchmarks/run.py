"""`make bench`: measures everything in docs/performance.md, and writes that page and its plot."""

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
import identity_center
import peers
import scale
import screen
from page import Results, page
from plot import svg

import hot

HERE = Path(__file__).parent
DOCS = HERE.parent / "docs"


def measure(folder: Path) -> Results:
    """Measure everything; contestants are interleaved within a group."""
    return Results(
        when=time.strftime("%Y-%m-%d"),
        python=sys.version.split()[0],
        rows=[
            *hot.rows(folder),
            *cold.rows(folder),
            scale.listing(folder / "list"),
            screen.start(folder / "start"),
            screen.discovered(folder / "portal"),
            *screen.long_lists(folder / "long"),
            scale.renewing(folder),
            *identity_center.rows(folder),
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
        results = measure(folder)
    finally:
        shutil.rmtree(folder)
    data = asdict(results)
    for row, row_data in zip(results.rows, data["rows"], strict=True):
        row_data["holds"] = row.holds
    data["renewal"]["holds"] = results.renewal.holds
    (HERE / "results.json").write_text(json.dumps(data, indent=2) + "\n")
    (DOCS / "performance.svg").write_text(svg(results.rows, results.peers))
    (DOCS / "performance.md").write_text(page(results))
    for row in results.rows:
        print(row)
    print(results.renewal)
    for figure in results.peers:
        print(f"{figure.name:50} {figure.median:8.1f} ms")


if __name__ == "__main__":
    main()
