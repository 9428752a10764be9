"""Fixtures: the embedded AWS in a thread, and a home folder for the real program."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.aws.emulator import aws_server
from support.e2e import Home
from xswitch.emulator.server import EmbeddedAws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server() as server:
        yield server


@pytest.fixture
def home(clean_world: Path, aws: EmbeddedAws) -> Iterator[Home]:
    memory = Path(tempfile.mkdtemp(prefix="xswitch-test-", dir="/dev/shm"))
    yield Home(clean_world, aws, memory)
    shutil.rmtree(memory)


def lead_to(home: Home, url: str) -> None:
    """Use another endpoint for STS."""
    lines = [
        f"endpoint_url = {url}" if line.startswith("endpoint_url") else line
        for line in home.config.read_text().splitlines()
    ]
    home.config.write_text("\n".join(lines) + "\n")
