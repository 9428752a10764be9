"""Programs a test starts beside itself."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def ending(process: subprocess.Popen[str]) -> Iterator[None]:
    """It ends with this at the latest.

    A test that fails before it told it to would wait for it for good.
    """
    try:
        yield
    finally:
        process.kill()
