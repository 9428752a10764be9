from __future__ import annotations

import os
import stat
from pathlib import Path

from xswitch.adapters.places import private_folder, user_places


def test_every_folder_made_is_private_whatever_the_umask(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        made = private_folder(tmp_path / "state" / "xswitch" / "locks")
    finally:
        os.umask(before)
    assert {stat.S_IMODE(folder.stat().st_mode) for folder in (made, *list(made.parents)[:2])} == {0o700}


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    folder = tmp_path / "there"
    folder.mkdir()
    folder.chmod(0o750)
    private_folder(folder / "locks")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o750


def test_the_places_follow_the_home(clean_world: Path) -> None:
    places = user_places()
    assert clean_world in places.settings.parents
    assert clean_world in places.state.parents
    assert {places.index.parent, places.memory.parent, places.locks.parent, places.prompt.parent, places.hot.parent} == {places.state}
