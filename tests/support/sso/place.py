"""A HOME with a session that dana is signed in to, and a portal of a chosen size."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from support.aws.emulator import aws_server
from support.aws.identity_center import (
    endpoint_variables,
    generated_state,
    sign_in,
    write_shared_token,
)
from support.e2e import XSWITCH, run
from xswitch.emulator.server import EmbeddedAws

START = "https://corp.awsapps.com/start"
SECTION = f"[sso-session corp]\nsso_start_url = {START}\nsso_region = eu-west-1\n"


class Place:
    """A HOME with a session that dana is signed in to."""

    def __init__(self, aws: EmbeddedAws, home: Path) -> None:
        self.aws = aws
        self.home = home
        self.config = home / ".aws" / "config"
        self.config.parent.mkdir(mode=0o700)
        self.config.write_text(SECTION)
        self.env = {
            "HOME": str(home),
            "PATH": os.environ["PATH"],
            "XSWITCH_QUIET": "1",
            **endpoint_variables(aws),
        }
        self.token = sign_in(aws, user="dana")
        write_shared_token(home, "corp", self.token)

    def xswitch(self, *words: str, code: int = 0) -> Any:
        """Run a command; return its JSON data."""
        done = run([str(XSWITCH), *words, "--json"], self.env)
        assert done.code == code, (done.out, done.err)
        return json.loads(done.out)["data"]

    @property
    def folder(self) -> Path:
        return self.home / ".local" / "state" / "xswitch" / "portal"

    @property
    def pages(self) -> list[str]:
        """The lines of a listing under way: its head, and its pages."""
        files = list(self.folder.glob("*.pages"))
        return files[0].read_text().splitlines() if files else []

    @property
    def kept(self) -> int:
        return len(self.pages) - 1

    def wait_for(self, pages: int) -> None:
        """Wait until a listing has more pages than these."""
        until = time.monotonic() + 60
        while time.monotonic() < until and not self.kept > pages:
            time.sleep(0.05)


@contextmanager
def place(home: Path, accounts: int, roles: int) -> Iterator[Place]:
    """Yield a place whose portal has so many accounts, each with so many roles."""
    with aws_server(generated_state(accounts=accounts, roles=roles)) as aws:
        yield Place(aws, home)
