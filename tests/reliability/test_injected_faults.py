"""System calls that fail, or at which xswitch is killed: nothing is lost, left, or shown."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import find_program, missing
from support.e2e import Home
from support.forked import Forks, forks
from support.homes import aws, home
from support.reliability.injected import SCENARIOS, World
from support.reliability.soak import chance, write

__all__ = ["aws", "home"]

FULL = bool(os.environ.get("XSWITCH_FAULTS"))
_PIECES = 4
_SLICE = 2


@pytest.fixture(scope="module")
def warm() -> Iterator[Forks]:
    program = find_program("strace")
    tried = subprocess.run(
        [program, "-o", "/dev/null", "/bin/true"], capture_output=True, text=True, check=False
    )
    if tried.returncode:
        missing(f"strace can't trace here: {tried.stderr.strip()}")
    with forks() as started:
        yield started


@pytest.mark.parametrize("piece", range(_PIECES if FULL else 1))
@pytest.mark.parametrize("name", SCENARIOS)
def test_a_fault_loses_and_leaves_nothing(
    warm: Forks, home: Home, name: str, piece: int, tmp_path: Path
) -> None:
    world = World(home, warm, name)
    faults = world.faults(tmp_path / "log")
    assert faults
    chosen = (
        faults[piece::_PIECES]
        if FULL
        else chance(f"faults {name}").sample(faults, min(_SLICE, len(faults)))
    )
    judged = [(fault, found) for fault in chosen if (found := world.wrong(fault)) is not None]
    # Some numbers are an own call's only right after a file has changed
    assert len(chosen) - len(judged) <= max(1, len(chosen) // 20)
    wrong = [text for _, found in judged for text in found]
    parts: dict[str, int] = {}
    for fault, _ in judged:
        parts[fault.kind] = parts.get(fault.kind, 0) + 1
    write("faults", name, len(judged), len(wrong), parts=parts)
    assert not wrong, "\n".join(wrong)
