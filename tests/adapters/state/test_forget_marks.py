from __future__ import annotations

import os
from pathlib import Path

import pytest

from xswitch.adapters.state.forget_marks import FileForgetMarks
from xswitch.core.errors import ConfigError

KEY, OTHER = "a" * 40, "b" * 40


@pytest.fixture
def marks(tmp_path: Path) -> FileForgetMarks:
    return FileForgetMarks(tmp_path / "state" / "forgotten")


def test_a_session_is_forgotten_for_those_that_began_before(marks: FileForgetMarks) -> None:
    before = marks.read()
    assert not marks.changed(before, KEY)
    marks.mark([KEY])
    assert marks.changed(before, KEY)
    assert not marks.changed(before, OTHER)
    assert not marks.changed(marks.read(), KEY)


def test_all_sessions_are_forgotten_at_once(marks: FileForgetMarks) -> None:
    marks.mark([KEY])
    before = marks.read()
    marks.mark_all()
    assert marks.changed(before, KEY)
    assert marks.changed(before, OTHER)
    assert not marks.changed(marks.read(), OTHER)


def test_each_time_counts_also_on_a_coarse_clock(
    marks: FileForgetMarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.utime

    def coarse(path: Path, *, ns: tuple[int, int]) -> None:
        real(path, ns=(ns[0] // 10**9 * 10**9, ns[1] // 10**9 * 10**9))

    monkeypatch.setattr(os, "utime", coarse)
    for _ in range(3):
        before = marks.read()
        marks.mark_all()
        assert marks.changed(before, KEY)


def test_each_time_counts_also_when_the_clock_stands_still_and_the_disk_is_full(
    marks: FileForgetMarks, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_descriptor: int, _data: bytes) -> int:
        raise OSError(28, "No space left on device")

    marks.mark_all()
    monkeypatch.setattr(os, "write", full)
    monkeypatch.setattr("time.time_ns", lambda: 10**18)
    for _ in range(3):
        before = marks.read()
        marks.mark_all()
        assert marks.changed(before, KEY)


def test_the_marks_are_private_and_old_ones_go(marks: FileForgetMarks, tmp_path: Path) -> None:
    folder = tmp_path / "state" / "forgotten"
    marks.mark([OTHER])
    os.utime(folder / OTHER, (1, 1))
    marks.mark_all()
    marks.mark([KEY])
    assert {path.name for path in folder.iterdir()} == {"all", KEY}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())


def test_a_mark_that_was_cleaned_up_forgets_nothing(marks: FileForgetMarks, tmp_path: Path) -> None:
    marks.mark([KEY])
    before = marks.read()
    (tmp_path / "state" / "forgotten" / KEY).unlink()
    assert not marks.changed(before, KEY)


def test_marks_that_can_not_be_written_are_reported(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    marks = FileForgetMarks(tmp_path / "file" / "forgotten")
    assert marks.read() == {}
    assert not marks.changed({}, KEY)
    with pytest.raises(ConfigError) as caught:
        marks.mark_all()
    assert caught.value.code == "state_folder"
