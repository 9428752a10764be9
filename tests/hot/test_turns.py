"""Callers at the end of a session: one starts the full program, the others share its result."""

from __future__ import annotations

import os
import posix
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.hot import PROFILE, ROLE, HotWorld
from support.vault.keyrings import Need, memory_folder, secret_service
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.hot_pointers import FileHotPointers
from xswitch.adapters.vault.secret_service import SecretServiceStore
from xswitch.core.model import VaultInfo
from xswitch.core.profiles.binding import encode_word
from xswitch.core.sessions import session_record
from xswitch.hot import answer as hot
from xswitch.hot import turns

CALLERS = 6
LINE = "xswitch: You aren't signed in. Next: xswitch login corp"
# The full program stores the session, or the failure, that a test has prepared
_GETS = "time.sleep(0.2); store({value!r}); os.write(1, b'GOT'); return 0\n"
_FAILS = "time.sleep(0.2); store({failure!r}); return 6\n"
_DIES = "time.sleep(0.2); os.kill(os.getpid(), 9)\n"
_PROGRAM = """
import sys, os, time
sys.path.insert(0, {source!r})
HOME = {home!r}
def store(file):
    with open(HOME + "/next") as prepared:
        text = prepared.read().replace("NOW", str(time.time_ns()))
    with open(file + ".new", "w", opener=lambda path, flags: os.open(path, flags, 0o600)) as new:
        new.write(text)
    os.replace(file + ".new", file)
class Stub:
    @staticmethod
    def main(argv):
        with open(HOME + "/started", "a") as file:
            file.write(str(os.getpid()) + chr(10))
        if argv[0] == "renew-background":
            return 0
        {body}
sys.modules["xswitch.cli"] = sys.modules["xswitch.cli.main"] = Stub
from xswitch.__main__ import main
sys.exit(main())
"""


@pytest.fixture
def world(clean_world: Path) -> Iterator[HotWorld]:
    with memory_folder() as memory:
        yield HotWorld(clean_world, memory)


