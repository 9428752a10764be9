from __future__ import annotations

from collections.abc import Iterator

import pytest

from support.forked import Forks, forks
from support.homes import aws, home

__all__ = ["aws", "home"]


@pytest.fixture(scope="session")
def warm() -> Iterator[Forks]:
    """Yield a warm interpreter, whose forks run xswitch for a tenth of a start."""
    with forks() as started:
        yield started
