"""Hostile texts in every widget of the screen, on a real terminal.

`test_hostile_screens` covers the picker and the commands.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

import pytest
from textual.widget import Widget

import xswitch.tui
from support.aws.servers import serve
from support.e2e import Home
from support.hostile.controls import hostile
from support.hostile.widgets_home import sts_of, write_hostile_home
from support.hostile.widgets_scenes import SCENES, play
from support.hostile.widgets_walk import one_line
from support.reliability.soak import chance, chunks, tell

_A_CHUNK = 125


@pytest.mark.parametrize("scene", SCENES)
@pytest.mark.parametrize(("chunk", "how_many"), chunks(4, 500, _A_CHUNK))
def test_no_hostile_sequence_reaches_the_terminal(
    scene: str, chunk: int, how_many: int, home: Home, tmp_path: Path
) -> None:
    random = chance(f"screens {scene}", chunk)
    texts = [hostile(random, number, lines=not number % 3) for number in range(how_many)]
    with serve(sts_of(texts)) as server:
        write_hostile_home(home, [one_line(text) for text in texts], server.url)
        played = play(scene, texts, {**home.env, "HOME": str(home.folder)}, tmp_path)
    faults = list(played.faults)
    for part, share in SCENES[scene].parts.items():
        seen = len(played.shown[part] & set(range(how_many)))
        faults += (
            [f"{part}: only {seen} of {how_many} texts were shown"]
            if seen < how_many * share
            else []
        )
    for part, shown in played.shown.items():
        seen = len(shown & set(range(how_many)))
        tell(
            "screens",
            part,
            how_many,
            len(faults),
            "; ".join(faults[:5]),
            parts={"seen": seen} if part in SCENES[scene].parts else {},
        )
    assert not faults


def test_every_widget_has_a_scene() -> None:
    for module in pkgutil.walk_packages(xswitch.tui.__path__, "xswitch.tui."):
        importlib.import_module(module.name)
    ours = {kind.__qualname__ for kind in _below(Widget) if kind.__module__.startswith("xswitch.")}
    assert ours == {name for scene in SCENES.values() for name in scene.draws}


def _below(kind: type[Widget]) -> set[type[Widget]]:
    return {one for below in kind.__subclasses__() for one in {below, *_below(below)}}
