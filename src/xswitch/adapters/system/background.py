"""Renewals that outlive the process that asked for them."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable

# The shell starts the words it is given and leaves at once: the renewal belongs to init, so nobody
# has a dead child to collect, and nothing is forked by a Python that may have threads. The
# profile's name is an argument, never part of the script.
_DETACH_COMMAND = ("/bin/sh", "-c", '"$@" &', "sh")
_WAIT_SECONDS = 5.0


class DetachedRenewals:
    """Fits the port `BackgroundRenewer`; `command` gives the words that start this xswitch."""

    def __init__(self, command: Callable[[], tuple[str, ...]]) -> None:
        self._command = command

    def renew(self, managed_profile: str) -> None:
        """Start `xswitch renew-background PROFILE` in a session of its own, with nothing of ours open; whatever fails is dropped."""
        # 4 ms for every command, and few renew in the background
        import subprocess  # noqa: PLC0415

        # Everything, as a caller with a living session must not fail over a renewal that could not
        # be started.
        with contextlib.suppress(Exception):
            words = (*self._command(), "renew-background", managed_profile)
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
                subprocess.run(
                    (*_DETACH_COMMAND, *words),
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL,
                    start_new_session=True,
                    check=False,
                    timeout=_WAIT_SECONDS,
                )
