"""Terminal input, split anywhere, as events."""

from __future__ import annotations

from unittest import mock

import pytest
from textual import events
from textual.message import Message

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


class Moments:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def keys_over_time(*parts: str | float) -> list[str]:
    """Type some parts, and let the seconds between them pass; the parser's own clock too."""
    moments = Moments()
    keyboard = Keyboard(clock=moments)
    found: list[Message] = []
    with mock.patch("textual._parser.get_time", moments):
        for part in (*parts, 5.0):
            if isinstance(part, float):
                moments.now += part
            else:
                found += keyboard.feed(part)
            found += keyboard.tick()
    return [event.key if isinstance(event, events.Key) else type(event).__name__ for event in found]


# Late answers of terminals to the questions of other programs, and unsolicited reports.
REPORTS = [
    "\x1b[?2026;2$y",
    "\x1b[?2048;0$y",
    "\x1b[4;1$y",
    "\x1b[?62;22;52c",
    "\x1b[>41;388;0c",
    "\x1b[=0c",
    "\x1b[0n",
    "\x1b[?25u",
    "\x1b[?997;1n",
    "\x1b[8;24;80t",
    "\x1b[48;99999;99999;0;0t",
    "\x1b[48;0;0;0;0t",
    "\x1b[1;1;2 q",
    "\x1b[1;2x",
    "\x1b[1;2;3;4z",
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x07",
    "\x1b]11;rgb:1e1e/1e1e/1e1e\x1b\\",
    "\x1bP>|XTerm(388)\x1b\\",
    "\x1bP1$r0 q\x1b\\",
    "\x1b_Gi=31;OK\x1b\\",
    "\x1b^x\x1b\\",
    "\x1bXx\x1b\\",
]


@pytest.mark.parametrize("report", REPORTS, ids=ascii)
def test_a_report_presses_no_key(report: str) -> None:
    assert keys_over_time("a" + report + "b") == ["a", "b"]
    assert keys_over_time(report, 0.3, report, report + "\x1b[A") == ["up"]
    for at in range(1, len(report)):
        assert keys_over_time(report[:at], 0.01, report[at:] + "c") == ["c"]
    for at in range(3, len(report)):
        # A slow connection splits it, and may lose the rest.
        assert keys_over_time(report[:at], 0.5, report[at:] + "c")[-1:] == ["c"]
        assert keys_over_time("x", report[:at], 1.5, "c") == ["x", "c"]


@pytest.mark.parametrize(
    ("parts", "keys"),
    [
        (("\x1b",), ["escape"]),
        (("\x1b", 0.05, "[A"), ["up"]),
        (("\x1b", 0.2, "a"), ["escape", "a"]),
        (("\x1b\x1b",), ["escape", "escape"]),
        (("\x1b\x1b[A",), ["escape", "up"]),
        (("\x1b[", 0.5, "a"), ["left_square_bracket", "a"]),
        (("\x1b]", 0.5, "a"), ["right_square_bracket", "a"]),
        (("\x1bx",), ["alt+x"]),
        (("\x1b[1;", 0.5, "5C"), ["ctrl+right"]),
        (("\x1bO", 0.05, "P"), ["f1"]),
        (("\x1b[[A",), ["f1"]),
        (("\x1b[7$a",), ["shift+home", "a"]),
        (("\x1b[M !!",), []),
        (("\x1b[<35;2;2M",), ["MouseMove"]),
        (("\x1b[I", "\x1b[O"), ["AppFocus", "AppBlur"]),
        (("\x1b[27u", "\x1b[99;5u"), ["escape", "ctrl+c"]),
        (("\x1b[\ra",), ["enter", "a"]),
        (("\x1b]ab\x1b[A",), ["up"]),
    ],
    ids=str,
)
def test_keys_are_told_from_sequences_by_time(
    parts: tuple[str | float, ...], keys: list[str]
) -> None:
    assert keys_over_time(*parts) == keys


@pytest.mark.parametrize("ctrl_c", ["\x03", "\x1b[99;5u"], ids=ascii)
def test_ctrl_c_ends_a_paste_whose_end_was_lost(ctrl_c: str) -> None:
    assert keys_over_time("\x1b[200~pasted", 2.0, ctrl_c, "a") == ["ctrl+c", "a"]
    assert keys_over_time(f"\x1b[200~pasted{ctrl_c}", 2.0, f"{ctrl_c}\x1b[201~") == ["Paste"]
