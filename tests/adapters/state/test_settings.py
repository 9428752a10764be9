from __future__ import annotations

from pathlib import Path

import pytest

from xswitch.adapters.state.settings import MAX_BYTES, TomlSettings
from xswitch.core.errors import SettingsError
from xswitch.core.model import Settings


def test_a_missing_file_is_all_defaults(tmp_path: Path) -> None:
    assert TomlSettings(tmp_path / "none" / "config.toml").load() == Settings()


def test_it_is_read_each_time(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text('\ufefftheme = "dark"\n', encoding="utf-8")
    store = TomlSettings(path)
    assert store.load() == Settings(theme="dark")
    path.write_text('theme = "pink"\n')
    problem = store.load().problems[0]
    assert (problem.file, problem.line) == (str(path), 1)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"a = 1\nb = '\xff'", "line 2 is not UTF-8"),
        (b"#" * (MAX_BYTES + 1), f"it has more than {MAX_BYTES} bytes"),
    ],
)
def test_a_file_that_cant_be_read_as_text(tmp_path: Path, content: bytes, why: str) -> None:
    path = tmp_path / "config.toml"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        TomlSettings(path).load()
    assert why in caught.value.why
    assert str(path) in caught.value.next_step


def test_a_folder_in_its_place(tmp_path: Path) -> None:
    with pytest.raises(SettingsError):
        TomlSettings(tmp_path).load()
