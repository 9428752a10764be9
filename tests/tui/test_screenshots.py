from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
from rich.segment import Segment
from rich.style import Style

FOLDER = Path(__file__).resolve().parents[2] / "screenshots"
PICTURES = sorted(FOLDER.glob("*.svg"))


@pytest.fixture(scope="module")
def svg() -> ModuleType:
    spec = importlib.util.spec_from_file_location("screenshots_svg", FOLDER / "svg.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_screenshot_exists() -> None:
    wanted = {
        "picker",
        "filter",
        "chain",
        "mfa",
        "guard",
        "expiring",
        "error",
        "light",
        "small-80x24",
        "no-color",
    }
    wanted |= {"portal", "sign-in", "sign-in-code"}
    wanted |= {"explain", "set-up-form", "set-up-plan", "set-up-apply", "set-up-done"}
    assert wanted <= {picture.stem for picture in PICTURES}


@pytest.mark.parametrize("picture", PICTURES, ids=lambda picture: picture.stem)
def test_screenshots_are_complete_and_load_nothing(picture: Path) -> None:
    text = picture.read_text(encoding="utf-8")
    ET.fromstring(text)
    # The console link and those of a sign-in are shown as text; the SVG loads nothing.
    shown = ("signin.aws.amazon.com/", "oidc.", "device.sso.", "corp.awsapps.com/")
    named = [
        found
        for found in re.findall(r"https?://[^\"' <]+", text)
        if not found.partition("://")[2].startswith(shown)
    ]
    assert named == ["http://www.w3.org/2000/svg"]
    assert "href" not in text
    assert "@font-face" not in text
    assert "url(" not in text


def test_the_screenshot_without_color_has_none() -> None:
    text = (FOLDER / "no-color.svg").read_text(encoding="utf-8")
    for colour in re.findall(r"#([0-9a-f]{6})", text):
        red, green, blue = (int(colour[at : at + 2], 16) for at in (0, 2, 4))
        assert max(red, green, blue) - min(red, green, blue) < 24


def test_blocks_leave_no_gaps_between_cells(svg: ModuleType) -> None:
    lines = [[Segment("██▀▄", Style(color="#ffffff"))], [Segment("█", Style(color="#ffffff"))]]
    text = svg.render(lines, "x", background="#000000", foreground="#ffffff", frame="#111111")
    root = ET.fromstring(text)
    cells = [
        element.attrib
        for element in root.iter("{http://www.w3.org/2000/svg}rect")
        if element.get("shape-rendering")
    ]
    top, half = svg.TOP, svg.CELL_HEIGHT / 2
    placed = [tuple(float(one[key]) for key in ("y", "width", "height")) for one in cells]
    assert placed == [
        (top, 2 * svg.CELL_WIDTH, 2 * half),
        (top, svg.CELL_WIDTH, half),
        (top + half, svg.CELL_WIDTH, half),
        (top + 2 * half, svg.CELL_WIDTH, 2 * half),
    ]


def test_text_is_placed_cell_by_cell_and_escaped(svg: ModuleType) -> None:
    line = [
        Segment("a <b>", Style(color="#ff0000", bold=True)),
        Segment("  界", Style(bgcolor="#00ff00", reverse=True)),
        Segment("│▌", None),
    ]
    text = svg.render([line], "x & y", background="#000000", foreground="#ffffff", frame="#111111")
    root = ET.fromstring(text)
    words = {
        element.text: element.attrib for element in root.iter("{http://www.w3.org/2000/svg}text")
    }
    assert words["<b>"]["x"] == f"{svg.MARGIN + 2 * svg.CELL_WIDTH:g}"
    assert words["<b>"]["fill"] == "#ff0000"
    assert words["界"]["textLength"] == f"{2 * svg.CELL_WIDTH:g}"
    assert words["界"]["fill"] == "#00ff00"
    assert "x &amp; y" in text
