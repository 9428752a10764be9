"""Prompt files: five printable lines, private, complete at any time, one per managed profile."""

from __future__ import annotations

import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xswitch.actions.ports import PromptFiles
from xswitch.adapters.state.prompt_files import MAX_LENGTH, PromptFileStore
from xswitch.core.errors import ConfigError, ExitCode
from xswitch.core.filenames import profile_file_name
from xswitch.core.model import PromptState

NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


def state(name: str = "xs-a", **changes: object) -> PromptState:
    values: dict[str, object] = {
        "account": "payments-prod",
        "role": "Admin",
        "color": "red",
        "expires_at": NOON,
        "renewable_until": None,
    }
    return PromptState(managed_profile=name, **{**values, **changes})  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "state" / "prompt"


def test_five_lines(folder: Path) -> None:
    files: PromptFiles = PromptFileStore(folder)
    files.write(state(renewable_until=NOON + timedelta(hours=7, microseconds=5)))
    assert (folder / "xs-a").read_text() == "payments-prod\nAdmin\nred\n1772366400\n1772391600\n"
    files.write(state(color=""))
    assert (folder / "xs-a").read_text() == "payments-prod\nAdmin\n\n1772366400\n\n"


def test_private_and_without_leftovers(folder: Path) -> None:
    files = PromptFileStore(folder)
    for _ in range(3):
        files.write(state())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "xs-a").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["xs-a"]


def test_profiles_with_odd_names_get_files_of_their_own(folder: Path) -> None:
    files = PromptFileStore(folder)
    names = ["a/b", "a%2Fb", "..", ".prompt-x", "a b", "ü"]
    for name in names:
        files.write(state(name, account=name))
    assert sorted(path.name for path in folder.iterdir()) == sorted(map(profile_file_name, names))
    assert not list(folder.parent.glob("b"))
    for name in names:
        files.remove(name)
    assert not list(folder.iterdir())


def test_a_missing_file_can_be_removed(folder: Path) -> None:
    PromptFileStore(folder).remove("xs-a")
    folder.parent.mkdir(parents=True)
    folder.write_text("no folder")
    PromptFileStore(folder).remove("xs-a")


def test_an_unusable_folder_is_reported(folder: Path) -> None:
    folder.parent.mkdir(parents=True)
    folder.write_text("no folder")
    with pytest.raises(ConfigError) as caught:
        PromptFileStore(folder).write(state())
    assert caught.value.exit_code is ExitCode.CONFIG
    assert str(folder) in caught.value.what
    assert caught.value.next_step == f"mv {folder} {folder}.moved"


def test_a_failed_write_leaves_the_file_as_it_was(folder: Path) -> None:
    files = PromptFileStore(folder)
    files.write(state())
    (folder / "xs-b").mkdir()
    with pytest.raises(ConfigError):
        files.write(state("xs-b"))
    with pytest.raises(ConfigError):
        files.remove("xs-b")
    assert sorted(path.name for path in folder.iterdir()) == ["xs-a", "xs-b"]


@given(
    account=st.text(),
    role=st.text(),
    color=st.text(max_size=9),
    at=st.datetimes(min_value=datetime(1990, 1, 1)),  # noqa: DTZ001 -- hypothesis wants it naive
)
@settings(max_examples=60, derandomize=True)
def test_hostile_names_stay_five_printable_lines(
    tmp_path_factory: pytest.TempPathFactory, account: str, role: str, color: str, at: datetime
) -> None:
    folder = tmp_path_factory.mktemp("prompt")
    PromptFileStore(folder).write(
        state(account=account, role=role, color=color, expires_at=at.replace(tzinfo=UTC))
    )
    text = (folder / "xs-a").read_text(encoding="utf-8")
    lines = text.split("\n")
    assert len(lines) == 6
    assert all(line.isprintable() and len(line) <= MAX_LENGTH for line in lines)
    assert set(lines[0]) <= set(account)
    assert set(lines[1]) <= set(role)
    assert lines[3].isdigit()
