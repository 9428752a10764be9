"""A line of spans as Textual draws it."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from xswitch.tui.render.palette import Palette
from xswitch.tui.render.text import TextSpan


def to_strip(
    line: Sequence[TextSpan],
    width: int,
    palette: Palette,
    base: Style,
    overlay: Style | None = None,
) -> Strip:
    """The line as Textual draws it.

    Exactly `width` cells on `base`, with `over` (the cursor) laid on top.
    """
    segments = []
    used = 0
    for text, style_name in line:
        style = base + palette.style(style_name)
        segments.append(Segment(text, style if overlay is None else style + overlay))
        used += cell_len(text)
    if used < width:
        segments.append(Segment(" " * (width - used), base if overlay is None else base + overlay))
    drawn = Strip(segments, max(used, width))
    return drawn if used <= width else drawn.crop(0, width)
