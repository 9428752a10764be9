from __future__ import annotations

import pytest
from rich.color import Color as RichColor
from rich.segment import Segment
from rich.style import Style
from textual.color import Color

from xswitch.core.model.settings import GUARD_COLORS
from xswitch.tui.render.palette import DARK, LIGHT, PALETTES, PLAIN, choose_palette
from xswitch.tui.render.theme import ColorRemover, textual_theme


def luminance(colour: str) -> float:
    """Return the relative luminance as defined by WCAG 2."""
    parts = [part / 255 for part in RichColor.parse(colour).triplet or (0, 0, 0)]
    linear = [
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color: str, other: str) -> float:
    light, dark = sorted((luminance(color), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("name", [DARK, LIGHT])
@pytest.mark.parametrize("paper", ["background", "surface", "cursor"])
def test_text_contrasts_with_every_background(name: str, paper: str) -> None:
    colours = PALETTES[name].colors
    for meaning in (
        "text",
        "bright",
        "muted",
        "accent",
        "match",
        "live",
        "expiring",
        "expired",
        "error",
        *(f"guard-{color}" for color in GUARD_COLORS),
    ):
        assert contrast(colours[meaning], colours[paper]) >= 4.5, meaning


@pytest.mark.parametrize("name", [DARK, LIGHT, PLAIN])
def test_every_style_name_has_a_style(name: str) -> None:
    palette = PALETTES[name]
    for meaning in (
        "text",
        "title",
        "key",
        "pin",
        "muted",
        "faint",
        "line",
        "match",
        *(f"guard-{color}" for color in GUARD_COLORS),
    ):
        assert meaning in palette.styles
    assert palette.style("guard-of-another-age") == palette.style("guard-red")
    assert palette.style("nonsense") == palette.style("text")
    assert textual_theme(palette).name == name


def test_the_plain_palette_distinguishes_styles_without_color() -> None:
    palette = PALETTES[PLAIN]
    assert palette.cursor.reverse
    assert palette.style("match").underline
    assert all(style.color is None and style.bgcolor is None for style in palette.styles.values())


def test_the_color_remover_removes_default_colors_too() -> None:
    segments = [Segment("a", Style(color="red", bgcolor="default", bold=True)), Segment("b", None)]
    first, second = ColorRemover().apply(segments, Color(0, 0, 0))
    assert first.style is not None
    assert (first.style.color, first.style.bgcolor, first.style.bold) == (None, None, True)
    assert second.style is None


@pytest.mark.parametrize(
    ("setting", "environ", "expected"),
    [
        ("auto", {}, DARK),
        ("auto", {"COLORFGBG": "15;0"}, DARK),
        ("auto", {"COLORFGBG": "0;15"}, LIGHT),
        ("auto", {"COLORFGBG": "0;default;7"}, LIGHT),
        ("dark", {"COLORFGBG": "0;15"}, DARK),
        ("light", {}, LIGHT),
        ("light", {"NO_COLOR": "1"}, PLAIN),
        ("dark", {"NO_COLOR": ""}, DARK),
    ],
)
def test_choose_palette(setting: str, environ: dict[str, str], expected: str) -> None:
    assert choose_palette(setting, environ) == expected
