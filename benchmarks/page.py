"""docs/performance.md out of the figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from measure import ROUNDS, Figure, Row

from hot import Renewal


@dataclass(frozen=True, slots=True)
class Results:
    """Everything one run measured."""

    when: str
    python: str
    rows: Sequence[Row]
    renewal: Renewal
    peers: Sequence[Figure]
    explained: Sequence[Figure]
    cold: Sequence[tuple[str, float]]
    picker: Sequence[tuple[str, float]]


REPEATED_BY = {
    "warm read": "hot.py",
    "D-Bus": "hot.py",
    "cold read": "cold.py",
    "xswitch list": "scale.py",
    "renew --all": "scale.py",
    "picker": "screen.py",
}


def page(found: Results) -> str:
    """The text."""
    missed = [row.name for row in found.rows if not row.holds]
    verdict = "All of them hold." if not missed else f"Missed: {', '.join(missed)}; see below."
    return _PAGE.format(
        when=found.when,
        python=found.python,
        rounds=ROUNDS,
        verdict=verdict,
        rows="\n".join(_row(row) for row in found.rows),
        renewal=found.renewal,
        peers="\n".join(_figure(one) for one in found.peers),
        explained="\n".join(_figure(one) for one in found.explained),
        cold=_imports(found.cold),
        picker=_imports(found.picker),
    )


def _row(row: Row) -> str:
    script = next(script for start, script in REPEATED_BY.items() if row.name.startswith(start))
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


def _imports(found: Sequence[tuple[str, float]]) -> str:
    groups: dict[str, float] = {}
    for name, milliseconds in found:
        groups[_group(name)] = groups.get(_group(name), 0.0) + milliseconds
    total = ", ".join(
        f"{name} {milliseconds:.0f} ms"
        for name, milliseconds in sorted(groups.items(), key=lambda one: -one[1])
    )
    longest = "\n".join(
        f"| `{name}` | {milliseconds:.1f} |" for name, milliseconds in found if milliseconds >= 1.0
    )
    return f"By origin: {total}. Those of 1 ms and more:\n\n| module | ms of its own |\n| --- | --- |\n{longest}"


def _group(name: str) -> str:
    first = name.split(".", maxsplit=1)[0]
    return (
        first
        if first
        in {"xswitch", "textual", "rich", "filelock", "platformdirs", "botocore", "urllib3"}
        else "Python"
    )


_PAGE = """# Performance

Measured by `make bench` on {when}, Python {python}, a shared machine with 2 cores: medians of {rounds} interleaved rounds (more for the
warm read). Ratios hold, absolutes don't. One row is repeated by the script of its last column: `python benchmarks/SCRIPT [ROUNDS]`.

## What is promised

| what | median (middle half) | against | median | ratio | at most | holds | repeat |
| --- | --- | --- | --- | --- | --- | --- | --- |
{rows}

{verdict}

{renewal.reads:,} warm reads in a row across a renewal: {renewal.p50:.1f} ms in the middle, {renewal.p99:.1f} ms for all but ten,
{renewal.slow} slow ones, {renewal.renewals} renewal.

![How much of its limit each promise uses, and the tools side by side](performance.svg)

## Other tools

The same role, by the same profile, from the same STS stub on this machine (`python benchmarks/peers.py`; those written in Go by
`make bench-peers`).

| | ms | middle half |
| --- | --- | --- |
{peers}

## Where the time goes

**A warm read** is an interpreter and five small files. It loads `sys`, `posix`, `time` and two modules of its own; nothing else, not even
`os` or `json` (a test holds the list).

**A cold read** is imports, one HTTP request and three files written under locks. boto3 would be more than all of it: 160 ms to
import botocore, of which `awscrt` is 36 ms and `urllib3` 25 ms (`python -X importtime -c "import botocore.session"`), and 60 ms to
read the service's model and endpoint rules and make a client. So a plain call (a public region or a plain URL, no proxy, neither FIPS
nor dual stack) is signed and sent by 250 lines of our own over `http.client`, and held against botocore by tests: signature, endpoint
of every region, form of the request, CA bundles, what is sent at all, what a refusal means. Whatever isn't plain, and whatever brings
neither an answer nor a refusal that stands (a reset, a timeout, 5xx, throttling), goes to botocore, with its proxies, FIPS and
dual-stack endpoints and retries. botocore has no clock-skew correction for STS: a wrong clock is named, with the minutes it is off,
either way. What a cold read imports (`python benchmarks/cold.py`):

{cold}

**The picker** draws its first picture itself, before Textual is imported: title, headings, rows and keys, by the same functions and at
the same places (a test compares every line with Textual's). Textual takes over on the same screen about 200 ms later, adds the detail, and
reads the keys that were typed meanwhile. Those 200 ms are the import of `textual.app` (150 ms), our own widgets, the style sheets, and one
layout. Everything that is imported until Textual draws (`python -X importtime -c "import xswitch.wiring, xswitch.tui.run"`):

{picker}

**A long list** costs the reading of its file (a third), resolving every chain (a third) and writing it down. A role that says
nothing but its ARN, its source and its region is resolved without looking for the rest; the JSON is written as it is made.

**Renewals** wait: up to 32 sessions are renewed side by side (`python benchmarks/scale.py`).

## An explanation

From a refused switch to side, cause and statement. `python benchmarks/explain.py` repeats it.

| | ms | middle half |
| --- | --- | --- |
{explained}
"""
