from __future__ import annotations

import os
from pathlib import Path

from xswitch.adapters.state.paths import user_paths


def test_the_places_follow_the_home(clean_world: Path) -> None:
    paths = user_paths(os.environ)
    assert clean_world in paths.settings.parents
    assert clean_world in paths.state.parents
    assert {
        paths.index.parent,
        paths.usage.parent,
        paths.locks.parent,
        paths.prompt.parent,
        paths.hot.parent,
    } == {paths.state}
