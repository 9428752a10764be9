"""docs/run-a-command.md: each of its examples does what it says."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from support.aws.emulator import PROD
from support.e2e import Home
from support.identity.clients import newest_cli
from xswitch.emulator.server import EmbeddedAws

PAGE = (Path(__file__).parents[2] / "docs/run-a-command.md").read_text(encoding="utf-8")
EXAMPLES = [
    line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]
READER = f"arn:aws:sts::{PROD}:assumed-role/Reader/"
SHOWN = {
    "exit 7": (7, ""),
    "xargs": (0, "a\nb\n"),
    "--session-name nightly": (0, f"{READER}nightly"),
    "get-caller-identity": (0, READER),
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example(home: Home, aws: EmbeddedAws, example: str) -> None:
    code, shown = next(SHOWN[words] for words in SHOWN if words in example)
    ran = subprocess.run(
        ["sh", "-c", example],
        env={
            **home.env,
            "PATH": f"{Path(newest_cli()).parent}:{home.env['PATH']}",
            "AWS_ENDPOINT_URL": aws.endpoint,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == code, ran.stderr
    assert shown in ran.stdout
