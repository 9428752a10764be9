"""An edit of an input is seen, even one that leaves size, time, inode, path, or name as it was.

Edits, files, and clocks in all combinations: after each, the hot path serves nothing; and a pointer
that is written from then on is for what the files hold now.
"""

from __future__ import annotations

import os
import posix
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

from support.file_edits import EDITS, link_retargeted
from support.hot import PROFILE, ROLE, HotWorld
from support.vault.keyrings import memory_folder
from xswitch.adapters.state import stamps
from xswitch.adapters.vault.hot_pointers import FileHotPointers
from xswitch.core.model import PointedSession
from xswitch.hot import answer

SECOND = 1_000_000_000


@pytest.fixture
def world(clean_world: Path) -> Iterator[HotWorld]:
    with memory_folder() as memory:
        yield HotWorld(clean_world, memory)


FILES = ("config", "credentials", "settings")


def served(
    world: HotWorld, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> bool:
    monkeypatch.setattr(posix, "environ", world.bytes_environ())
    code = answer.run(["credential-process", PROFILE, ROLE], [])
    capfd.readouterr()
    return code is not None


@pytest.mark.parametrize("clock", ["fine", "of whole seconds"])
@pytest.mark.parametrize(("edit", "file"), list(product(EDITS, FILES)))
def test_no_edit_is_overlooked(  # noqa: PLR0917 -- a world, and where what is edited
    world: HotWorld,
    edit: Callable[[Path, os.stat_result], None],
    file: str,
    clock: str,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    path: Path = getattr(world, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"# abc\n")
    if edit is link_retargeted:
        path.rename(path.with_name("first"))
        path.symlink_to(path.with_name("first"))
    past = (time.time_ns() // SECOND - 60) * SECOND + (0 if clock == "of whole seconds" else 1)
    os.utime(path, ns=(past, past))
    world.age(world.config)
    world.ready()
    assert served(world, monkeypatch, capfd)
    edit(path, path.stat())
    assert not served(world, monkeypatch, capfd)


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_whole_seconds_gets_no_pointer_until_they_are_over(
    world: HotWorld, file: str
) -> None:
    """Within its second, it can change again and have the same time."""
    path: Path = getattr(world, file)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"# abc\n")
    world.age(world.config)
    for ago, pointed in ((0, False), (4, True)):
        os.utime(path, ns=((time.time_ns() // SECOND - ago) * SECOND,) * 2)
        time.sleep(1.1 * stamps.TICK_SECONDS)
        world.point()
        assert world.pointer.exists() is pointed, ago
    second = path.stat().st_mtime
    for later, settled in ((0.0, False), (1.99, False), (2.01, True)):
        now = second + later + 10
        os.utime(path, (now - later, now - later))
        assert stamps.is_settled(stamps.stamp(str(path), now)) is settled


def test_a_file_that_has_just_changed_gets_no_pointer(world: HotWorld) -> None:
    """It may have been read in the middle of two changes at one time of the clock."""
    world.config.write_text("[profile z]\n")
    read = world.fingerprint()
    pointers = FileHotPointers(world.paths.hot, world.bytes_environ)
    world.config.write_text("[profile y]\n")
    time.sleep(1.1 * stamps.TICK_SECONDS)
    pointers.write(PROFILE, PointedSession(ROLE, world.key, read), world.info)
    assert not world.pointer.exists()
    world.point()
    assert world.pointer.exists()


def test_stamps_are_those_of_the_hot_path(world: HotWorld) -> None:
    world.age(world.config)
    assert stamps.stamp(str(world.config)).encode() == answer.fingerprint(os.fsencode(world.config))
    assert stamps.stamp("/no/such/file") == answer.fingerprint(b"/no/such/file").decode() == "-"
    now = time.time()
    world.config.write_text("")
    recent = stamps.stamp(str(world.config), now)
    assert not stamps.is_settled(recent)
    assert recent.encode()[:-1] == answer.fingerprint(os.fsencode(world.config))
    assert stamps.is_settled(stamps.stamp(str(world.config), now + 3))
