"""Styled spans in terminal cells: truncate, pad, highlight, wrap.

A span is `(text, style name)`, a line is a list of spans. Widths are in terminal cells. `span`
makes text from outside showable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.cells import cell_len

from xswitch.core.display import display

TextSpan = tuple[str, str]
Line = list[TextSpan]

ELLIPSIS = "…"


def span(text: str, style_name: str = "text") -> TextSpan:
    """Return a span of text as it may be shown."""
    return (display(text), style_name)


def width_of(line: Sequence[TextSpan]) -> int:
    """Return the width of a line."""
    return sum(cell_len(text) for text, _ in line)


def truncate(text: str, width: int) -> str:
    """Return `text` in at most `width` cells, with an ellipsis if it was cut."""
    if cell_len(text) <= width:
        return text
    return _leading_cells(text, width - 1) + ELLIPSIS if width > 0 else ""


def _leading_cells(text: str, width: int) -> str:
    if text.isascii():
        return text[: max(0, width)]
    taken = 0
    for index, character in enumerate(text):
        taken += cell_len(character)
        if taken > width:
            return text[:index]
    return text


def pad(text: str, width: int) -> str:
    """Return `text` truncated or padded to `width` cells."""
    short = truncate(text, width)
    return short + " " * (width - cell_len(short))


def highlight(text: str, width: int, style_name: str, spans: Iterable[tuple[int, int]]) -> Line:
    """Return `text` truncated or padded to `width`, with (start, end) `spans` drawn as matches."""
    visible = truncate(text, width)
    highlightable = len(visible) - (1 if visible.endswith(ELLIPSIS) and visible != text else 0)
    line: Line = []
    position = 0
    for start, end in spans:
        first, last = max(start, position), min(end, highlightable)
        if first >= last:
            continue
        if first > position:
            line.append((visible[position:first], style_name))
        line.append((visible[first:last], "match"))
        position = last
    blanks = " " * (width - cell_len(visible))
    tail = visible[position:] + blanks
    if tail:
        line.append((tail, style_name))
    return line


def truncate_line(line: Sequence[TextSpan], width: int) -> Line:
    """Return a line in at most `width` cells, with an ellipsis if it was cut."""
    if width_of(line) <= width:
        return list(line)
    result: Line = []
    cells_left = width
    for text, style_name in line:
        cells = cell_len(text)
        if cells >= cells_left:
            result.append(
                (truncate(text + " " if cells == cells_left else text, cells_left), style_name)
            )
            break
        result.append((text, style_name))
        cells_left -= cells
    return result


def wrap(line: Sequence[TextSpan], width: int, *, hang: int = 0) -> list[Line]:
    """Wrap a line at words into lines of at most `width` cells, indented by `hang` after the first.

    A word longer than a line is broken. An empty line stays one empty line.
    """
    width = max(4, width)
    hang = min(hang, width // 2)
    rows: list[Line] = [[]]
    used = 0
    for text, style_name in line:
        for word in _split_words(text):
            remaining = word
            if used + cell_len(remaining.rstrip(" ")) > width and used > (
                hang if len(rows) > 1 else 0
            ):
                rows.append([(" " * hang, style_name)] if hang else [])
                used = hang
                remaining = remaining.lstrip(" ")
            while cell_len(remaining.rstrip(" ")) > width - used:
                head = _break_at_joint(_leading_cells(remaining, width - used)) or remaining[:1]
                rows[-1].append((head, style_name))
                remaining = remaining[len(head) :]
                rows.append([(" " * hang, style_name)] if hang else [])
                used = hang
            if remaining:
                remaining = (
                    remaining if cell_len(remaining) <= width - used else remaining.rstrip(" ")
                )
                rows[-1].append((remaining, style_name))
                used += cell_len(remaining)
    return [_merge_spans(row) for row in rows]


def wrap_code(sign: TextSpan, text: str, style_name: str, width: int) -> list[Line]:
    """Wrap a line of code behind a sign; continuation lines are indented more than the code."""
    indent = len(text) - len(text.lstrip(" "))
    return wrap([sign, span(text, style_name)], width, hang=cell_len(sign[0]) + indent + 4)


def two_columns(left: Sequence[Line], right: Sequence[Line], half: int) -> list[Line]:
    """Return two columns of `half` cells each, with a line between them."""
    rows: list[Line] = []
    for number in range(max(len(left), len(right))):
        first = left[number] if number < len(left) else []
        second = right[number] if number < len(right) else []
        rows.append(
            [
                *truncate_line(first, half),
                (pad("", half - width_of(first)), "text"),
                (" │ ", "line"),
                *truncate_line(second, half),
            ]
        )
    return rows


def _merge_spans(line: Line) -> Line:
    merged: Line = []
    for text, style_name in line:
        if merged and merged[-1][1] == style_name:
            merged[-1] = (merged[-1][0] + text, style_name)
        else:
            merged.append((text, style_name))
    return merged


def _break_at_joint(head: str) -> str:
    # Break a long ARN or path after a separator, if there is one in its second half.
    joint = max(head.rfind(character) for character in ":/.@-_=,")
    return head[: joint + 1] if joint >= len(head) // 2 else head


def _split_words(text: str) -> list[str]:
    # Each word includes the blanks after it. Leading blanks are a word, which keeps the
    # indentation.
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
