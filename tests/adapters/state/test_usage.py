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
def usage(path: Path) -> JsonUsage:
    return JsonUsage(path, FileLocks(path.parent / "locks", timeout_seconds=5))


def test_uses_and_pins_are_returned(usage: JsonUsage) -> None:
    assert usage.load() == UsageState()
    usage.record_use("a b/ü", NOW - timedelta(days=1))
    usage.record_use("a b/ü", NOW)
    usage.set_pin("x", pinned=True)
    usage.set_pin("y", pinned=True)
    usage.set_pin("x", pinned=False)
    usage.set_pin("never", pinned=False)
    assert usage.load() == UsageState(uses={"a b/ü": RoleUsage(2, NOW)}, pins=frozenset({"y"}))


def test_the_usage_file_is_private(usage: JsonUsage, path: Path) -> None:
    old = os.umask(0)
    try:
        usage.record_use("a", NOW)
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
        b'{"version": 1, "uses": 3, "pins": "x"}',
        b"\xff",
        b"[" * 100_000,
        b" " * (MAX_BYTES + 1),
    ],
)
def test_a_damaged_file_is_empty_and_is_replaced(
    usage: JsonUsage, path: Path, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    assert usage.load() == UsageState()
    usage.record_use("a", NOW)
    assert usage.load().uses == {"a": RoleUsage(1, NOW)}


def test_damaged_entries_cost_themselves_alone(usage: JsonUsage, path: Path) -> None:
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
    assert usage.load() == UsageState(
        uses={"a": RoleUsage(1, NOW), "f": RoleUsage(0, datetime(1970, 1, 1, tzinfo=UTC))},
        pins=frozenset("a"),
    )


def test_only_the_latest_uses_are_kept(usage: JsonUsage, path: Path) -> None:
    path.parent.mkdir()
    uses = {f"p{i}": [1, int(NOW.timestamp()) - i] for i in range(MAX_USES)}
    path.write_text(json.dumps({"version": 1, "uses": uses, "pins": []}))
    usage.record_use("new", NOW)
    stored = usage.load().uses
    assert len(stored) == MAX_USES
    assert "new" in stored
    assert f"p{MAX_USES - 1}" not in stored


def test_an_unwritable_file_is_reported_for_a_pin_but_not_for_a_switch(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    usage = JsonUsage(tmp_path / "file" / "memory.json", FileLocks(tmp_path / "locks"))
    usage.record_use("a", NOW)
    with pytest.raises(SettingsError):
        usage.set_pin("a", pinned=True)


def test_a_write_that_fails_leaves_the_old_file_and_no_other(
    usage: JsonUsage, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage.record_use("a", NOW)

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    usage.record_use("a", NOW)
    with pytest.raises(SettingsError, match="pin"):
        usage.set_pin("a", pinned=True)
    assert usage.load().uses == {"a": RoleUsage(1, NOW)}
    assert [entry.name for entry in path.parent.iterdir() if entry.is_file()] == ["memory.json"]


def test_a_busy_lock_fails_no_switch(usage: JsonUsage, path: Path) -> None:
    impatient = JsonUsage(path, FileLocks(path.parent / "locks", timeout_seconds=0))
    with FileLocks(path.parent / "locks").hold(LOCK):
        impatient.record_use("a", NOW)
    assert usage.load() == UsageState()


def test_processes_at_the_same_time_lose_nothing(usage: JsonUsage, path: Path) -> None:
    program = (
        "import sys; from datetime import UTC, datetime; from pathlib import Path\n"
        "from xswitch.adapters.state.locks import FileLocks\n"
        "from xswitch.adapters.state.usage import JsonUsage\n"
        "usage = JsonUsage(Path(sys.argv[1]), FileLocks(Path(sys.argv[1]).parent / 'locks'))\n"
        "for _ in range(15):\n"
        "    usage.record_use('a', datetime.now(UTC))\n"
        "    usage.set_pin(sys.argv[2], pinned=True)\n"
    )
    running = [
        subprocess.Popen([sys.executable, "-c", program, str(path), f"pin{number}"])
        for number in range(3)
    ]
    assert [process.wait(60) for process in running] == [0, 0, 0]
    state = usage.load()
    assert state.uses["a"].count == 45
    assert state.pins == {"pin0", "pin1", "pin2"}
