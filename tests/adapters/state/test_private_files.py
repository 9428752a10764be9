from __future__ import annotations

import fcntl
import os
import stat
import threading
from pathlib import Path
from typing import Any

import pytest

from xswitch.adapters.state.private_files import (
    create_private,
    keep_private,
    private_folder,
    read_file,
    replace_private,
    sweep,
    write_all,
)


def test_created_folders_are_private_for_any_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = private_folder(tmp_path / "state" / "xswitch" / "locks")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (made, *list(made.parents)[:2])} == {
        0o700
    }


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    folder.chmod(0o750)
    private_folder(folder / "locks")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_a_file_is_replaced_whole_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "index.json"
    replace_private(path, b"old")
    path.chmod(0o644)
    replace_private(path, b"new")
    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["index.json"]


def test_a_failed_replacement_leaves_no_file(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(OSError, match="directory"):
        replace_private(tmp_path / "taken", b"new")
    assert [found.name for found in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("mask", [0o000, 0o777])
def test_created_files_are_private_for_any_umask(tmp_path: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        replace_private(tmp_path / "state" / "file", b"x")
    finally:
        os.umask(before)
    assert (tmp_path / "state" / "file").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nothing"])
def test_a_special_file_is_not_read_and_not_waited_for(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    with pytest.raises(OSError, match=r"not a regular file|directory|No such"):
        read_file(path, 100)


def test_a_file_is_read_no_further_than_its_limit_and_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"x" * 1000)
    assert read_file(tmp_path / "file", 100) == b"x" * 101
    assert read_file(tmp_path / "file", 1000) == b"x" * 1000


def test_a_kept_file_is_private_and_the_first_one_stays(tmp_path: Path) -> None:
    path = tmp_path / "state" / "vault"
    assert keep_private(path, b"first")
    assert not keep_private(path, b"second")
    assert path.read_bytes() == b"first"
    assert path.stat().st_mode & 0o777 == 0o600
    assert [found.name for found in path.parent.iterdir()] == ["vault"]


@pytest.mark.parametrize("times", [1, 20])
def test_a_file_that_is_swept_before_it_is_locked_is_made_again(
    times: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`sweep` finds it unlocked, locks it, and removes it a moment later; so do many at once."""
    path, real = tmp_path / ".x.tmp", os.open
    swept: list[str | Path] = []

    def removed(sweeper: int) -> None:
        path.unlink()
        os.close(sweeper)

    def swept_at_once(name: str | Path, flags: int, *rest: int, **more: Any) -> int:
        descriptor = real(name, flags, *rest, **more)
        if flags & os.O_EXCL and len(swept) < times:
            sweeper = real(name, os.O_RDONLY)
            fcntl.flock(sweeper, fcntl.LOCK_EX)
            swept.append(name)
            threading.Timer(0.01, removed, (sweeper,)).start()
        return descriptor

    monkeypatch.setattr(os, "open", swept_at_once)
    with create_private(path) as written:
        write_all(written, b"whole")
        path.rename(tmp_path / "kept")
    assert len(swept) == times
    assert (tmp_path / "kept").read_bytes() == b"whole"


def test_a_late_sweep_leaves_the_new_file_of_the_same_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another sweep removed the file after this one opened it, and its writer made it again."""
    path = tmp_path / f".x.{'0' * 16}.tmp"
    path.write_bytes(b"unlocked")
    real = fcntl.flock

    def removed_before(descriptor: int, operation: int) -> None:
        monkeypatch.setattr(fcntl, "flock", real)
        path.unlink()
        path.write_bytes(b"new")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", removed_before)
    assert sweep(tmp_path) == []
    assert path.read_bytes() == b"new"
    assert sweep(tmp_path) == [path]
