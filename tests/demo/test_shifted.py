from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from xswitch.core.model import Endpoint, ProbeResult, PromptState
from xswitch.demo.shifted_adapters import ShiftedProbe, ShiftedPromptFiles
from xswitch.emulator.clock import DemoClock

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _clock(folder: Path) -> DemoClock:
    (folder / "clock").write_text("3600")
    return DemoClock(folder / "clock")


class _Probe:
    def __init__(self, reach: ProbeResult) -> None:
        self._reach = reach

    def probe(self, endpoint: Endpoint) -> ProbeResult:
        assert endpoint.region == "eu-west-1"
        return self._reach


class _Files:
    def __init__(self) -> None:
        self.written: list[PromptState] = []
        self.removed: list[str] = []

    def write(self, state: PromptState) -> None:
        self.written.append(state)

    def remove(self, managed_profile: str) -> None:
        self.removed.append(managed_profile)

    def clear(self) -> None:
        self.removed.append("all")


def test_the_server_is_dated_in_the_demos_time(tmp_path: Path) -> None:
    probe = ShiftedProbe(_Probe(ProbeResult(NOW, 5)), _clock(tmp_path))
    assert probe.probe(Endpoint("eu-west-1")) == ProbeResult(NOW + timedelta(hours=1), 5)
    assert ShiftedProbe(_Probe(ProbeResult(None, 5)), _clock(tmp_path)).probe(
        Endpoint("eu-west-1")
    ) == ProbeResult(None, 5)


def test_prompt_files_are_in_the_machines_time(tmp_path: Path) -> None:
    files = _Files()
    shifted = ShiftedPromptFiles(files, _clock(tmp_path))
    shifted.write(PromptState("xs-a", "acc", "role", "", NOW, NOW))
    shifted.write(PromptState("xs-a", "acc", "role", "", NOW, None))
    shifted.remove("xs-a")
    earlier = NOW - timedelta(hours=1)
    assert [(state.expires_at, state.renewable_until) for state in files.written] == [
        (earlier, earlier),
        (earlier, None),
    ]
    assert files.removed == ["xs-a"]
