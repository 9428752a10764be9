"""`make bench`: whole processes and the screen, medians and ratios of one interleaved run, into results.json and docs/performance.md."""

from __future__ import annotations

import asyncio
import json
import shutil
import statistics
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import explain
import hot
from measure import Figure, interleaved, process
from sample import home
from screen import keystrokes

ROUNDS = 15
XSWITCH = str(Path(sys.executable).with_name("xswitch"))
HERE = Path(__file__).parent


def whole_processes(folder: Path) -> dict[str, Figure]:
    """Start-up and listing, beside the imports nobody can do without."""
    few, many = home(folder, 10), home(folder, 5_000)
    return interleaved(
        {
            "python -I -S -c pass": process([sys.executable, "-I", "-S", "-c", "pass"], few),
            "python -c pass": process([sys.executable, "-c", "pass"], few),
            "import textual.app": process([sys.executable, "-c", "import textual.app"], few),
            "import boto3": process([sys.executable, "-c", "import boto3"], few),
            "xswitch --version": process([XSWITCH, "--version"], few),
            "xswitch list --json, 10 roles": process([XSWITCH, "list", "--json"], few),
            "xswitch list --json, 5,000 roles": process([XSWITCH, "list", "--json"], many),
            "picker to its first paint, 10 roles": process([sys.executable, str(HERE / "screen.py")], few),
            "picker to its first paint, 5,000 roles": process([sys.executable, str(HERE / "screen.py")], many),
        },
        ROUNDS,
    )


def screen(folder: Path) -> dict[str, list[float]]:
    """Milliseconds of every keystroke of the same typing, over 100 and 5,000 roles, turn by turn."""
    times: dict[str, list[float]] = {"100": [], "5000": []}
    for name in times:
        home(folder / "screen", int(name))
    for _ in range(5):
        for name, found in times.items():
            found.extend(asyncio.run(keystrokes(folder / "screen" / f"home{name}")))
    return times


def main() -> None:
    """Measure, print, and write."""
    folder = Path(tempfile.mkdtemp(prefix="xswitch-bench-"))
    try:
        warm = hot.rows(folder)
        renewed = hot.renewal(folder)
        figures = whole_processes(folder)
        typed = screen(folder)
    finally:
        shutil.rmtree(folder)
    explained = [figure for _, figure in explain.rows()]
    bare = figures["python -c pass"]
    lines = [
        f"| {figure.name} | {figure.median:.1f} | {figure.low:.1f} to {figure.high:.1f} | {figure.ratio(bare):.1f} |"
        for figure in figures.values()
    ]
    medians = {name: statistics.median(values) for name, values in typed.items()}
    ratio = medians["5000"] / medians["100"]
    hot_lines = [
        f"| {row.name} | {row.median:.1f} {row.unit} | {row.against} | {row.ratio:.2f} | {row.limit} | {'yes' if row.holds else 'no'} |"
        for row in warm
    ]
    results = {
        "warm": [{**asdict(row), "holds": row.holds} for row in warm],
        "renewal": {**asdict(renewed), "holds": renewed.holds},
        "explanation": {figure.name: figure.median for figure in explained},
        "when": time.strftime("%Y-%m-%d"),
        "python": sys.version.split()[0],
        "rounds": ROUNDS,
        "processes": {figure.name: {"median": figure.median, "low": figure.low, "high": figure.high} for figure in figures.values()},
        "keystroke": {"median_100": medians["100"], "median_5000": medians["5000"], "ratio": ratio, "limit": 1.5},
    }
    (HERE / "results.json").write_text(json.dumps(results, indent=2) + "\n")
    text = _PAGE.format(
        when=results["when"],
        python=results["python"],
        rounds=ROUNDS,
        table="\n".join(lines),
        hot="\n".join(hot_lines),
        renewed=renewed,
        explained="\n".join(f"| {figure.name} | {figure.median:.0f} | {figure.low:.0f} to {figure.high:.0f} |" for figure in explained),
        few=medians["100"],
        many=medians["5000"],
        ratio=ratio,
    )
    (HERE.parent / "docs" / "performance.md").write_text(text)
    print(text)


_PAGE = """# Performance

Measured by `make bench` on {when}, Python {python}, a shared machine with 2 cores: medians of {rounds} interleaved rounds. Ratios hold,
absolutes don't.

| whole process | ms | middle half | times a bare interpreter |
| --- | --- | --- | --- |
{table}

## The warm read

What every AWS program waits for: the managed profile's own command line, served from the vault. `python benchmarks/hot.py` repeats it.

| read | median | against | ratio | to stay under | holds |
| --- | --- | --- | --- | --- | --- |
{hot}

{renewed.reads:,} reads in a row across a renewal: {renewed.p50:.1f} ms in the middle, {renewed.p99:.1f} ms for all but ten,
{renewed.slow} slow ones, {renewed.renewals} renewal.

## An explanation

From a refused switch to side, cause and statement. `python benchmarks/explain.py` repeats it.

| | ms | middle half |
| --- | --- | --- |
{explained}

## Typing

A keystroke in the filter, from the key to the repainted screen: {few:.1f} ms of CPU at 100 roles, {many:.1f} ms at 5,000 roles; ratio
{ratio:.2f} (to stay under 1.5). The same typing, letter by letter and back, turn by turn over both lists.
"""

if __name__ == "__main__":
    main()
