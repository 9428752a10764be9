from __future__ import annotations

import pytest

from xswitch.tui.picker.keys import (
    KEYS,
    LETTERS,
    LetterMode,
    displayed_key,
    help_lines,
    interpret_character,
    key_label,
    picker_key_items,
)
from xswitch.tui.render.key_items import arrange_items
from xswitch.tui.render.text import width_of


def type_all(text: str) -> tuple[str, list[str], LetterMode]:
    letters, value, actions = LetterMode(), "", []
    for character in text:
        what = interpret_character(letters, character, empty=not value)
        letters, value = what.letters, value + what.text
        actions += [what.action] if what.action else []
    return value, actions, letters


@pytest.mark.parametrize(
    "text", ["prod", "payments prod", "read", "finance", "yes", "edge", "group", "Read", "42", "rr"]
)
def test_a_word_typed_without_a_pause_is_text(text: str) -> None:
    assert type_all(text) == (text, [], LetterMode())


@pytest.mark.parametrize("letter", sorted(set(LETTERS) - {"?", "/"}))
def test_a_single_letter_waits_before_it_acts(letter: str) -> None:
    value, actions, letters = type_all(letter)
    assert (value, actions) == ("", [])
    assert letters.action == LETTERS[letter]


def test_a_question_mark_acts_at_once() -> None:
    assert type_all("?") == ("", ["help"], LetterMode())


def test_a_slash_makes_everything_text() -> None:
    assert type_all("/p") == ("p", [], LetterMode())
    assert type_all("/")[2].text_only
    assert type_all("//")[0] == "/"


def test_letters_are_text_when_there_is_text() -> None:
    assert type_all("xr?/") == ("xr?/", [], LetterMode())


def test_no_key_is_bound_twice() -> None:
    keys = [key for entry in KEYS for key in entry.keys]
    letters = [entry.letter for entry in KEYS if entry.letter]
    assert len(keys) == len(set(keys))
    assert len(letters) == len(set(letters))


def test_only_rare_actions_have_no_function_key() -> None:
    assert [entry.action for entry in KEYS if entry.letter and not entry.keys] == [
        "filter",
        "sign_out",
        "add_session",
        "renew_all",
    ]


def test_key_labels() -> None:
    assert [key_label(key) for key in ("f2", "ctrl+r", "enter", "tab", "escape")] == [
        "F2",
        "^r",
        "⏎",
        "⇥",
        "esc",
    ]


def test_the_bar_shows_letters_first_and_function_keys_after_typing() -> None:
    empty = {item.action[4:-2]: item.key for item in picker_key_items(empty=True)}
    after = {item.action[4:-2]: item.key for item in picker_key_items(empty=False)}
    assert (empty["renew"], after["renew"]) == ("r", "F2")
    assert "filter" in empty
    assert "filter" not in after
    assert [
        item.label
        for item in picker_key_items(empty=True, back=True)
        if item.action == "do('leave')"
    ] == ["back"]


@pytest.mark.parametrize("width", [60, 79, 80, 100, 160])
@pytest.mark.parametrize("empty", [True, False])
def test_the_bar_keeps_important_keys_and_never_overlaps(width: int, *, empty: bool) -> None:
    places = arrange_items(picker_key_items(empty=empty), width)
    ends = [start + item.width for start, item in places]
    assert all(end < start for end, (start, _) in zip(ends, places[1:], strict=False))
    assert ends[-1] <= width
    assert {"switch", "leave", "help"} <= {item.action[4:-2] for _, item in places}


def test_every_key_is_in_the_help() -> None:
    text = "\n".join("".join(part for part, _ in line) for line in help_lines(70))
    for key in KEYS:
        assert key.text in text
        assert displayed_key(key, empty=False) in text
    assert all(width_of(line) <= 40 for line in help_lines(40))
