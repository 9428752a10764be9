from __future__ import annotations

from dataclasses import replace

import pytest

from support.explain.samples import denied, hidden, offline
from xswitch.core.explain.model import Explanation
from xswitch.tui.explain.lines import cause_lines, explanation_panel, nearest_cause_lines
from xswitch.tui.render.text import Line, width_of


def text(lines: list[Line]) -> str:
    return "\n".join("".join(part for part, _ in line) for line in lines)


def test_both_accounts_are_side_by_side_with_the_missing_requirement_marked() -> None:
    shown = text(explanation_panel(denied(), 110))
    heads = [line for line in shown.splitlines() if line.startswith("source")]
    assert len(heads) == 1
    assert "│ target  333333333333" in heads[0]
    assert "✗ trust policy  missing ◀ 1" in shown
    assert "✓ the caller's policies" in shown
    assert "? organization (SCP)  can't be seen" in shown
    assert "1 target account  proved  trust_missing" in shown
    assert '+   "Effect": "Allow",' in shown
    assert "evidence  your policies" in shown


def test_on_a_narrow_screen_the_accounts_are_stacked() -> None:
    shown = text(explanation_panel(denied(), 60))
    assert shown.index("source  111111111111") < shown.index("target  333333333333")
    assert "│" not in shown


@pytest.mark.parametrize(
    "explanation", [denied(), hidden(), offline()], ids=["denied", "hidden", "offline"]
)
@pytest.mark.parametrize("width", [20, 38, 60, 72, 80, 110, 200])
def test_nothing_is_wider_than_the_screen(explanation: Explanation, width: int) -> None:
    for lines in (explanation_panel(explanation, width), nearest_cause_lines(explanation, width)):
        assert max(width_of(line) for line in lines) <= width


def test_an_unknown_requirement_is_not_shown_as_met() -> None:
    for explanation in (denied(), hidden(), offline()):
        shown = text(explanation_panel(explanation, 100)).lower()
        assert "works" not in shown
    assert "can't be determined" in text(explanation_panel(hidden(), 100))
    assert "before AWS decided" in text(explanation_panel(offline(), 100))


def test_hostile_text_is_drawn_sanitized() -> None:
    bad = "\x1b]52;c;AAAA\x07[red]x[/red]\n"
    cause = replace(denied().causes[0], evidence=bad, statement=bad, next_step=bad, where=bad)
    shown = text(
        [*cause_lines(1, cause, 80), *explanation_panel(replace(denied(), sources_read=(bad,)), 80)]
    )
    assert "\x1b" not in shown
    assert "\x07" not in shown


def test_the_short_form_names_account_cause_and_statement() -> None:
    shown = text(nearest_cause_lines(denied(), 60))
    assert "target account" in shown
    assert "trust_missing" in shown
    assert "Principal" in shown
    assert "and 1 more" in text(nearest_cause_lines(hidden(), 60))
    assert nearest_cause_lines(replace(denied(), causes=()), 60) == []
