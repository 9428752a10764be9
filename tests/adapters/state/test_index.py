from __future__ import annotations

import json
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from xswitch.adapters.state import index as module
from xswitch.adapters.state.index import JsonIndex
from xswitch.adapters.state.locks import FileLocks
from xswitch.core.errors import ConfigError
from xswitch.core.model import IndexEntry

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def entry(key: str = "a" * 40, **changes: object) -> IndexEntry:
    whole = IndexEntry(
        key=key,
        kind="role",
        profile="payments",
        principal="arn:aws:iam::222222222222:role/Admin",
        issued_at=NOW,
        expires_at=NOW + timedelta(hours=1),
        last_used=NOW,
        managed_profile="xs-payments",
    )
    return replace(whole, **changes)  # type: ignore[arg-type]


def make(folder: Path) -> JsonIndex:
    return JsonIndex(folder / "state" / "index.json", FileLocks(folder / "locks"))


def test_what_is_put_is_found_by_another_process_and_can_be_removed(tmp_path: Path) -> None:
    index = make(tmp_path)
    assert dict(index.entries()) == {}
    index.put(entry())
    index.put(entry("b" * 40, kind="mfa", static=True))
    index.put(entry("d" * 40, kind="sso_token", refreshable=True))
    assert dict(make(tmp_path).entries()) == {
        "a" * 40: entry(),
        "b" * 40: entry("b" * 40, kind="mfa", static=True),
        "d" * 40: entry("d" * 40, kind="sso_token", refreshable=True),
    }
    index.put(entry(profile="other"))
    assert index.entries()["a" * 40].profile == "other"
    index.remove(["a" * 40, "c" * 40, "d" * 40])
    assert list(index.entries()) == ["b" * 40]


def test_an_entry_under_another_key_is_not_believed(tmp_path: Path) -> None:
    index = make(tmp_path)
    index.put(entry())
    path = tmp_path / "state" / "index.json"
    data = json.loads(path.read_text())
    data["entries"]["b" * 40] = data["entries"]["a" * 40]
    path.write_text(json.dumps(data))
    assert dict(index.entries()) == {"a" * 40: entry()}
    for stored in data["entries"].values():
        stored.pop("key", None)
    path.write_text(json.dumps(data))  # as an older version writes it
    assert set(index.entries()) == {"a" * 40, "b" * 40}


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
times = st.integers(min_value=0, max_value=4_000_000_000).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)


@given(
    entries=st.dictionaries(
        texts,
        st.builds(
            IndexEntry,
            st.just(""),
            st.sampled_from(["mfa", "role"]),
            texts,
            texts,
            times,
            times,
            times,
            texts,
            st.booleans(),
        ),
    )
)
@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_every_entry_is_returned_unchanged(
    tmp_path_factory: pytest.TempPathFactory, entries: dict[str, IndexEntry]
) -> None:
    index = make(tmp_path_factory.mktemp("index"))
    expected = {key: replace(value, key=key) for key, value in entries.items()}
    for value in expected.values():
        index.put(value)
    assert dict(index.entries()) == expected


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        b'{"version": 1, "entries": []}',
        b"\xff\xfe",
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_is_empty_and_replaced_by_the_next_write(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "state" / "index.json"
    path.parent.mkdir()
    path.write_bytes(content)
    index = make(tmp_path)
    assert dict(index.entries()) == {}
    index.put(entry())
    assert list(index.entries()) == ["a" * 40]


@pytest.mark.parametrize(
    "damage",
    [
        {"kind": "odd"},
        {"profile": 3},
        {"expires_at": "soon"},
        {"issued_at": 10**30},
        {"last_used": None},
    ],
)
def test_one_damaged_entry_does_not_hide_the_others(
    tmp_path: Path, damage: dict[str, object]
) -> None:
    index = make(tmp_path)
    index.put(entry())
    index.put(entry("b" * 40))
    path = tmp_path / "state" / "index.json"
    data = json.loads(path.read_text())
    data["entries"]["a" * 40].update(damage)
    data["entries"]["c" * 40] = "not an entry"
    path.write_text(json.dumps(data))
    assert list(index.entries()) == ["b" * 40]


def test_the_file_is_private_and_no_temporary_file_stays(tmp_path: Path) -> None:
    make(tmp_path).put(entry())
    folder = tmp_path / "state"
    assert [path.name for path in folder.iterdir()] == ["index.json"]
    assert stat.S_IMODE((folder / "index.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_putting_what_is_there_already_does_not_rewrite_the_file(tmp_path: Path) -> None:
    index = make(tmp_path)
    index.put(entry())
    before = (tmp_path / "state" / "index.json").stat().st_ino
    index.put(entry(last_used=NOW + timedelta(microseconds=5)))
    index.remove(["c" * 40])
    assert (tmp_path / "state" / "index.json").stat().st_ino == before


def test_the_number_of_entries_is_limited_to_those_that_expire_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ENTRIES", 3)
    index = make(tmp_path)
    for number in range(5):
        index.put(entry(f"{number:040d}", expires_at=NOW + timedelta(hours=number)))
    assert sorted(index.entries()) == [f"{number:040d}" for number in (2, 3, 4)]


def test_a_file_over_the_size_limit_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path).put(entry())
    monkeypatch.setattr(module, "MAX_BYTES", 10)
    assert dict(make(tmp_path).entries()) == {}


def test_a_file_that_cannot_be_written_is_a_sentence_and_leaves_nothing_behind(
    tmp_path: Path,
) -> None:
    (tmp_path / "state" / "index.json").mkdir(parents=True)
    (tmp_path / "state" / "index.json" / "in the way").write_text("")
    with pytest.raises(ConfigError) as caught:
        make(tmp_path).put(entry())
    assert caught.value.code == "state_folder"
    assert [path.name for path in (tmp_path / "state").iterdir()] == ["index.json"]


WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from xswitch.adapters.state.index import JsonIndex
from xswitch.adapters.state.locks import FileLocks
from xswitch.core.model import IndexEntry
folder = Path(sys.argv[1])
index = JsonIndex(folder / "state" / "index.json", FileLocks(folder / "locks"))
now = datetime(2026, 3, 1, tzinfo=UTC)
for number in range(15):
    key = f"{sys.argv[2]}-{number}"
    index.put(IndexEntry(key, "role", "p", "arn", now, now + timedelta(hours=1), now))
"""


def test_writers_side_by_side_lose_nothing(tmp_path: Path) -> None:
    processes = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(number)])
        for number in range(4)
    ]
    assert [process.wait(timeout=60) for process in processes] == [0] * 4
    assert len(make(tmp_path).entries()) == 60
