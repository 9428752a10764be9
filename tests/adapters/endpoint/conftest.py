"""An endpoint that serves sessions of an hour."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from support.endpoint import Endpoint, Source, serving


@pytest.fixture
def source() -> Source:
    return Source(lambda: datetime.now(UTC))


@pytest.fixture
def endpoint(source: Source, clean_world: Path) -> Iterator[Endpoint]:
    del clean_world
    with serving(source) as running:
        yield running
