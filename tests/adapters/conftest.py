"""An AWS config in the test's home, and the store that edits it."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import FixedClock
from support.config.store import BEFORE, store_at
from xswitch.adapters.config.store import FileConfigStore


@pytest.fixture
def folder(clean_world: Path) -> Path:
    path = clean_world / ".aws"
    path.mkdir(mode=0o700)
    return path


@pytest.fixture
def config(folder: Path) -> Path:
    path = folder / "config"
    path.write_bytes(BEFORE.encode())
    path.chmod(0o640)
    return path


@pytest.fixture
def store(clean_world: Path, clock: FixedClock) -> FileConfigStore:
    return store_at(clean_world, clock)
