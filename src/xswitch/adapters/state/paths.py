"""Where xswitch keeps its own files.

Settings in the user's config folder, the rest in the state folder (0700).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True, slots=True)
class AppPaths:
    """`settings` is config.toml.

    `state` holds index, memory, history, locks/, prompt/, hot/ and backups/.
    """

    settings: Path
    state: Path

    @property
    def index(self) -> Path:
        """The session index, JSON."""
        return self.state / "index.json"

    @property
    def memory(self) -> Path:
        """Frecency and pins, JSON."""
        return self.state / "memory.json"

    @property
    def history(self) -> Path:
        """Which sessions were wanted, one JSON object a line."""
        return self.state / "history.jsonl"

    @property
    def locks(self) -> Path:
        """One lock file per name."""
        return self.state / "locks"

    @property
    def prompt(self) -> Path:
        """One small file per managed profile, for the shells' prompt helper."""
        return self.state / "prompt"

    @property
    def secret_service_lock(self) -> Path:
        """The lock file of the Secret Service; `hot.answer` names it too."""
        return self.state / "secret-service.turn"

    @property
    def hot(self) -> Path:
        """One pointer per managed profile, for the hot path."""
        return self.state / "hot"

    @property
    def backups(self) -> Path:
        """Earlier versions of the AWS config."""
        return self.state / "backups"


def user_paths() -> AppPaths:
    """The places of the user running this, by the platform's rules (XDG on Linux)."""
    dirs = platformdirs.PlatformDirs("xswitch", appauthor=False)
    return AppPaths(settings=dirs.user_config_path / "config.toml", state=dirs.user_state_path)
