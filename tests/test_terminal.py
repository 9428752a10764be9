"""Questions on every kind of terminal a program can be started on."""

from __future__ import annotations

import itertools
import os
import sys
from pathlib import Path

import pytest

from support.tui.pty_program import pty_program

ASK = """
import os, sys
from xswitch.cli.tty import ask_line, has_terminal
from xswitch.core.errors import XswitchError
try:
    answer = f"{has_terminal()} {ask_line('Name? ')}"
except XswitchError as error:
    answer = f"{has_terminal()} {error.code} {int(error.exit_code)}"
with open(sys.argv[1], "w") as file:
    file.write(answer)
"""
SUBSETS = [subset for length in range(4) for subset in itertools.combinations((0, 1, 2), length)]


def ask(result: Path) -> list[str]:
    return [sys.executable, "-c", ASK, str(result)]


@pytest.mark.parametrize("controlling", [True, False])
@pytest.mark.parametrize("on_terminal", SUBSETS, ids=str)
def test_a_question_finds_the_terminal(
    tmp_path: Path, on_terminal: tuple[int, ...], *, controlling: bool
) -> None:
    result = tmp_path / "result"
    with pty_program(
        ask(result), os.environ, controlling=controlling, on_terminal=on_terminal
    ) as program:
        if controlling or on_terminal:
            program.until(b"Name? ")
            program.send("Ada\n")
        assert program.ended() == 0
    assert result.read_text() == (
        "True Ada" if controlling or on_terminal else "False no_terminal 2"
    )


@pytest.mark.parametrize("mode", [os.O_RDONLY, os.O_WRONLY], ids=["read", "write"])
@pytest.mark.parametrize("number", [0, 1, 2])
def test_a_descriptor_that_only_reads_or_writes_leads_to_its_terminal(
    tmp_path: Path, number: int, mode: int
) -> None:
    result = tmp_path / "result"
    with pty_program(
        ask(result), os.environ, controlling=False, on_terminal=(number,), mode=mode
    ) as program:
        program.until(b"Name? ")
        program.send("Ada\n")
        assert program.ended() == 0
    assert result.read_text() == "True Ada"


@pytest.mark.parametrize("controlling", [True, False])
@pytest.mark.parametrize("typed", ["\x03", "\x04", "half\x03"])
def test_ctrl_c_and_the_end_of_input_cancel(
    tmp_path: Path, typed: str, *, controlling: bool
) -> None:
    result = tmp_path / "result"
    with pty_program(ask(result), os.environ, controlling=controlling) as program:
        program.until(b"Name? ")
        program.send(typed)
        assert program.ended() == 0
        assert program.attributes == program.before
    assert result.read_text() == "True cancelled 130"


def test_a_terminal_that_goes_away_cancels(tmp_path: Path) -> None:
    result = tmp_path / "result"
    with pty_program(ask(result), os.environ, controlling=False) as program:
        program.until(b"Name? ")
        os.close(program.terminal)
        os.close(program.controller)
        assert program.process.wait(30) == 0
    assert result.read_text().endswith(("cancelled 130", "no_terminal 2"))
