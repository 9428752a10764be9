"""Terminal input, split anywhere, as events."""

from __future__ import annotations

import pytest
from textual import events

from xswitch.tui.startup.keyboard import Keyboard

SENT = "a\x1b[A\x1b[200~b\x1b[31m\r\x1b[200~\0\x1b[Ac\x1b[201~d\x1b[200~\x1b[201~\r"


def keys_of(*parts: str) -> list[str]:
    keyboard = Keyboard()
    found = [event for part in parts for event in (*keyboard.feed(part), *keyboard.tick())]
    return [
        event.key if isinstance(event, events.Key) else event.text
        for event in found
        if isinstance(event, events.Key | events.Paste)
    ]


def test_a_paste_is_one_event() -> None:
    assert keys_of(SENT) == ["a", "up", "b\x1b[31m\r\x1b[200~\x1b[Ac", "d", "", "enter"]


@pytest.mark.parametrize("at", range(len(SENT)))
def test_input_may_be_split_anywhere(at: int) -> None:
    assert keys_of(SENT[:at], SENT[at:]) == keys_of(SENT)
    assert keys_of(*SENT) == keys_of(SENT)


def test_escape_is_reported_when_nothing_follows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("textual.constants.ESCAPE_DELAY", 0.0)
    assert keys_of("\x1b", "") == ["escape"]
