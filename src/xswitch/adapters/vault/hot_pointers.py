"""The pointer files of the hot path.

Managed profile → session key, store, and how everything looked that this came from.
"""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

from xswitch.adapters.state.private_files import replace_private
from xswitch.core.filenames import profile_file_name
from xswitch.core.model import VaultInfo
from xswitch.hot import answer

KINDS = ("runtime", "file", "secret-service")
_SETTLE_SECONDS = 0.02


class FileHotPointers:
    """Fits the port `HotPointers`.

    One file per managed profile in `folder`, of ten lines that `hot.answer.py` reads.

    A pointer only saves time, so whatever stands in its way leaves none, and nobody is told. Made
    early in a process, as it remembers how the settings looked then. It does nothing where there is
    no hot path: off Linux, and for other stores.
    """

    def __init__(
        self,
        folder: Path,
        environ: Callable[[], dict[bytes, bytes]] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._folder = folder
        self._environ = environ or _environ
        self._sleep = sleep
        self._settings = self._settings_stamp()

    def write(self, managed_profile: str, key: str, stamp: str, vault: VaultInfo) -> None:
        """Point a managed profile at its session, valid for as long as config, settings and environment look as they do now.

        `stamp` is the config's as it was when the session was worked out; when it no longer is, there is no pointer.
        """
        lines = self._lines(key, stamp, vault)
        if lines is None:
            self.remove(managed_profile)
            return
        target = self._folder / profile_file_name(managed_profile)
        try:
            replace_private(target, b"".join(line + b"\n" for line in lines))
        except OSError:
            self.remove(managed_profile)

    def remove(self, managed_profile: str) -> None:
        """Forget it; the next call takes the full path."""
        with contextlib.suppress(OSError):
            (self._folder / profile_file_name(managed_profile)).unlink(missing_ok=True)

    def _lines(self, key: str, stamp: str, vault: VaultInfo) -> tuple[bytes, ...] | None:
        if sys.platform != "linux" or vault.kind not in KINDS:
            return None
        try:
            environ = self._environ()
            view = answer.resolution_inputs(environ)
            if self._fresh(view[3:], environ):
                # A second change within one tick of the file system's clock would not show: let the
                # tick pass, and look again.
                self._sleep(_SETTLE_SECONDS)
                view = answer.resolution_inputs(environ)
        except (OSError, ValueError):
            return None
        seen, settings, *_ = view
        if seen != stamp.encode() or settings != self._settings:
            return None
        lines = (
            answer.MAGIC,
            key.encode(),
            vault.kind.encode(),
            self._place(key, vault, environ),
            *view,
        )
        return None if any(b"\n" in line for line in lines) else lines

    def _place(self, key: str, vault: VaultInfo, environ: dict[bytes, bytes]) -> bytes:
        if vault.kind != "secret-service":
            return os.fsencode(vault.place)
        # Not for every kind
        from xswitch.adapters.vault.secret_service import item_path  # noqa: PLC0415

        return item_path(environ, key, answer.secret_service_lock(environ), answer.SECRET_SECONDS)

    def _fresh(self, paths: tuple[bytes, ...], environ: dict[bytes, bytes]) -> bool:
        now = time.time()
        for path in (*paths, answer.settings_file(environ)):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                # Paths of the hot path are bytes
                if now - os.stat(path).st_mtime < _SETTLE_SECONDS:  # noqa: PTH116
                    return True
        return False

    def _settings_stamp(self) -> bytes:
        """How the settings look now; b"" (equal to nothing) where that can't be told."""
        if sys.platform != "linux":
            return b""
        try:
            return answer.stamp(answer.settings_file(self._environ()))
        except (OSError, ValueError):
            return b""


def _environ() -> dict[bytes, bytes]:
    return dict(os.environb)
