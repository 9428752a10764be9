"""A config store in a temporary home, and concurrent writers."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import FixedClock
from xswitch.adapters.config import atomic_replace
from xswitch.adapters.config.store import FileConfigStore
from xswitch.core.errors import ConfigError
from xswitch.core.model import ConfigPaths, SetProfile

BEFORE = "# mine\r\n[default]\r\nregion = eu-west-1\r\n"
PROCESS = "/x/xswitch credential-process xs-a"
XS = SetProfile("config", "xs-a", {"credential_process": PROCESS, "xswitch_role": "a"}, "xswitch")
KEYS = SetProfile(
    "credentials",
    "xs-a-static",
    {"aws_access_key_id": "AKIA", "aws_secret_access_key": "k3y", "xswitch_role": "xs-a"},
    "xswitch",
)


def store_at(
    home: Path,
    clock: FixedClock,
    config: str = ".aws/config",
    credentials: str = ".aws/credentials",
) -> FileConfigStore:
    paths = ConfigPaths(str(home / config), str(home / credentials))
    return FileConfigStore(
        paths, backups=home / "state/backups", locks=home / "state/locks", clock=clock
    )


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refusal(run: Callable[[], object], code: str) -> ConfigError:
    with pytest.raises(ConfigError) as refused:
        run()
    assert refused.value.code == code
    assert refused.value.next_step
    return refused.value


def on_commit(monkeypatch: pytest.MonkeyPatch, actions: Iterator[Callable[[], object]]) -> None:
    """Run the next action just before files are compared for the last time."""
    real = atomic_replace.commit

    def commit(*args: object) -> object:
        next(actions, lambda: None)()
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(atomic_replace, "commit", commit)


def writes_late(monkeypatch: pytest.MonkeyPatch, path: Path, text: bytes) -> None:
    """Write into the old file, through an open handle, as it's replaced."""
    real = os.replace
    old = path.open("r+b")
    done: list[int] = []

    def replace(source: str, target: str) -> None:
        real(source, target)
        if target == str(path) and not done:
            done.append(1)
            old.truncate(0)
            old.write(text)
            old.close()

    monkeypatch.setattr(os, "replace", replace)
