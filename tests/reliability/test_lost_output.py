"""Closed, full, and unread streams of every command: a change is made whole, and the code tells."""

from __future__ import annotations

import itertools
import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import find_program
from support.access.services import state_of, write_home
from support.aws.emulator import aws_server
from support.aws.iam import BOB, SOURCE_ADMIN, TARGET_ADMIN, state
from support.e2e import XSWITCH, Home
from support.forked import Forks
from support.homes import aws, home
from support.reliability.soak import chance, count, tell
from support.runtime_folder import runtime_folder
from support.surroundings import RUNS, faults_of
from xswitch.emulator.server import EmbeddedAws

__all__ = ["aws", "home"]

HOW = ("kept", "full", "closed", "gone")
CASES = list(itertools.product(RUNS, HOW, HOW))
KEYS = {"source-admin": SOURCE_ADMIN, "target-admin": TARGET_ADMIN, "bob": BOB}
APPLY = (
    *("access", "apply", "SwitchRole", "--source", "source-admin", "--target", "target-admin"),
    *("--user", "Bob", "--policy", "ReadOnlyAccess", "--no-check", "--yes"),
)


@pytest.mark.parametrize("chunk", range(count(1, 4)))
def test_no_stream_makes_a_bug_of_a_command(warm: Forks, home: Home, chunk: int) -> None:
    cases = CASES[chunk::4] if count(0, 1) else chance("lost output").sample(CASES, 24)
    wrong: list[object] = []
    meant = {name: warm.run(argv, home.env) for name, argv in RUNS.items()}
    for name, stdout, stderr in cases:
        ran = warm.run(RUNS[name], home.env, stdout=stdout, stderr=stderr)
        expected = meant[name].code
        if stdout in ("full", "closed") and not expected and meant[name].out:
            expected = 1
        if ran.code != expected or "Traceback" in ran.err or "bug in xswitch" in ran.err:
            wrong.append((name, stdout, stderr, expected, ran))
        if ran.code == 1 and stderr == "kept" and "standard output" not in ran.err:
            wrong.append((name, stdout, stderr, "no sentence", ran))
    tell("streams", "commands with a lost stream", len(cases), len(wrong), str(wrong))


def profile_is_written(home: Home) -> bool:
    return "[profile xs-reader]" in home.config.read_text()


def is_pinned(home: Home) -> bool:
    path = home.folder / ".local/state/xswitch/memory.json"
    return path.exists() and "reader" in json.loads(path.read_text())["pins"]


def is_listed_new(home: Home) -> bool:
    path = home.folder / ".local/state/xswitch/history.jsonl"
    return '"new"' in path.read_text().splitlines()[-1]


CHANGES: dict[str, tuple[tuple[str, ...], Callable[[Home], bool]]] = {
    "switch": (("switch", "reader"), profile_is_written),
    "switch --json": (("switch", "reader", "--json"), profile_is_written),
    "switch --emit": (("switch", "reader", "--emit", "bash"), profile_is_written),
    "switch --static": (
        ("switch", "reader", "--static"),
        lambda home: "[xs-reader-static]" in home.credentials.read_text(),
    ),
    "renew": (("renew", "reader"), is_listed_new),
    "forget": (("forget", "reader"), lambda home: not profile_is_written(home)),
    "forget --json": (
        ("forget", "reader", "--json"),
        lambda home: not profile_is_written(home),
    ),
    "pin": (("pin", "reader"), is_pinned),
    "config undo": (("config", "undo"), lambda home: not profile_is_written(home)),
    "config undo --json": (
        ("config", "undo", "--json"),
        lambda home: not profile_is_written(home),
    ),
}
STREAMS = [pair for pair in itertools.product(HOW, HOW) if pair != ("kept", "kept")]


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_made_whole_whoever_reads(warm: Forks, home: Home, name: str) -> None:
    argv, done = CHANGES[name]
    first = ("switch", "reader") if argv[0] in ("renew", "forget", "config") else ("forget", "x")
    pairs = STREAMS if count(0, 1) else chance(name).sample(STREAMS, 2)
    for stdout, stderr in pairs:
        warm.run(("forget", "--all"), home.env)
        (home.folder / ".local/state/xswitch/memory.json").unlink(missing_ok=True)
        warm.run(first, home.env)
        ran = warm.run(argv, home.env, stdout=stdout, stderr=stderr)
        assert done(home), (stdout, stderr, ran)
        assert ran.code in ((0, 1) if stdout in ("full", "closed") else (0,)), (stdout, stderr, ran)
        assert not faults_of(ran) or ran.code == 1
    tell("streams", "changes with a lost stream", len(pairs))


@pytest.fixture
def admin_aws() -> Iterator[EmbeddedAws]:
    with aws_server(state(), admin=True) as server:
        yield server


@pytest.fixture
def admin_home(clean_world: Path, admin_aws: EmbeddedAws) -> Iterator[Home]:
    with runtime_folder() as memory:
        made = Home(clean_world, admin_aws, memory)
        write_home(clean_world, admin_aws.endpoint, KEYS)
        yield made


@pytest.mark.parametrize("how", ["full", "closed", "gone"])
@pytest.mark.parametrize("stream", ["stdout", "stderr", "both"])
def test_access_is_set_up_whole_whoever_reads(
    warm: Forks, admin_home: Home, admin_aws: EmbeddedAws, how: str, stream: str
) -> None:
    streams: dict[str, Any] = {"stdout": how, "stderr": how} if stream == "both" else {stream: how}
    ran = warm.run(APPLY, admin_home.env, **streams)
    assert state_of(admin_aws.endpoint, KEYS)[0] is not None
    assert ran.code == (1 if how != "gone" and stream != "stderr" else 0)


@pytest.mark.parametrize("lines", range(4))
def test_a_reader_that_leaves_stops_nothing(
    admin_home: Home, admin_aws: EmbeddedAws, lines: int
) -> None:
    script = f'"$@" 2>&1 | head -n {lines}; exit "${{PIPESTATUS[0]}}"'
    done = subprocess.run(
        ["bash", "-c", script, "bash", str(XSWITCH), *APPLY],
        env=admin_home.env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) <= lines
    assert state_of(admin_aws.endpoint, KEYS)[0] is not None


def test_nothing_is_confirmed_that_was_not_shown(admin_home: Home, admin_aws: EmbeddedAws) -> None:
    """On a terminal, with the plan going nowhere."""
    script = f'"$@" {" ".join(APPLY[:-1])} >/dev/full; echo "code $?"'
    done = subprocess.run(
        [find_program("script"), "-qec", f"bash -c '{script}' bash {XSWITCH}", "/dev/null"],
        env=admin_home.env,
        input="yes\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert "Nothing was changed, because the plan can't be shown." in done.stdout
    assert "code 1" in done.stdout
    assert state_of(admin_aws.endpoint, KEYS)[0] is None


@pytest.mark.parametrize("how", ["full", "closed", "gone"])
def test_a_demo_that_cannot_say_where_it_is_ends(warm: Forks, home: Home, how: str) -> None:
    ran = warm.run(("demo", "--serve"), home.env, stdout=how)
    assert ran.code == 1
    assert "The endpoint can't be printed" in ran.err
