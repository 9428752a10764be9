"""Where words are in a text, without regard to case.

Positions are those of the text as it is shown.
"""

from __future__ import annotations

from collections.abc import Iterable


def fold(text: str) -> str:
    """`text` as it is compared."""
    return text.lower() if text.isascii() else text.casefold()


def find_spans(text: str, terms: Iterable[str]) -> tuple[tuple[int, int], ...]:
    """(start, end) of every place where a folded term occurs in `text`.

    Ascending, overlapping ones joined.

    Folding can make a character longer (ß is compared as ss): a span that touches a part of it
    covers all of it.
    """
    folded = fold(text)
    matches: list[tuple[int, int]] = []
    for term in terms:
        start = folded.find(term) if term else -1
        while start >= 0:
            matches.append((start, start + len(term)))
            start = folded.find(term, start + len(term))
    if not matches:
        return ()
    if len(folded) != len(text) or not text.isascii():
        original_positions = [
            position for position, char in enumerate(text) for _ in char.casefold()
        ]
        matches = [
            (original_positions[start], original_positions[end - 1] + 1) for start, end in matches
        ]
    joined: list[tuple[int, int]] = []
    for start, end in sorted(matches):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return tuple(joined)
