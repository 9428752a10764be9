from __future__ import annotations

import os
from pathlib import Path

import pytest

from xswitch.core.errors import SettingsError, UsageError
from xswitch.demo import inside
from xswitch.demo.home import CLOCK, DEMO, TOTP
from xswitch.emulator.clock import MAX_OFFSET_SECONDS, DemoClock
from xswitch.emulator.state import AwsState

GARBAGE = (
    "nan",
    "-nan",
    "inf",
    "-inf",
    "Infinity",
    "1e300",
    "-1e300",
    "1e11",
    "9" * 400,
    "",
    "soon",
    "1,5",
    "0x10",
    "\x00",
    "1\x002",
    "ä",
    "1 2",
    "None",
)


@pytest.mark.parametrize("text", GARBAGE)
def test_anything_but_a_number_of_seconds_counts_as_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock").write_text(text)
    clock = DemoClock(tmp_path / "clock")
    assert clock.offset_seconds() == 0
    assert clock.now().tzinfo is not None


@pytest.mark.parametrize("text", ["3600", " 3600\n", "-60", "1e6", str(MAX_OFFSET_SECONDS)])
def test_a_number_of_seconds_counts(tmp_path: Path, text: str) -> None:
    (tmp_path / "clock").write_text(text)
    assert DemoClock(tmp_path / "clock").offset_seconds() == float(text)
    assert DemoClock(tmp_path / "clock").now().tzinfo is not None


@pytest.mark.parametrize("kind", ["pipe", "folder", "device", "nothing", "bytes"])
def test_nothing_else_in_its_place_is_waited_for(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "clock"
    if kind == "pipe":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "device":
        path.symlink_to("/dev/zero")
    elif kind == "bytes":
        path.write_bytes(b"\xff\xfe3\x00")
    assert DemoClock(path).offset_seconds() == 0


@pytest.mark.parametrize("seconds", [MAX_OFFSET_SECONDS * 2, float("inf"), float("nan"), -1.0])
def test_the_demo_goes_no_further_than_a_clock_can(tmp_path: Path, seconds: float) -> None:
    (tmp_path / "clock").write_text("60")
    environ = {DEMO: "1", CLOCK: str(tmp_path / "clock"), TOTP: str(tmp_path / "totp")}
    with pytest.raises(UsageError) as caught:
        inside.advance(environ, seconds)
    assert caught.value.code == "demo_clock"
    assert (tmp_path / "clock").read_text() == "60"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e300", '"x"'])
@pytest.mark.parametrize("key", ["clock_offset", "propagation_seconds"])
def test_a_state_with_such_a_clock_is_refused(key: str, value: str) -> None:
    with pytest.raises(SettingsError):
        AwsState.from_json(f'{{"version": 1, "accounts": [], "{key}": {value}}}')
