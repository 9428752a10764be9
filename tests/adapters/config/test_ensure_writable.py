"""Files that can't be changed are noticed beforehand, and a file that can stays untouched."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import pytest

from conftest import FixedClock, needs_root
from support.config.store import BEFORE, KEYS, XS, names, refusal, store_at
from xswitch.adapters.config import atomic_replace
from xswitch.adapters.config.store import FileConfigStore
from xswitch.adapters.state.private_files import create_private


@pytest.fixture
def store(clean_world: Path, clock: FixedClock) -> FileConfigStore:
    return store_at(clean_world, clock)


@pytest.fixture
def folder(clean_world: Path) -> Path:
    folder = clean_world / ".aws"
    folder.mkdir(mode=0o700)
    (folder / "config").write_text(BEFORE)
    (folder / "credentials").write_text("")
    return folder


@contextmanager
def read_only_mode(folder: Path) -> Iterator[None]:
    (folder / "config").chmod(0o444)
    yield


@contextmanager
def read_only_mount(folder: Path) -> Iterator[None]:
    needs_root("mounts need root")
    mount = ["mount", "--bind", "-o", "ro", str(folder), str(folder)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("bind mounts aren't possible here")
    subprocess.run(["mount", "-o", "remount,ro,bind", str(folder)], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


@contextmanager
def store_of_another_user(folder: Path) -> Iterator[None]:
    """Make the config a link into a store, as Nix and home-manager do."""
    needs_root("files of another user need root")
    nix = folder.parents[1] / f"nix-of-{folder.parent.name}"  # what is in the home is its user's
    nix.mkdir()
    (folder / "config").rename(nix / "config")
    (folder / "config").symlink_to(nix / "config")
    os.chown(nix / "config", 12345, 12345)
    yield


@contextmanager
def immutable(folder: Path) -> Iterator[None]:
    needs_root("chattr needs root")
    file = str(folder / "config")
    if subprocess.run(["chattr", "+i", file], check=False, capture_output=True).returncode:
        pytest.skip("this file system has no immutable files")
    try:
        yield
    finally:
        subprocess.run(["chattr", "-i", file], check=True)


@contextmanager
def hard_links(folder: Path) -> Iterator[None]:
    (folder / "backup").hardlink_to(folder / "config")
    yield


@contextmanager
def a_folder(folder: Path) -> Iterator[None]:
    (folder / "config").unlink()
    (folder / "config").mkdir()
    yield


@contextmanager
def no_folder_possible(folder: Path) -> Iterator[None]:
    for name in names(folder):
        (folder / name).unlink()
    folder.rmdir()
    folder.write_text("")
    yield


OBSTACLES = [
    read_only_mode,
    read_only_mount,
    store_of_another_user,
    immutable,
    hard_links,
    a_folder,
    no_folder_possible,
]


Obstacle = Callable[[Path], AbstractContextManager[None]]


@pytest.mark.parametrize("obstacle", OBSTACLES)
def test_every_obstacle_to_a_change_is_noticed_before(
    obstacle: Obstacle, store: FileConfigStore, folder: Path
) -> None:
    with obstacle(folder):
        code = "config_not_a_file" if obstacle is a_folder else "config_not_writable"
        before = refusal(lambda: store.ensure_writable(["config"]), code)
        after = refusal(lambda: store.apply([XS]), code)
        assert before.what == after.what


@pytest.mark.parametrize("obstacle", [read_only_mount, store_of_another_user, immutable])
def test_the_next_step_is_a_copy_that_works(
    obstacle: Obstacle,
    store: FileConfigStore,
    folder: Path,
    clock: FixedClock,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = folder.parent
    with obstacle(folder):
        with monkeypatch.context() as patched:
            if obstacle is store_of_another_user:
                # Root gets another next step
                patched.setattr(os, "geteuid", lambda: 4242)
            refused = refusal(lambda: store.ensure_writable(["config"]), "config_not_writable")
        step = refused.next_step
        command = step.partition(": ")[2]
        printed = subprocess.run(
            ["sh", "-c", f'{command} && printf %s "$AWS_CONFIG_FILE"'],
            env={"HOME": str(home), "PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        assert shlex.split(command)[0] == "cp"
        copy = store_at(home, clock, config=os.path.relpath(printed, home))
        copy.ensure_writable(
            ["config", "credentials"] if obstacle is not read_only_mount else ["config"]
        )
        copy.apply([XS])
    assert Path(printed).read_text().replace("\r", "").startswith(BEFORE.replace("\r", ""))
    assert (folder / "config").read_text() == BEFORE.replace("\r\n", "\n")


def test_files_that_can_be_changed_stay_as_they_are(store: FileConfigStore, folder: Path) -> None:
    before = {path: path.stat() for path in folder.iterdir()}
    store.ensure_writable(["config", "credentials"])
    assert {path: path.stat() for path in folder.iterdir()} == before
    assert names(folder) == ["config", "credentials"]


def test_missing_files_and_folders_are_not_created(
    store: FileConfigStore, clean_world: Path
) -> None:
    store.ensure_writable(["config", "credentials"])
    assert not (clean_world / ".aws").exists()
    store.apply([XS, KEYS])


def test_nothing_to_change_needs_no_permission(store: FileConfigStore, folder: Path) -> None:
    (folder / "config").chmod(0o444)
    store.ensure_writable([])
    store.ensure_writable(["credentials"])


def test_a_probe_that_another_process_sweeps_away_is_no_obstacle(
    store: FileConfigStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is unlocked for a moment before it's removed."""
    swept: list[str] = []

    @contextmanager
    def swept_afterward(path: str) -> Iterator[int]:
        with create_private(path) as descriptor:
            yield descriptor
        Path(path).unlink()
        swept.append(path)

    monkeypatch.setattr(atomic_replace, "create_private", swept_afterward)
    store.ensure_writable(["config", "credentials"])
    assert len(swept) == 2
    assert names(folder) == ["config", "credentials"]
