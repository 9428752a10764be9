from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import needs_root
from support.vault.keyrings import key, memory_folder
from xswitch.adapters.state.private_files import open_private
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.file_store import FileStore
from xswitch.core.errors import VaultBrokenError

ERRORS = VaultErrors("/home/user/.config/xswitch/config.toml")
KEY = key(1)


@pytest.fixture
def memory() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


@pytest.fixture
def store(memory: Path) -> FileStore:
    store = FileStore(memory / "xswitch", ERRORS, memory=True)
    store.put(KEY, "kept")
    return store


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal(store: FileStore) -> VaultBrokenError:
    with pytest.raises(VaultBrokenError) as caught:
        store.get(KEY)
    assert caught.value.next_step
    assert "kept" not in str(caught.value)
    return caught.value


def test_folder_and_file_are_private_for_any_umask(memory: Path) -> None:
    for number, mask in enumerate((0o000, 0o022, 0o077, 0o277)):
        before = os.umask(mask)
        try:
            folder = memory / f"umask-{number}"
            store = FileStore(folder, ERRORS, memory=True)
            if mask == 0o277 and os.geteuid():
                continue  # only root can write where it may not
            store.put(KEY, "x")
        finally:
            os.umask(before)
        assert folder.stat().st_mode & 0o077 == 0
        assert (folder / KEY).stat().st_mode & 0o777 == 0o600
        assert names(folder) == [KEY]


def test_reading_makes_nothing(memory: Path) -> None:
    store = FileStore(memory / "none", ERRORS, memory=True)
    assert store.get(KEY) is None
    store.delete(KEY)
    assert not (memory / "none").exists()


def test_a_folder_that_is_a_link_is_refused_for_reading_and_writing(
    memory: Path, store: FileStore
) -> None:
    (memory / "xswitch").rename(memory / "elsewhere")
    (memory / "xswitch").symlink_to(memory / "elsewhere")
    assert refusal(store).code == "vault_untrusted"
    with pytest.raises(VaultBrokenError):
        store.put(KEY, "new")
    assert (memory / "elsewhere" / KEY).read_text() == "kept"


def test_a_file_in_the_folders_place_is_refused(memory: Path) -> None:
    (memory / "xswitch").write_text("")
    assert refusal(FileStore(memory / "xswitch", ERRORS, memory=True)).code == "vault_untrusted"


@pytest.mark.parametrize("mode", [0o755, 0o770, 0o701, 0o722])
def test_a_folder_others_can_use_is_refused(memory: Path, store: FileStore, mode: int) -> None:
    (memory / "xswitch").chmod(mode)
    error = refusal(store)
    assert f"{mode:04o}" in error.why
    assert f"rm -rf {memory}/xswitch" in error.next_step
    with pytest.raises(VaultBrokenError):
        store.put(KEY, "new")
    with pytest.raises(VaultBrokenError):
        store.delete(KEY)


def test_a_planted_folder_of_another_user_is_refused(
    store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: mine + 1)
    assert f"belongs to user {mine}" in refusal(store).why


def test_a_file_of_another_user_is_refused(memory: Path, store: FileStore) -> None:
    needs_root("only root can give a file away")
    os.chown(memory / "xswitch" / KEY, 12345, -1)
    assert "belongs to user 12345" in refusal(store).why


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o660])
def test_a_file_others_can_use_is_refused(memory: Path, store: FileStore, mode: int) -> None:
    (memory / "xswitch" / KEY).chmod(mode)
    assert f"{mode:04o}" in refusal(store).why


def test_a_file_that_is_a_link_is_refused_and_replaced_by_writing(
    memory: Path, store: FileStore
) -> None:
    target = memory / "target"
    (memory / "xswitch" / KEY).rename(target)
    (memory / "xswitch" / KEY).symlink_to(target)
    assert refusal(store).code == "vault_untrusted"
    store.put(KEY, "new")
    assert store.get(KEY) == "new"
    assert target.read_text() == "kept"


def test_a_file_with_a_second_name_is_refused_and_replaced_by_writing(
    memory: Path, store: FileStore
) -> None:
    second = memory / "second"
    second.hardlink_to(memory / "xswitch" / KEY)
    assert "hard link" in refusal(store).why
    store.put(KEY, "new")
    assert second.read_text() == "kept"
    assert store.get(KEY) == "new"


def test_a_special_file_is_rejected_without_waiting(memory: Path, store: FileStore) -> None:
    path = memory / "xswitch" / KEY
    path.unlink()
    os.mkfifo(path, 0o600)
    assert refusal(store).code == "vault_untrusted"
    path.unlink()
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        assert refusal(store).next_step
    path.unlink()
    path.mkdir(0o700)
    assert refusal(store).code == "vault_untrusted"
    with pytest.raises(VaultBrokenError):
        store.put(KEY, "new")
    with pytest.raises(VaultBrokenError):
        store.delete(KEY)


def test_a_folder_not_in_memory_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "xswitch"
    folder.mkdir(mode=0o700)
    store = FileStore(folder, ERRORS, memory=True, is_memory=lambda _: False)
    assert "not on a file system in memory" in refusal(store).why
    with pytest.raises(VaultBrokenError):
        store.put(KEY, "new")
    assert not names(folder)


