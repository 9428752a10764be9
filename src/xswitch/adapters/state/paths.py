"""The paths of xswitch's own files: settings in the config folder, the rest in the state folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import platformdirs


@dataclass(frozen=True, slots=True)
class AppPaths:
    """The user's settings file, the state folder, and the files in it."""

    settings: Path
    """config.toml."""
    state: Path
    """The state folder, mode 0700."""

    @property
    def index(self) -> Path:
        """The session index, JSON."""
        return self.state / "index.json"

    @property
    def usage(self) -> Path:
        """Use counts and pins, JSON."""
        return self.state / "memory.json"

    @property
    def history(self) -> Path:
        """Session requests, one JSON object a line."""
        return self.state / "history.jsonl"

    @property
    def runtime_places(self) -> Path:
        """Where the runtime keyring is and was, JSON."""
        return self.state / "runtime.json"

    @property
    def sessions(self) -> Path:
        """The folder of sessions in plain files."""
        return self.state / "sessions"

    @property
    def vault(self) -> Path:
        """The record of the store selected at first use: one word."""
        return self.state / "vault"

    @property
    def forgotten(self) -> Path:
        """The folder of the marks that `forget` leaves for sessions which are being made."""
        return self.state / "forgotten"

    @property
    def locks(self) -> Path:
        """The folder of lock files."""
        return self.state / "locks"

    @property
    def secret_service_lock(self) -> Path:
        """The lock file of the Secret Service; `hot.answer` names it too."""
        return self.state / "secret-service.turn"

    @property
    def prompt(self) -> Path:
        """The folder of small files for the shells' prompt, one per managed profile."""
        return self.state / "prompt"

    @property
    def hot(self) -> Path:
        """The folder of the hot path's pointers, one per managed profile."""
        return self.state / "hot"

    @property
    def backups(self) -> Path:
        """Earlier versions of the AWS config."""
        return self.state / "backups"


def user_paths() -> AppPaths:
    """Return the paths of the current user by the platform's rules (XDG on Linux)."""
    dirs = platformdirs.PlatformDirs("xswitch", appauthor=False)
    return AppPaths(settings=dirs.user_config_path / "config.toml", state=dirs.user_state_path)
