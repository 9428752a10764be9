"""Files of a newer xswitch: one sentence, everything else works, and no byte of them changes."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from support.e2e import Home, run
from support.reliability.soak import count

NEWER = '{"version": 2, "what": "this program knows nothing of it"}\n'
FILES = ("index.json", "memory.json", "history.jsonl", "runtime.json")[: count(1, 4)]


def state(home: Home) -> Path:
    return home.folder / ".local" / "state" / "xswitch"


@pytest.fixture(params=FILES)
def newer(request: pytest.FixtureRequest, home: Home) -> Path:
    """A file of a newer xswitch, after this one has been used."""
    assert home.run("switch", "reader").code == 0
    path = state(home) / str(request.param)
    assert path.exists()
    path.write_text(NEWER)
    return path


def test_a_switch_works_and_says_it_once(home: Home, newer: Path) -> None:
    for words in (
        ("switch", "external"),
        ("switch", "external", "--force"),
        ("renew", "external"),
        ("credential-process", "xs-reader"),
        ("list",),
        ("forget", "external"),
        ("forget", "--all"),
    ):
        done = home.run(*words)
        assert done.code == 0, done.err
        assert done.err.count("newer xswitch") <= 1, done.err
        assert newer.read_text() == NEWER
    told = home.run("switch", "external").err.count("newer xswitch")
    assert told == (newer.name == "index.json")
    # The commands that need it say so
    for word, name in (("status", "index.json"), ("history", "history.jsonl")):
        done = home.run(word)
        assert done.code == (8 if newer.name == name else 0), done.err
        assert done.err.count("newer xswitch") == (newer.name == name)
    done = home.run("pin", "reader")
    assert done.code == (8 if newer.name == "memory.json" else 0), done.err
    assert newer.read_text() == NEWER


def test_doctor_and_list_name_it_and_the_command_helps(home: Home, newer: Path) -> None:
    listed = home.run("list", "--json").json["problems"]
    assert [problem["code"] for problem in listed] == ["state_newer"]
    checks = home.run("doctor", "--json").json["data"]["checks"]
    (check,) = [check for check in checks if check["name"] == "state"]
    assert str(newer) in check["message"]
    command = check["next_step"].partition("without the file: ")[2]
    assert run(shlex.split(command), home.env).code == 0
    assert home.run("switch", "external").code == 0
    assert home.run("list", "--json").json["problems"] == []
    assert newer.exists() or newer.name == "runtime.json"


def test_a_record_of_the_vault(home: Home) -> None:
    (home.folder / ".config" / "xswitch" / "config.toml").unlink()
    assert home.run("switch", "reader").code == 0
    record = state(home) / "vault"
    record.write_text(NEWER)
    done = home.run("switch", "external")
    assert done.code == 7
    assert "A newer xswitch has recorded which vault it uses." in done.err
    assert home.run("list").code == 0
    assert home.run("forget", "--all").code == 0
    assert list((home.runtime / "xswitch").glob("*")) == []
    assert record.read_text() == NEWER
