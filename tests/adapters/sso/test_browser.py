"""Which browser is started, and how: in a session of its own, silent, and no zombie."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from xswitch.adapters.sso.browser import LAUNCHER_SECONDS, RunningBrowser, SystemBrowsers
from xswitch.core.errors import SignInError
from xswitch.core.model import BrowserState

URL = "https://oidc.example/authorize?a=1&b=$(touch x)"
DESKTOP = {"DISPLAY": ":0"}


def program(folder: Path, name: str, body: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o700)
    return path


def wait_for(path: Path) -> str:
    for _ in range(500):
        if path.exists() and path.read_text(encoding="utf-8").endswith("end\n"):
            return path.read_text(encoding="utf-8")
        time.sleep(0.02)
    raise AssertionError(path)


@pytest.mark.parametrize(
    ("environment", "setting", "platform", "expected"),
    [
        ({}, "", "linux", False),
        (DESKTOP, "", "linux", True),
        ({"WAYLAND_DISPLAY": "w"}, "", "linux", True),
        ({"WSL_DISTRO_NAME": "Debian"}, "", "linux", True),
        (DESKTOP | {"SSH_CONNECTION": "1 2 3 4"}, "", "linux", False),
        ({"SSH_TTY": "/dev/pts/1"}, "", "darwin", False),
        ({}, "", "darwin", True),
        ({}, "", "win32", True),
        ({"SSH_CONNECTION": "1 2 3 4", "BROWSER": "code --openExternal"}, "", "linux", True),
        ({"SSH_CONNECTION": "1 2 3 4"}, "firefox", "linux", True),
        (DESKTOP | {"BROWSER": "firefox"}, "print", "linux", False),
        (DESKTOP, "", "freebsd14", True),
    ],
)
def test_available(
    environment: dict[str, str],
    setting: str,
    platform: str,
    expected: bool,  # noqa: FBT001
) -> None:
    browsers = SystemBrowsers(environment, platform, which=lambda name: f"/usr/bin/{name}")
    assert browsers.available(setting) is expected
    nothing = SystemBrowsers(environment, platform, which=lambda _: None)
    named = bool(setting or environment.get("BROWSER"))
    assert nothing.available(setting) is (expected and named)


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        ("{}", [URL]),
        ("{} --new-tab", ["--new-tab", URL]),
        ("{} --url=%s x", [f"--url={URL}", "x"]),
        ("/nowhere/at/all:{} --second", ["--second", URL]),
        ("'unclosed:{} a", ["a", URL]),
    ],
)
@pytest.mark.parametrize("by", ["BROWSER", "setting"])
def test_a_named_browser_gets_the_url_as_one_word(
    named: str, expected: list[str], by: str, tmp_path: Path
) -> None:
    if by == "setting":  # one command
        named = named.rpartition(":")[2] if "nowhere" in named or "unclosed" in named else named
    out = tmp_path / "out"
    browser = program(
        tmp_path,
        "browser",
        f'for word; do echo "$word"; done >{out}; echo loud; echo loud >&2;'
        f" ps -o sid= -p $$ >>{out}; echo end >>{out}",
    )
    command = named.format(browser)
    environment = {"PATH": os.environ["PATH"]} | ({"BROWSER": command} if by == "BROWSER" else {})
    opened = SystemBrowsers(environment).open(URL, command if by == "setting" else "", "corp")
    *words, session, _ = wait_for(out).splitlines()
    assert words == expected
    assert int(session) != os.getsid(0)
    assert opened.state() is BrowserState.OPEN


def test_no_browser_is_an_error() -> None:
    for browsers, setting in (
        (SystemBrowsers({"BROWSER": "/nowhere/at/all"}), ""),
        (SystemBrowsers({}), "/nowhere/at/all"),
        (SystemBrowsers(DESKTOP, which=lambda _: None), ""),
        (SystemBrowsers({"BROWSER": "'"}), ""),
    ):
        with pytest.raises(SignInError) as caught:
            browsers.open(URL, setting, "corp")
        assert caught.value.code == "sso_no_browser"
        assert caught.value.next_step == "xswitch login --device-code corp"


class Process:
    def __init__(self, status: int) -> None:
        self.status = status

    def wait(self) -> int:
        return self.status


@pytest.mark.parametrize(
    ("seconds", "status", "state"),
    [
        (0.1, 0, BrowserState.OPEN),
        (0.1, 3, BrowserState.FAILED),
        (LAUNCHER_SECONDS, 0, BrowserState.CLOSED),
        (LAUNCHER_SECONDS, 1, BrowserState.CLOSED),
    ],
)
def test_what_its_end_says(seconds: float, status: int, state: BrowserState) -> None:
    times = iter([0.0, seconds])
    browser = RunningBrowser(Process(status), lambda: next(times))
    for _ in range(500):
        if browser.state() is state and browser._ended is not None:
            break
        time.sleep(0.01)
    assert browser.state() is state


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_browser_that_ended_is_no_zombie(tmp_path: Path) -> None:
    browser = SystemBrowsers({"BROWSER": str(program(tmp_path, "b", "exit 3"))})
    started: list[Any] = []
    start = browser._start
    browser._start = lambda words: started.append(start(words)) or started[0]  # type: ignore[func-returns-value,method-assign]
    opened = browser.open(URL, "", "corp")
    for _ in range(500):
        if opened.state() is BrowserState.FAILED:
            break
        time.sleep(0.01)
    assert opened.state() is BrowserState.FAILED
    assert not Path(f"/proc/{started[0].pid}").exists()