def test_a_reader_that_opened_the_file_before_it_was_replaced_has_the_old_value(
    memory: Path, store: FileStore
) -> None:
    opened = os.open(memory / "xswitch" / KEY, os.O_RDONLY)
    store.put(KEY, "new")
    try:
        store._check_file(opened, memory)
        assert os.read(opened, 10) == b"kept"
    finally:
        os.close(opened)


def test_files_of_killed_writers_are_removed_and_those_being_written_are_not(
    memory: Path, store: FileStore
) -> None:
    names = (f".{KEY}.17.0123abcd", ".mine", f".{KEY}.17.0123abcd.mine", f"{KEY}.17.0123abcd")
    for name in names:
        (memory / "xswitch" / name).write_text("secret")
    young = open_private(memory / "xswitch" / f".{KEY}.18.0123abcd")
    store.put(key(2), "x")
    kept = {path.name for path in (memory / "xswitch").iterdir()}
    assert kept == {*names[1:], f".{KEY}.18.0123abcd", key(1), key(2)}
    os.close(young)
    store.delete(key(2))
    assert {path.name for path in (memory / "xswitch").iterdir()} == {*names[1:], key(1)}


def test_bytes_that_are_not_text_are_returned(memory: Path, store: FileStore) -> None:
    (memory / "xswitch" / KEY).write_bytes(b"\xff\xfe")
    assert store.get(KEY) == "\ufffd\ufffd"


def test_a_full_file_system_is_reported_and_the_old_value_stays(
    memory: Path, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "rename", full)
    with pytest.raises(VaultBrokenError) as caught:
        store.put(KEY, "new")
    assert "No space left on" in caught.value.why
    assert store.get(KEY) == "kept"
    assert names(memory / "xswitch") == [KEY]


def test_a_folder_that_goes_away_is_made_again(
    memory: Path, store: FileStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    rename, gone = os.rename, [False]

    def logout_first(*arguments: str, src_dir_fd: int, dst_dir_fd: int) -> None:
        if not gone[0]:
            gone[0] = True
            for path in (memory / "xswitch").iterdir():
                path.unlink()
            (memory / "xswitch").rmdir()
        rename(*arguments, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)

    monkeypatch.setattr(os, "rename", logout_first)
    store.put(KEY, "new")
    assert store.get(KEY) == "new"


@pytest.mark.parametrize(
    "bad", ["", "../etc/passwd", "A" * 40, "g" * 40, "0" * 39, "0" * 41, "0" * 39 + "\n"]
)
def test_an_invalid_key_never_becomes_a_path(store: FileStore, bad: str) -> None:
    for use in (store.get, store.delete, lambda key: store.put(key, "x")):
        with pytest.raises(ValueError, match="session key"):
            use(bad)


WRITER = """
import sys
from pathlib import Path
from xswitch.adapters.vault.file_store import FileStore
from xswitch.adapters.vault.errors import VaultErrors
store, key = FileStore(Path(sys.argv[1]), VaultErrors(""), memory=True), sys.argv[2]

def write(number):
    while True:
        number += 1
        store.put(key, f"{number:09d}" * 2000)

"""

KILLER = (
    WRITER
    + """
import os, signal, time
store.put(key, "0" * 18_000)
for turn in range(100):
    child = os.fork()
    if child == 0:
        write(turn * 1_000_000)
    time.sleep(0.0005 + (turn * 7919 % 50) / 10_000)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    value = store.get(key)
    assert value is not None and len(value) == 18_000 and value == value[:9] * 2000, (turn, value)
print(f"whole {int(value[:9]) // 1_000_000}")
"""
)


def test_killed_at_any_moment_of_a_write_leaves_the_old_value_or_the_new_one(memory: Path) -> None:
    command = [sys.executable, "-c", KILLER, str(memory / "xswitch"), KEY]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stderr == ""
    assert int(done.stdout.removeprefix("whole ")) >= 50  # the last ones may be killed early
    assert all(name == KEY or name.startswith(".") for name in names(memory / "xswitch"))


def test_a_writing_program_that_is_killed_leaves_the_old_value_or_the_new_one(memory: Path) -> None:
    program = WRITER + "print('ready', end='', flush=True)\nwrite(0)"
    with subprocess.Popen(
        [sys.executable, "-c", program, str(memory / "xswitch"), KEY], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(5) == b"ready"
        store = FileStore(memory / "xswitch", ERRORS, memory=True)
        seen = {store.get(KEY) for _ in range(200)} - {None}
        process.kill()
    seen.add(store.get(KEY))
    assert all(
        value and len(value) == 18_000 and value == value[:9] * 2000 for value in seen - {None}
    )


def test_what_killed_writers_left_is_removed_without_a_write(
    memory: Path, store: FileStore
) -> None:
    left = memory / "xswitch" / f".{KEY}.17.0123abcd"
    left.write_text("secret")
    assert store.remove_leftovers() == [left]
    assert store.remove_leftovers() == []
    (memory / "xswitch").chmod(0o755)
    left.write_text("secret")
    assert store.remove_leftovers() == []  # not trusted; `forget` names it