def start(world: HotWorld, body: str, *words: str, **env: str) -> subprocess.Popen[str]:
    """Start a caller whose full program does what `body` says."""
    script, new = world.home / "xswitch.py", world.home / "xswitch.new"
    files = {"value": str(world.value), "failure": os.fsdecode(failure_file(world))}
    source = str(Path(hot.__file__).parents[2])
    new.write_text(_PROGRAM.format(source=source, home=str(world.home), body=body.format(**files)))
    new.rename(script)  # another caller may be about to read it
    return subprocess.Popen(
        [sys.executable, "-I", "-S", str(script), *(words or ("credential-process", PROFILE))],
        env={**world.environ(), **env},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(processes: list[subprocess.Popen[str]]) -> list[tuple[int, str, str]]:
    """Return exit code, stdout, and stderr of each."""
    found = []
    try:
        for process in processes:
            out, err = process.communicate(timeout=60)
            found.append((process.returncode, out, err))
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return found


def started(world: HotWorld) -> list[int]:
    """Return the processes that have started the full program."""
    file = world.home / "started"
    return [int(line) for line in file.read_text().split()] if file.exists() else []


def wait_for_start(world: HotWorld, number: int = 1) -> None:
    until = time.monotonic() + 20
    while len(started(world)) < number:
        assert time.monotonic() < until
        time.sleep(0.01)


def failure_file(world: HotWorld) -> bytes:
    return turns.failure_file(os.fsencode(world.pointer))


def lock_file(world: HotWorld) -> Path:
    return Path(os.fsdecode(turns.lock_file(os.fsencode(world.pointer))))


def prepare_session(world: HotWorld) -> str:
    """Leave the value of a living session for the full program; return its answer."""
    value = world.session()
    (world.home / "next").write_text(value)
    return value[session_record.HEADER_LENGTH :] + "\n"


def prepare_failure(world: HotWorld, *names: str, at: str = "NOW") -> None:
    """Leave a failure for the full program; `at` is its time, in ns since the epoch."""
    pointers = FileHotPointers(world.paths.hot, world.bytes_environ)
    pointers.share_failure(names or (PROFILE,), 6, LINE)
    file = Path(os.fsdecode(failure_file(world)))
    *lines, _, code, text, end = file.read_text().split("\n")
    file.unlink()
    (world.home / "next").write_text("\n".join((*lines, at, code, text, end)))


def _unstored(world: HotWorld) -> None:
    world.ready()
    world.value.unlink()


ENDS: dict[str, Callable[[HotWorld], object]] = {
    "expired": lambda world: world.ready(left=-5),
    "no longer stored": _unstored,
}


@pytest.mark.parametrize("end", ENDS)
def test_one_gets_the_session_and_all_answer(world: HotWorld, end: str) -> None:
    ENDS[end](world)
    expected = prepare_session(world)
    found = ended([start(world, _GETS) for _ in range(CALLERS)])
    assert len(started(world)) == 1
    assert sorted(found) == sorted([(0, "GOT", "")] + [(0, expected, "")] * (CALLERS - 1))


def test_of_the_secret_service_too(world: HotWorld, need: Need) -> None:
    with secret_service(need) as service:
        world.extra.update(service.variables)
        world.extra["HOME"] = str(world.home)
        world.ready(left=-5)
        world.point(VaultInfo("secret-service", "Secret Service", ""))
        first = start(world, "time.sleep(0.3); return 6\n")
        wait_for_start(world)
        store = SecretServiceStore(
            {**world.environ()}, VaultErrors(""), lambda: False, world.home / "turn"
        )
        try:
            store.put(world.key, world.session())
        finally:
            store.close()
        [(code, out, _)] = ended([start(world, _DIES)])
        assert (code, out[:12]) == (0, '{"Version": ')
        ended([first])
    assert len(started(world)) == 1


def test_one_fails_and_all_say_why(world: HotWorld) -> None:
    world.ready(left=-5)
    prepare_failure(world)
    found = ended([start(world, _FAILS) for _ in range(CALLERS)])
    assert len(started(world)) == 1
    assert sorted(found) == sorted([(6, "", "")] + [(6, "", LINE + "\n")] * (CALLERS - 1))


def test_if_the_first_is_killed_another_is_first(world: HotWorld) -> None:
    world.ready(left=-5)
    expected = prepare_session(world)
    killed = start(world, "time.sleep(60)\n")
    wait_for_start(world)
    others = [start(world, _GETS) for _ in range(3)]
    time.sleep(0.2)
    assert len(started(world)) == 1
    os.kill(killed.pid, signal.SIGKILL)
    found = ended(others)
    assert len(started(world)) == 2
    assert sorted(found) == sorted([(0, "GOT", ""), (0, expected, ""), (0, expected, "")])
    assert ended([killed])[0][0] == -signal.SIGKILL


def test_all_killed_each_is_first_once(world: HotWorld) -> None:
    world.ready(left=-5)
    found = ended([start(world, _DIES) for _ in range(3)])
    assert [code for code, _, _ in found] == [-signal.SIGKILL] * 3
    assert len(set(started(world))) == 3


OTHERS: dict[str, Callable[[HotWorld], dict[str, str]]] = {
    "of an older failure": lambda _world: {},
    "of other keys": lambda _world: {"AWS_SECRET_ACCESS_KEY": "x"},
    "by another proxy": lambda _world: {"https_proxy": "http://127.0.0.1:9"},
    "with another PATH": lambda _world: {"PATH": "/bin"},
    "with another bus": lambda _world: {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/x"},
    "with other certificates": lambda _world: {"SSL_CERT_FILE": "/x"},
    "with another setting": lambda _world: {"XSWITCH_X": "1"},
}


@pytest.mark.parametrize("other", OTHERS)
def test_a_failure_counts_only_for_the_same_surroundings(world: HotWorld, other: str) -> None:
    world.ready(left=-5)
    prepare_failure(world, at=f"{time.time_ns()}" if "older" in other else "NOW")
    first = start(world, _FAILS)
    wait_for_start(world)
    [(code, out, err)] = ended(
        [start(world, "os.write(1, b'ITSELF'); return 7\n", **OTHERS[other](world))]
    )
    assert (code, out, err) == (7, "ITSELF", "")
    ended([first])


def test_a_failure_counts_only_for_the_role_of_the_command(world: HotWorld) -> None:
    world.ready(left=-5)
    bound = ("credential-process", PROFILE, encode_word(ROLE))
    prepare_failure(world, PROFILE, encode_word(ROLE))
    first = start(world, _FAILS, *bound)
    wait_for_start(world)
    itself = "os.write(1, b'ITSELF'); return 7\n"
    unbound, same = start(world, itself), start(world, itself, *bound)
    assert ended([unbound, same]) == [(7, "ITSELF", ""), (6, "", LINE + "\n")]
    ended([first])


def counts(content: bytes, lines: list[bytes]) -> bool:
    try:
        turns.shared_failure(content, lines, time.time() - 5)
    except ValueError:
        return False
    return True


CHANGED = range(8)  # the lines before the time


@pytest.mark.parametrize("line", CHANGED)
def test_each_line_of_a_failure_counts(world: HotWorld, line: int) -> None:
    world.ready(left=-5)
    FileHotPointers(world.paths.hot, world.bytes_environ).share_failure((PROFILE,), 6, LINE)
    content = Path(os.fsdecode(failure_file(world))).read_bytes()
    environ = world.bytes_environ()
    lines = turns.failure_lines(environ, [PROFILE.encode()], hot.resolution_inputs(environ))
    assert len(lines) == len(CHANGED)
    assert turns.shared_failure(content, lines, time.time() - 5) == (6, LINE.encode() + b"\n")
    lines[line] += b"x"
    assert not counts(content, lines)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b"x", b"a\n" * 12, b"\n" * 11, "whole"],
    ids=["empty", "a line", "no line", "other lines", "empty lines", "cut off"],
)
def test_a_damaged_failure_counts_for_nothing(world: HotWorld, content: bytes | str) -> None:
    world.ready(left=-5)
    FileHotPointers(world.paths.hot, world.bytes_environ).share_failure((PROFILE,), 6, LINE)
    whole = Path(os.fsdecode(failure_file(world))).read_bytes()
    environ = world.bytes_environ()
    lines = turns.failure_lines(environ, [PROFILE.encode()], hot.resolution_inputs(environ))
    cut = [whole[:end] for end in range(len(whole))] if isinstance(content, str) else [content]
    for damaged in cut:
        assert not counts(damaged, lines)


