"""Commands that outlive the process that starts them: renewals, and listings of portals."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

from xswitch import core_dumps
from xswitch.core.profiles.binding import ProfileBinding, binding_words

# The shell starts the command and exits at once: init adopts the renewal, so it leaves no
# zombie, and no Python with threads has to fork. The profile name is an argument, not part of the
# script.
_DETACH_COMMAND = ("/bin/sh", "-c", '"$@" &', "sh")
_WAIT_SECONDS = 5.0


class DetachedRenewals:
    """Implements `actions.ports.BackgroundRenewer`; `command` returns how to start xswitch."""

    def __init__(self, command: Callable[[], tuple[str, ...]]) -> None:
        self._command = command

    def renew(self, managed_profile: str, binding: ProfileBinding | None = None) -> None:
        """Start `xswitch renew-background PROFILE …` in a new session, without inherited files.

        Failures are ignored, because the caller has a session that is still valid.
        """
        with contextlib.suppress(Exception):
            _start(
                (
                    *self._command(),
                    "renew-background",
                    managed_profile,
                    *binding_words(binding),
                )
            )


class DetachedListings:
    """Starts listings of portals; `command` returns how to start xswitch."""

    def __init__(self, command: Callable[[], tuple[str, ...]]) -> None:
        self._command = command

    def start(self, label: str) -> None:
        """Start `xswitch sso refresh LABEL` in a new session, without output. Never raises."""
        with contextlib.suppress(Exception):
            _start((*self._command(), "sso", "refresh", "--background", "--", label))


def _start(words: tuple[str, ...]) -> None:
    import subprocess  # noqa: PLC0415 -- 4 ms, and few commands work in the background

    if sys.platform == "win32":
        flags = (
            subprocess.DETACHED_PROCESS
            | subprocess.CREATE_NEW_PROCESS_GROUP
            | subprocess.CREATE_NO_WINDOW
        )
        subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            creationflags=flags,
        )
    else:
        with core_dumps.allowed_in_children():  # for the commands that the renewal runs
            subprocess.run(
                (*_DETACH_COMMAND, *words),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
                check=False,
                timeout=_WAIT_SECONDS,
            )
