"""Where the runtime keyring is: recorded places, environments, and what others plant there."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import needs_root
from support.vault.keyrings import key, memory_folder
from xswitch.adapters.state.paths import AppPaths
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.file_store import FileStore
from xswitch.adapters.vault.runtime_places import RuntimePlaces
from xswitch.adapters.vault.selection import LazyVault, VaultEnvironment
from xswitch.core.errors import ConfigError, VaultBrokenError
from xswitch.core.model import Settings

NOBODY = 65534
ERRORS = VaultErrors("/home/user/.config/xswitch/config.toml")


@pytest.fixture
def memory() -> Iterator[Path]:
    with memory_folder() as folder:
        for name in ("login", "user"):
            (folder / name).mkdir(mode=0o700)
        shared = folder / "shm"
        shared.mkdir()
        shared.chmod(0o1777)
        yield folder


@pytest.fixture
def paths(tmp_path: Path) -> AppPaths:
    return AppPaths(settings=tmp_path / "config.toml", state=tmp_path / "state")


def login(memory: Path) -> Path:
    return memory / "login" / "xswitch"


def user(memory: Path) -> Path:
    return memory / "user" / "xswitch"


def shared(memory: Path) -> Path:
    return memory / "shm" / "xswitch-1000"


# The folders that XDG_RUNTIME_DIR leads to in a login, in cron, after su, in a service
ENVIRONMENTS: dict[str, Callable[[Path], tuple[Path, ...]]] = {
    "a login": lambda memory: (login(memory), user(memory), shared(memory)),
    "cron": lambda memory: (user(memory), shared(memory)),
    "no runtime folder at all": lambda memory: (shared(memory),),
    "another user's runtime folder": lambda memory: (memory / "none" / "xswitch", shared(memory)),
    "nothing": lambda _: (),
}


def kept_in(folder: Path) -> FileStore:
    store = FileStore(folder, ERRORS, memory=True)
    store.put(key(1), "a session")
    return store


@pytest.mark.parametrize("then", list(ENVIRONMENTS))
@pytest.mark.parametrize("first", list(ENVIRONMENTS)[:-1])
def test_a_session_is_found_in_every_environment(
    memory: Path, paths: AppPaths, first: str, then: str
) -> None:
    folder = RuntimePlaces(paths).choose(ENVIRONMENTS[first](memory))
    kept_in(folder)
    assert RuntimePlaces(paths).choose(ENVIRONMENTS[then](memory)) == folder
    assert RuntimePlaces(paths).note == ""


def test_an_empty_folder_is_found_too(memory: Path, paths: AppPaths) -> None:
    folder = RuntimePlaces(paths).choose((login(memory),))
    assert not folder.exists()
    assert RuntimePlaces(paths).choose((user(memory),)) == folder


def test_a_record_of_one_word_still_works(memory: Path, paths: AppPaths) -> None:
    paths.state.mkdir()
    paths.vault.write_text("runtime\n")
    machine = VaultEnvironment(
        Settings(), paths, {}, lambda: False, "linux", (login(memory), shared(memory))
    )
    assert LazyVault(machine).info().place == str(login(memory))
    assert paths.vault.read_text() == "runtime\n"
    assert json.loads(paths.runtime_places.read_text()) == {
        "version": 1,
        "folders": [str(login(memory))],
        "left": "",
    }
    assert paths.runtime_places.stat().st_mode & 0o777 == 0o600


def test_after_a_reboot_the_next_candidate_is_recorded_and_the_reason_kept(
    memory: Path, paths: AppPaths
) -> None:
    kept_in(RuntimePlaces(paths).choose((login(memory),)))
    shutil.rmtree(memory / "login")
    folder = RuntimePlaces(paths).choose((user(memory), shared(memory)))
    assert folder == user(memory)
    kept_in(folder)
    places = RuntimePlaces(paths)
    assert places.folders() == (user(memory), login(memory))
    assert places.note.startswith(f"{login(memory)} can't be used")
    # The first one is there again, as after the next login: the sessions stay where they are
    (memory / "login").mkdir(mode=0o700)
    assert RuntimePlaces(paths).choose((login(memory),)) == user(memory)


def test_a_folder_that_a_logout_removed_is_made_again(memory: Path, paths: AppPaths) -> None:
    kept_in(RuntimePlaces(paths).choose((login(memory),)))
    shutil.rmtree(login(memory))
    assert RuntimePlaces(paths).choose((user(memory),)) == login(memory)


def as_a_link(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.symlink_to(folder.with_name("moved"))


def as_a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.touch()


def as_anothers(folder: Path) -> None:
    needs_root("only root can give a folder away")
    os.chown(folder, NOBODY, NOBODY)


def below_a_loose_parent(folder: Path) -> None:
    folder.parent.chmod(0o777)


def below_anothers_parent(folder: Path) -> None:
    needs_root("only root can give a folder away")
    os.chown(folder.parent, NOBODY, NOBODY)


SPOILED = [
    as_a_link,
    as_a_file,
    as_anothers,
    below_a_loose_parent,
    below_anothers_parent,
    lambda folder: folder.chmod(0o755),
    lambda folder: folder.chmod(0o770),
    lambda folder: shutil.rmtree(folder.parent),
]


@pytest.mark.parametrize("spoil", SPOILED)
def test_a_recorded_place_that_is_no_longer_trustworthy_is_left(
    memory: Path, paths: AppPaths, spoil: Callable[[Path], None]
) -> None:
    folder = RuntimePlaces(paths).choose((login(memory),))
    kept_in(folder)
    spoil(folder)
    again = RuntimePlaces(paths).choose((login(memory), user(memory)))
    assert again == user(memory)
    assert kept_in(again).get(key(1)) == "a session"
    assert RuntimePlaces(paths).choose((login(memory), user(memory))) == again
    assert str(folder) in RuntimePlaces(paths).note


def test_without_another_candidate_it_is_reported_as_untrustworthy(
    memory: Path, paths: AppPaths
) -> None:
    folder = RuntimePlaces(paths).choose((login(memory),))
    kept_in(folder)
    as_a_link(folder)
    with pytest.raises(VaultBrokenError) as caught:
        kept_in(RuntimePlaces(paths).choose((login(memory),)))
    assert caught.value.code == "vault_untrusted"


def test_a_bad_folder_at_first_use_is_reported_and_not_recorded(
    memory: Path, paths: AppPaths
) -> None:
    login(memory).mkdir(mode=0o755)
    login(memory).chmod(0o755)
    with pytest.raises(VaultBrokenError):
        kept_in(RuntimePlaces(paths).choose((login(memory), user(memory))))
    assert not paths.runtime_places.exists()


# -- names that another user has taken


def plant_folder(path: Path) -> None:
    path.mkdir(mode=0o777)


def plant_private_folder(path: Path) -> None:
    path.mkdir(mode=0o700)


def plant_file(path: Path) -> None:
    path.write_text("theirs")


def plant_link_to_nothing(path: Path) -> None:
    path.symlink_to(path.parent / "nothing")


def plant_link_to_a_folder(path: Path) -> None:
    (path.parent / "trap").mkdir(mode=0o700)
    path.symlink_to(path.parent / "trap")


def plant_link_to_itself(path: Path) -> None:
    path.symlink_to(path)


def plant_pipe(path: Path) -> None:
    os.mkfifo(path)


def plant_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))


PLANTED = [
    plant_folder,
    plant_private_folder,
    plant_file,
    plant_link_to_nothing,
    plant_link_to_a_folder,
    plant_link_to_itself,
    plant_pipe,
    plant_socket,
]


@pytest.mark.parametrize("plant", PLANTED)
def test_a_name_that_another_user_has_taken_blocks_nothing(
    memory: Path, paths: AppPaths, plant: Callable[[Path], None]
) -> None:
    needs_root("another user plants it")
    taken = shared(memory)
    plant(taken)
    os.chown(taken, NOBODY, NOBODY, follow_symlinks=False)
    folder = RuntimePlaces(paths).choose((taken,))
    assert folder.parent == taken.parent
    assert folder.name.startswith(f"{taken.name}-")
    assert len(folder.name) == len(taken.name) + 1 + 32
    kept_in(folder)
    assert RuntimePlaces(paths).choose((taken,)) == folder
    assert RuntimePlaces(paths).choose(()) == folder
    # The name is found again without the record, and no folder of another user is taken for it
    shutil.rmtree(paths.state)
    other = taken.with_name(f"{taken.name}-{'0' * 32}")
    other.mkdir(mode=0o700)
    os.chown(other, NOBODY, NOBODY)
    assert RuntimePlaces(paths).choose((taken,)) == folder


def test_a_name_in_a_shared_folder_is_never_guessable(memory: Path, tmp_path: Path) -> None:
    names = set()
    for number in range(5):
        paths = AppPaths(settings=tmp_path / "x", state=tmp_path / str(number))
        names.add(RuntimePlaces(paths).choose((shared(memory),)).name)
    assert len(names) == 5


def test_an_earlier_versions_folder_in_a_shared_folder_stays_in_use(
    memory: Path, paths: AppPaths
) -> None:
    kept_in(shared(memory))
    assert RuntimePlaces(paths).choose((shared(memory),)) == shared(memory)
    # It can't be made again under its own name, which another user could take first
    shutil.rmtree(shared(memory))
    assert RuntimePlaces(paths).choose((shared(memory),)) != shared(memory)


CHOOSER = """
import sys
from pathlib import Path
from xswitch.adapters.state.paths import AppPaths
from xswitch.adapters.vault.runtime_places import RuntimePlaces
state, candidate = map(Path, sys.argv[1:])
print(RuntimePlaces(AppPaths(settings=state / "x", state=state)).choose((candidate,)))
"""


def test_processes_that_choose_at_the_same_time_agree(memory: Path, paths: AppPaths) -> None:
    command = [sys.executable, "-c", CHOOSER, str(paths.state), str(shared(memory))]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    chosen = {process.communicate(timeout=60)[0] for process in running}
    assert len(chosen) == 1
    assert all(process.returncode == 0 for process in running)


def test_a_new_name_that_can_not_be_recorded_is_reported(memory: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    paths = AppPaths(settings=tmp_path / "x", state=tmp_path / "file")
    with pytest.raises(ConfigError) as caught:
        RuntimePlaces(paths).choose((shared(memory),))
    assert caught.value.code == "state_folder"
    assert RuntimePlaces(paths).choose((login(memory),)) == login(memory)


def test_a_record_of_a_newer_program_is_not_replaced(memory: Path, paths: AppPaths) -> None:
    paths.state.mkdir()
    newer = '{"version": 2, "place": "somewhere"}'
    paths.runtime_places.write_text(newer)
    places = RuntimePlaces(paths)
    assert places.choose((login(memory),)) == login(memory)
    with pytest.raises(ConfigError) as caught:
        places.choose((shared(memory),))
    assert caught.value.code == "state_newer"
    assert places.newer() is not None
    assert paths.runtime_places.read_text() == newer


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 1}',
        b'{"version": 1, "folders": "x"}',
        b'{"version": 1, "folders": [3, "relative", "/a\\u0000b"], "left": 7}',
        b"\xff",
        b"x" * 100_000,
    ],
)
def test_a_damaged_record_is_replaced(memory: Path, paths: AppPaths, content: bytes) -> None:
    paths.state.mkdir()
    paths.runtime_places.write_bytes(content)
    assert RuntimePlaces(paths).choose((login(memory),)) == login(memory)
    assert RuntimePlaces(paths).folders() == (login(memory),)
