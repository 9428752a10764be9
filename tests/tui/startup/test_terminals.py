"""The whole program on terminals of every kind: it starts, ends, and leaves the terminal as before.

Two models of a screen follow the output, one with an alternate screen and one without.
"""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from random import Random

import pytest

from support.e2e import XSWITCH
from support.reliability.soak import chance, chunks, count, tell
from support.tui.pty_program import PtyProgram, pty_program
from support.tui.terminfo import decide, names_in_terminfo

CONFIG = """
[profile dev]
aws_access_key_id = AKIAQRSTUVWXYZ234567
aws_secret_access_key = devdevdevdevdevdevdevdevdevdevdevdevdev1
[profile picked]
role_arn = arn:aws:iam::222222222222:role/Admin
source_profile = dev
region = eu-west-1
"""
SIZES = [(80, 24), (100, 30), (0, 0), (1, 1), (20, 8), (300, 90), (80, 25)]
ENTERED = b"\x1b[?1049h"
STARTED = b"\x1b[?2004h"
"""Written by Textual when it takes over the keyboard."""
QUESTION = b"empty: leave"
MOUSE_REPORT, FOCUS_REPORT, ANSWER = "\x1b[<35;10;10M", "\x1b[I", "\x1b[?2026;2$y"


@pytest.fixture
def environ(clean_world: Path) -> dict[str, str]:
    config = clean_world / ".aws" / "config"
    config.parent.mkdir()
    config.write_text(CONFIG, encoding="utf-8")
    return {
        "HOME": str(clean_world),
        "PATH": f"{XSWITCH.parent}:/usr/bin:/bin",
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
    }


def faults_at_the_end(program: PtyProgram) -> list[str]:
    """List the differences of the terminal, after the program has ended."""
    faults = []
    if program.attributes != program.before:
        faults.append("termios attributes")
    for alternate in (True, False):
        model = program.model(alternate=alternate)
        if not model.as_before:
            faults.append(f"modes {model.modes} {model.kitty}")
        if not model.on_a_clean_line:
            faults.append(f"cursor on row {model.row} of {model.lines()}")
        if model.queries:
            faults.append(f"asks {model.queries}")
    if program.typed_at_the_prompt:
        faults.append(f"{program.typed_at_the_prompt} bytes typed at the prompt")
    return faults


def leave(program: PtyProgram, key: str, code: int = 130) -> None:
    """Leave by a key, while reports of the terminal arrive."""
    drawn = ENTERED in program.written
    program.send(key + (MOUSE_REPORT + FOCUS_REPORT + ANSWER if drawn else ""))
    assert program.ended() == code
    assert not (faults := faults_at_the_end(program)), (faults, program.written[-500:])


def run_on(term: str | None, size: tuple[int, int], environ: Mapping[str, str], key: str) -> None:
    """Start, wait until the output pauses, leave by a key, and look at what is left."""
    env = {name: value for name, value in environ.items() if name != "TERM"}
    if term is not None:
        env["TERM"] = term
    with pty_program([str(XSWITCH)], env, size=size) as program:
        program.until(ENTERED, QUESTION)
        if ENTERED not in program.written:
            assert b"picked" in program.written
            assert b"\x1b" not in program.written
            leave(program, key if key == "\x03" else "\n")
            return
        program.until(STARTED)
        if min(size) >= 20:  # or the name is cut
            program.until(b"picked")
        program.quiet()
        leave(program, key)


