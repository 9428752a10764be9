"""The picker on this terminal with hostile texts everywhere.

Usage: `python support/programs/widgets.py RECORD TEXTS SCENE`.

TEXTS is a JSON list, SCENE a key of `support.hostile.widgets_scenes.SCENES`; "whole" runs the whole
program in the given HOME. RECORD receives, as JSON, the xswitch classes that were drawn, and faults
of drawn segments: links, click actions, and characters that control a terminal.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

sys.path[0] = str(Path(__file__).parents[2])

# Found by the line above
from support.hostile.widgets_actions import HostileAccess, HostileActions, Texts  # noqa: E402
from xswitch.cli import main as cli  # noqa: E402 -- found by the line above
from xswitch.core.errors import XswitchError  # noqa: E402 -- found by the line above
from xswitch.core.text import sanitize  # noqa: E402 -- found by the line above
from xswitch.tui.app import PickerApp  # noqa: E402 -- found by the line above
from xswitch.tui.run import run_picker  # noqa: E402 -- found by the line above
from xswitch.tui.startup.first_frame import draw_first_frame  # noqa: E402 -- found by the line above
from xswitch.tui.startup.preload import Preload  # noqa: E402 -- found by the line above

UNSEEN = "unseen"
"""Replaces the marks of the texts in the scene of a bug."""


class SystemClock:
    def now(self) -> datetime:
        return datetime.now(UTC)


class Record:
    """The classes and faults of what was drawn."""

    def __init__(self) -> None:
        self.drawn: set[str] = set()
        self.wrong: set[str] = set()

    def watch(self) -> None:
        """Record everything that Textual draws from now on."""
        for kind in {Widget, *_all_below(Widget)}:
            if "render_lines" in vars(kind):
                self._watch(kind, vars(kind)["render_lines"])

    def _watch(self, kind: Any, method: Callable[[Widget, Region], list[Strip]]) -> None:
        def render_lines(widget: Widget, crop: Region) -> list[Strip]:
            strips = method(widget, crop)
            self.drawn |= {
                one.__qualname__
                for one in type(widget).__mro__
                if one.__module__.startswith("xswitch.")
            }
            for strip in strips:
                self._look(type(widget).__name__, strip)
            return strips

        kind.render_lines = render_lines

    def _look(self, where: str, strip: Strip) -> None:
        for text, style, control in strip:
            if style is not None and (style.link or "@click" in style.meta):
                self.wrong.add(f"{where}: {text!r} is a link or acts on a click")
            if control or sanitize(text) != text:
                self.wrong.add(f"{where}: {text!r} is nothing to draw")

    def keep(self, path: Path) -> None:
        path.write_text(
            json.dumps({"drawn": sorted(self.drawn), "wrong": sorted(self.wrong)}), encoding="utf-8"
        )


def _all_below(kind: type[Widget]) -> set[type[Widget]]:
    return {one for below in kind.__subclasses__() for one in {below, *_all_below(below)}}


def main() -> int:
    record, texts, scene = (
        Path(sys.argv[1]),
        json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")),
        sys.argv[3],
    )
    text = Texts(texts)
    clock = SystemClock()
    actions = HostileActions(
        clock=clock.now, text=text, access=HostileAccess(text), empty=scene == "empty"
    )
    actions.fill(clock.now(), guarded=scene == "dialogs", sso=scene == "sso")
    if scene == "bug":
        _break(texts)
    seen = Record()
    seen.watch()
    try:
        if scene == "whole":
            return cli.main([])
        preload = Preload(actions, clock)
        notice = text() if scene != "dialogs" else ""
        with draw_first_frame(preload, os.environ, clock.now(), notice) as first:
            outcome = run_picker(
                actions,
                clock=clock,
                environ=os.environ,
                totp_hint=lambda _serial: text(),
                notice=notice,
                preload=preload,
                full_screen=first,
            )
    except XswitchError as error:
        sys.stderr.write(f"xswitch: {error}\n")
        return int(error.exit_code)
    finally:
        seen.keep(record)
    return outcome.exit_code


def _break(texts: list[str]) -> None:
    def fails(_app: PickerApp) -> NoReturn:
        secret = "".join(texts).replace("hx", UNSEEN)
        error = ValueError(secret)
        error.add_note(secret)
        raise error from KeyError(secret)

    PickerApp._tick = fails  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    sys.exit(main())
