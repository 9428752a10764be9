"""Renders a terminal screen as a self-contained SVG of rectangles and text placed cell by cell."""
# ruff: noqa: INP001 -- imported by a script, not part of a package

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style

CELL_WIDTH, CELL_HEIGHT, FONT_SIZE = 9.0, 20.0, 15.0
MARGIN, TOP = 14.0, 40.0
_BASELINE = 14.6
_FONTS = (
    "ui-monospace,'SF Mono','Cascadia Mono','JetBrains Mono','DejaVu Sans Mono','Noto Sans Mono',"
    "Menlo,Consolas,monospace"
)


def render(
    lines: Sequence[Sequence[Segment]], title: str, *, background: str, foreground: str, frame: str
) -> str:
    """Return the SVG of `lines` in a plain window.

    The given `#rrggbb` colors are used where a segment has none.
    """
    columns = max((sum(cell_len(segment.text) for segment in line) for line in lines), default=0)
    width, height = columns * CELL_WIDTH + 2 * MARGIN, len(lines) * CELL_HEIGHT + TOP + MARGIN
    boxes: list[str] = []
    texts: list[str] = []
    for row, line in enumerate(lines):
        top = TOP + row * CELL_HEIGHT
        boxes += _boxes(line, top, background, foreground)
        texts += _texts(line, top, background, foreground)
    body = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
            f'viewBox="0 0 {width:g} {height:g}" role="img">'
        ),
        f"<title>{escape(title)}</title>",
        f'<rect width="{width:g}" height="{height:g}" rx="10" fill="{frame}"/>',
        *(
            f'<circle cx="{20 + 18 * dot}" cy="20" r="5.5" fill="{foreground}" opacity="0.18"/>'
            for dot in range(3)
        ),
        (
            f'<text x="{width / 2:g}" y="25" text-anchor="middle" font-family="{_FONTS}" '
            f'font-size="13" fill="{foreground}" opacity="0.6">'
        ),
        f"{escape(title)}</text>",
        (
            f'<rect x="{MARGIN:g}" y="{TOP:g}" width="{columns * CELL_WIDTH:g}" '
            f'height="{len(lines) * CELL_HEIGHT:g}" fill="{background}"/>'
        ),
        '<g shape-rendering="crispEdges">',
        *boxes,
        "</g>",
        f'<g font-family="{_FONTS}" font-size="{FONT_SIZE:g}" xml:space="preserve">',
        *texts,
        "</g>",
        "</svg>",
    ]
    return "\n".join(body) + "\n"


def _colors(style: Style | None, background: str, foreground: str) -> tuple[str, str]:
    ink, paper = foreground, background
    if style is not None and style.color is not None and style.color.triplet is not None:
        ink = style.color.triplet.hex
    if style is not None and style.bgcolor is not None and style.bgcolor.triplet is not None:
        paper = style.bgcolor.triplet.hex
    return (paper, ink) if style is not None and style.reverse else (ink, paper)


def _boxes(line: Iterable[Segment], top: float, background: str, foreground: str) -> list[str]:
    runs: list[tuple[int, int, str]] = []
    at = 0
    for segment in line:
        cells = cell_len(segment.text)
        paper = _colors(segment.style, background, foreground)[1]
        if runs and runs[-1][2] == paper:
            runs[-1] = (runs[-1][0], at + cells, paper)
        elif cells:
            runs.append((at, at + cells, paper))
        at += cells
    size = f'y="{top:g}" height="{CELL_HEIGHT:g}"'
    return [
        (
            f'<rect x="{MARGIN + start * CELL_WIDTH:g}" {size} '
            f'width="{(end - start) * CELL_WIDTH:g}" fill="{paper}"/>'
        )
        for start, end, paper in runs
        if paper != background
    ]


def _texts(line: Iterable[Segment], top: float, background: str, foreground: str) -> list[str]:
    texts: list[str] = []
    at = 0
    for segment in line:
        for word, cells in _words(segment.text):
            if word.strip():
                texts.append(
                    _word(
                        word,
                        cells,
                        at,
                        top,
                        segment.style,
                        _colors(segment.style, background, foreground)[0],
                    )
                )
            at += cells
    return texts


def _words(text: str) -> list[tuple[str, int]]:
    """Split text into runs of blanks or letters, and characters drawn in their own cell."""
    runs: list[tuple[str, str]] = []
    for character in text:
        kind = " " if character == " " else "a" if character.isascii() else character
        if runs and runs[-1][1] == kind and kind in " a─━█▀▄":
            runs[-1] = (runs[-1][0] + character, kind)
        else:
            runs.append((character, kind))
    return [(word, cell_len(word)) for word, _ in runs]


def _word(word: str, cells: int, at: int, top: float, style: Style | None, ink: str) -> str:  # noqa: PLR0913, PLR0917 -- a word, where, how
    x, width, middle = MARGIN + at * CELL_WIDTH, cells * CELL_WIDTH, top + CELL_HEIGHT / 2
    drawn = _drawn(word, x, top, width, middle, ink)
    if drawn:
        return drawn
    looks = ""
    if style is not None:
        looks += ' font-weight="700"' if style.bold else ""
        looks += ' font-style="italic"' if style.italic else ""
        looks += ' text-decoration="underline"' if style.underline else ""
        looks += ' opacity="0.62"' if style.dim else ""
    place = (
        f'x="{x:g}" y="{top + _BASELINE:g}" textLength="{width:g}" lengthAdjust="spacingAndGlyphs"'
    )
    return f'<text {place} fill="{ink}"{looks}>{escape(word)}</text>'


def _drawn(word: str, x: float, top: float, width: float, middle: float, ink: str) -> str:  # noqa: PLR0913, PLR0917 -- a position and a color
    """Return lines and blocks as shapes, since fonts leave gaps between them.

    Returns "" for other characters.
    """
    center, bottom, right = x + width / 2, top + CELL_HEIGHT, x + width
    first = word[0]
    if first in "─━":
        return (
            f'<path d="M{x:g} {middle:g}H{right:g}" stroke="{ink}" '
            f'stroke-width="{1.2 if first == "─" else 3:g}"/>'
        )
    if first in "│┃":
        return (
            f'<path d="M{center:g} {top:g}V{bottom:g}" stroke="{ink}" '
            f'stroke-width="{1.2 if first == "│" else 3:g}"/>'
        )
    if first in "█▀▄":
        rect_top = middle if first == "▄" else top
        height = CELL_HEIGHT if first == "█" else CELL_HEIGHT / 2
        return (
            f'<rect x="{x:g}" y="{rect_top:g}" width="{width:g}" height="{height:g}" '
            f'fill="{ink}" shape-rendering="crispEdges"/>'
        )
    if first == "▌":
        return (
            f'<rect x="{x:g}" y="{top:g}" width="{width / 2:g}" height="{CELL_HEIGHT:g}" '
            f'fill="{ink}"/>'
        )
    corners = {"╭": (right, bottom), "╮": (x, bottom), "╰": (right, top), "╯": (x, top)}
    if first in corners:
        end_x, end_y = corners[first]
        return (
            f'<path d="M{center:g} {end_y:g}Q{center:g} {middle:g} {end_x:g} {middle:g}" '
            f'fill="none" stroke="{ink}" stroke-width="1.2"/>'
        )
    return ""
