"""Every command without a home, a current folder, a user's entry, or usable XDG folders."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from conftest import needs_root
from support.e2e import Home
from support.forked import Forks
from support.homes import aws, home
from support.reliability.soak import chance, count, tell
from support.surroundings import CHANGES, RUNS, SILENT, faults_of, mend, next_command

__all__ = ["aws", "home"]

NOBODY_KNOWN = 54321  # without an entry
Change = Callable[[Home, dict[str, str]], Mapping[str, str | None]]


def own_files(home: Home) -> dict[str, str]:
    """The variables that make HOME unnecessary."""
    return {
        "AWS_CONFIG_FILE": str(home.config),
        "AWS_SHARED_CREDENTIALS_FILE": str(home.credentials),
        "XDG_CONFIG_HOME": str(home.folder / ".config"),
        "XDG_STATE_HOME": str(home.folder / ".local" / "state"),
    }


HOMES: dict[str, str | None] = {
    "unset": None,
    "empty": "",
    "/": "/",
    "relative": "here",
    "a tilde": "~",
    "nowhere": "/nonexistent/home",
    "a file": "/etc/passwd",
}
XDG = ("XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "XDG_DATA_HOME")
XDG_VALUES = ("relative", "./x", "~/x", "/nonexistent/x", "/proc/x", "/etc/passwd", "")
CASES = [
    *(
        ("HOME", name, user, name_of)
        for name in HOMES
        for user in (None, NOBODY_KNOWN)
        for name_of in RUNS
    ),
    *(
        (variable, value, None, name_of)
        for variable in XDG
        for value in XDG_VALUES
        for name_of in RUNS
    ),
]


def given(home: Home) -> None:
    """Give the home to the user without an entry, as far as this user can."""
    for top in (home.folder, home.runtime):
        for path in (top, *top.rglob("*")):
            os.chown(path, NOBODY_KNOWN, NOBODY_KNOWN)


def changed(env: Mapping[str, str], variable: str, value: str | None) -> dict[str, str]:
    after = {**env, variable: value or ""}
    if value is None:
        del after[variable]
    return after


@pytest.mark.parametrize("chunk", range(count(1, 8)))
def test_every_command_works_or_says_what_is_missing(
    warm: Forks, home: Home, chunk: int, tmp_path: Path
) -> None:
    cases = CASES[chunk::8] if count(0, 1) else chance("homes").sample(CASES, 24)
    cases = [case for case in cases if case[2] is None or not os.geteuid()]
    wrong = []
    for variable, value, user, name in cases:
        env = changed(home.env, variable, HOMES[value] if variable == "HOME" else value)
        ran = warm.run(RUNS[name], env, cwd=tmp_path, uid=user, capabilities=False)
        if faults := faults_of(ran, told=name not in SILENT):
            wrong.append((variable, value, user, name, faults))
        litter = [path.name for path in tmp_path.iterdir()]
        if litter:
            wrong.append((variable, value, user, name, litter))
    tell("homes", "commands", len(cases), len(wrong), str(wrong))


@pytest.mark.parametrize("name", HOMES)
@pytest.mark.parametrize("command", CHANGES if count(0, 1) else CHANGES[:1])
def test_without_a_home_absolute_variables_are_enough(
    warm: Forks, home: Home, name: str, command: str
) -> None:
    env = changed({**home.env, **own_files(home)}, "HOME", HOMES[name])
    if command != "switch":
        assert warm.run(RUNS["switch"], env).code == 0
    ran = warm.run(RUNS[command], env)
    assert ran.code == 0, ran.err


@pytest.mark.parametrize("name", list(HOMES) if count(0, 1) else ["unset", "/"])
def test_a_user_without_an_entry_can_work(warm: Forks, name: str, home: Home) -> None:
    needs_root("only root can be another user")
    top = Path(tempfile.mkdtemp(prefix="xswitch-homes-"))
    try:
        top.chmod(0o755)
        moved = top / "home"
        shutil.copytree(home.folder, moved)
        home.folder, home.config = moved, moved / ".aws" / "config"
        home.credentials = moved / ".aws" / "credentials"
        given(home)
        env = changed({**home.env, **own_files(home)}, "HOME", HOMES[name])
        ran = warm.run(RUNS["switch"], env, uid=NOBODY_KNOWN)
        assert ran.code == 0, ran.err
    finally:
        shutil.rmtree(top)


@pytest.mark.parametrize("name", ["unset", "empty", "relative", "a tilde"])
def test_without_any_home_the_next_step_gives_one(warm: Forks, home: Home, name: str) -> None:
    needs_root("only root can be a user without an entry")
    env = changed(home.env, "HOME", HOMES[name])
    ran = warm.run(("list",), env, uid=NOBODY_KNOWN)
    assert ran.code == 8
    assert "no home folder" in ran.err
    after = mend(next_command(ran), env, home.folder)
    os.chown(after["HOME"], NOBODY_KNOWN, NOBODY_KNOWN)
    try:
        assert warm.run(("list",), after, uid=NOBODY_KNOWN).code == 0
    finally:
        shutil.rmtree(after["HOME"])


@pytest.mark.parametrize("name", sorted(RUNS) if count(0, 1) else ("list", "switch"))
def test_a_removed_current_folder_is_no_obstacle(
    warm: Forks, home: Home, name: str, tmp_path: Path
) -> None:
    meant = warm.run(RUNS[name], home.env)
    gone = tmp_path / "gone"
    gone.mkdir()
    ran = warm.run(RUNS[name], home.env, cwd=gone, cwd_gone=True)
    assert not faults_of(ran, told=name not in SILENT)
    assert ran.code == meant.code
    gone.mkdir()
    relative = {**home.env, "AWS_CONFIG_FILE": "config"}
    ran = warm.run(RUNS[name], relative, cwd=gone, cwd_gone=True)
    assert not faults_of(ran, told=name not in SILENT)
    if name in CHANGES:
        assert (ran.code, "AWS_CONFIG_FILE starts at" in ran.err) == (8, True)


@pytest.mark.parametrize("bits", [0o755, 0o555, 0o700, 0o500])
def test_a_runtime_folder_of_root_is_passed_over(warm: Forks, home: Home, bits: int) -> None:
    """As after `su`, with the other user's XDG_RUNTIME_DIR."""
    needs_root("only root can own it")
    runtime = Path(tempfile.mkdtemp(prefix="xswitch-test-", dir="/dev/shm"))
    top = Path(tempfile.mkdtemp(prefix="xswitch-homes-"))
    own = Path(f"/dev/shm/xswitch-{NOBODY_KNOWN}")
    try:
        top.chmod(0o755)
        runtime.chmod(bits)
        shutil.copytree(home.folder, top / "home")
        for path in (top / "home", *(top / "home").rglob("*")):
            os.chown(path, NOBODY_KNOWN, NOBODY_KNOWN)
        env = {**home.env, "HOME": str(top / "home"), "XDG_RUNTIME_DIR": str(runtime)}
        ran = warm.run(RUNS["switch"], env, uid=NOBODY_KNOWN)
        assert ran.code == 0, ran.err
        assert not list(runtime.iterdir())
    finally:
        shutil.rmtree(top)
        shutil.rmtree(runtime)
        for path in own.parent.glob(f"{own.name}*"):
            shutil.rmtree(path)