def test_no_failure_is_written_for_a_profile_without_a_pointer(world: HotWorld) -> None:
    FileHotPointers(world.paths.hot, world.bytes_environ).share_failure((PROFILE,), 6, LINE)
    assert not world.paths.hot.exists()
    world.ready()
    FileHotPointers(world.paths.hot, world.bytes_environ).share_failure((PROFILE,), 6, "a\nb")
    assert not Path(os.fsdecode(failure_file(world))).exists()


def test_a_command_that_the_first_one_started_does_not_wait_for_it(world: HotWorld) -> None:
    world.ready(left=-5)
    again = [
        sys.executable,
        "-I",
        "-S",
        str(world.home / "xswitch.py"),
        *("credential-process", PROFILE),
    ]
    nested = (
        f"if os.environ.get('INNER'): os.write(1, b'INNER'); return 8\n"
        f"        import subprocess; began = time.monotonic()\n"
        f"        subprocess.run({again!r}, env={{{{'HOME': HOME, 'INNER': '1'}}}})\n"
        f"        return 0 if time.monotonic() - began < 10 else 9\n"
    )
    assert ended([start(world, nested)]) == [(0, "INNER", "")]
    assert len(started(world)) == 2


def test_a_caller_that_may_only_use_stored_sessions_does_not_wait(world: HotWorld) -> None:
    world.ready(left=-5)
    first = start(world, "time.sleep(60)\n")
    wait_for_start(world)
    itself = "os.write(1, b'ITSELF'); return 7\n"
    assert ended([start(world, itself, XSWITCH_STORED_ONLY="1")]) == [(7, "ITSELF", "")]
    first.kill()
    ended([first])


def _in_the_way(kind: str, file: Path) -> None:
    if kind == "a folder":
        file.mkdir()
    elif kind == "a link":
        file.symlink_to(file.with_name("elsewhere"))
    elif kind == "a pipe":
        os.mkfifo(file)
    else:
        file.parent.chmod(0o500)


@pytest.mark.parametrize("kind", ["a folder", "a link", "a pipe", "a folder that can't be written"])
def test_what_is_in_the_way_of_the_lock_stops_nobody(world: HotWorld, kind: str) -> None:
    world.ready(left=-5)
    _in_the_way(kind, lock_file(world))
    itself = "os.write(1, b'ITSELF'); return 7\n"
    assert ended([start(world, itself), start(world, itself)]) == [(7, "ITSELF", "")] * 2
    assert not lock_file(world).with_name("elsewhere").exists()
    lock_file(world).parent.chmod(0o700)


def test_the_wait_ends(world: HotWorld) -> None:
    world.ready(left=-5)
    first = start(world, "time.sleep(60)\n")
    wait_for_start(world)
    began = time.monotonic()
    assert not turns.others_turn_ended(bytes(lock_file(world)), began + 0.1)
    assert time.monotonic() - began >= 0.1
    first.kill()
    ended([first])


def test_a_warm_read_takes_no_turn(world: HotWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    world.ready()
    monkeypatch.setattr(posix, "environ", world.bytes_environ())
    monkeypatch.setattr(hot, "_write", lambda *_: True)
    assert hot.run(["credential-process", PROFILE], []) == 0
    assert not lock_file(world).exists()
