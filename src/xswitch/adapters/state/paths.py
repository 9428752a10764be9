"""The paths of xswitch's own files: settings in the config folder, the rest in the state folder."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from xswitch.core.awsconfig.paths import config_paths
from xswitch.core.errors import ConfigError, ErrorCode
from xswitch.core.model import ConfigPaths


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
    def portal(self) -> Path:
        """The folder of what the portals of Identity Center listed."""
        return self.state / "portal"

    @property
    def backups(self) -> Path:
        """The folder of the record that undoes the last change of the AWS config."""
        return self.state / "backups"

    @property
    def folders(self) -> tuple[Path, ...]:
        """The state folder, and those in it."""
        return (self.state, self.locks, self.prompt, self.hot, self.portal, self.backups)

    @property
    def files(self) -> tuple[Path, ...]:
        """The files of fixed names in the state folder."""
        return (
            self.index,
            self.usage,
            self.history,
            self.state / "vault",
            self.secret_service_lock,
            self.backups / "undo.json",
        )


def home_folder(environ: Mapping[str, str]) -> str:
    """Return HOME if it is an absolute path, else the folder in the user's entry, else "".

    A container can have a user without an entry, and HOME can be missing there too.
    """
    if sys.platform == "win32":
        return str(Path.home())
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        import pwd  # noqa: PLC0415 -- rarely needed

        try:
            home = pwd.getpwuid(os.getuid()).pw_dir
        except (KeyError, OSError):
            home = ""
    return home if home.startswith("/") else ""


def no_home() -> ConfigError:
    """Return the error for a user without a home folder."""
    return ConfigError(
        "There is no home folder to find your AWS config in.",
        why="HOME isn't set to an absolute path, and this user has no entry that names a folder.",
        next_step='Set HOME to your folder, or to an empty one: export HOME="$(mktemp -d)"',
        code=ErrorCode.NO_HOME,
    )


def shared_config_paths(environ: Mapping[str, str]) -> ConfigPaths:
    """Return the paths of the AWS config and credentials file.

    Raises ConfigError where one needs a home folder or a current folder that isn't there.
    """
    home, folder = home_folder(environ), _working_folder()
    for variable in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        path = environ.get(variable, "")
        if not home and (not path or path.startswith("~/")):
            raise no_home()
        if not folder and path and not path.startswith(("/", "~/")):
            raise ConfigError(
                f"{variable} starts at the current folder, which was removed.",
                why=f"It is {path!r}.",
                next_step="Go to a folder that exists: cd /",
                code=ErrorCode.NO_WORKING_FOLDER,
            )
    return config_paths(environ, home, folder)


def _working_folder() -> str:
    """Return the current folder, "" if it was removed."""
    try:
        return os.getcwd()  # noqa: PTH109 -- callers take a string
    except OSError:
        return ""


def user_paths(environ: Mapping[str, str]) -> AppPaths:
    """Return the paths of the current user by the platform's rules (XDG on Linux).

    A relative XDG variable is ignored, as the XDG specification says, and as `hot.answer` does.
    Raises ConfigError without a home folder, if a path needs it.
    """
    if sys.platform in ("win32", "darwin"):
        import platformdirs  # noqa: PLC0415 -- only for platforms with other rules

        dirs = platformdirs.PlatformDirs("xswitch", appauthor=False)
        return AppPaths(settings=dirs.user_config_path / "config.toml", state=dirs.user_state_path)
    return AppPaths(
        settings=_xdg_folder(environ, "XDG_CONFIG_HOME", ".config") / "config.toml",
        state=_xdg_folder(environ, "XDG_STATE_HOME", ".local/state"),
    )


def _xdg_folder(environ: Mapping[str, str], variable: str, default: str) -> Path:
    base = environ.get(variable, "")
    if base.startswith("/"):
        return Path(base) / "xswitch"
    home = home_folder(environ)
    if not home:
        raise no_home()
    return Path(home) / default / "xswitch"
