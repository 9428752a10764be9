"""AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE that name one file."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import FixedClock
from support.config.store import KEYS, PROCESS, XS, on_commit, refusal, store_at
from xswitch.adapters.config.read import is_same_file
from xswitch.adapters.config.store import FileConfigStore
from xswitch.core.model import RemoveProfile, SetProfile

TEXT = """\
[default]
aws_access_key_id = AKIADANADANADANADANA
aws_secret_access_key = canary
[profile p]
role_arn=arn:aws:iam::222222222222:role/Admin
source_profile=default
"""
STATIC = SetProfile("config", "xs-a-static", {"region": "eu-west-1", "xswitch_role": "xs-a"})
REMOVED = [
    RemoveProfile("config", "xs-a"),
    RemoveProfile("config", "xs-a-static"),
    RemoveProfile("credentials", "xs-a-static"),
]


def same_path(_folder: Path) -> tuple[str, str]:
    return "one", "one"


def link_to_config(folder: Path) -> tuple[str, str]:
    (folder / "link").symlink_to("one")
    return "one", "link"


def link_to_credentials(folder: Path) -> tuple[str, str]:
    (folder / "link").symlink_to(folder / "one")
    return "link", "one"


def two_links(folder: Path) -> tuple[str, str]:
    for name in ("a", "b"):
        (folder / name).symlink_to("one")
    return "a", "b"


def linked_folder(folder: Path) -> tuple[str, str]:
    (folder / "folder").symlink_to(".")
    return "one", "folder/one"


def dots(folder: Path) -> tuple[str, str]:
    (folder / "sub").mkdir()
    return "one", "sub/..//./one"


WAYS = [same_path, link_to_config, link_to_credentials, two_links, linked_folder, dots]


@pytest.fixture
def one(clean_world: Path) -> Path:
    return clean_world / "one"


def store_for(
    way: Callable[[Path], tuple[str, str]], folder: Path, clock: FixedClock
) -> FileConfigStore:
    return store_at(folder, clock, *way(folder))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("text", [TEXT, "", None])
def test_both_kinds_of_edits_are_one_edit_of_one_file(
    way: Callable[[Path], tuple[str, str]], text: str | None, one: Path, clock: FixedClock
) -> None:
    store = store_for(way, one.parent, clock)
    if text is not None:
        one.write_text(text)
    store.apply([XS, STATIC, KEYS])
    view = store.read()
    assert view.profiles["xs-a"].get("credential_process") == PROCESS
    assert not any(name.startswith("profile ") for name in view.profiles)
    assert view.problems == ()
    static = view.profiles["xs-a-static"]
    assert (static.get("region"), static.get("aws_access_key_id")) == ("eu-west-1", "AKIA")
    assert one.read_text().startswith(text or "")
    if text == TEXT:
        assert view.profiles["default"].get("aws_secret_access_key") == "canary"
    newer = SetProfile("credentials", KEYS.name, {**KEYS.properties, "aws_access_key_id": "ASIA"})
    store.apply([newer])
    assert store.read().profiles["xs-a-static"].get("aws_access_key_id") == "ASIA"
    store.apply(REMOVED)
    assert one.read_text() == (text or "")
    assert not one.is_symlink()


@pytest.mark.parametrize("way", WAYS)
def test_the_change_of_both_can_be_undone(
    way: Callable[[Path], tuple[str, str]], one: Path, clock: FixedClock
) -> None:
    store = store_for(way, one.parent, clock)
    one.write_text(TEXT)
    store.apply([XS, STATIC, KEYS])
    assert len(store.undo()) == 1
    assert one.read_text() == TEXT
    store.apply([XS, KEYS])
    store.apply(REMOVED)
    refusal(store.undo, "undo_secret")
    assert "canary" not in "".join(
        path.read_text() for path in (one.parent / "state/backups").iterdir()
    )


def test_what_another_program_writes_meanwhile_stays(
    one: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_for(link_to_config, one.parent, clock)
    one.write_text(TEXT)
    other = TEXT + "[other]\nregion = x\n"
    on_commit(monkeypatch, iter([lambda: one.write_text(other)]))
    store.apply([XS, STATIC, KEYS])
    assert one.read_text().startswith(other)
    assert {"xs-a", "xs-a-static"} <= set(store.read().profiles)


def test_two_hard_links_are_refused_before_anything_is_lost(one: Path, clock: FixedClock) -> None:
    one.write_text(TEXT)
    (one.parent / "two").hardlink_to(one)
    store = store_at(one.parent, clock, "one", "two")
    for run in (
        lambda: store.ensure_writable(["config", "credentials"]),
        lambda: store.apply([XS, KEYS]),
    ):
        assert "hard links" in refusal(run, "config_not_writable").why
    assert (one.parent / "two").read_text() == one.read_text() == TEXT


def test_a_profile_of_the_user_is_not_changed(one: Path, clock: FixedClock) -> None:
    one.write_text(TEXT + "[xs-a-static]\naws_access_key_id = AKIAMINE\n")
    store = store_at(one.parent, clock, "one", "one")
    refusal(lambda: store.apply([XS, KEYS]), "not_ours")
    assert "xs-a]" not in one.read_text()


def test_two_files_stay_two(clean_world: Path, clock: FixedClock) -> None:
    store = store_at(clean_world, clock, "One", "one")
    assert not is_same_file(str(clean_world / "One"), str(clean_world / "one"))
    store.apply([XS, KEYS])
    assert "credential_process" in (clean_world / "One").read_text()
    assert "aws_access_key_id" in (clean_world / "one").read_text()


def test_case_does_not_tell_files_apart_where_the_file_system_ignores_it(
    clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.path.samefile

    def ignoring_case(one: str, other: str) -> bool:
        if not Path(one.lower()).exists() or not Path(other.lower()).exists():
            raise FileNotFoundError(one)
        return real(one.lower(), other.lower())

    folder = clean_world / "folder"
    folder.mkdir()
    monkeypatch.setattr(os.path, "samefile", ignoring_case)
    assert is_same_file(f"{folder}/Config", f"{folder}/config")
    assert is_same_file(f"{folder}/Config", f"{clean_world}/FOLDER/config")
    assert not is_same_file(f"{folder}/config", f"{folder}/credentials")
    (folder / "config").write_text("")
    assert is_same_file(f"{folder}/CONFIG", f"{folder}/config")
