from __future__ import annotations

import pytest

from support.explain.samples import denied
from support.tui.fake_actions import FakeActions, driven
from xswitch.core.errors import AwsDeniedError
from xswitch.tui.explain.screen import ExplainScreen

NO = AwsDeniedError(
    "AWS refused.", why="User: … is not authorized", code="not_authorized", aws_code="AccessDenied"
)


async def test_a_failed_switch_shows_its_nearest_cause_and_the_panel_both_accounts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actions = FakeActions(errors={"switch": NO}, explanation=denied())
    async with driven(actions, size=(130, 44)) as ui:
        await ui.type("payments-dr")
        await ui.press("enter")
        await ui.until(lambda: "payments-dr" in ui.state.explanations)
        assert "target account" in ui.text()
        assert "trust_missing" in ui.text()
        await ui.press("f4")
        await ui.dialog("ExplainScreen")
        await ui.until(lambda: "trust policy  missing ◀ 1" in ui.text())
        assert "source  111111111111" in ui.text()
        copied: list[str] = []
        screen = ui.app.screen
        assert isinstance(screen, ExplainScreen)
        monkeypatch.setattr(screen, "_copy", copied.append)
        await ui.press("y")
        assert copied == [denied().causes[0].statement]
        await ui.press("escape")
        await ui.closed()
    assert ("explain", "payments-dr") in actions.asked


async def test_without_an_explanation_the_failure_is_unchanged() -> None:
    async with driven(FakeActions(errors={"switch": NO})) as ui:
        await ui.type("payments-dr")
        await ui.press("enter")
        await ui.until(lambda: bool(ui.state.failures))
        await ui.until(lambda: any(name == "explain" for name, _ in ui.actions.asked))
        await ui.press("f4")
        assert ui.app.screen is ui.app.picker
        assert "AWS refused." in ui.text()


async def test_a_new_attempt_removes_the_explanation() -> None:
    actions = FakeActions(errors={"switch": NO}, explanation=denied())
    async with driven(actions) as ui:
        await ui.type("payments-dr")
        await ui.press("enter")
        await ui.until(lambda: bool(ui.state.explanations))
        await ui.press("f2")
        await ui.until(lambda: not ui.state.explanations)
