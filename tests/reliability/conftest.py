from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.forked import Forks, forks
from support.homes import aws, home
from xswitch.adapters.config import atomic_replace

__all__ = ["aws", "home"]


@pytest.fixture(scope="session")
def warm() -> Iterator[Forks]:
    """Yield a warm interpreter, whose forks run xswitch for a tenth of a start."""
    with forks() as started:
        yield started


@pytest.fixture
def folder_for_edits(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Yield a folder for thousands of edits by one writer.

    It's in memory, if possible: each edit syncs the file to disk, which takes most of its time.
    """
    # An empty file stays empty: there is no other writer to wait for.
    monkeypatch.setattr(atomic_replace, "_SETTLE_SECONDS", 0)
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as path:
        yield Path(path)
