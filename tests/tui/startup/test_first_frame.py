from __future__ import annotations

import os
import pty
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pexpect
import pytest
from rich.color import ColorSystem

from conftest import FixedClock
from support.tui.fake_actions import NOW, FakeActions, driven, many_roles, sample_listing
from xswitch.actions.results import Listing
from xswitch.tui.render.palette import DARK, LIGHT, PALETTES
from xswitch.tui.render.text import Line
from xswitch.tui.startup import first_frame
from xswitch.tui.startup.first_frame import (
    detect_color_system,
    draw_first_frame,
    layout_frame,
    render_frame,
)
from xswitch.tui.startup.full_screen import ENTER_ALT_SCREEN, LEAVE_SCREEN
from xswitch.tui.startup.preload import Preload

TESTS = Path(__file__).parents[2]
SIZES = [(120, 36), (120, 26), (100, 30), (99, 30), (99, 40), (80, 24), (160, 50), (60, 12)]


def early_of(listing: Listing) -> Preload:
    preload = Preload(FakeActions(answer=listing), FixedClock(NOW))
    preload.wait(20)
    return preload


@contextmanager
def a_terminal() -> Iterator[tuple[int, int]]:
    """Yield both ends of a pseudo terminal of 100 columns and 20 rows, the program's end second."""
    controller, terminal = pty.openpty()
    termios.tcsetwinsize(terminal, (20, 100))
    try:
        yield controller, terminal
    finally:
        os.close(controller)
        os.close(terminal)


def text(line: Line) -> str:
    return "".join(part for part, _ in line)


