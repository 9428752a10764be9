"""Generated configs, populated and pruned: no foreign byte changes, a second run does nothing."""

from __future__ import annotations

import math

import pytest

from support.config.texts import clean_texts, texts
from support.populated import SECTION, check
from support.reliability.generated import Tally, drawn
from support.reliability.soak import chance, chunks
from xswitch.core.errors import ConfigError

PLACES = ("{section}\n{text}", "{text}\n{section}")


@pytest.mark.parametrize(("chunk", "how_many"), chunks(40, 10_000, 500))
def test_populating_changes_no_foreign_byte_and_nothing_twice(chunk: int, how_many: int) -> None:
    random = chance("populate", chunk)
    whole, odd = Tally(), Tally()
    generated = drawn(clean_texts("config"), "populate", chunk, how_many // len(PLACES))
    for placed in _placed(generated):
        with whole.case(placed):
            whole.parts[check(placed, random)] += 1
    mistaken = math.ceil(how_many / 4 / len(PLACES))
    odd_texts = drawn(texts("config"), "populate odd", chunk, mistaken)
    for placed in _placed(odd_texts):
        with odd.case(placed):
            try:
                odd.parts[check(placed, random)] += 1
            except ConfigError:
                odd.parts["refused, no safe edit"] += 1
    assert whole.parts["populated"] > how_many // 2
    whole.tell("populate", "generated configs, populated, edited, and pruned")
    odd.tell("populate_odd", "generated configs with mistakes in them, populated or refused")


def _placed(generated: list[str]) -> list[str]:
    return [place.format(section=SECTION, text=text) for text in generated for place in PLACES]
