from __future__ import annotations

import pytest

from support.explain.samples import denied
from support.tui.fake_actions import FakeActions, driven
from xswitch.core.errors import AwsDeniedError
from xswitch.tui.explain.screen import ExplainScreen

NO = AwsDeniedError(
    "AWS refused.", why="User: … is not authorized", code="not_authorized", aws_code="AccessDenied"
)


async def test_a_failed_switch_shows_side_cause_and_statement_and_the_panel_both_sides(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actions = FakeActions(errors={"switch": NO}, explanation=denied())
    async with driven(actions, size=(130, 44)) as one:
        await one.type("payments-dr")
        await one.press("enter")
        await one.until(lambda: "payments-dr" in one.state.explanations)
        assert "target account" in one.text()
        assert "trust_missing" in one.text()
        await one.press("f4")
        await one.dialog("ExplainScreen")
        await one.until(lambda: "trust policy  missing ◀ 1" in one.text())
        assert "source  111111111111" in one.text()
        copied: list[str] = []
        screen = one.app.screen
        assert isinstance(screen, ExplainScreen)
        monkeypatch.setattr(screen, "_copy", copied.append)
        await one.press("y")
        assert copied == [denied().causes[0].statement]
        await one.press("escape")
        await one.closed()
    assert ("explain", "payments-dr") in actions.asked


async def test_without_an_explanation_the_failure_stays_as_it_is() -> None:
    async with driven(FakeActions(errors={"switch": NO})) as one:
        await one.type("payments-dr")
        await one.press("enter")
        await one.until(lambda: bool(one.state.failures))
        await one.until(lambda: any(name == "explain" for name, _ in one.actions.asked))
        await one.press("f4")
        assert one.app.screen is one.app.picker
        assert "AWS refused." in one.text()


async def test_another_try_takes_the_explanation_away() -> None:
    actions = FakeActions(errors={"switch": NO}, explanation=denied())
    async with driven(actions) as one:
        await one.type("payments-dr")
        await one.press("enter")
        await one.until(lambda: bool(one.state.explanations))
        await one.press("f2")
        await one.until(lambda: not one.state.explanations)
