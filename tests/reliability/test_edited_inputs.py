"""Edits of config, credentials, and settings at any moment, with a pause or without one.

In each cycle, the full program reads the files, may find a pointer to write, and the hot path is
asked; before each step, any file may be edited in any way. What is served was planned from the
files as they are.
"""

from __future__ import annotations

import os
import posix
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from support.file_edits import EDITS, folder_replaced, link_retargeted
from support.hot import PROFILE, ROLE, HotWorld
from support.reliability.soak import chance, chunks, tell
from support.vault.keyrings import memory_folder
from xswitch.adapters.state.stamps import TICK_SECONDS
from xswitch.adapters.vault.hot_pointers import FileHotPointers
from xswitch.core.model import PointedSession
from xswitch.hot import answer

_SECOND = 1_000_000_000
# The others leave one file at one path, so that they can follow each other
_EDITS = [edit for edit in EDITS if edit not in {folder_replaced, link_retargeted}]


@pytest.fixture
def world(clean_world: Path) -> Iterator[HotWorld]:
    with memory_folder() as memory:
        yield HotWorld(clean_world, memory)


def contents(world: HotWorld) -> list[bytes | None]:
    paths = (world.config, world.credentials, world.settings)
    return [path.read_bytes() if path.exists() else None for path in paths]


def maybe_edit(world: HotWorld, random: Random) -> None:
    """Edit one file, or none; then wait for the clock of the file system, or don't."""
    if random.random() < 0.4:
        path = random.choice((world.config, world.credentials, world.settings))
        if path.exists():
            random.choice(_EDITS)(path, path.stat())
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(random.choice((b"# abc\n", b"# ABC\n")))
        if path.exists() and random.random() < 0.2:  # a coarse clock
            second = (time.time_ns() // _SECOND - random.choice((0, 9))) * _SECOND
            os.utime(path, ns=(second, second))
    if random.random() < 0.3:
        time.sleep(1.1 * TICK_SECONDS)


@pytest.mark.parametrize(("chunk", "how_many"), chunks(60, 2_400, 300))
def test_nothing_is_served_that_was_planned_from_other_files(
    world: HotWorld,
    chunk: int,
    how_many: int,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    random, wrong, parts = chance("edited inputs", chunk), 0, Counter[str]()
    world.store.put(world.key, world.session())
    monkeypatch.setattr(posix, "environ", world.bytes_environ())
    planned: list[bytes | None] = []
    for _ in range(how_many):
        maybe_edit(world, random)
        pointers = FileHotPointers(world.paths.hot, world.bytes_environ)
        read = world.fingerprint()
        seen = contents(world)
        maybe_edit(world, random)
        had = world.pointer.exists()
        pointers.write(PROFILE, PointedSession(ROLE, world.key, read), world.info)
        if world.pointer.exists():
            planned = seen
        parts["pointers written"] += world.pointer.exists() and not had
        maybe_edit(world, random)
        served = answer.run(["credential-process", PROFILE, ROLE], []) is not None
        parts["served"] += served
        wrong += served and contents(world) != planned
    capfd.readouterr()
    assert parts["served"] > 0
    tell("edited", "cycles", how_many, wrong, parts=parts)
