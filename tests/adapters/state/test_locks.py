from __future__ import annotations

import errno
import fcntl
import os
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from xswitch.adapters.state import locks as module
from xswitch.adapters.state.locks import FileLocks
from xswitch.core.errors import ConfigError, LockBusyError, LockHeldByAncestorError

HOLDER = """
import sys
from pathlib import Path
from xswitch.adapters.state.locks import FileLocks
with FileLocks(Path(sys.argv[1])).hold(sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""

DESCENDANT = """
import sys
from pathlib import Path
from xswitch.adapters.state.locks import FileLocks
try:
    with FileLocks(Path(sys.argv[1])).hold("a", float(sys.argv[2])):
        print("held")
except Exception as error:
    print(type(error).__name__)
"""

COUNTER = """
import sys
from pathlib import Path
from xswitch.adapters.state.locks import FileLocks
locks, counter = FileLocks(Path(sys.argv[1])), Path(sys.argv[2])
for _ in range(int(sys.argv[3])):
    with locks.hold("counter"):
        counter.write_text(str(int(counter.read_text()) + 1))
"""


def holder(folder: Path, name: str) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(folder), name],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_a_held_lock_makes_others_wait_and_then_give_up_with_a_sentence(tmp_path: Path) -> None:
    with holder(tmp_path, "a") as process:
        try:
            with (
                pytest.raises(LockBusyError) as caught,
                FileLocks(tmp_path, timeout_seconds=0.1).hold("a"),
            ):
                pass
            assert caught.value.code == "busy"
            assert caught.value.next_step
            with pytest.raises(LockBusyError), FileLocks(tmp_path).hold("a", timeout_seconds=0):
                pass
            with FileLocks(tmp_path).hold("b", timeout_seconds=0):
                pass
        finally:
            process.kill()


def descendant(folder: Path, seconds: float, shell: str) -> subprocess.Popen[str]:
    command = ["sh", "-c", shell, sys.executable, DESCENDANT, str(folder), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(not Path("/proc/locks").exists(), reason="only Linux names a lock's holder")
@pytest.mark.parametrize("seconds", [0.0, 30.0], ids=["tries once", "waits"])
@pytest.mark.parametrize(
    "shell",
    ['exec "$0" -c "$@"', 'env -i "$0" -c "$@"; :', '(setsid -w "$0" -c "$@" </dev/null); :'],
    ids=["a child", "without the environment", "in a session of its own"],
)
def test_what_an_ancestor_holds_is_never_waited_for(
    tmp_path: Path, seconds: float, shell: str
) -> None:
    with FileLocks(tmp_path).hold("a"), descendant(tmp_path, seconds, shell) as process:
        out, _ = process.communicate(timeout=20)
    assert out == f"{LockHeldByAncestorError.__name__}\n"


def test_an_ancestor_that_releases_its_lock_soon_is_waited_for(tmp_path: Path) -> None:
    with FileLocks(tmp_path).hold("a"):
        process = descendant(tmp_path, 30.0, 'exec "$0" -c "$@"')
        time.sleep(0.2)
    out, _ = process.communicate(timeout=20)
    assert out == "held\n"


def test_a_lock_is_free_when_its_holder_is_killed(tmp_path: Path) -> None:
    with holder(tmp_path, "a") as process:
        process.kill()
    with FileLocks(tmp_path, timeout_seconds=30).hold("a"):
        pass


def test_a_lock_is_released_when_the_work_under_it_fails(tmp_path: Path) -> None:
    locks = FileLocks(tmp_path)
    with pytest.raises(ValueError, match="mine"), locks.hold("a"):
        raise ValueError("mine")
    with locks.hold("a", timeout_seconds=0):
        pass


def test_threads_of_one_process_exclude_each_other(tmp_path: Path) -> None:
    locks = FileLocks(tmp_path)
    busy: list[str] = []

    def attempt() -> None:
        try:
            with locks.hold("a", timeout_seconds=0):
                busy.append("got it")
        except LockBusyError as error:
            busy.append(error.code)

    with locks.hold("a"):
        thread = threading.Thread(target=attempt)
        thread.start()
        thread.join()
    assert busy == ["busy"]


def test_processes_count_without_losing_one(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", COUNTER, str(tmp_path / "locks"), str(counter), "20"]
        )
        for _ in range(4)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]
    assert counter.read_text() == "80"


def test_folder_and_files_are_private_and_names_stay_inside(tmp_path: Path) -> None:
    folder = tmp_path / "state" / "locks"
    with FileLocks(folder).hold("../../evil name"):
        pass
    assert [path.name for path in folder.iterdir()] == ["%2E.%2F..%2Fevil%20name.lock"]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in folder.iterdir())
    assert not (tmp_path / "evil name.lock").exists()


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError) as caught, FileLocks(tmp_path / "file" / "locks").hold("a"):
        pass
    assert caught.value.code == "state_folder"
    assert "file" in caught.value.why


def test_the_number_of_lock_files_stays_bounded_and_held_ones_survive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEEP", 8)
    monkeypatch.setattr(module, "KEEP", 4)
    locks = FileLocks(tmp_path)
    with locks.hold("held"):
        for number in range(20):
            with locks.hold(f"name{number}"):
                pass
        assert (tmp_path / "held.lock").exists()
        assert len(list(tmp_path.iterdir())) <= 8 + 1
        with pytest.raises(LockBusyError), FileLocks(tmp_path).hold("held", timeout_seconds=0):
            pass


def test_sweeping_while_others_lock_the_same_names_loses_no_count(tmp_path: Path) -> None:
    counter = tmp_path / "counter"
    counter.write_text("0")
    sweeping = "import xswitch.adapters.state.locks as m\nm.SWEEP = m.KEEP = 0\n" + COUNTER
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", sweeping, str(tmp_path / "locks"), str(counter), "40"]
        )
        for _ in range(4)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0, 0, 0, 0]
    assert counter.read_text() == "160"


def test_a_lock_file_may_vanish_during_a_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SWEEP", 0)
    monkeypatch.setattr(module, "KEEP", 0)
    (tmp_path / "gone.lock").symlink_to(tmp_path / "nowhere")
    with FileLocks(tmp_path).hold("a"):
        pass
    assert not (tmp_path / "a.lock").exists()


@pytest.mark.parametrize(
    "number",
    [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS, errno.EIO, errno.EINVAL, errno.EPERM],
)
def test_a_file_system_without_locks_is_a_sentence_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(ConfigError) as caught, FileLocks(tmp_path / "locks").hold("a"):
        pass
    assert caught.value.code == "state_folder"
    assert caught.value.next_step
    if number in (errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS):
        assert "has no locks" in caught.value.why
        assert caught.value.next_step == 'export XDG_STATE_HOME="$(mktemp -d)"'


def test_a_lock_that_cannot_be_released_is_no_failure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.close

    def close(descriptor: int) -> None:
        real(descriptor)
        raise OSError(errno.EIO, "Input/output error")

    with FileLocks(tmp_path).hold("a"):
        monkeypatch.setattr(os, "close", close)
    monkeypatch.undo()
    with FileLocks(tmp_path).hold("a", timeout_seconds=0):
        pass
