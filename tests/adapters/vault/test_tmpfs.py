from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.vault.keyrings import memory_folder
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.tmpfs import in_memory, runtime_folder, runtime_folder_candidates
from xswitch.core.errors import VaultBrokenError

ERRORS = VaultErrors("/home/user/.config/xswitch/config.toml")


@pytest.fixture
def memory() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


def is_memory(path: Path, mounts: str = "/proc/self/mountinfo") -> bool:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return in_memory(descriptor, mounts)
    finally:
        os.close(descriptor)


def mounts(tmp_path: Path, folder: Path, kind: str) -> str:
    """Write a list of mounts in which the file system of `folder` is of `kind`."""
    device = folder.stat().st_dev
    text = (
        "22 27 0:4242 / /proc rw,relatime - proc proc rw\n"
        f"25 24 {os.major(device)}:{os.minor(device)} / /a\\040b rw,relatime shared:1 master:2"
        f" - {kind} - {kind} x\n"
    )
    (tmp_path / "mounts").write_text(text)
    return str(tmp_path / "mounts")


def test_the_list_of_mounts_shows_file_systems_in_memory(memory: Path) -> None:
    assert is_memory(memory)
    assert not is_memory(Path("/proc"))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("tmpfs", True), ("ramfs", True), ("ext4", False), ("devtmpfs", False), ("fuse.tmpfs", False)],
)
def test_only_the_kinds_that_never_reach_a_disk_count(
    tmp_path: Path, kind: str, *, expected: bool
) -> None:
    assert is_memory(tmp_path, mounts(tmp_path, tmp_path, kind)) is expected


def test_without_a_list_of_mounts_nothing_is_in_memory(memory: Path, tmp_path: Path) -> None:
    assert not is_memory(memory, str(tmp_path / "none"))
    (tmp_path / "empty").write_text("\n")
    assert not is_memory(memory, str(tmp_path / "empty"))


def test_candidates_in_order() -> None:
    assert [
        str(place) for place in runtime_folder_candidates({"XDG_RUNTIME_DIR": "/run/user/7"}, 7)
    ] == [
        "/run/user/7/xswitch",
        "/dev/shm/xswitch-7",
    ]
    assert [
        str(place) for place in runtime_folder_candidates({"XDG_RUNTIME_DIR": "relative"}, 7)
    ] == [
        "/run/user/7/xswitch",
        "/dev/shm/xswitch-7",
    ]


def test_the_first_good_candidate_is_taken(memory: Path, tmp_path: Path) -> None:
    paths = (tmp_path / "none" / "xswitch", memory / "xswitch", memory / "later")
    assert runtime_folder(paths, ERRORS) == memory / "xswitch"


def test_candidates_whose_parent_others_control_are_passed_over(memory: Path) -> None:
    loose, sticky = memory / "loose", memory / "sticky"
    loose.mkdir()
    loose.chmod(0o777)
    sticky.mkdir()
    sticky.chmod(0o1777)
    candidates = (loose / "xswitch", sticky / "xswitch")
    assert (
        runtime_folder(candidates, ERRORS, new_suffix=lambda: "random") == sticky / "xswitch-random"
    )


def test_no_memory_anywhere_is_refused_and_the_setting_named(
    tmp_path: Path, memory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "disk").mkdir()
    with pytest.raises(VaultBrokenError) as caught:
        runtime_folder(
            (tmp_path / "disk" / "xswitch", tmp_path / "none" / "xswitch"),
            ERRORS,
            mounts(tmp_path, tmp_path, "ext4"),
        )
    assert caught.value.code == "vault_no_memory"
    assert "is not in memory" in caught.value.why
    assert "No such file or directory" in caught.value.why
    assert 'vault = "file"' in caught.value.next_step
    assert "allow_plain_files = true" in caught.value.next_step
    assert "/home/user/.config/xswitch/config.toml" in caught.value.next_step
    mine = os.geteuid()
    (memory / "theirs").mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    if mine:
        with pytest.raises(VaultBrokenError, match="belongs to user"):
            runtime_folder((memory / "theirs" / "xswitch",), ERRORS)
