"""Every test starts with an empty HOME, no `AWS_*` variables, no XDG folders, and loopback only."""

from __future__ import annotations

import os
import shutil
import signal
import socket
from collections.abc import Callable, Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest

REAL_HOME = os.environ.get("HOME", "")
# Read here, before a test's clean environment hides it.
TOOLS = Path(os.environ.get("XSWITCH_TEST_TOOLS") or Path(REAL_HOME) / ".cache" / "xswitch-tests")


def missing(message: str) -> NoReturn:
    """Skip the test and say why, or fail it under XSWITCH_REQUIRE_ALL."""
    if os.environ.get("XSWITCH_REQUIRE_ALL"):
        pytest.fail(message)
    pytest.skip(message)


def needs_root(message: str) -> None:
    """Skip the test unless it runs as root, also under XSWITCH_REQUIRE_ALL.

    `.ci/run` runs the suite as root and as an ordinary user.
    """
    if os.geteuid():
        pytest.skip(f"needs root: {message}")


def find_program(program: str) -> str:
    """The path of a program.

    The test skips and names it when it's missing, or fails under XSWITCH_REQUIRE_ALL.
    """
    path = shutil.which(program)
    return missing(f"{program} is not installed") if path is None else path


class FixedClock:
    """A clock that stands still until told."""

    def __init__(self, start: datetime) -> None:
        self.time = start

    def now(self) -> datetime:
        return self.time

    def advance(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


# The same examples every time: what a run finds, the next one finds again. No deadline: how long a
# test takes is a matter of benches.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None)
hypothesis.settings.load_profile("suite")


# In a job started with `&` by a script SIGINT and SIGQUIT are ignored, and under `nohup` SIGHUP.
# Programs started from it inherit that: no test could interrupt them.
signal.signal(signal.SIGINT, signal.default_int_handler)
for name in ("SIGQUIT", "SIGHUP"):
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_DFL)


@pytest.hookimpl(wrapper=True)
def pytest_xdist_auto_num_workers() -> Generator[None, int, int]:
    """One worker more than there are cores.

    Some of them wait for a screen, or for an answer that never comes.
    """
    return (yield) + 1


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Name bytes by their argument.

    An HTTP answer in an id has its Date in it, and then two workers collect different tests.
    """
    return argname if isinstance(val, bytes) else None


@pytest.fixture(autouse=True)
def clean_world(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    home = tmp_path_factory.mktemp("home")
    for name in list(os.environ):
        if (
            name.startswith(("AWS_", "XSWITCH_", "XDG_", "BOTO", "PYTHON"))
            and name != "XSWITCH_REQUIRE_ALL"
        ):
            monkeypatch.delenv(name)
    for name in ("DBUS_SESSION_BUS_ADDRESS", "NO_COLOR", "FORCE_COLOR", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("TZ", "UTC")
    real_connect = socket.socket.connect

    def loopback_only(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in (
            "127.0.0.1",
            "::1",
            "localhost",
        ):
            msg = f"a test tried to reach {address!r}"
            raise AssertionError(msg)
        real_connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", loopback_only)
    return home


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC))


@pytest.fixture
def need() -> Callable[[str], str]:
    """`find_program`."""
    return find_program
