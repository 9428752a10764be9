"""The two sizes of a reliability test, a slice in `make test` and the full count in `make soak`.

`make soak` sets XSWITCH_SOAK to the file of figures, XSWITCH_SOAK_SEED to the seed, and
XSWITCH_SOAK_TARGET to the target of make; all are read at import, before a test's clean
environment hides them.
"""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from pathlib import Path

import pytest

_FIGURES = os.environ.get("XSWITCH_SOAK", "")
SOAK = bool(_FIGURES)
OF_CLIENTS = os.environ.get("XSWITCH_SOAK_TARGET") == "clients"
"""Whether this is `make clients`."""
SEED = int(os.environ.get("XSWITCH_SOAK_SEED") or 1)


def count(fast: int, full: int) -> int:
    """The count of this run."""
    return full if SOAK else fast


def chunks(fast: int, full: int, size: int) -> list[tuple[int, int]]:
    """Pieces (number, count) of at most `size` that add up to this run's count.

    Parametrize with them so that workers share the load.
    """
    left = count(fast, full)
    found: list[tuple[int, int]] = []
    while left > 0:
        found.append((len(found), min(size, left)))
        left -= size
    return found


def chance(name: str, chunk: int = 0) -> random.Random:
    """The random numbers of one piece: the same for the same seed in every worker."""
    return random.Random(f"{SEED} {name} {chunk}")


def tell(
    row: str,
    what: str,
    done: int,
    wrong: int = 0,
    note: str = "",
    *,
    parts: Mapping[str, int] | None = None,
) -> None:
    """Record a figure: `done` cases of `what`, `wrong` of them failures.

    `row` is a key of `soak.ROWS`. Figures with the same row and `what` add up, as do `parts`, the
    counts by kind. Fails the test with `note` if something was wrong.
    """
    write(row, what, done, wrong, note, parts=parts)
    if wrong:
        pytest.fail(f"{row}, {what}: {wrong} of {done} wrong: {note}")


def write(
    row: str,
    what: str,
    done: int,
    wrong: int = 0,
    note: str = "",
    *,
    parts: Mapping[str, int] | None = None,
    ordinary: bool = False,
) -> None:
    """Record a figure without failing.

    `ordinary` is for a test outside of the row's own, whose cases don't depend on the row's count.
    """
    if SOAK:
        line = json.dumps(
            {
                "row": row,
                "what": what,
                "done": done,
                "wrong": wrong,
                "note": note,
                "parts": dict(parts or {}),
                "ordinary": ordinary,
            }
        )
        with Path(_FIGURES).open("a", encoding="utf-8") as file:
            file.write(line + "\n")
