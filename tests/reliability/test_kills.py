"""Writers of the config, the vault, and the index, killed with SIGKILL at any moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.reliability.soak import chance, chunks, tell
from support.vault.keyrings import memory_folder

TESTS = Path(__file__).parents[1]
_LIMIT_SECONDS = 300


def run(module: str, *words: object) -> dict[str, Any]:
    command = [sys.executable, "-m", module, *map(str, words)]
    environ = {**os.environ, "PYTHONPATH": str(TESTS)}
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env=environ, timeout=_LIMIT_SECONDS
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def check_result(found: dict[str, Any], what: str, how_many: int) -> None:
    """Check that every kill left the old or the new content, and didn't delay the next writer."""
    assert found["killed"] == how_many
    assert found["old"] + found["new"] + found["torn"] >= found["tries"]
    assert found["old"] > 0
    faults = found["torn"] + found["waited"]
    tell(
        "kills",
        f"during a write of the {what}",
        how_many,
        faults,
        f"{found['old']} old, {found['new']} new, in one piece of the count",
    )


@pytest.mark.parametrize(("chunk", "how_many"), chunks(20, 500, 250))
def test_the_config_is_the_old_or_the_new(chunk: int, how_many: int, tmp_path: Path) -> None:
    found = run(
        "support.config.writers",
        "kill",
        tmp_path,
        how_many,
        chance("kills config", chunk).randrange(10**9),
    )
    check_result(found, "config", how_many)
    assert found["names"] == ["config"]


@pytest.mark.parametrize(("chunk", "how_many"), chunks(20, 500, 250))
def test_a_session_in_the_vault_is_the_old_or_the_new(chunk: int, how_many: int) -> None:
    with memory_folder() as folder:
        found = run(
            "support.reliability.kills",
            "vault",
            folder,
            how_many,
            chance("kills vault", chunk).randrange(10**9),
        )
    check_result(found, "vault", how_many)
    assert found["litter"] <= 2


@pytest.mark.parametrize(("chunk", "how_many"), chunks(20, 500, 250))
def test_the_index_is_the_old_or_the_new(chunk: int, how_many: int, tmp_path: Path) -> None:
    found = run(
        "support.reliability.kills",
        "index",
        tmp_path,
        how_many,
        chance("kills index", chunk).randrange(10**9),
    )
    check_result(found, "index", how_many)
