"""Generated input of the reliability tests: any number of examples, reproducible by seed."""

from __future__ import annotations

import contextlib
import traceback
from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.internal.conjecture.providers import AVAILABLE_PROVIDERS, HypothesisProvider

from support.reliability.soak import chance, tell

T = TypeVar("T")
_ROUNDS = 50
_NOTE = 2_000


class PlainProvider(HypothesisProvider):
    """Hypothesis's choices, without the constants it finds in a worker's loaded modules."""

    def _maybe_draw_constant(self, *_: object, **__: object) -> None:
        return None


AVAILABLE_PROVIDERS["plain"] = f"{__name__}.{PlainProvider.__name__}"


def drawn(strategy: st.SearchStrategy[T], name: str, chunk: int, how_many: int) -> list[T]:
    """Exactly `how_many` different examples of a strategy, the same for the same seed.

    Values are compared by repr.
    """
    found: dict[str, T] = {}
    seeds = chance(name, chunk)
    for _ in range(_ROUNDS):
        for example in _round(strategy, seeds.getrandbits(64), how_many):
            found.setdefault(repr(example), example)
            if len(found) == how_many:
                return list(found.values())
    msg = f"{name} gives no {how_many} different examples, only {len(found)}"
    raise AssertionError(msg)


def _round(strategy: st.SearchStrategy[T], number: int, how_many: int) -> list[T]:
    examples: list[T] = []

    @seed(number)
    @settings(
        backend="plain",
        max_examples=how_many,
        phases=[Phase.generate],
        derandomize=False,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(example: T) -> None:
        examples.append(example)

    collect()
    return examples


class Tally:
    """Counts cases and failures, and keeps the first failures; `parts` counts kinds of cases."""

    def __init__(self) -> None:
        self.done = 0
        self.wrong = 0
        self.note = ""
        self.parts: Counter[str] = Counter()

    @contextlib.contextmanager
    def case(self, *shown: object) -> Iterator[None]:
        """Run one case; an exception makes it a failure."""
        self.done += 1
        try:
            yield
        # Any failure counts, and the next case still runs
        except Exception as error:  # noqa: BLE001
            self.wrong += 1
            if not self.note:
                place = traceback.extract_tb(error.__traceback__)[-1]
                self.note = (
                    f"{type(error).__name__} {error} in {place.name}: {place.line}: {shown!a}"[
                        :_NOTE
                    ]
                )

    def tell(self, row: str, what: str) -> None:
        """Record the figure; fails the test if a case failed."""
        tell(row, what, self.done, self.wrong, self.note, parts=self.parts)


NASTY = (
    "\n",
    "\r",
    "\r\n",
    " ",
    "\t",
    "#",
    ";",
    " #",
    "=",
    ":",
    "[",
    "]",
    "'",
    '"',
    "\\",
    "\ufeff",
    "\u00a0",
    "\u2028",
    "\x0c",
    "\x00",
    "é",
    "%",
    "D",
)


def broken(text: str, chance: Random) -> str:
    """Damage `text` in one to three ways: change, move, indent, double, or drop parts of it."""
    for _ in range(chance.randint(1, 3)):
        if chance.randrange(2):
            at = chance.randint(0, len(text))
            text = text[:at] + chance.choice((*NASTY, "")) + text[at + chance.randrange(2) :]
        else:
            lines = text.split("\n")
            one, other = chance.randrange(len(lines)), chance.randrange(len(lines))
            lines[one:one] = chance.choice(
                (
                    [],
                    [lines[other]],
                    [f" {lines[other]}"],
                    [lines[other].upper()],
                    [lines.pop(other)],
                )
            )
            text = "\n".join(lines)
    return text
