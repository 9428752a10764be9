from __future__ import annotations

import asyncio

import pytest
from textual import events
from textual.geometry import Size
from textual.screen import Screen

from support.tui.fake_actions import driven


async def test_two_sizes_at_once_do_not_follow_each_other_forever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    layouts: list[Size | None] = []
    refresh_layout = Screen._refresh_layout

    def counted(screen: Screen[None], size: Size | None = None, scroll: bool = False) -> None:  # noqa: FBT001, FBT002 -- Textual's signature
        layouts.append(size)
        if len(layouts) < 50:  # or the app would never get to anything else
            refresh_layout(screen, size, scroll)

    async with driven(size=(120, 34)) as ui:
        monkeypatch.setattr(Screen, "_refresh_layout", counted)
        for size in (Size(100, 30), Size(90, 25)):
            ui.app.screen.post_message(events.Resize(size, size))
            # Textual joins two that follow each other directly.
            ui.app.screen.call_later(lambda: None)
        await asyncio.sleep(0.3)
        assert len(layouts) < 20
        assert ui.app.screen.outer_size == ui.app.size == Size(120, 34)
