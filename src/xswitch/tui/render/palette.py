"""Colours by meaning: a dark and a light palette, and one without any colour at all.

Everything drawn names a style by what it means ("muted", "live", "guard-red"); a `Palette` says how that looks. Textual isn't needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from rich.style import Style

from xswitch.core.roles.guards import COLOURS

DARK, LIGHT, PLAIN = "xswitch-dark", "xswitch-light", "xswitch-plain"

DARK_COLOURS: Mapping[str, str] = {
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
LIGHT_COLOURS: Mapping[str, str] = {
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
    meanings = (*DARK_COLOURS, *_ALIASES)
    return Palette(PLAIN, dark=True, styles={name: _PLAIN_WEIGHT.get(name, Style()) for name in meanings}, cursor=Style(reverse=True))


PALETTES: Mapping[str, Palette] = {
    DARK: _coloured(DARK, DARK_COLOURS, dark=True),
    LIGHT: _coloured(LIGHT, LIGHT_COLOURS, dark=False),
    PLAIN: _plain(),
}


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
