from __future__ import annotations

from pathlib import Path

from xswitch.adapters.state.paths import user_paths


def test_the_places_follow_the_home(clean_world: Path) -> None:
    places = user_paths()
    assert clean_world in places.settings.parents
    assert clean_world in places.state.parents
    assert {
        places.index.parent,
        places.usage.parent,
        places.locks.parent,
        places.prompt.parent,
        places.hot.parent,
    } == {places.state}
