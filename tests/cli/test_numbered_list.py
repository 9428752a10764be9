from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NoReturn

import pytest

from support.tui.fake_actions import NOW, many_roles, sample_listing
from xswitch.actions.results import Listing
from xswitch.cli import numbered_list
from xswitch.core.errors import CancelledError, TargetError, UsageError


def pick(
    monkeypatch: pytest.MonkeyPatch, typed: str, listing: Listing | None = None
) -> tuple[str, str]:
    """Type some lines, and return the picked role, or the error's class, and what was shown."""
    shown: list[str] = []
    lines = iter(typed.splitlines())

    @contextmanager
    def opened() -> Iterator[tuple[int, int]]:
        yield -1, -1

    def read_line(_reader: int) -> str:
        line = next(lines, None)
        if line is None:
            raise EOFError
        if line == "\x03":
            raise KeyboardInterrupt
        return line

    monkeypatch.setattr(numbered_list, "open_for_questions", opened)
    monkeypatch.setattr(numbered_list, "read_line", read_line)
    monkeypatch.setattr(numbered_list, "write_text", lambda _writer, text: shown.append(text))
    try:
        picked = numbered_list.pick_role(listing or sample_listing(), NOW, "a\x1bnotice").name
    except CancelledError as error:
        picked = type(error).__name__
    return picked, "".join(shown)


def test_roles_are_listed_in_the_order_of_the_picker(monkeypatch: pytest.MonkeyPatch) -> None:
    picked, shown = pick(monkeypatch, "1\n")
    assert picked == "payments-admin"
    lines = shown.splitlines()
    assert lines[0] == "a\u241bnotice"
    assert lines[1].split() == ["PROFILE", "ACCOUNT", "ROLE"]
    assert lines[2].split()[:2] == ["1", "payments-admin"]
    assert "guarded" in lines[2]
    assert "\x1b" not in shown


@pytest.mark.parametrize(
    ("typed", "picked"),
    [
        ("2\n", "payments-read"),
        ("lake read\n", "lake-read"),
        ("  lake-read \n", "lake-read"),
        ("no such role\n\n", "CancelledError"),
        ("payments\n1\n", "payments-read"),
        ("99\n0\n-1\n\n", "CancelledError"),
        ("\n", "CancelledError"),
        ("", "CancelledError"),
        ("\x03", "CancelledError"),
        ("pay\x1b[A\x00\n\n", "CancelledError"),
    ],
    ids=ascii,
)
def test_an_answer_is_a_number_a_name_or_words(
    monkeypatch: pytest.MonkeyPatch, typed: str, picked: str
) -> None:
    assert pick(monkeypatch, typed)[0] == picked


def test_words_narrow_the_list_down(monkeypatch: pytest.MonkeyPatch) -> None:
    picked, shown = pick(monkeypatch, "777777777777\n2\n")
    second = shown.partition("leave): ")[2]
    assert second.splitlines()[2].split()[1] == picked
    assert "lake-read" not in second


def test_more_roles_than_rows_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    listing = replace(sample_listing(), roles=many_roles(500), sessions={})
    picked, shown = pick(monkeypatch, "payments-00490\n", listing)
    assert picked == "payments-00490"
    assert "481 more roles: type words to find them" in shown
    assert len(shown.splitlines()) < 24


def test_without_roles_or_a_terminal_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(TargetError, match="no profile that gives"):
        numbered_list.pick_role(replace(sample_listing(), roles=()), NOW)

    def no_terminal() -> NoReturn:
        raise OSError

    monkeypatch.setattr(numbered_list, "open_for_questions", no_terminal)
    with pytest.raises(UsageError, match="No terminal"):
        numbered_list.pick_role(sample_listing(), NOW)
