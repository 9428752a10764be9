from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.style import Style

from xswitch.tui.render.palette import DARK, PALETTES, PLAIN
from xswitch.tui.render.text import (
    Line,
    highlight,
    pad,
    span,
    truncate,
    truncate_line,
    width_of,
    wrap,
)
from xswitch.tui.widgets.lines import to_strip

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60).map(
    lambda text: span(text)[0]
)


def plain(line: Line) -> str:
    return "".join(text for text, _ in line)


def test_text_from_outside_is_sanitized() -> None:
    text = span("a\x1b]52;c;AAAA\x07\u202eb\n[red]x[/red]")[0]
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "\u202e" not in text
    assert "\n" not in text
    assert "[red]x[/red]" in text


def test_cutting_ends_in_an_ellipsis_and_never_splits_a_wide_character() -> None:
    assert truncate("payments", 8) == "payments"
    assert truncate("payments", 5) == "paym…"
    assert truncate("支払い本番", 6) == "支払…"
    assert truncate("payments", 0) == ""
    assert truncate("payments", 1) == "…"


@settings(max_examples=100, deadline=None)
@given(TEXT, st.integers(0, 40))
def test_padding_is_exact(text: str, width: int) -> None:
    assert cell_len(pad(text, width)) == width


@settings(max_examples=100, deadline=None)
@given(
    TEXT,
    st.integers(0, 40),
    st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60)), max_size=4),
)
def test_a_column_with_matches_is_the_column_without(
    text: str, width: int, spans: list[tuple[int, int]]
) -> None:
    line = highlight(text, width, "text", sorted(spans))
    assert plain(line) == pad(text, width)


def test_matches_are_drawn_as_such_and_not_beyond_what_is_shown() -> None:
    assert highlight("payments-prod", 13, "text", [(9, 13)]) == [
        ("payments-", "text"),
        ("prod", "match"),
    ]
    assert highlight("payments-prod", 11, "text", [(9, 13)]) == [
        ("payments-", "text"),
        ("p", "match"),
        ("…", "text"),
    ]
    assert highlight("prod", 6, "text", [(0, 4)]) == [("prod", "match"), ("  ", "text")]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(TEXT, st.sampled_from(["text", "muted"])), max_size=4),
    st.integers(4, 40),
    st.integers(0, 12),
)
def test_wrapped_lines_fit_and_lose_no_word(line: Line, width: int, hang: int) -> None:
    rows = wrap(line, width, hang=hang)
    assert all(width_of(row) <= max(width, 4) for row in rows)
    assert "".join(plain(row) for row in rows).replace(" ", "") == plain(line).replace(" ", "")


def test_words_stay_whole_where_they_can() -> None:
    rows = wrap([("not authorized to ", "text"), ("perform sts:AssumeRole", "error")], 20, hang=2)
    assert [plain(row).rstrip() for row in rows] == [
        "not authorized to",
        "  perform",
        "  sts:AssumeRole",
    ]
    rows = wrap([("arn:aws:iam::222222222222:role/ReadOnly", "text")], 34)
    assert [plain(row) for row in rows] == ["arn:aws:iam::222222222222:role/", "ReadOnly"]
    assert wrap([], 20) == [[]]
    assert plain(wrap([("  indented", "text")], 20)[0]) == "  indented"


def test_a_line_too_long_ends_in_an_ellipsis() -> None:
    line: Line = [("export AWS_", "text"), ("PROFILE", "key")]
    assert truncate_line(line, 18) == line
    assert plain(truncate_line(line, 14)) == "export AWS_PR…"
    assert plain(truncate_line(line, 11)) == "export AWS…"


def test_a_strip_is_as_wide_as_asked() -> None:
    palette = PALETTES[DARK]
    assert to_strip([("abc", "text")], 10, palette, Style()).cell_length == 10
    assert to_strip([("abcdefgh", "text")], 4, palette, Style()).text == "abcd"
    selected = to_strip([("abc", "muted")], 5, PALETTES[PLAIN], Style(), PALETTES[PLAIN].cursor)
    assert all(segment.style is not None and segment.style.reverse for segment in selected)
