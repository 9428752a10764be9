from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.core.search.spans import find_spans, fold


@pytest.mark.parametrize(
    ("text", "terms", "spans"),
    [
        ("payments-prod", ["prod", "pay"], ((0, 3), (9, 13))),
        ("Payments-PROD", ["prod"], ((9, 13),)),
        ("aaaa", ["aa"], ((0, 4),)),
        ("abcd", ["ab", "bc"], ((0, 3),)),
        ("abcd", ["ab", "cd"], ((0, 4),)),
        ("abc", ["x"], ()),
        ("", ["x"], ()),
        ("abc", [""], ()),
        ("Straße 1", ["strasse"], ((0, 6),)),
        ("Straße 1", ["1"], ((7, 8),)),
        ("Straße", ["s"], ((0, 1), (4, 5))),
        ("İstanbul x", ["x"], ((9, 10),)),
        ("ﬃx", ["f"], ((0, 1),)),
        ("ΟΔΟΣ", ["οδοσ"], ((0, 4),)),
    ],
)
def test_spans_are_those_of_the_text_as_shown(
    text: str, terms: list[str], spans: tuple[tuple[int, int], ...]
) -> None:
    assert find_spans(text, terms) == spans


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    text=st.text(st.sampled_from("abAB ßİﬃéΣς-1")),
    terms=st.lists(
        st.text(st.sampled_from("abßifés-1"), min_size=1, max_size=3).map(fold), max_size=3
    ),
)
def test_spans_are_ascending_apart_and_cover_every_occurrence(text: str, terms: list[str]) -> None:
    spans = find_spans(text, terms)
    assert all(0 <= start < end <= len(text) for start, end in spans)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(spans))
    assert bool(spans) == any(term in fold(text) for term in terms)
    for start, end in spans:
        assert any(term in fold(text[start:end]) or fold(text[start:end]) in term for term in terms)
