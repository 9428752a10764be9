"""Writes the hot path's pointer files: a managed profile's session, and where it is stored."""

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

HOT_KINDS = ("runtime", "file", "secret-service")
_SETTLE_SECONDS = 0.02


class FileHotPointers:
    """Implements the port `HotPointers` with a file per managed profile, read by `hot.answer`.

    A pointer only saves time, so a failure leaves none and isn't reported. Create the object early
    in a process: it takes the fingerprint of the settings then. It does nothing where there is no
    hot path, which is off Linux and for other stores.
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
        self._settings = self._settings_fingerprint()

    def write(self, managed_profile: str, key: str, fingerprint: str, vault: VaultInfo) -> None:
        """Point a managed profile at its session until config, settings or environment change.

        `fingerprint` is the config's from before the session was planned. If the config has changed
        since then, no pointer is written.
        """
        lines = self._lines(key, fingerprint, vault)
        if lines is None:
            self.remove(managed_profile)
            return
        target = self._folder / profile_file_name(managed_profile)
        try:
            replace_private(target, b"".join(line + b"\n" for line in lines))
        except OSError:
            self.remove(managed_profile)

    def remove(self, managed_profile: str) -> None:
        """Remove the pointer; the next call starts the full program."""
        with contextlib.suppress(OSError):
            (self._folder / profile_file_name(managed_profile)).unlink(missing_ok=True)

    def _lines(self, key: str, fingerprint: str, vault: VaultInfo) -> tuple[bytes, ...] | None:
        if sys.platform != "linux" or vault.kind not in HOT_KINDS:
            return None
        try:
            environ = self._environ()
            inputs = answer.resolution_inputs(environ)
            if self._just_changed(inputs[3:], environ):
                # A second change within one tick of the file system's clock would not change the
                # fingerprint: let the tick pass
                self._sleep(_SETTLE_SECONDS)
                inputs = answer.resolution_inputs(environ)
        except (OSError, ValueError):
            return None
        config, settings, *_ = inputs
        if config != fingerprint.encode() or settings != self._settings:
            return None
        lines = (
            answer.MAGIC,
            key.encode(),
            vault.kind.encode(),
            self._location(key, vault, environ),
            *inputs,
        )
        return None if any(b"\n" in line for line in lines) else lines

    def _location(self, key: str, vault: VaultInfo, environ: dict[bytes, bytes]) -> bytes:
        if vault.kind != "secret-service":
            return os.fsencode(vault.place)
        from xswitch.adapters.vault.secret_service import item_path  # noqa: PLC0415 -- lazy

        return item_path(environ, key, answer.secret_service_lock(environ), answer.SECRET_SECONDS)

    def _just_changed(self, paths: tuple[bytes, ...], environ: dict[bytes, bytes]) -> bool:
        now = time.time()
        for path in (*paths, answer.settings_file(environ)):
            with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                if now - os.stat(path).st_mtime < _SETTLE_SECONDS:  # noqa: PTH116 -- bytes
                    return True
        return False

    def _settings_fingerprint(self) -> bytes:
        """Return the settings' fingerprint; b"", which equals none, if they can't be read."""
        if sys.platform != "linux":
            return b""
        try:
            return answer.fingerprint(answer.settings_file(self._environ()))
        except (OSError, ValueError):
            return b""


def _environ() -> dict[bytes, bytes]:
    return dict(os.environb)
