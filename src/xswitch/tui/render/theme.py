"""The palettes as Textual has them: the same colours feed its theme variables, so that style sheets and drawn lines agree."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from xswitch.core.roles.guards import COLOURS
from xswitch.tui.render.palette import DARK_COLOURS, Palette


def textual_theme(palette: Palette) -> Theme:
    """The Textual theme of a palette; the plain one takes the dark colours, all of which `Colourless` removes again."""
    colours = palette.colours or DARK_COLOURS
    cursor_style = "reverse" if not palette.colours else "none"
    return Theme(
        name=palette.name,
        dark=palette.dark,
        primary=colours["accent"],
        secondary=colours["muted"],
        accent=colours["accent"],
        warning=colours["warning"],
        error=colours["error"],
        success=colours["live"],
        foreground=colours["text"],
        background=colours["background"],
        surface=colours["surface"],
        panel=colours["raised"],
        variables={
            "hairline": colours["line"],
            "muted": colours["muted"],
            "faint": colours["faint"],
            "bright": colours["bright"],
            "raised": colours["raised"],
            **{f"guard-{colour}": colours[f"guard-{colour}"] for colour in COLOURS},
            "border": colours["accent"],
            "border-blurred": colours["line"],
            "scrollbar": colours["line"],
            "scrollbar-hover": colours["faint"],
            "scrollbar-active": colours["accent"],
            "scrollbar-background": colours["background"],
            "scrollbar-background-hover": colours["background"],
            "scrollbar-background-active": colours["background"],
            "block-cursor-background": colours["cursor"],
            "block-cursor-foreground": colours["bright"],
            "block-cursor-text-style": cursor_style,
            "block-cursor-blurred-background": colours["cursor"],
            "block-cursor-blurred-foreground": colours["bright"],
            "block-cursor-blurred-text-style": cursor_style,
            "input-cursor-background": colours["accent"],
            "input-cursor-foreground": colours["background"],
            "input-cursor-text-style": "reverse" if not palette.colours else "none",
            "input-selection-background": colours["cursor"],
        },
    )


@lru_cache(maxsize=2048)
def _without_colour(style: Style) -> Style:
    return style.without_color


class Colourless(LineFilter):
    """Takes every colour out of what is written, default colours too: with NO_COLOR no colour sequence leaves the program."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:  # noqa: ARG002 -- the base class's signature
        """The same segments; bold, dim, underline and reverse stay."""
        return [Segment(text, None if style is None else _without_colour(style), control) for text, style, control in segments]
