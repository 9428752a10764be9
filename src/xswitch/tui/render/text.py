"""Drawing text into cells: styled spans, cutting to a width, wrapping by words.

A span is `(text, meaning)`; a line is a list of spans. Text handed in may be hostile: `span` makes it harmless.
Widths are terminal cells.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from xswitch.core.text import clean

Span = tuple[str, str]
Line = list[Span]

ELLIPSIS = "…"


def span(text: str, meaning: str = "text") -> Span:
    """A span of text from outside, harmless."""
    return (clean(text), meaning)


def width_of(line: Sequence[Span]) -> int:
    """The cells a line takes."""
    return sum(cell_len(text) for text, _ in line)


def cut(text: str, width: int) -> str:
    """`text` in at most `width` cells; what is cut off is told by an ellipsis."""
    if cell_len(text) <= width:
        return text
    return _prefix(text, width - 1) + ELLIPSIS if width > 0 else ""


def _prefix(text: str, width: int) -> str:
    if text.isascii():
        return text[: max(0, width)]
    taken = 0
    for index, character in enumerate(text):
        taken += cell_len(character)
        if taken > width:
            return text[:index]
    return text


def pad(text: str, width: int, *, right: bool = False) -> str:
    """`text` cut and filled with blanks to exactly `width` cells, to the right when asked."""
    short = cut(text, width)
    blanks = " " * (width - cell_len(short))
    return blanks + short if right else short + blanks


def marked(text: str, width: int, meaning: str, spans: Iterable[tuple[int, int]]) -> Line:
    """One column: `text` cut and filled to `width`, with the characters in `spans` (start, end) drawn as matches."""
    shown = cut(text, width)
    kept = len(shown) - (1 if shown.endswith(ELLIPSIS) and shown != text else 0)
    line: Line = []
    at = 0
    for start, end in spans:
        first, last = max(start, at), min(end, kept)
        if first >= last:
            continue
        if first > at:
            line.append((shown[at:first], meaning))
        line.append((shown[first:last], "match"))
        at = last
    blanks = " " * (width - cell_len(shown))
    rest = shown[at:] + blanks
    if rest:
        line.append((rest, meaning))
    return line


def fit(line: Sequence[Span], width: int) -> Line:
    """A line in at most `width` cells, its last visible span ended by an ellipsis when something is left out."""
    if width_of(line) <= width:
        return list(line)
    kept: Line = []
    left = width
    for text, meaning in line:
        cells = cell_len(text)
        if cells >= left:
            kept.append((cut(text + " " if cells == left else text, left), meaning))
            break
        kept.append((text, meaning))
        left -= cells
    return kept


def wrap(line: Sequence[Span], width: int, *, hang: int = 0) -> list[Line]:
    """A line as several of at most `width` cells, broken between words (inside one only when it is longer than a line).

    Lines after the first are indented by `hang` cells. An empty line stays one.
    """
    width = max(4, width)
    hang = min(hang, width // 2)
    rows: list[Line] = [[]]
    used = 0
    for text, meaning in line:
        for word in _words(text):
            rest = word
            if used + cell_len(rest.rstrip(" ")) > width and used > (hang if len(rows) > 1 else 0):
                rows.append([(" " * hang, meaning)] if hang else [])
                used = hang
                rest = rest.lstrip(" ")
            while cell_len(rest.rstrip(" ")) > width - used:
                head = _broken(_prefix(rest, width - used)) or rest[:1]
                rows[-1].append((head, meaning))
                rest = rest[len(head) :]
                rows.append([(" " * hang, meaning)] if hang else [])
                used = hang
            if rest:
                rest = rest if cell_len(rest) <= width - used else rest.rstrip(" ")
                rows[-1].append((rest, meaning))
                used += cell_len(rest)
    return [_merged(row) for row in rows]


def wrap_code(sign: Span, text: str, meaning: str, width: int) -> list[Line]:
    """One line of code behind a sign; what has to go on below is indented by more than the line itself, so that it isn't taken for one."""
    indent = len(text) - len(text.lstrip(" "))
    return wrap([sign, span(text, meaning)], width, hang=cell_len(sign[0]) + indent + 4)


def beside(left: Sequence[Line], right: Sequence[Line], half: int) -> list[Line]:
    """Two columns of `half` cells each, a hairline between them."""
    rows: list[Line] = []
    for number in range(max(len(left), len(right))):
        first = left[number] if number < len(left) else []
        second = right[number] if number < len(right) else []
        rows.append([*fit(first, half), (pad("", half - width_of(first)), "text"), (" │ ", "line"), *fit(second, half)])
    return rows


def _merged(line: Line) -> Line:
    merged: Line = []
    for text, meaning in line:
        if merged and merged[-1][1] == meaning:
            merged[-1] = (merged[-1][0] + text, meaning)
        else:
            merged.append((text, meaning))
    return merged


def _broken(head: str) -> str:
    # A long ARN or path reads better broken after one of its own joints, if there is one in the second half.
    joint = max(head.rfind(character) for character in ":/.@-_=,")
    return head[: joint + 1] if joint >= len(head) // 2 else head


def _words(text: str) -> list[str]:
    # Each word carries the blanks after it; blanks at the beginning are a word of their own, so indentation survives.
    words: list[str] = []
    start = 0
    inside = bool(text) and text[0] != " "
    for index, character in enumerate(text):
        if character != " " and index > start and text[index - 1] == " ":
            if inside or start == 0:
                words.append(text[start:index])
                start = index
            inside = True
    if text:
        words.append(text[start:])
    return words
