from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from xswitch.adapters.state.index import JsonIndex
from xswitch.adapters.state.locks import FileLocks

TESTS = Path(__file__).parents[2]


def ask(folder: Path, profile: str, processes: int) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "support.broker_process", str(folder), profile, str(processes)],
        cwd=TESTS,
        env={**os.environ, "PYTHONPATH": f"{TESTS.parent / 'src'}{os.pathsep}{TESTS}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "vault").mkdir()
    return tmp_path


def events(folder: Path) -> list[str]:
    return sorted((folder / "events").read_text().splitlines())


def run(folder: Path, profiles: list[str]) -> list[dict[str, str]]:
    processes = [ask(folder, profile, len(profiles)) for profile in profiles]
    results = [process.communicate(timeout=100) for process in processes]
    assert [process.returncode for process in processes] == [0] * len(processes), results
    assert all(error == "" for _, error in results)
    return [json.loads(answer) for answer, _ in results]


def test_sixteen_processes_are_one_question_and_one_call_each(folder: Path) -> None:
    answers = run(folder, ["payments"] * 16)
    assert events(folder) == [
        "AssumeRole arn:aws:iam::222222222222:role/Admin",
        "GetSessionToken",
        "question",
    ]
    assert len({answer["AccessKeyId"] for answer in answers}) == 1
    index = JsonIndex(folder / "index.json", FileLocks(folder / "locks")).entries()
    assert sorted(entry.kind for entry in index.values()) == ["mfa", "role"]


def test_processes_that_want_different_roles_share_the_question_and_the_chain(folder: Path) -> None:
    answers = run(folder, ["payments", "reports", "spoke", "hub"] * 2)
    assert events(folder) == [
        "AssumeRole arn:aws:iam::222222222222:role/Admin",
        "AssumeRole arn:aws:iam::222222222222:role/Reports",
        "AssumeRole arn:aws:iam::444444444444:role/Hub",
        "AssumeRole arn:aws:iam::555555555555:role/team/Spoke",
        "GetSessionToken",
        "question",
    ]
    assert [answer["SecretAccessKey"] for answer in answers[:4]] == [
        answer["SecretAccessKey"] for answer in answers[4:]
    ]
