"""Fixtures: the embedded AWS in a thread, and a home folder for the real program."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.aws.emulator import aws_server
from support.e2e import Home
from support.runtime_folder import runtime_folder
from xswitch.emulator.server import EmbeddedAws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server() as server:
        yield server


@pytest.fixture
def home(clean_world: Path, aws: EmbeddedAws) -> Iterator[Home]:
    with runtime_folder() as memory:
        yield Home(clean_world, aws, memory)


def lead_to(home: Home, url: str) -> None:
    """Use another endpoint for STS."""
    lines = [
        f"endpoint_url = {url}" if line.startswith("endpoint_url") else line
        for line in home.config.read_text().splitlines()
    ]
    home.config.write_text("\n".join(lines) + "\n")
