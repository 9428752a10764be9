from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from xswitch.adapters.state.history import MAX_BYTES, MAX_TEXT, JsonHistory
from xswitch.adapters.state.locks import FileLocks
from xswitch.core.model import HistoryEntry

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "history.jsonl"


@pytest.fixture
def history(path: Path) -> JsonHistory:
    return JsonHistory(path, FileLocks(path.parent / "locks", timeout_seconds=5))


def entry(number: int = 0, **more: str) -> HistoryEntry:
    values = {
        "profile": f"p{number}",
        "role_arn": "arn:aws:iam::222222222222:role/R",
        "session_name": "dev@box",
        "result": "new",
        **more,
    }
    return HistoryEntry(NOW + timedelta(seconds=number), **values)


def test_entries_are_returned_in_order(history: JsonHistory) -> None:
    assert history.load() == ()
    entries = [
        entry(0),
        entry(1, profile="a\nb\x1b]52;c;x\x07ü", result="not_authorized"),
        entry(2, result="kept"),
    ]
    for recorded in entries:
        history.record(recorded)
    assert history.load() == tuple(entries)


def test_the_history_is_private_for_any_umask(history: JsonHistory, path: Path) -> None:
    before = os.umask(0)
    try:
        history.record(entry())
    finally:
        os.umask(before)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_it_stays_bounded_and_keeps_the_latest(history: JsonHistory, path: Path) -> None:
    path.parent.mkdir(parents=True)
    line = b'{"at": 1, "profile": "old", "role_arn": "", "session_name": "", "result": "new"}\n'
    path.write_bytes(line * (MAX_BYTES // len(line)))
    history.record(entry(7))
    history.record(entry(8))
    assert path.stat().st_size < MAX_BYTES * 2 // 3
    assert [entry.profile for entry in history.load()[-2:]] == ["p7", "p8"]
    assert all(one.profile in ("old", "p7", "p8") for one in history.load())


def test_a_text_without_end_is_cut(history: JsonHistory) -> None:
    history.record(entry(profile="x" * 100_000))
    assert history.load()[0].profile == "x" * MAX_TEXT


def test_damaged_lines_are_passed_over_and_half_a_line_spoils_no_other(
    history: JsonHistory, path: Path
) -> None:
    history.record(entry(1))
    with path.open("ab") as file:
        file.write(b'[]\n{"at": "soon"}\n\xff\xfe\n{"at": 1e999}\n{"at": 1, "profile": "ha')
    history.record(entry(2))
    assert [entry.profile for entry in history.load()] == ["p1", "p2"]


@pytest.mark.parametrize("kind", ["folder", "symlink", "fifo", "dangling"])
def test_another_file_type_at_the_path_is_ignored_and_not_followed(
    history: JsonHistory, path: Path, kind: str
) -> None:
    path.parent.mkdir(parents=True)
    other = path.parent / "other"
    if kind == "folder":
        path.mkdir()
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        if kind == "symlink":
            other.write_text("theirs")
        path.symlink_to(other)
    history.record(entry())
    assert history.load() == ()
    assert not other.exists() or other.read_text() == "theirs"


def test_many_processes_lose_nothing(path: Path) -> None:
    script = (
        "import sys; from datetime import datetime, UTC; from pathlib import Path\n"
        "from xswitch.adapters.state.history import JsonHistory\n"
        "from xswitch.adapters.state.locks import FileLocks\n"
        "from xswitch.core.model import HistoryEntry\n"
        "path = Path(sys.argv[1]); locks = FileLocks(path.parent / 'locks')\n"
        "history = JsonHistory(path, locks, patience_seconds=60)\n"
        "for n in range(20):\n"
        "    entry = HistoryEntry(datetime.now(UTC), f'{sys.argv[2]}-{n}', 'arn', 's', 'new')\n"
        "    history.record(entry)\n"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", script, str(path), str(number)])
        for number in range(4)
    ]
    assert [writer.wait(60) for writer in writers] == [0] * 4
    names = [entry.profile for entry in JsonHistory(path, FileLocks(path.parent / "locks")).load()]
    assert sorted(names) == sorted(
        f"{writer}-{number}" for writer in range(4) for number in range(20)
    )
