"""A real terminal: tmux with its own socket and server."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path


class Terminal:
    """A tmux window."""

    def __init__(self, tmux: str, socket: str, env: Mapping[str, str]) -> None:
        self._tmux = [tmux, "-S", socket, "-f", "/dev/null"]
        self._env = dict(env)

    def start(self, command: str, columns: int, rows: int, folder: Path) -> None:
        self._do(
            "new-session", "-d", "-x", str(columns), "-y", str(rows), "-c", str(folder), command
        )

    def keys(self, *keys: str) -> None:
        """Press keys by their tmux names; other words are typed."""
        for key in keys:
            named = key in {
                "Enter",
                "Escape",
                "Up",
                "Down",
                "Tab",
                "C-c",
                "BSpace",
                "PageDown",
                "Home",
                "End",
            } or key.startswith("F")
            self._do("send-keys", *([] if named else ["-l"]), key)

    def text(self) -> str:
        return self._do("capture-pane", "-p", "-J")

    def wait(self, text: str, seconds: float = 30) -> str:
        """Return the screen once `text` is on it; fails with the last screen."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            screen = self.text()
            if text in screen:
                return screen
            time.sleep(0.1)
        raise AssertionError(f"{text!r} did not come up:\n{self.text()}")

    def close(self) -> None:
        subprocess.run(
            [*self._tmux, "kill-server"], env=self._env, check=False, capture_output=True
        )

    def _do(self, *words: str) -> str:
        return subprocess.run(
            [*self._tmux, *words],
            env=self._env,
            check=True,
            capture_output=True,
            text=True,
            timeout=20,
        ).stdout


@contextmanager
def terminal(
    tmux: str,
    command: str,
    env: Mapping[str, str],
    folder: Path,
    *,
    columns: int = 120,
    rows: int = 36,
) -> Iterator[Terminal]:
    """Yield `command` in a window of the given size, run in `folder`."""
    opened = Terminal(tmux, str(folder / f"tmux-{os.getpid()}"), env)
    try:
        opened.start(command, columns, rows, folder)
        yield opened
    finally:
        opened.close()
