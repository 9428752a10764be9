"""Many processes that request the same session at the same time."""

from __future__ import annotations

import configparser
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.aws.emulator import READER_ARN
from support.e2e import XSWITCH, Home
from support.forked import Forks
from support.reliability.soak import chunks, count, tell
from support.vault.keyrings import memory_folder
from xswitch.emulator.server import EmbeddedAws

TESTS = Path(__file__).parents[1]
WRITERS, WRITES, READERS, SWITCHES = 32, 20, 64, 8
_LIMIT_SECONDS = 120


def run(*words: object) -> dict[str, Any]:
    command = [sys.executable, "-m", "support.reliability.together", *map(str, words)]
    environ = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environ, timeout=_LIMIT_SECONDS
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(("chunk", "rounds"), chunks(1, 20, 5))
def test_concurrent_vault_writes_are_all_kept(chunk: int, rounds: int) -> None:
    del chunk
    whole = WRITERS * WRITES
    faults = []
    for _ in range(rounds):
        with memory_folder() as folder:
            found = run("writers", folder, WRITERS, WRITES)
        faults += [found] if found != {"failed": 0, "kept": whole, "files": whole} else []
    tell(
        "together",
        f"rounds of {WRITERS} writers with {WRITES} vault writes each",
        rounds,
        len(faults),
        f"{faults[0]}" if faults else f"{whole} of {whole} kept in each",
    )


@pytest.mark.parametrize(("chunk", "rounds"), chunks(1, 20, 5))
def test_cold_readers_of_one_role_make_one_call(chunk: int, rounds: int, tmp_path: Path) -> None:
    del chunk
    readers = count(24, READERS)
    faults = 0
    events = ["AssumeRole arn:aws:iam::222222222222:role/Admin", "GetSessionToken", "question"]
    for number in range(rounds):
        folder = tmp_path / str(number)
        folder.mkdir()
        faults += run("readers", folder, readers) != {"failed": 0, "answers": 1, "events": events}
    tell(
        "together",
        f"rounds of {readers} cold readers of one role",
        rounds,
        faults,
        "one AssumeRole and one MFA question in each",
    )


def _roles(home: Home, number: int) -> list[str]:
    """Add eight role profiles and return their names."""
    names = [f"crowd-{number}-{role}" for role in range(SWITCHES)]
    common = home.config.read_text().partition("[profile reader]\n")[2].partition("\n\n")[0]
    with home.config.open("a", encoding="utf-8") as file:
        file.writelines(
            f"\n[profile {name}]\nrole_session_name = {name}\n{common}\n" for name in names
        )
    return names


def test_switches_to_different_roles_lose_no_profile(
    home: Home, aws: EmbeddedAws, warm: Forks
) -> None:
    rounds, faults = count(1, 20), 0
    home.warm = warm
    original = home.config.read_text(encoding="utf-8")
    for number in range(rounds):
        home.config.write_text(original, encoding="utf-8")
        names = _roles(home, number)
        before = len(aws.calls)
        running = [
            subprocess.Popen(
                [str(XSWITCH), "switch", name],
                env=home.env,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )
            for name in names
        ]
        errors = [process.communicate(timeout=_LIMIT_SECONDS)[1] for process in running]
        assert [process.returncode for process in running] == [0] * SWITCHES, errors
        config = configparser.RawConfigParser()
        config.read(home.config)
        there = sum(config.has_option(f"profile xs-{name}", "credential_process") for name in names)
        assumed = [call for call in aws.calls[before:] if call.action == "AssumeRole"]
        faults += there != SWITCHES or len(assumed) != SWITCHES
        home.run("forget", *names)
    assert READER_ARN in home.config.read_text()
    tell(
        "together",
        f"rounds of {SWITCHES} switches of {SWITCHES} roles",
        rounds,
        faults,
        "all profiles there, one call each",
    )
