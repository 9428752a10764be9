from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.usage import LOCK, MAX_BYTES, MAX_USES, JsonUsage
from xswitch.core.errors import SettingsError
from xswitch.core.model import RoleUsage, UsageState

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "memory.json"


@pytest.fixture
def memory(path: Path) -> JsonUsage:
    return JsonUsage(path, FileLocks(path.parent / "locks", timeout_seconds=5))


def test_what_is_remembered_comes_back(memory: JsonUsage) -> None:
    assert memory.load() == UsageState()
    memory.record_use("a b/ü", NOW - timedelta(days=1))
    memory.record_use("a b/ü", NOW)
    memory.set_pin("x", pinned=True)
    memory.set_pin("y", pinned=True)
    memory.set_pin("x", pinned=False)
    memory.set_pin("never", pinned=False)
    assert memory.load() == UsageState(uses={"a b/ü": RoleUsage(2, NOW)}, pins=frozenset({"y"}))


def test_nobody_else_may_read_it(memory: JsonUsage, path: Path) -> None:
    old = os.umask(0)
    try:
        memory.record_use("a", NOW)
    finally:
        os.umask(old)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert [entry.name for entry in path.parent.iterdir() if entry.name.startswith(".")] == []


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b'{"version": 2, "uses": {"a": [1, 1]}}',
        b'{"version": 1, "uses": 3, "pins": "x"}',
        b"\xff",
        b"[" * 100_000,
        b" " * (MAX_BYTES + 1),
    ],
)
def test_a_damaged_file_is_empty_and_is_replaced(
    memory: JsonUsage, path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert memory.load() == UsageState()
    memory.record_use("a", NOW)
    assert memory.load().uses == {"a": RoleUsage(1, NOW)}


def test_damaged_entries_cost_themselves_alone(memory: JsonUsage, path: Path) -> None:
    path.parent.mkdir()
    uses = {
        "a": [1, int(NOW.timestamp())],
        "b": [1],
        "c": "x",
        "d": [None, 1],
        "e": [1, 10**30],
        "f": [-5, 0],
        "g": [1, "x"],
    }
    path.write_text(json.dumps({"version": 1, "uses": uses, "pins": ["a", 3]}))
    assert memory.load() == UsageState(
        uses={"a": RoleUsage(1, NOW), "f": RoleUsage(0, datetime(1970, 1, 1, tzinfo=UTC))},
        pins=frozenset("a"),
    )


def test_only_the_latest_uses_are_kept(memory: JsonUsage, path: Path) -> None:
    path.parent.mkdir()
    uses = {f"p{i}": [1, int(NOW.timestamp()) - i] for i in range(MAX_USES)}
    path.write_text(json.dumps({"version": 1, "uses": uses, "pins": []}))
    memory.record_use("new", NOW)
    kept = memory.load().uses
    assert len(kept) == MAX_USES
    assert "new" in kept
    assert f"p{MAX_USES - 1}" not in kept


def test_a_memory_that_cant_be_written_fails_no_switch_but_says_so_of_a_pin(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    memory = JsonUsage(tmp_path / "file" / "memory.json", FileLocks(tmp_path / "locks"))
    memory.record_use("a", NOW)
    with pytest.raises(SettingsError):
        memory.set_pin("a", pinned=True)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    memory: JsonUsage, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.record_use("a", NOW)

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    memory.record_use("a", NOW)
    with pytest.raises(SettingsError, match="pin"):
        memory.set_pin("a", pinned=True)
    assert memory.load().uses == {"a": RoleUsage(1, NOW)}
    assert [entry.name for entry in path.parent.iterdir() if entry.is_file()] == ["memory.json"]


def test_a_busy_lock_fails_no_switch(memory: JsonUsage, path: Path) -> None:
    impatient = JsonUsage(path, FileLocks(path.parent / "locks", timeout_seconds=0))
    with FileLocks(path.parent / "locks").hold(LOCK):
        impatient.record_use("a", NOW)
    assert memory.load() == UsageState()


def test_processes_at_the_same_time_lose_nothing(memory: JsonUsage, path: Path) -> None:
    program = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from xswitch.adapters.state.locks import FileLocks; from xswitch.adapters.state.usage import JsonUsage\n"
        "memory = JsonUsage(Path(sys.argv[1]), FileLocks(Path(sys.argv[1]).parent / 'locks'))\n"
        "for _ in range(15): memory.record_use('a', datetime.now(UTC)); memory.set_pin(sys.argv[2], pinned=True)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), f"pin{number}"])
        for number in range(3)
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    found = memory.load()
    assert found.uses["a"].count == 45
    assert found.pins == {"pin0", "pin1", "pin2"}
