"""A fake Secret Service on a private bus: `support.programs.secret_service` in its modes."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from support.vault.keyrings import Need, end, private_bus, short_folder

_PROGRAM = Path(__file__).parents[1] / "programs/secret_service.py"


@dataclass
class FakeSecretService:
    """The running service."""

    address: str
    folder: Path
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def set_mode(self, mode: str) -> None:
        """Set its mode, and start it again with its items if it ended."""
        part = self.folder / "mode.part"
        part.write_text(mode)
        part.replace(self.folder / "mode")
        if self._process is None or self._process.poll() is not None:
            self.stop()
            self._process = subprocess.Popen(
                [sys.executable, str(_PROGRAM), self.address, str(self.folder)],
                stdout=subprocess.PIPE,
            )
            assert self._process.stdout is not None
            assert self._process.stdout.readline() == b"ready\n"

    def restart(self, mode: str) -> None:
        """Start a new process, which only has the stored items."""
        self.stop()
        self.set_mode(mode)

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            end(self._process)
            self._process = None

    @property
    def prompts(self) -> list[str]:
        """The calls that would have opened a window."""
        return self._lines("prompts")

    @property
    def writes(self) -> int:
        """The number of writes."""
        return len(self._lines("writes"))

    def _lines(self, name: str) -> list[str]:
        path = self.folder / name
        return path.read_text().split() if path.exists() else []


@contextlib.contextmanager
def fake_secret_service(need: Need) -> Iterator[FakeSecretService]:
    """Run the service on a private bus."""
    with short_folder() as folder, private_bus(need, folder) as address:
        service = FakeSecretService(address, folder)
        try:
            service.set_mode("well")
            yield service
        finally:
            service.stop()
