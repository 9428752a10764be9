"""Palettes: a dark, a light, and a plain one without color.

Everything drawn names a style by its meaning ("muted", "live", "guard-red"), and a `Palette` maps
the name to a look. Textual isn't needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.style import Style

from xswitch.core.model.settings import GUARD_COLORS

DARK, LIGHT, PLAIN = "xswitch-dark", "xswitch-light", "xswitch-plain"

DARK_COLORS: Mapping[str, str] = {
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
LIGHT_COLORS: Mapping[str, str] = {
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
_WEIGHTS: Mapping[str, Style] = {
    "bright": Style(bold=True),
    "title": Style(bold=True),
    "match": Style(bold=True, underline=True),
    "key": Style(bold=True),
    "error": Style(bold=True),
}
_PLAIN_WEIGHTS: Mapping[str, Style] = {
    **_WEIGHTS,
    "muted": Style(dim=True),
    "faint": Style(dim=True),
    "line": Style(dim=True),
    "expired": Style(dim=True),
    **{f"guard-{color}": Style(bold=True) for color in GUARD_COLORS},
}
# The same in every theme: scanners need one module color light and the other dark
_QR_CODE = Style(color="#ffffff", bgcolor="#000000")
_ALIASES: Mapping[str, str] = {"title": "bright", "key": "accent", "pin": "match"}


@dataclass(frozen=True, slots=True)
class Palette:
    """The look of every style name.

    `cursor` is laid over the selected row. `colors` is empty for the plain palette.
    """

    name: str
    dark: bool
    styles: Mapping[str, Style]
    cursor: Style
    colors: Mapping[str, str] = field(default_factory=dict)

    def style(self, style_name: str) -> Style:
        """Return the style of a name.

        An unknown guard color is red; any other unknown name is plain text.
        """
        known_style = self.styles.get(style_name)
        if known_style is not None:
            return known_style
        return self.styles["guard-red"] if style_name.startswith("guard-") else self.styles["text"]


def _colored_palette(name: str, colors: Mapping[str, str], *, dark: bool) -> Palette:
    color_names = {**{style_name: style_name for style_name in colors}, **_ALIASES}
    styles = {
        style_name: Style(color=colors[color]) + _WEIGHTS.get(style_name, Style())
        for style_name, color in color_names.items()
    }
    styles["qr-code"] = _QR_CODE
    return Palette(name, dark, styles, Style(bgcolor=colors["cursor"]), colors)


def _plain_palette() -> Palette:
    color_names = (*DARK_COLORS, *_ALIASES)
    return Palette(
        PLAIN,
        dark=True,
        styles={name: _PLAIN_WEIGHTS.get(name, Style()) for name in color_names},
        cursor=Style(reverse=True),
    )


PALETTES: Mapping[str, Palette] = {
    DARK: _colored_palette(DARK, DARK_COLORS, dark=True),
    LIGHT: _colored_palette(LIGHT, LIGHT_COLORS, dark=False),
    PLAIN: _plain_palette(),
}


def choose_palette(setting: str, environ: Mapping[str, str]) -> str:
    """Return the palette's name for a `theme` setting and an environment.

    NO_COLOR, if set and not empty, selects the plain palette (no-color.org). `auto` reads
    COLORFGBG, whose last field is the background's number as set by rxvt, Konsole, and others: 7
    and 15 are light. Without COLORFGBG, `auto` is dark.
    """
    if environ.get("NO_COLOR"):
        return PLAIN
    if setting == "auto":
        return LIGHT if environ.get("COLORFGBG", "").rpartition(";")[2] in {"7", "15"} else DARK
    return LIGHT if setting == "light" else DARK
