from __future__ import annotations

from pathlib import Path

import pytest

from xswitch.cli.output.files import write_new_file, write_new_files
from xswitch.core.errors import UsageError


def test_a_file_is_private_and_its_folder_is_created(tmp_path: Path) -> None:
    path = Path(write_new_file(str(tmp_path / "a" / "b"), "x.tf", "text\n"))
    assert path.read_text(encoding="utf-8") == "text\n"
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_existing_file_is_overwritten_only_with_force(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("a long existing text", encoding="utf-8")
    with pytest.raises(UsageError) as error:
        write_new_file(str(tmp_path), "x", "new")
    assert (error.value.code, "--force" in error.value.next_step) == ("file_exists", True)
    assert (tmp_path / "x").read_text(encoding="utf-8").startswith("a long")
    write_new_file(str(tmp_path), "x", "new", force=True)
    assert (tmp_path / "x").read_text(encoding="utf-8") == "new"
    assert (tmp_path / "x").stat().st_mode & 0o777 == 0o600


def test_a_link_is_never_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").write_text("theirs", encoding="utf-8")
    (tmp_path / "x").symlink_to(tmp_path / "theirs")
    for force in (False, True):
        with pytest.raises(UsageError):
            write_new_file(str(tmp_path), "x", "new", force=force)
    assert (tmp_path / "theirs").read_text(encoding="utf-8") == "theirs"


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("", encoding="utf-8")
    with pytest.raises(UsageError) as error:
        write_new_file(str(tmp_path / "x"), "y", "new")
    assert error.value.what.endswith(("can't be written.", "already exists."))


def test_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "b").write_text("theirs", encoding="utf-8")
    with pytest.raises(UsageError):
        write_new_files(str(tmp_path), [("a", "1"), ("b", "2")])
    assert not (tmp_path / "a").exists()
    assert write_new_files(str(tmp_path), [("a", "1"), ("b", "2")], force=True) == (
        str(tmp_path / "a"),
        str(tmp_path / "b"),
    )
    assert (tmp_path / "b").read_text(encoding="utf-8") == "2"
