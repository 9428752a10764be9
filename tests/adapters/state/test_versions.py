"""Files of a newer xswitch: read as empty, told in a sentence, and never written."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from xswitch.adapters.state.history import JsonHistory
from xswitch.adapters.state.index import JsonIndex
from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.state.paths import AppPaths
from xswitch.adapters.state.usage import JsonUsage
from xswitch.adapters.state.versions import other_version
from xswitch.adapters.vault.runtime_places import RuntimePlaces
from xswitch.adapters.vault.selection import VaultEnvironment, select_store
from xswitch.core.errors import ConfigError, XswitchError
from xswitch.core.model import HistoryEntry, IndexEntry, Settings

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
NEWER = {
    "the next version": b'{"version": 2, "entries": {}, "uses": {}, "pins": []}',
    "a later version": b'{"version": 17}',
    "a version of two numbers": b'{"version": 1.1}',
    "a version that is a text": b'{"version": "2026-11"}',
    "a version that comes last": b'{"entries": {"a": 1}, "version": 2}',
    "other blanks": b'  {\n\t"version" :  3 }\n',
    "a header before other lines": b'{"version": 2}\n{"at": 1}\n',
    "cut in the middle": b'{"version": 2, "entries": {"ab',
    "too large": b'{"version": 2, "x": "' + b"x" * 20_000_000 + b'"}',
    "followed by bytes": b'{"version": 2}\x00\xff',
}


@dataclass(frozen=True)
class File:
    """A file with a version: its path, its writers, and what tells that it is newer."""

    path: Callable[[AppPaths], Path]
    write: Callable[[AppPaths], object]
    newer: Callable[[AppPaths], XswitchError | None]
    silent: bool = False
    """Whether its writer does nothing instead of raising an error."""


def locks(paths: AppPaths) -> FileLocks:
    return FileLocks(paths.locks, timeout_seconds=5)


def index(paths: AppPaths) -> JsonIndex:
    return JsonIndex(paths.index, locks(paths))


def usage(paths: AppPaths) -> JsonUsage:
    return JsonUsage(paths.usage, locks(paths))


def history(paths: AppPaths) -> JsonHistory:
    return JsonHistory(paths.history, locks(paths))


ENTRY = IndexEntry("a" * 40, "role", "p", "arn", NOW, NOW + timedelta(hours=1), NOW)
FILES = {
    "index, put": File(
        lambda paths: paths.index,
        lambda paths: index(paths).put(ENTRY),
        lambda paths: index(paths).newer(),
    ),
    "index, remove": File(
        lambda paths: paths.index,
        lambda paths: index(paths).remove(["a" * 40]),
        lambda paths: index(paths).newer(),
    ),
    "index, clear": File(
        lambda paths: paths.index,
        lambda paths: index(paths).clear(),
        lambda paths: index(paths).newer(),
    ),
    "pins": File(
        lambda paths: paths.usage,
        lambda paths: usage(paths).set_pin("p", pinned=True),
        lambda paths: usage(paths).newer(),
    ),
    "uses": File(
        lambda paths: paths.usage,
        lambda paths: usage(paths).record_use("p", NOW),
        lambda paths: usage(paths).newer(),
        silent=True,
    ),
    "history": File(
        lambda paths: paths.history,
        lambda paths: history(paths).record(HistoryEntry(NOW, "p", "arn", "s", "new")),
        lambda paths: history(paths).newer(),
        silent=True,
    ),
    "runtime keyring's folder": File(
        lambda paths: paths.runtime_places,
        lambda paths: RuntimePlaces(paths).choose((Path("/dev/shm/xswitch-test-none"),)),
        lambda paths: RuntimePlaces(paths).newer(),
    ),
}


@pytest.fixture
def paths(tmp_path: Path) -> AppPaths:
    (tmp_path / "state").mkdir()
    return AppPaths(settings=tmp_path / "config.toml", state=tmp_path / "state")


@pytest.mark.parametrize("content", list(NEWER))
@pytest.mark.parametrize("what", list(FILES))
def test_a_file_of_a_newer_program_is_told_and_never_written(
    paths: AppPaths, what: str, content: str
) -> None:
    file = FILES[what]
    file.path(paths).write_bytes(NEWER[content])
    before = file.path(paths).stat()
    if file.silent:
        file.write(paths)
    else:
        with pytest.raises(ConfigError) as caught:
            file.write(paths)
        assert caught.value.code == "state_newer"
        assert str(file.path(paths)) in caught.value.why
    assert file.path(paths).read_bytes() == NEWER[content]
    assert file.path(paths).stat().st_ino == before.st_ino
    newer = file.newer(paths)
    assert newer is not None
    assert f"rm {file.path(paths)}" in newer.next_step


def test_what_a_newer_program_wrote_counts_as_empty(paths: AppPaths) -> None:
    for path in (paths.index, paths.usage, paths.history):
        path.write_bytes(NEWER["the next version"])
    assert dict(index(paths).entries()) == {}
    assert usage(paths).load().uses == {}
    assert history(paths).load() == ()


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"null", b"7", b'{"entries": {}}', b'{"version": 1}', b'{"version": 1, "x'],
)
@pytest.mark.parametrize("what", list(FILES)[:-1])
def test_a_damaged_file_is_of_no_other_version(paths: AppPaths, what: str, content: bytes) -> None:
    file = FILES[what]
    file.path(paths).write_bytes(content)
    file.write(paths)
    assert file.newer(paths) is None


def test_the_history_says_its_version_in_a_line_that_earlier_programs_skip(
    paths: AppPaths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xswitch.adapters.state.history.MAX_BYTES", 600)
    for number in range(20):
        history(paths).record(HistoryEntry(NOW, f"p{number}", "arn", "s", "new"))
    lines = paths.history.read_text().splitlines()
    assert json.loads(lines[0]) == {"version": 1}
    assert all("version" not in json.loads(line) for line in lines[1:])
    assert history(paths).load()[-1].profile == "p19"


def test_a_history_without_a_version_is_continued(paths: AppPaths) -> None:
    line = '{"at": 1, "profile": "p", "role_arn": "a", "session_name": "s", "result": "new"}\n'
    paths.history.write_text(line)
    history(paths).record(HistoryEntry(NOW, "q", "arn", "s", "new"))
    assert [entry.profile for entry in history(paths).load()] == ["p", "q"]


def test_a_name_that_looks_like_a_version_is_none(paths: AppPaths) -> None:
    name = '{"version": 2}'
    for _ in range(2):
        history(paths).record(HistoryEntry(NOW, name, name, name, "new"))
    assert [entry.profile for entry in history(paths).load()] == [name, name]
    assert other_version(json.dumps({"x": name}).encode()) == ""


@pytest.mark.parametrize("content", list(NEWER))
def test_a_record_of_the_vault_of_a_newer_program_is_told_and_never_written(
    paths: AppPaths, content: str
) -> None:
    paths.vault.write_bytes(NEWER[content])
    machine = VaultEnvironment(Settings(), paths, {}, lambda: False, "linux", ())
    with pytest.raises(XswitchError) as caught:
        select_store(machine)
    assert caught.value.exit_code == 7
    assert caught.value.code in {"state_newer", "vault_pin"}
    assert paths.vault.read_bytes() == NEWER[content]
