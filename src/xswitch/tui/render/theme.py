"""Palettes as Textual themes, so that style sheets and drawn lines use the same colors."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from xswitch.core.model.settings import GUARD_COLORS
from xswitch.tui.render.palette import DARK_COLORS, Palette


def textual_theme(palette: Palette) -> Theme:
    """Return the Textual theme of a palette.

    The plain palette takes the dark colors, and `ColorRemover` removes them.
    """
    colors = palette.colors or DARK_COLORS
    cursor_style = "reverse" if not palette.colors else "none"
    return Theme(
        name=palette.name,
        dark=palette.dark,
        primary=colors["accent"],
        secondary=colors["muted"],
        accent=colors["accent"],
        warning=colors["warning"],
        error=colors["error"],
        success=colors["live"],
        foreground=colors["text"],
        background=colors["background"],
        surface=colors["surface"],
        panel=colors["raised"],
        variables={
            "hairline": colors["line"],
            "muted": colors["muted"],
            "faint": colors["faint"],
            "bright": colors["bright"],
            "raised": colors["raised"],
            **{f"guard-{color}": colors[f"guard-{color}"] for color in GUARD_COLORS},
            "border": colors["accent"],
            "border-blurred": colors["line"],
            "scrollbar": colors["line"],
            "scrollbar-hover": colors["faint"],
            "scrollbar-active": colors["accent"],
            "scrollbar-background": colors["background"],
            "scrollbar-background-hover": colors["background"],
            "scrollbar-background-active": colors["background"],
            "block-cursor-background": colors["cursor"],
            "block-cursor-foreground": colors["bright"],
            "block-cursor-text-style": cursor_style,
            "block-cursor-blurred-background": colors["cursor"],
            "block-cursor-blurred-foreground": colors["bright"],
            "block-cursor-blurred-text-style": cursor_style,
            "input-cursor-background": colors["accent"],
            "input-cursor-foreground": colors["background"],
            "input-cursor-text-style": "reverse" if not palette.colors else "none",
            "input-selection-background": colors["cursor"],
        },
    )


@lru_cache(maxsize=2048)
def _without_color(style: Style) -> Style:
    return style.without_color


class ColorRemover(LineFilter):
    """Removes every color from the output, default colors included: the NO_COLOR filter."""

    # The base class's signature
    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002
        """Return the segments without colors; bold, dim, underline, and reverse remain."""
        return [
            Segment(text, None if style is None else _without_color(style), control)
            for text, style, control in segments
        ]
