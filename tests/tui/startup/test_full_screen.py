"""Which terminals get the full screen, and of what size: every TERM of the terminfo database."""

from __future__ import annotations

import os
import re
import subprocess
import termios
from pathlib import Path

import pytest

from support.reliability.soak import SOAK, chance, count, tell
from support.tui.terminfo import decide, decide_all, names_in_terminfo
from xswitch.tui.startup.full_screen import can_report_mouse, terminal_size

ANSI = ["xterm-256color", "tmux-256color", "screen", "linux", "vt100", "vt220", "rxvt", "cygwin"]
_PARTS = 4
NOT_ANSI = ["dumb", "unknown", "adm3a", "wyse50", "vt52", "tvi910", "hp2392", "tek4014", "ibm3161"]


def told_by_tput(name: str) -> bool | None:
    """Whether tput moves and erases as ANSI does; None if it doesn't know the name."""
    found = subprocess.run(
        ["tput", "-T", name, "-S"],
        input=b"cup 4 9\nclear\ned\nel\n",
        capture_output=True,
        check=False,
        timeout=20,
    )
    if b"unknown terminal" in found.stderr:
        return None
    written = re.sub(rb"\$<[^>]*>|\0", b"", found.stdout)
    return (
        re.match(rb"\x1b\[0*5;0*10[Hf]", written) is not None
        and re.search(rb"\x1b\[[0-2]?[JK]", written) is not None
    )


@pytest.mark.parametrize("part", range(count(1, _PARTS)))
def test_terminfo_decides_which_terminals_get_the_full_screen(part: int) -> None:
    names = names_in_terminfo()
    assert names
    names = names[part::_PARTS] if SOAK else chance("terminfo").sample(names, min(40, len(names)))
    wrong = []
    for name, decision in zip(names, decide_all(names), strict=True):
        expected = told_by_tput(name)
        if expected is not None and decision != expected:
            wrong.append(name)
    tell("terminals", "names of terminfo", len(names), len(wrong), " ".join(wrong[:20]))
    assert not wrong


@pytest.mark.parametrize("name", ANSI)
def test_ansi_terminals_get_the_full_screen(name: str) -> None:
    assert decide({"TERM": name})


@pytest.mark.parametrize("environ", [{}, {"TERM": ""}, {"TERM": " "}], ids=str)
def test_without_term_there_is_no_full_screen(environ: dict[str, str]) -> None:
    assert not decide(environ)


@pytest.mark.parametrize("name", NOT_ANSI)
def test_other_terminals_do_not(name: str) -> None:
    assert not decide({"TERM": name, "COLORTERM": "truecolor"})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("xterm-ghostty", True),
        ("xterm-nobody-has-this", True),
        ("st-meta-new", True),
        ("wezterm", True),
        ("vt550-new", True),
        ("nonsense", False),
        ("sty", False),
        ("vt52-new", False),
        ("../../etc/passwd", False),
        ("a" * 5000, False),
        ("\udcff", False),
        ("a\0b", False),
    ],
)
def test_a_name_that_terminfo_does_not_know_is_judged_by_its_family(
    name: str, *, expected: bool
) -> None:
    assert decide({"TERM": name}) is expected


@pytest.mark.parametrize(
    ("told", "environ", "size"),
    [
        ((100, 30), {}, (100, 30)),
        ((100, 30), {"COLUMNS": "200", "LINES": "5"}, (100, 30)),
        ((0, 0), {"COLUMNS": "200", "LINES": "5"}, (200, 5)),
        ((0, 0), {"COLUMNS": "-1", "LINES": "x"}, (80, 24)),
        ((0, 0), {"COLUMNS": "9" * 5000, "LINES": "٣"}, (80, 24)),
        ((0, 30), {}, (80, 30)),
        ((1, 1), {}, (1, 1)),
        ((65535, 65535), {}, (1000, 500)),
    ],
    ids=str,
)
def test_the_terminal_tells_the_size(
    told: tuple[int, int], environ: dict[str, str], size: tuple[int, int]
) -> None:
    controller, terminal = os.openpty()
    try:
        termios.tcsetwinsize(terminal, (told[1], told[0]))
        assert terminal_size(terminal, environ) == size
    finally:
        os.close(controller)
        os.close(terminal)


def test_without_a_terminal_the_size_is_the_usual_one(tmp_path: Path) -> None:
    with (tmp_path / "file").open("wb") as file:
        assert terminal_size(file.fileno(), {}) == (80, 24)


@pytest.mark.parametrize(
    ("environ", "reports"),
    [
        ({"TERM": "xterm"}, True),
        ({"TERM": "tmux-256color", "TMUX": "/tmp/t,1,0", "STY": "1.pts"}, True),
        ({"TERM": "screen-256color", "TMUX": "/tmp/t,1,0"}, True),
        ({"TERM": "screen"}, False),
        ({"TERM": "screen.xterm-256color"}, False),
        ({"TERM": "xterm", "STY": "1.pts"}, False),
    ],
    ids=str,
)
def test_gnu_screen_does_not_report_the_mouse(environ: dict[str, str], *, reports: bool) -> None:
    assert can_report_mouse(environ) is reports
