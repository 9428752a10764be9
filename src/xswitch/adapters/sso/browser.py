"""Starts the user's browser: by the setting, by BROWSER, or as the desktop does."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from xswitch import core_dumps
from xswitch.core.errors import ErrorCode
from xswitch.core.errors.sso import sign_in_error
from xswitch.core.model import BrowserState

PRINT = "print"
"""The setting that starts no browser: the URL is printed."""
_DISPLAYS = ("WAYLAND_DISPLAY", "DISPLAY")
_REMOTE = ("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
_LAUNCHERS: Mapping[str, tuple[str, ...]] = {
    "darwin": ("open",),
    "win32": ("rundll32.exe",),
    "linux": (
        "wslview",
        "xdg-open",
        "x-www-browser",
        "sensible-browser",
        "firefox",
        "chromium",
        "google-chrome",
    ),
}
_WINDOWS_ARGUMENT = "url.dll,FileProtocolHandler"
LAUNCHER_SECONDS = 15.0
"""A program that ends sooner has handed the URL to a browser; a later end closed the browser."""


class RunningBrowser:
    """Implements `actions.sso.sign_in_ports.OpenedBrowser` for a program that was started.

    A thread waits for its end, so that no zombie is left; a browser that stays open outlives
    xswitch.
    """

    def __init__(self, process: Any, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started = clock()
        self._ended: tuple[int, float] | None = None
        threading.Thread(
            target=self._wait, args=(process,), name="xswitch-browser", daemon=True
        ).start()

    def _wait(self, process: Any) -> None:
        status = process.wait()
        self._ended = (status, self._clock())

    def state(self) -> BrowserState:
        """Return its state now."""
        if self._ended is None:
            return BrowserState.OPEN
        status, at = self._ended
        if at - self._started >= LAUNCHER_SECONDS:
            return BrowserState.CLOSED
        return BrowserState.FAILED if status else BrowserState.OPEN


class SystemBrowsers:
    """Implements `actions.sso.sign_in_ports.Browsers`."""

    def __init__(
        self,
        environment: Mapping[str, str],
        platform: str = sys.platform,
        which: Callable[[str], str | None] = shutil.which,
    ) -> None:
        self._environment = environment
        self._platform = "linux" if platform not in _LAUNCHERS else platform
        self._which = which

    def available(self, setting: str) -> bool:
        """Whether there is a browser to start.

        One that the setting or BROWSER names is, also over SSH: editors that work remotely set
        BROWSER to a program that opens the URL where the user sits.
        """
        if setting == PRINT:
            return False
        if setting or self._environment.get("BROWSER"):
            return True
        if any(self._environment.get(name) for name in _REMOTE):
            return False
        if self._platform == "linux" and not (
            any(self._environment.get(name) for name in _DISPLAYS)
            or self._environment.get("WSL_DISTRO_NAME")
        ):
            return False
        return any(self._which(name) for name in _LAUNCHERS[self._platform])

    def open(self, url: str, setting: str, label: str) -> RunningBrowser:
        """Start it, in a session of its own and without output. Raises SignInError."""
        reasons = []
        for words in self._commands(setting, url):
            try:
                return RunningBrowser(self._start(words))
            except OSError as error:
                reasons.append(f"{words[0]}: {(error.strerror or 'it failed').lower()}")
        detail = reasons[0] if reasons else "none was found"
        raise sign_in_error(label, ErrorCode.SSO_NO_BROWSER, detail=detail)

    def _commands(self, setting: str, url: str) -> list[list[str]]:
        """Return the commands to try, each with the URL where `%s` is, else at its end."""
        if setting:
            lines = [setting]
        elif named := self._environment.get("BROWSER", ""):
            lines = [line for line in named.split(os.pathsep) if line.strip()]
        else:
            found = [self._which(name) for name in _LAUNCHERS[self._platform]]
            extra = [_WINDOWS_ARGUMENT] if self._platform == "win32" else []
            return [[path, *extra, url] for path in found if path]
        commands = []
        for line in lines:
            try:
                words = shlex.split(line)
            except ValueError:
                continue
            if not words:
                continue
            filled = [word.replace("%s", url) for word in words]
            commands.append(filled if filled != words else [*words, url])
        return commands

    def _start(self, words: Sequence[str]) -> subprocess.Popen[bytes]:
        with core_dumps.allowed_in_children():
            return subprocess.Popen(
                list(words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env=dict(self._environment),
                start_new_session=True,
            )
