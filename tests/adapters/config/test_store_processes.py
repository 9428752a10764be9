from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from support.aws.peers import BIN
from support.config.writers import OLD, ROLES, store_in
from xswitch.core.awsconfig.botocore_reader import parse_as_cli

TESTS = Path(__file__).parents[2]
WRITERS, PROFILES, RUNS = 4, 50, 30


def start(*arguments: object) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "support.config.writers", *map(str, arguments)]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(TESTS)}
    )


def answer(process: subprocess.Popen[str]) -> dict[str, Any]:
    output, _ = process.communicate(timeout=120)
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(output)
    return found


def test_a_writer_killed_at_any_moment_leaves_the_old_or_the_new_text(tmp_path: Path) -> None:
    found = answer(start("kill", tmp_path, 200, 7))
    print(f"200 writers: {found}")  # noqa: T201 -- the counts are the report
    assert found["torn"] == 0
    assert found["killed"] == 200
    assert found["old"] + found["new"] == found["tries"]
    assert found["waited"] == 0
    assert found["old"] > 0
    assert found["leftovers"] > 0
    assert found["names"] == ["config"]


def test_writers_concurrent_with_the_aws_cli_lose_nothing(
    tmp_path: Path, need: Callable[[str], str]
) -> None:
    aws = need(str(BIN / "aws"))
    config = tmp_path / "aws/config"
    config.parent.mkdir()
    config.write_text(OLD)
    progress = tmp_path / "progress"
    progress.touch()
    process = start("write", tmp_path, WRITERS, PROFILES, RUNS)
    environment = {
        **os.environ,
        "AWS_CONFIG_FILE": str(config),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "none"),
    }
    runs = []
    for number in range(RUNS):
        begin = time.monotonic()
        subprocess.run(
            [aws, "configure", "set", f"key_{number}", "cli", "--profile", f"cli-{number % 3}"],
            check=True,
            env=environment,
        )
        runs.append((begin, time.monotonic()))
        with progress.open("a") as file:
            file.write(".")
    found = answer(process)
    assert found["statuses"] == [0] * WRITERS
    assert len(found["ends"]) == WRITERS * PROFILES
    text = config.read_text()
    reading = parse_as_cli(text)
    assert reading.error is None
    lost = sorted(name for name in found["ends"] if f"profile {name}" not in reading.sections)
    print(  # noqa: T201 -- the report
        f"the AWS CLI overwrote {len(lost)} of {WRITERS * PROFILES} profiles: {lost}"
    )
    # A busy machine may stop the writer between a rename and the end of its call.
    slack = 10.0
    for name in lost:
        assert any(begin <= found["ends"][name] <= end + slack for begin, end in runs), name
    assert len(lost) < RUNS
    for number in range(RUNS):
        assert reading.sections[f"profile cli-{number % 3}"].values[f"key_{number}"] == "cli"
    assert all(f"profile role-{number}" in reading.sections for number in range(ROLES))
    assert text.startswith(OLD[:30])
    assert sorted(path.name for path in config.parent.iterdir()) == ["config"]
    assert store_in(tmp_path).read().problems == ()
