"""Third-party emulators of AWS, run on loopback for comparison."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from conftest import TOOLS

BIN = TOOLS / "peers" / "bin"
_START_SECONDS = 30.0


def free_port() -> int:
    """Return a port that is free at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class Peer:
    """A server program that listens on 127.0.0.1:`port` within the context, and writes to `log`."""

    def __init__(self, argv: list[str], port: int, env: Mapping[str, str], log: Path) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self._port = port
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                argv,
                env=dict(env),
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=log.parent,
            )

    def __enter__(self) -> Self:
        end = time.monotonic() + _START_SECONDS
        while time.monotonic() < end and self._process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return self
        self.close()
        raise AssertionError(
            f"It doesn't listen; {self._log}: {self._log.read_text(errors='replace')[-2000:]}"
        )

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop the program by its process ID."""
        self._process.terminate()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
