from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hot import PROFILE, ROLE, HotWorld
from support.vault.keyrings import memory_folder
from xswitch.adapters.vault.hot_pointers import FileHotPointers
from xswitch.core.model import PointedSession, VaultInfo


@pytest.fixture
def world(clean_world: Path) -> Iterator[HotWorld]:
    with memory_folder() as memory:
        yield HotWorld(clean_world, memory)


def test_a_pointer_is_a_few_lines_for_us_alone(world: HotWorld) -> None:
    world.extra["AWS_CA_BUNDLE"] = "/one.pem"
    world.point()
    facts = world.config.stat()
    lines = world.pointer.read_text().split("\n")
    assert lines[:3] == ["xswitch-hot2", PROFILE, ROLE]
    assert lines[3:7] == [world.key, "runtime", str(world.memory / "xswitch"), ""]
    times = f"{facts.st_mtime_ns}:{facts.st_ctime_ns}"
    assert lines[7:9] == [f"{facts.st_size}:{times}:{facts.st_ino}:{facts.st_dev},-", "-"]
    assert len(lines[9]) == 32
    assert lines[10:] == [str(world.config), str(world.credentials), ""]
    assert world.pointer.stat().st_mode & 0o777 == 0o600
    assert world.paths.hot.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in world.paths.hot.iterdir()] == [PROFILE]


def test_a_pointer_can_be_removed_twice(world: HotWorld) -> None:
    world.point()
    pointers = FileHotPointers(world.paths.hot, world.bytes_environ)
    pointers.remove(PROFILE)
    pointers.remove(PROFILE)
    assert not world.pointer.exists()


def test_a_config_that_changed_since_it_was_read_gets_no_pointer_and_loses_the_old_one(
    world: HotWorld,
) -> None:
    world.point()
    read = world.fingerprint()
    world.config.write_text("[profile b]\n")
    FileHotPointers(world.paths.hot, world.bytes_environ).write(
        PROFILE, PointedSession(ROLE, world.key, read), world.info
    )
    assert not world.pointer.exists()


def test_settings_that_changed_since_the_process_began_get_no_pointer(world: HotWorld) -> None:
    pointers = FileHotPointers(world.paths.hot, world.bytes_environ)
    world.settings.parent.mkdir(parents=True)
    world.settings.write_text("")
    pointers.write(PROFILE, PointedSession(ROLE, world.key, world.fingerprint()), world.info)
    assert not world.pointer.exists()
    world.age(world.settings)
    world.point()
    assert world.pointer.exists()


@pytest.mark.parametrize("kind", ["macos", "windows", "auto"])
def test_stores_without_a_hot_path_get_no_pointer(world: HotWorld, kind: str) -> None:
    world.point(VaultInfo(kind, "x"))
    assert not world.pointer.exists()


def test_a_path_with_a_newline_gets_no_pointer(world: HotWorld) -> None:
    world.extra["AWS_CONFIG_FILE"] = str(world.home / "a\nb")
    world.point()
    assert not world.pointer.exists()
    del world.extra["AWS_CONFIG_FILE"]
    world.point(VaultInfo("file", "plain files", "/a\nb"))
    assert not world.pointer.exists()


def test_failures_leave_no_pointer_and_raise_nothing(world: HotWorld) -> None:
    world.extra["HOME"] = ""
    FileHotPointers(world.paths.hot, world.bytes_environ).write(
        PROFILE, PointedSession(ROLE, world.key, "-,-"), world.info
    )
    del world.extra["HOME"]
    world.paths.state.parent.mkdir(parents=True)
    world.paths.state.write_text("a file in the folder's place")
    world.point()
    assert world.paths.state.read_text() == "a file in the folder's place"


def test_a_profile_of_any_name_has_its_file(world: HotWorld) -> None:
    world.profile = "../x y/é"
    world.point()
    assert world.pointer.parent == world.paths.hot
    assert world.pointer.name == "%2E./x y/é".replace("/", "%2F").replace(" ", "%20").replace(
        "é", "%C3%A9"
    )
    assert world.pointer.exists()
