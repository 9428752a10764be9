"""Hostile text in the code a switch emits for PowerShell, read by an independent grammar.

The grammar finds literals and nothing else.
"""

from __future__ import annotations

import pytest

from support.hostile.texts import hostiles
from support.reliability.generated import Tally
from support.reliability.soak import chance, chunks
from support.shells.powershell import NotPlainError, assigned
from xswitch.core.shell.shells import render_assignments, switch_change
from xswitch.core.variables import CLEARED_VARIABLES


@pytest.mark.parametrize(("chunk", "how_many"), chunks(200, 10_000, 2_500))
def test_hostile_text_is_a_literal_and_nothing_else(chunk: int, how_many: int) -> None:
    texts = hostiles(chance("shells powershell", chunk), how_many)
    tally = Tally()
    for number, profile in enumerate(texts):
        previous = texts[number - 1]
        with tally.case(profile, previous):
            change = switch_change(profile, "", {"AWS_PROFILE": previous})
            code = render_assignments("powershell", change.assignments)
            # PowerShell accepts typographic quotation marks as quotes.
            assert code.isascii()
            assert assigned(code) == {
                **dict.fromkeys(CLEARED_VARIABLES),
                "XSWITCH_PREVIOUS": previous,
                "AWS_PROFILE": profile,
            }
    tally.tell("shells", "PowerShell, by a grammar of it (there is no PowerShell here)")


@pytest.mark.parametrize(
    "code",
    [
        "$env:A = 'x'; touch pwned",
        "$env:A = ('x' + $(touch pwned))",
        '$env:A = "x$(touch pwned)"',
        "$env:A = 'x' | touch pwned",
        "$env:A = (touch pwned)",
        "$global:A = 'x'",
        "$env:A = $env:B",
        "$env:A = ([char]0x41 + 'x')",
        "$env:A = ('x' + [int]0x41)",
        "$env:A = 'x\u2019; touch pwned",
        "touch pwned",
    ],
)
def test_the_grammar_accepts_no_other_literal(code: str) -> None:
    with pytest.raises((NotPlainError, ValueError)):
        assigned(code)
