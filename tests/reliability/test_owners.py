"""Every file that xswitch owns, in every wrong condition: it works, or one command fixes it."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import needs_root
from support.aws.emulator import aws_server
from support.e2e import Home
from support.forked import Forks
from support.reliability.soak import chance, count, tell
from support.runtime_folder import runtime_folder
from support.surroundings import CHANGES, RUNS, SILENT, faults_of, mend, next_command
from xswitch.emulator.server import EmbeddedAws

USER, STRANGER = 54321, 54322
STATE = ".local/state/xswitch"
PLACES = (
    ".local",
    ".local/state",
    STATE,
    *(
        f"{STATE}/{name}"
        for name in (
            "index.json",
            "memory.json",
            "history.jsonl",
            "vault",
            "locks",
            "locks/index.lock",
            "locks/memory.lock",
            "locks/history.lock",
            "prompt",
            "prompt/xs-reader",
            "hot",
            "hot/xs-reader",
            "backups",
            "backups/undo.json",
        )
    ),
    ".config",
    ".config/xswitch",
    ".config/xswitch/config.toml",
    ".aws",
    ".aws/config",
    ".aws/credentials",
    "RUNTIME/xswitch",
    "RUNTIME/xswitch/*",
)


def owned_by(uid: int) -> Callable[[Path], None]:
    def plant(path: Path) -> None:
        os.chown(path, uid, uid)

    return plant


def unreadable(path: Path) -> None:
    path.chmod(0)


def read_only(path: Path) -> None:
    path.chmod(0o500 if path.is_dir() else 0o400)


def other_kind(path: Path) -> None:
    """A folder in the place of a file, or a file in the place of a folder."""
    owner = path.parent.stat().st_uid
    if path.is_dir():
        shutil.rmtree(path)
        path.write_text("mine")
    else:
        path.unlink()
        path.mkdir(mode=0o700)
    os.chown(path, owner, owner)


def link_to_nothing(path: Path) -> None:
    owner = path.parent.stat().st_uid
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    path.symlink_to("nowhere/at/all")
    os.chown(path, owner, owner, follow_symlinks=False)


CONDITIONS: dict[str, Callable[[Path], None]] = {
    "root's": owned_by(0),
    "another's": owned_by(STRANGER),
    "unreadable": unreadable,
    "read-only": read_only,
    "of the other kind": other_kind,
    "a link to nothing": link_to_nothing,
}
CASES = [(place, condition) for place in PLACES for condition in CONDITIONS]


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server() as server:
        yield server


@pytest.fixture
def owned(aws: EmbeddedAws) -> Iterator[Home]:
    """The home of an ordinary user, after a switch."""
    top = Path(tempfile.mkdtemp(prefix="xswitch-owners-"))
    top.chmod(0o755)
    folder = top / "home"
    folder.mkdir(mode=0o700)
    with runtime_folder() as memory:
        home = Home(folder, aws, memory)
        (folder / ".config/xswitch/config.toml").write_text("")  # selects and records the vault
        yield home
    shutil.rmtree(top)


def give_all(home: Home, uid: int) -> None:
    for top in (home.folder, home.runtime):
        for path in (top, *top.rglob("*")):
            os.chown(path, uid, uid, follow_symlinks=False)


def place_of(home: Home, name: str) -> Path:
    path = (
        home.runtime / name.partition("/")[2] if name.startswith("RUNTIME") else home.folder / name
    )
    return next(iter(sorted(path.parent.iterdir()))) if path.name == "*" else path


def doctor_steps(warm: Forks, home: Home) -> list[str]:
    """Return the commands that `doctor` proposes for files."""
    ran = warm.run(RUNS["doctor"], home.env, uid=USER)
    assert not faults_of(ran)
    lines = ran.out.splitlines()
    return [
        after.partition("next: ")[2]
        for line, after in itertools.pairwise(lines)
        if " permissions: " in line and "next: " in after
    ]


def fault_of(warm: Forks, home: Home, argv: tuple[str, ...]) -> str:
    """Run a command; if it fails, do what it says, until it works or says nothing that helps."""
    env = dict(home.env)
    said = []
    for _ in range(3):
        ran = warm.run(argv, env, uid=USER)
        if faults := faults_of(ran, told=argv[0] not in SILENT):
            return "; ".join(faults)
        if ran.code == 0:
            return ""
        command = next_command(ran)
        if not command or command in said:
            return f"{command!r} doesn't help: {ran.err}"
        said.append(command)
        if command == "xswitch doctor":
            for step in doctor_steps(warm, home):
                env = mend(step, env, home.folder.parent)
        elif command.startswith("xswitch "):
            return f"{command!r} mends nothing: {ran.err}"
        else:
            env = mend(command, env, home.folder.parent)
    return f"still not after {said}"


@pytest.mark.parametrize(
    ("place", "condition"),
    CASES if count(0, 1) else chance("owners").sample(CASES, 10),
)
def test_it_works_or_one_command_mends_it(
    warm: Forks, owned: Home, place: str, condition: str
) -> None:
    needs_root("only root can be another user")
    give_all(owned, USER)
    for argv in (RUNS["switch"], RUNS["pin"], ("switch", "reader", "--force")):
        ran = warm.run(argv, owned.env, uid=USER)
        assert ran.code == 0, ran.err
    path = place_of(owned, place)
    if not path.exists():
        pytest.fail(f"{place} isn't written")
    CONDITIONS[condition](path)
    commands = [("switch", "reader", "--force"), *(RUNS[name] for name in CHANGES if count(0, 1))]
    faults = [f"{argv}: {found}" for argv in commands if (found := fault_of(warm, owned, argv))]
    if ".aws" in (path.name, path.parent.name) and condition in (
        "of the other kind",
        "a link to nothing",
    ):
        # Without its config or keys, no switch can work
        faults = [fault for fault in faults if "bug" in fault or "no sentence" in fault]
    tell("owners", condition, len(commands), bool(faults), f"{place}: {faults}")


@pytest.mark.parametrize("name", sorted(RUNS) if count(0, 1) else ("doctor", "pin", "switch"))
def test_root_in_another_users_home_writes_nothing(warm: Forks, owned: Home, name: str) -> None:
    """As `sudo -E xswitch`."""
    needs_root("only root can write in another user's home")
    give_all(owned, USER)
    if chance("sudo").random() < 0.5:
        assert warm.run(RUNS["switch"], owned.env, uid=USER).code == 0
    before = {path: path.lstat() for path in owned.folder.rglob("*")}
    ran = warm.run(RUNS[name], {**owned.env, "SUDO_UID": str(USER)})
    after = {path: path.lstat() for path in owned.folder.rglob("*")}
    assert {path: (s.st_uid, s.st_mtime_ns) for path, s in after.items()} == {
        path: (s.st_uid, s.st_mtime_ns) for path, s in before.items()
    }
    assert not faults_of(ran, told=name not in SILENT)
    if name in CHANGES:
        assert ran.code == 8
        assert "runs as root" in ran.err
        assert f"user {USER}" in ran.err
        command = ran.err.rpartition("HOME=")[2].split()[0]
        assert Path(command).is_dir()
        assert "chown" not in ran.err
    tell("owners", "root in another user's home", 1)


@pytest.mark.parametrize("bits", [0o700, 0o755, 0o777, 0o1777])
def test_another_user_in_this_home_writes_nothing(warm: Forks, owned: Home, bits: int) -> None:
    """As `sudo -E -u OTHER xswitch`, also where the home is open to everybody."""
    needs_root("only root can be another user")
    give_all(owned, USER)
    owned.folder.chmod(bits)
    for name in CHANGES:
        before = {path: path.lstat().st_mtime_ns for path in owned.folder.rglob("*")}
        ran = warm.run(RUNS[name], owned.env, uid=STRANGER)
        assert {path: path.lstat().st_mtime_ns for path in owned.folder.rglob("*")} == before
        assert ran.code
        assert not faults_of(ran, told=name not in SILENT)
        assert "chown" not in ran.err


def test_doctor_names_the_owner_of_what_root_left(warm: Forks, owned: Home) -> None:
    needs_root("only root can leave files there")
    give_all(owned, USER)
    assert warm.run(RUNS["switch"], owned.env, uid=USER).code == 0
    for place in ("locks/index.lock", "prompt/xs-reader", "history.jsonl"):
        os.chown(owned.folder / STATE / place, 0, 0)
    ran = warm.run(RUNS["doctor"], owned.env, uid=USER)
    assert ran.code == 8
    steps = [step for step in doctor_steps(warm, owned) if step.startswith("sudo chown")]
    assert len(steps) == 3
    for step in steps:
        mend(step, owned.env, owned.folder.parent)
    ran = warm.run(RUNS["doctor"], owned.env, uid=USER)
    assert "belongs to another user" not in ran.out
