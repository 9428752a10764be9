"""Programs that tests start."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending(process: subprocess.Popen[str] | subprocess.Popen[bytes]) -> Iterator[None]:
    """Kill the process at the end; otherwise a test that fails early would wait for it forever."""
    try:
        yield
    finally:
        process.kill()
