"""A scrollbar drawn as one thin line, visible without color."""

from __future__ import annotations

from rich.color import Color
from rich.segment import Segment, Segments
from rich.style import Style
from textual.scrollbar import ScrollBarRender

THUMB, TRACK = "┃", " "


class ThinScrollBar(ScrollBarRender):
    """A scrollbar whose thumb is a heavy line and whose track is empty."""

    @classmethod
    def render_bar(  # noqa: PLR0913, PLR0917 -- Textual's signature
        cls,
        size: int = 25,
        virtual_size: float = 50,
        window_size: float = 20,
        position: float = 0,
        thickness: int = 1,
        vertical: bool = True,  # noqa: FBT001, FBT002 -- Textual's signature
        back_color: Color = Color.parse("default"),  # noqa: B008 -- a constant
        bar_color: Color = Color.parse("default"),  # noqa: B008 -- a constant
    ) -> Segments:
        """Return one segment per cell.

        The metadata is the same as in Textual's bar, so that clicking and dragging work.
        """
        start = end = 0
        if window_size and virtual_size > window_size and size:
            length = max(1, round(size * window_size / virtual_size))
            start = round((size - length) * min(1.0, position / (virtual_size - window_size)))
            end = start + length

        def cell(place: int) -> Segment:
            inside = start <= place < end
            action = "grab" if inside else "scroll_up" if place < start else "scroll_down"
            style = Style(color=bar_color, bgcolor=back_color, meta={"@mouse.down": action})
            return Segment((THUMB if inside else TRACK) * (thickness if vertical else 1), style)

        return Segments([cell(place) for place in range(int(size))], new_lines=vertical)