@pytest.mark.parametrize("grouped", [False, True])
@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_textual_draws_the_same_lines_in_the_same_places(
    size: tuple[int, int], *, grouped: bool
) -> None:
    sample = sample_listing()
    listing = replace(sample, settings=replace(sample.settings, group_by_account=grouped))
    read = early_of(listing).take()
    assert read is not None
    placed = layout_frame(read, {}, NOW, size)
    assert len(placed) == size[1]
    async with driven(FakeActions(answer=listing), size=size) as ui:
        lines = ui.lines()
    compared = 0
    for position in placed:
        shown = text(position.line).rstrip()
        assert lines[position.row].startswith(shown), (position.row, lines[position.row])
        compared += bool(shown)
    assert compared >= min(size[1] - 5, len(listing.roles) // 2)


async def test_a_notice_moves_everything_down() -> None:
    notice = (
        "a notice that is longer than one line of this terminal and so takes two of them, or "
        "even three"
    )
    read = early_of(sample_listing()).take()
    assert read is not None
    async with driven(size=(60, 30), notice=notice) as ui:
        lines = ui.lines()
    for position in layout_frame(read, {}, NOW, (60, 30), notice):
        assert lines[position.row].startswith(text(position.line).rstrip())


async def test_a_list_longer_than_the_screen_is_cut_where_textual_cuts_it() -> None:
    listing = replace(sample_listing(), roles=many_roles(500), sessions={})
    read = early_of(listing).take()
    assert read is not None
    async with driven(FakeActions(answer=listing), size=(90, 20)) as ui:
        lines = ui.lines()
    for position in layout_frame(read, {}, NOW, (90, 20)):
        assert lines[position.row].startswith(text(position.line).rstrip())


def test_without_roles_or_room_there_is_no_first_frame() -> None:
    none = early_of(replace(sample_listing(), roles=())).take()
    some = early_of(sample_listing()).take()
    assert none is not None
    assert some is not None
    assert layout_frame(none, {}, NOW, (120, 36)) == []
    assert layout_frame(some, {}, NOW, (19, 36)) == []
    assert layout_frame(some, {}, NOW, (120, 7)) == []


def test_every_line_is_drawn_at_its_position_in_the_palettes_colors() -> None:
    read = early_of(sample_listing()).take()
    assert read is not None
    for name in (DARK, LIGHT):
        palette = PALETTES[name]
        out = render_frame(layout_frame(read, {}, NOW, (100, 20)), palette, ColorSystem.TRUECOLOR)
        assert out.startswith("\x1b[2J\x1b[1;1H")
        assert "\x1b[20;1H" in out
        red, green, blue = (int(palette.colors["accent"][at : at + 2], 16) for at in (1, 3, 5))
        assert f"38;2;{red};{green};{blue}" in out


@pytest.mark.parametrize(
    ("environ", "system"),
    [
        ({}, None),
        ({"TERM": "dumb", "COLORTERM": "truecolor"}, None),
        ({"TERM": "xterm"}, ColorSystem.STANDARD),
        ({"TERM": "xterm-256color"}, ColorSystem.EIGHT_BIT),
        ({"TERM": "xterm-kitty"}, ColorSystem.EIGHT_BIT),
        ({"TERM": "xterm-256color", "COLORTERM": "truecolor"}, ColorSystem.TRUECOLOR),
    ],
    ids=str,
)
def test_only_the_terminals_colors_are_used(
    environ: dict[str, str], system: ColorSystem | None
) -> None:
    assert detect_color_system(environ) == system


@pytest.mark.parametrize(
    "environ", [{"TERM": "xterm", "NO_COLOR": "1"}, {"TERM": "dumb"}, {}], ids=str
)
def test_no_first_frame_is_drawn_on_an_unsupported_terminal(environ: dict[str, str]) -> None:
    with a_terminal() as (controller, terminal):
        os.set_blocking(controller, False)
        with draw_first_frame(
            early_of(sample_listing()), environ, NOW, terminal=terminal
        ) as screen:
            assert not screen.entered
        with pytest.raises(BlockingIOError):
            os.read(controller, 1)


def test_no_first_frame_is_written_to_a_file(tmp_path: Path) -> None:
    with (
        (tmp_path / "out").open("wb") as file,
        draw_first_frame(
            early_of(sample_listing()), {"TERM": "xterm"}, NOW, terminal=file.fileno()
        ) as screen,
    ):
        assert not screen.entered
    assert (tmp_path / "out").read_bytes() == b""


def test_a_failed_preload_draws_no_first_frame() -> None:
    slow = FakeActions(errors={"listing": RuntimeError("no")})
    with (
        a_terminal() as (_, terminal),
        draw_first_frame(
            Preload(slow, FixedClock(NOW)), {"TERM": "xterm"}, NOW, terminal=terminal
        ) as screen,
    ):
        assert not screen.entered


def _interrupted(terminal: int, *, controlling: bool) -> None:
    with draw_first_frame(
        early_of(sample_listing()), {"TERM": "xterm"}, NOW, terminal=terminal
    ) as screen:
        assert screen.entered
        modes = termios.tcgetattr(terminal)
        assert not modes[3] & (termios.ECHO | termios.ICANON)
        # Without a signal, Ctrl-C must stay a key.
        assert bool(modes[3] & termios.ISIG) == controlling
        assert modes[6][termios.VSUSP] == b"\0"
        os.kill(os.getpid(), signal.SIGTERM)


@pytest.mark.parametrize("controlling", [True, False])
def test_a_signal_after_the_first_frame_restores_the_terminal(
    monkeypatch: pytest.MonkeyPatch, *, controlling: bool
) -> None:
    monkeypatch.setattr(first_frame, "controls_this_process", lambda _terminal: controlling)
    with a_terminal() as (controller, terminal):
        before = termios.tcgetattr(terminal)
        with pytest.raises(KeyboardInterrupt):
            _interrupted(terminal, controlling=controlling)
        assert termios.tcgetattr(terminal) == before
        assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
        written = os.read(controller, 1_000_000).decode()
        assert written.startswith(ENTER_ALT_SCREEN)
        while not written.endswith(LEAVE_SCREEN):
            written += os.read(controller, 1_000_000).decode()


@contextmanager
def a_start(result: Path) -> Iterator[Any]:
    environ = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("COV_", "TEXTUAL", "COLUMNS", "LINES"))
    }
    environ |= {"TERM": "xterm-256color", "PYTHONPATH": str(TESTS), "LANG": "C.UTF-8"}
    program = [str(TESTS / "support/programs/picker.py"), str(result), "plain"]
    child: Any = pexpect.spawn(
        sys.executable, program, env=environ, dimensions=(30, 110), timeout=30, encoding="utf-8"
    )
    try:
        child.expect_exact(ENTER_ALT_SCREEN)
        yield child
    finally:
        child.close(force=True)


def test_enter_typed_before_textual_listens_is_not_lost(tmp_path: Path) -> None:
    with a_start(tmp_path / "result") as child:
        child.delaybeforesend = None
        child.send("lake read\r")
        child.expect(pexpect.EOF)
    assert '"switched": "lake-read"' in (tmp_path / "result").read_text(encoding="utf-8")


def test_keys_typed_before_textual_listens_are_not_lost(tmp_path: Path) -> None:
    with a_start(tmp_path / "result") as child:
        child.send("lake")
        child.expect("2 of 14")
        assert child.before.count("\x1b[?1049h") == 0
        child.send("\x7f" * 4)
        child.expect_exact("14 roles")