def some_terms(random: Random, how_many: int) -> list[str]:
    """Names of terminfo: as many that get the full screen as others."""
    names = names_in_terminfo()
    random.shuffle(names)
    chosen: dict[bool, list[str]] = {True: [], False: []}
    for name in names:
        if all(len(group) >= how_many // 2 for group in chosen.values()):
            break
        chosen[decide({"TERM": name})].append(name)
    return chosen[True][: how_many // 2] + chosen[False][: how_many // 2]


@pytest.mark.parametrize(("chunk", "how_many"), chunks(2, 60, 10))
def test_a_terminal_of_terminfo_at_any_size(
    chunk: int, how_many: int, environ: dict[str, str]
) -> None:
    random = chance("terminals", chunk)
    terms = some_terms(random, how_many)
    for term in terms:
        run_on(term, random.choice(SIZES), environ, random.choice(["\x1b", "\x03"]))
    tell("terminals", "terminals of terminfo that the program ran on", len(terms))


@pytest.mark.parametrize(
    ("term", "size", "extra"),
    [
        ("dumb", (100, 30), {"INSIDE_EMACS": "28.2,comint", "COLORTERM": "truecolor"}),
        ("unknown", (0, 0), {}),
        (None, (100, 30), {}),
        ("xterm", (100, 30), {"COLUMNS": "200", "LINES": "7"}),
        ("linux", (1, 1), {"NO_COLOR": "1"}),
        ("screen", (65535, 65535), {"STY": "1.pts-0.host"}),
    ][: count(5, 6)],
    ids=str,
)
def test_an_unusual_terminal(
    environ: dict[str, str], term: str | None, size: tuple[int, int], extra: dict[str, str]
) -> None:
    run_on(term, size, environ | extra, "\x1b")


@pytest.mark.parametrize(
    "number",
    [signal.SIGTERM, signal.SIGHUP, signal.SIGINT, signal.SIGQUIT][: count(2, 4)],
)
def test_a_signal_at_any_moment_restores_the_terminal(
    environ: dict[str, str], number: signal.Signals
) -> None:
    with pty_program([str(XSWITCH)], environ) as program:
        program.until(ENTERED)
        program.read(chance("moment", number).random() * 0.5)
        program.process.send_signal(number)
        assert program.ended() == 130
        assert not (faults := faults_at_the_end(program)), (faults, program.written[-500:])


def test_a_stop_restores_the_terminal_and_continues(environ: dict[str, str]) -> None:
    with pty_program([str(XSWITCH)], environ, controlling=False) as program:
        program.until(STARTED)
        program.quiet()
        program.process.send_signal(signal.SIGTSTP)
        program.stopped()
        program.quiet()
        assert not (faults := faults_at_the_end(program)), faults
        seen = len(program.written)
        # It gets no SIGWINCH: the terminal doesn't control it.
        program.size = (70, 20)
        program.resize(70, 20)
        program.process.send_signal(signal.SIGCONT)
        program.until(b"picked", start=seen)
        program.until(b"\x1b[20;", start=seen)
        seen = len(program.written)
        program.size = (90, 24)
        program.resize(90, 24)
        program.until(b"\x1b[24;", start=seen)
        program.quiet()
        leave(program, "\x1b")


def test_many_sizes_in_a_row_end(environ: dict[str, str]) -> None:
    with pty_program([str(XSWITCH)], environ, size=(100, 30)) as program:
        program.until(STARTED)
        for number in range(200):
            program.resize(100 - number % 7, 30 - number % 5)
            program.read(0.002)
        program.size = (60, 24)
        program.resize(60, 24)
        program.quiet()
        leave(program, "\x1b")


@pytest.mark.parametrize("on_terminal", [(0, 2), (2,), (0,), (0, 1, 2)][: count(2, 4)], ids=str)
def test_the_picker_uses_the_terminal_of_the_descriptors(
    environ: dict[str, str], on_terminal: tuple[int, ...]
) -> None:
    with pty_program(
        [str(XSWITCH)], environ, controlling=False, on_terminal=on_terminal
    ) as program:
        program.until(STARTED)
        program.quiet()
        assert "picked" in program.model().text()
        leave(program, "\x03")


@pytest.mark.parametrize("extra", [{}, {"NO_COLOR": "1"}], ids=["first frame", "none"])
def test_a_terminal_that_takes_nothing_holds_up_no_signal(
    environ: dict[str, str], extra: dict[str, str]
) -> None:
    with pty_program([str(XSWITCH)], environ | extra, size=(300, 90)) as program:
        program.until(ENTERED)
        # Nothing is read any more, and the terminal's buffer is smaller than a frame.
        with pytest.raises(subprocess.TimeoutExpired):
            program.process.wait(1.5)
        program.process.send_signal(signal.SIGTERM)
        assert program.process.wait(60) == 130


def test_in_the_background_it_waits_for_the_shell_if_there_is_one(
    need: Callable[[str], str], environ: dict[str, str]
) -> None:
    """A job stops until `fg`; without its shell, which alone could resume it, it ends."""
    shell = [need("bash"), "--norc", "-ic"]
    with pty_program(
        [*shell, "xswitch & wait; fg %1 >/dev/null; echo left=$?"], environ
    ) as program:
        program.until(STARTED)
        program.quiet()
        program.send("\x1b")
        program.until(b"left=130")
    with pty_program([*shell, "(xswitch & exec sleep 0.1); cat"], environ) as program:
        program.until(b"No terminal: the picker can't open.")
        program.send("\x04")
        program.ended()
        assert ENTERED not in program.written
