"""Colours by meaning: a dark and a light palette, and one without any colour at all.

Everything drawn names a style by what it means ("muted", "live", "guard-red"); a `Palette` says how that looks. The same
colours feed Textual's theme variables, so that style sheets and drawn lines agree.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.color import Color
from textual.filter import LineFilter
from textual.theme import Theme

from xswitch.core.guard import COLOURS

DARK, LIGHT, PLAIN = "xswitch-dark", "xswitch-light", "xswitch-plain"

_DARK: Mapping[str, str] = {
    "background": "#11151c",
    "surface": "#181d26",
    "raised": "#1d2430",
    "line": "#2f3846",
    "text": "#ccd3dd",
    "bright": "#f2f5f9",
    "muted": "#98a3b5",
    "faint": "#566173",
    "accent": "#7cb7ff",
    "match": "#ffd580",
    "cursor": "#23324a",
    "live": "#84d39a",
    "expiring": "#f2bd6b",
    "expired": "#98a3b5",
    "error": "#ff8a80",
    "warning": "#f2bd6b",
    "guard-red": "#ff8a80",
    "guard-yellow": "#f7d070",
    "guard-magenta": "#e4a1ea",
    "guard-blue": "#8cb4ff",
    "guard-cyan": "#74d3dc",
    "guard-green": "#8fd6a0",
}
_LIGHT: Mapping[str, str] = {
    "background": "#fcfcfd",
    "surface": "#f0f3f7",
    "raised": "#f5f7fa",
    "line": "#cdd5df",
    "text": "#2b3340",
    "bright": "#0d1219",
    "muted": "#525d6c",
    "faint": "#98a2b0",
    "accent": "#0a5cc0",
    "match": "#9a3d00",
    "cursor": "#dbe8fa",
    "live": "#14692f",
    "expiring": "#805200",
    "expired": "#525d6c",
    "error": "#bd1f2a",
    "warning": "#805200",
    "guard-red": "#bd1f2a",
    "guard-yellow": "#7a5b00",
    "guard-magenta": "#94268f",
    "guard-blue": "#1f4fbf",
    "guard-cyan": "#00697a",
    "guard-green": "#1b6e38",
}
_WEIGHT: Mapping[str, Style] = {
    "bright": Style(bold=True),
    "title": Style(bold=True),
    "match": Style(bold=True, underline=True),
    "key": Style(bold=True),
    "error": Style(bold=True),
}
_PLAIN_WEIGHT: Mapping[str, Style] = {
    **_WEIGHT,
    "muted": Style(dim=True),
    "faint": Style(dim=True),
    "line": Style(dim=True),
    "expired": Style(dim=True),
    **{f"guard-{colour}": Style(bold=True) for colour in COLOURS},
}
_ALIASES: Mapping[str, str] = {"title": "bright", "key": "accent", "pin": "match"}


@dataclass(frozen=True, slots=True)
class Palette:
    """How each meaning looks. `cursor` is laid over a style on the selected row; `colours` is empty for the plain palette."""

    name: str
    dark: bool
    styles: Mapping[str, Style]
    cursor: Style
    colours: Mapping[str, str] = field(default_factory=dict)

    def style(self, meaning: str) -> Style:
        """The style of a meaning; an unknown guard colour is red, anything else unknown plain text."""
        found = self.styles.get(meaning)
        if found is not None:
            return found
        return self.styles["guard-red"] if meaning.startswith("guard-") else self.styles["text"]


def _coloured(name: str, colours: Mapping[str, str], *, dark: bool) -> Palette:
    meanings = {**{meaning: meaning for meaning in colours}, **_ALIASES}
    styles = {meaning: Style(color=colours[colour]) + _WEIGHT.get(meaning, Style()) for meaning, colour in meanings.items()}
    return Palette(name, dark, styles, Style(bgcolor=colours["cursor"]), colours)


def _plain() -> Palette:
    meanings = (*_DARK, *_ALIASES)
    return Palette(PLAIN, dark=True, styles={name: _PLAIN_WEIGHT.get(name, Style()) for name in meanings}, cursor=Style(reverse=True))


PALETTES: Mapping[str, Palette] = {
    DARK: _coloured(DARK, _DARK, dark=True),
    LIGHT: _coloured(LIGHT, _LIGHT, dark=False),
    PLAIN: _plain(),
}


def textual_theme(palette: Palette) -> Theme:
    """The Textual theme of a palette; the plain one takes the dark colours, all of which `Colourless` removes again."""
    colours = palette.colours or _DARK
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


def choose(setting: str, environ: Mapping[str, str]) -> str:
    """The palette's name for a `theme` setting and an environment.

    NO_COLOR, set and not empty, is the plain one (no-color.org). `auto` looks at COLORFGBG, whose last field is the
    background's number as rxvt, Konsole and others set it: 7 and 15 are light; without it, dark.
    """
    if environ.get("NO_COLOR"):
        return PLAIN
    if setting == "auto":
        return LIGHT if environ.get("COLORFGBG", "").rpartition(";")[2] in {"7", "15"} else DARK
    return LIGHT if setting == "light" else DARK
