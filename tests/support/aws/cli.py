"""A program signs in, by default the newest AWS CLI, and the test is the person at the browser.

with signing_in(["login", "--profile", "x"], env, folder) as cli:
    fetch(approve_login(aws, cli.opened()))
    assert cli.ended() == 0, cli.said
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.identity.clients import newest_cli

_BROWSER = """#!/bin/sh
echo "$1" >> "{log}"
"""


class CliSignIn:
    """A running program; `said` is its output once it has ended."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log
        self.said = ""

    def opened(self) -> str:
        """Wait for the URL that it opens in the browser."""
        for _ in range(600):
            if self._log.exists() and (text := self._log.read_text(encoding="utf-8")).endswith(
                "\n"
            ):
                return text.split()[-1]
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"it opened no page: {self._process.communicate(timeout=60)[0]}")

    def shown(self, start: str) -> str:
        """Wait for a line of its output that begins so."""
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.said += line
            if line.startswith(start):
                return line.strip()
        raise AssertionError(self.said)

    def type(self, text: str) -> None:
        """Type a line."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{text}\n")
        self._process.stdin.flush()

    def ended(self) -> int:
        """Wait until it ends; return its exit code."""
        self.said += self._process.communicate(timeout=60)[0]
        return self._process.returncode


@contextmanager
def signing_in(
    words: Sequence[str], env: Mapping[str, str], folder: Path, *, program: str = ""
) -> Iterator[CliSignIn]:
    """Start a program with a browser that only notes the URL in `folder`."""
    log, browser = folder / "opened-urls", folder / "noting-browser"
    log.unlink(missing_ok=True)
    browser.write_text(_BROWSER.format(log=log), encoding="utf-8")
    browser.chmod(0o700)
    process = subprocess.Popen(
        [program or newest_cli(), *words],
        env={**env, "BROWSER": str(browser)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        yield CliSignIn(process, log)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
