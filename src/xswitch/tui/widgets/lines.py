"""Widgets that draw lines of spans: a single line, a block, and a scrolling pane."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from xswitch.tui.render.palette import DARK, PALETTES, Palette
from xswitch.tui.render.text import Line, TextSpan

LinesForWidth = Callable[[int], list[Line]]
"""Returns lines for a width."""


def palette_of(widget: Widget) -> Palette:
    """Return the palette named like the app's theme."""
    return PALETTES.get(widget.app.theme, PALETTES[DARK])


def to_strip(
    line: Sequence[TextSpan],
    width: int,
    palette: Palette,
    base: Style,
    overlay: Style | None = None,
) -> Strip:
    """Return a line as `width` cells on the style `base`, with `overlay` (the cursor's) on top."""
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


class SingleLine(Widget):
    """A widget one row tall that draws one line of spans."""

    DEFAULT_CSS = "SingleLine { height: 1; width: 100%; }"
    ALLOW_SELECT = False
    _drawn: Line | None = None

    def line(self, width: int) -> Line:
        """Return the line to draw in `width` cells."""
        raise NotImplementedError

    def tick(self) -> None:
        """Redraw if the line has changed since it was drawn."""
        if self.line(self.size.width) != self._drawn:
            self.refresh()

    def render_line(self, y: int) -> Strip:  # noqa: ARG002 -- there is one line
        """Draw the line."""
        self._drawn = self.line(self.size.width)
        return to_strip(self._drawn, self.size.width, palette_of(self), self.rich_style)


class Lines(Widget):
    """A block as tall as its lines; `content` returns them for a width."""

    DEFAULT_CSS = "Lines { height: auto; width: 100%; }"
    ALLOW_SELECT = False

    def __init__(
        self,
        content: LinesForWidth | None = None,
        *,
        id: str | None = None,  # noqa: A002 -- Textual's own argument
        classes: str | None = None,
    ) -> None:
        super().__init__(id=id, classes=classes)
        self._content: LinesForWidth = content or (lambda _width: [])
        self._shown: tuple[int, list[Line]] | None = None

    def show(self, content: LinesForWidth) -> None:
        """Draw other content."""
        before = self._lines(self.size.width)
        self._content = content
        self._shown = None
        after = self._lines(self.size.width)
        if before != after:
            self.refresh(layout=len(before) != len(after))

    def _lines(self, width: int) -> list[Line]:
        if self._shown is None or self._shown[0] != width:
            self._shown = (width, self._content(width) if width > 0 else [])
        return self._shown[1]

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:  # noqa: ARG002 -- Textual's signature
        """Return the number of lines at this width."""
        return len(self._lines(width))

    def render_line(self, y: int) -> Strip:
        """Draw a line."""
        lines = self._lines(self.size.width)
        return to_strip(
            lines[y] if y < len(lines) else [], self.size.width, palette_of(self), self.rich_style
        )


class ScrollingLines(ScrollView):
    """A scrolling pane of lines. It never takes the focus, and redraws only changed lines."""

    DEFAULT_CSS = """
    ScrollingLines {
        overflow-x: hidden;
        overflow-y: auto;
        scrollbar-size-vertical: 1;
        scrollbar-gutter: stable;
    }
    """
    ALLOW_SELECT = False
    can_focus = False

    # Textual's own argument
    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes=classes)
        self.lines: list[Line] = []

    def show(self, lines: Sequence[Line]) -> None:
        """Draw other lines and keep the scroll position."""
        before, self.lines = self.lines, list(lines)
        if len(before) != len(self.lines):
            self.virtual_size = Size(self.scrollable_content_region.width, len(self.lines))
            self.refresh()
            return
        for position, (old, new) in enumerate(zip(before, self.lines, strict=True)):
            if old != new:
                self.refresh_line(position)

    def render_line(self, y: int) -> Strip:
        """Draw a visible line."""
        position = y + self.scroll_offset.y
        line = self.lines[position] if position < len(self.lines) else []
        return to_strip(
            line, self.scrollable_content_region.width, palette_of(self), self.rich_style
        )
