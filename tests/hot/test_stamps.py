"""An edit of an input is seen, even one that leaves size, time, inode, path, or name as it was.

Edits, files, and clocks in all combinations: after each, the hot path serves nothing; and a pointer
that is written from then on is for what the files hold now.
"""

from __future__ import annotations

import os
import posix
import shutil
import time
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path

import pytest

from support.hot import PROFILE, ROLE, HotWorld
from support.reliability.soak import chance
from support.vault.keyrings import memory_folder
from xswitch.adapters.config.read import fingerprint
from xswitch.adapters.state import stamps
from xswitch.adapters.vault.hot_pointers import FileHotPointers
from xswitch.core.model import ConfigPaths, PointedSession
from xswitch.hot import answer

SECOND = 1_000_000_000


@pytest.fixture
def world(clean_world: Path) -> Iterator[HotWorld]:
    with memory_folder() as memory:
        yield HotWorld(clean_world, memory)


def change(text: bytes) -> bytes:
    """Return another text of the same size."""
    return text.swapcase()


def in_place(path: Path, _: os.stat_result) -> None:
    with path.open("r+b") as file:
        text = file.read()
        file.seek(0)
        file.write(change(text))


def truncate_and_write(path: Path, _: os.stat_result) -> None:
    path.write_bytes(change(path.read_bytes()))


def rename_over(path: Path, _: os.stat_result) -> None:
    other = path.with_name("other")
    other.write_bytes(change(path.read_bytes()))
    other.replace(path)


def in_place_with_the_time_set_back(path: Path, before: os.stat_result) -> None:
    in_place(path, before)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def copy_over_with_its_time(path: Path, before: os.stat_result) -> None:
    """`cp -p`."""
    other = path.with_name("other")
    other.write_bytes(change(path.read_bytes()))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    shutil.copy2(other, path)
    other.unlink()


def rename_over_with_its_time(path: Path, before: os.stat_result) -> None:
    """`mv` of a copy of that time, as `rsync -t` ends."""
    other = path.with_name("other")
    other.write_bytes(change(path.read_bytes()))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    other.replace(path)


def link_retargeted(path: Path, before: os.stat_result) -> None:
    """The file was a link to one of two."""
    other = path.resolve().with_name("other")
    other.write_bytes(change(path.read_bytes()))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    path.unlink()
    path.symlink_to(other)


def hard_link_swapped(path: Path, before: os.stat_result) -> None:
    """The name is given to another file that has been there all along."""
    other = path.with_name("other")
    other.write_bytes(change(path.read_bytes()))
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    path.unlink()
    path.hardlink_to(other)


def folder_replaced(path: Path, before: os.stat_result) -> None:
    """Every file of the folder is another one, as after a checkout of a repository of dotfiles."""
    folder, text = path.parent, change(path.read_bytes())
    twin = folder.with_name("twin")
    shutil.copytree(folder, twin, symlinks=True)
    (twin / path.name).unlink()
    (twin / path.name).write_bytes(text)
    os.utime(twin / path.name, ns=(before.st_atime_ns, before.st_mtime_ns))
    folder.rename(folder.with_name("before"))
    twin.rename(folder)


def removed(path: Path, _: os.stat_result) -> None:
    path.unlink()


EDITS = (
    in_place,
    truncate_and_write,
    rename_over,
    in_place_with_the_time_set_back,
    copy_over_with_its_time,
    rename_over_with_its_time,
    link_retargeted,
    hard_link_swapped,
    folder_replaced,
    removed,
)
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


def test_edits_in_any_order_at_any_speed_never_leave_a_pointer_of_what_was_before(
    world: HotWorld,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Edits and pointers take turns without a pause; a pointer names what the config held."""
    random = chance("edits of one size")
    read = fingerprint(ConfigPaths(str(world.config), str(world.credentials)))
    planned = world.config.read_bytes()
    world.store.put(world.key, world.session())
    for _ in range(300):
        step = random.choice(("edit", "read", "point", "serve"))
        if step == "edit":
            edit = random.choice((in_place, truncate_and_write, in_place_with_the_time_set_back))
            edit(world.config, world.config.stat())
        elif step == "read":
            read = world.fingerprint()
            planned = world.config.read_bytes()
        elif step == "point":
            FileHotPointers(world.paths.hot, world.bytes_environ).write(
                PROFILE, PointedSession(ROLE, world.key, read), world.info
            )
        elif served(world, monkeypatch, capfd):
            assert world.config.read_bytes() == planned


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
