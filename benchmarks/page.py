"""Writes docs/performance.md from the results."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from measure import ROUNDS, Figure, Row

from hot import Renewal


@dataclass(frozen=True, slots=True)
class Results:
    """The measurements of one run."""

    when: str
    python: str
    rows: Sequence[Row]
    renewal: Renewal
    peers: Sequence[Figure]
    explained: Sequence[Figure]
    cold: Sequence[tuple[str, float]]
    picker: Sequence[tuple[str, float]]


SCRIPTS = {
    "warm read": "hot.py",
    "D-Bus": "hot.py",
    "cold read": "cold.py",
    "xswitch list": "scale.py",
    "renew --all": "scale.py",
    "picker": "screen.py",
    "portal": "identity_center.py",
    "sign-in": "identity_center.py",
}


def page(results: Results) -> str:
    """Return the page's text."""
    missed = [row.name for row in results.rows if not row.holds]
    verdict = f"Over the limit: {', '.join(missed)}." if missed else "All are within their limits."
    return _PAGE.format(
        when=results.when,
        python=results.python,
        rounds=ROUNDS,
        verdict=verdict,
        rows="\n".join(_row(row) for row in results.rows),
        renewal=results.renewal,
        peers="\n".join(_figure(figure) for figure in results.peers),
        explained="\n".join(_figure(figure) for figure in results.explained),
        cold=_imports(results.cold),
        picker=_imports(results.picker),
    )


def _row(row: Row) -> str:
    script = next(script for start, script in SCRIPTS.items() if row.name.startswith(start))
    cells = [
        row.name,
        f"{row.median:,.1f} {row.unit} ({row.low:,.1f} to {row.high:,.1f})",
        row.against,
        f"{row.baseline:,.1f} {row.unit}",
        f"{row.ratio:.2f}",
        f"{row.limit:g}",
        "yes" if row.holds else "**no**",
        f"`{script}`",
    ]
    return f"| {' | '.join(cells)} |"


def _figure(figure: Figure) -> str:
    return f"| {figure.name} | {figure.median:.0f} | {figure.low:.0f} to {figure.high:.0f} |"


def _imports(modules: Sequence[tuple[str, float]]) -> str:
    groups: dict[str, float] = {}
    for name, milliseconds in modules:
        groups[_group(name)] = groups.get(_group(name), 0.0) + milliseconds
    total = ", ".join(
        f"{name} {milliseconds:.0f} ms"
        for name, milliseconds in sorted(groups.items(), key=lambda group: -group[1])
    )
    longest = "\n".join(
        f"| `{name}` | {milliseconds:.1f} |"
        for name, milliseconds in modules
        if milliseconds >= 1.0
    )
    return (
        f"By origin: {total}. Modules of at least 1 ms:\n\n"
        f"| module | ms |\n| --- | --- |\n{longest}"
    )


def _group(name: str) -> str:
    first = name.split(".", maxsplit=1)[0]
    return (
        first
        if first
        in {"xswitch", "textual", "rich", "filelock", "platformdirs", "botocore", "urllib3"}
        else "Python"
    )


_PAGE = """# Performance

Measured by `make bench` on {when}, Python {python}, a shared machine with 2 cores: medians of
{rounds} interleaved rounds (more for the warm read). Ratios are stable, absolute times aren't. To
repeat a row, run the script in its last column: `python benchmarks/SCRIPT [ROUNDS]`.

## Limits

| measurement | median (quartiles) | compared with | median | ratio | limit | within | script |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

{verdict}

{renewal.reads:,} consecutive warm reads across a renewal: median {renewal.p50:.1f} ms,
99th percentile {renewal.p99:.1f} ms, {renewal.slow} slow reads, {renewal.renewals} renewal.

![The share of its limit that each measurement uses, and a comparison of tools](performance.svg)

## Other tools

All tools assume the same role with the same profile from the same STS stub on this machine (`python
benchmarks/peers.py`; for the tools written in Go: `make bench-peers`).

| | ms | quartiles |
| --- | --- | --- |
{peers}

## Where the time goes

**A warm read** starts an interpreter and reads five small files. It imports `sys`, `posix`, `time`,
and three modules of xswitch; nothing else, not even `os` or `json` (a test checks the list).

**A cold read** consists of imports, one HTTP request, and three files written under locks. boto3
would take longer than all of it: 160 ms to import botocore, including 36 ms for `awscrt` and 25 ms
for `urllib3` (`python -X importtime -c "import botocore.session"`), and 60 ms to read the service's
model and endpoint rules and create a client. So xswitch itself signs and sends a plain call (a
public region or a plain URL, without proxy, FIPS, or dual stack) over `http.client`. Tests compare
it with botocore: signature, endpoint of every region, request format, CA bundles, and the meaning
of errors. Any other call, and any call without a final answer (a reset, a timeout, 5xx,
throttling), goes through botocore, with its proxies, FIPS and dual-stack endpoints, and retries.
botocore has no clock-skew correction for STS, so xswitch reports a wrong clock, with the minutes it
is off, either way. Imports of a cold read (`python benchmarks/cold.py`):

{cold}

**The picker** draws its first frame before it imports Textual: title, headings, rows, and keys, by
the same functions and at the same positions (a test compares every line with Textual's). Textual
takes over the screen about 200 ms later, adds the detail, and reads the keys typed in the meantime.
Those 200 ms are the import of `textual.app` (150 ms), xswitch's widgets, the style sheets, and one
layout. Imports until Textual draws (`python -X importtime -c "import xswitch.wiring,
xswitch.tui.run"`):

{picker}

**A long list** takes a third of its time to read the config, a third to resolve the chains, and a
third to write. A role with only an ARN, a source, and a region is resolved without checking other
keys; the JSON is written while it is generated.

**Renewals** mostly wait for AWS, so up to 32 sessions are renewed in parallel (`python
benchmarks/scale.py`).

## An explanation

Time from a failed switch to its explanation (`python benchmarks/explain.py`).

| | ms | quartiles |
| --- | --- | --- |
{explained}
"""
