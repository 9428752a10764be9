"""Writes the hot path's pointer files: a managed profile's session, and where it is stored."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from xswitch.adapters.state.private_files import remove_files, replace_private
from xswitch.adapters.state.stamps import stamp
from xswitch.core.filenames import profile_file_name
from xswitch.core.model import PointedSession, VaultInfo
from xswitch.core.profiles.binding import encode_word
from xswitch.hot import answer, turns

HOT_KINDS = ("runtime", "file", "secret-service")


class FileHotPointers:
    """Implements the port `HotPointers` with a file per managed profile, read by `hot.answer`.

    A pointer only saves time, so a failure leaves none and isn't reported. Create the object early
    in a process: it takes the stamp of the settings then. `environ` also names the config files. It
    does nothing where there is no hot path, which is off Linux and for other stores.
    """

    def __init__(
        self, folder: Path, environ: Callable[[], dict[bytes, bytes]] | None = None
    ) -> None:
        self._folder = folder
        self._environ = environ or _environ
        self._settings = self._settings_stamp()

    def write(self, managed_profile: str, session: PointedSession, vault: VaultInfo) -> None:
        """Point a managed profile at its session until config, settings or environment change.

        If the config has changed since it was read, or could change without another stamp, no
        pointer is written.
        """
        lines = self._lines(managed_profile, session, vault)
        target = None if lines is None else self._pointer(managed_profile)
        if lines is None or target is None:
            self.remove(managed_profile)
            return
        try:
            replace_private(target, b"".join(line + b"\n" for line in lines))
        except OSError:
            self.remove(managed_profile)

    def remove(self, managed_profile: str) -> None:
        """Remove the pointer, and what callers share; the next call starts the full program."""
        with contextlib.suppress(OSError):
            pointer = self._pointer(managed_profile)
            if pointer is not None:
                pointer.unlink(missing_ok=True)
                for beside in (turns.failure_file, turns.lock_file):
                    Path(os.fsdecode(beside(bytes(pointer)))).unlink(missing_ok=True)

    def share_failure(self, names: Sequence[str], exit_code: int, line: str) -> None:
        """Tell the callers that wait for this session why none came."""
        pointer = self._pointer(names[0])
        if pointer is None or not pointer.exists():
            return
        with contextlib.suppress(OSError, ValueError):
            environ = self._environ()
            raw = [os.fsencode(name) for name in names]
            lines = turns.failure_lines(environ, raw, answer.resolution_inputs(environ))
            lines += [b"%d" % time.time_ns(), b"%d" % exit_code, line.encode(errors="replace")]
            if not any(b"\n" in text for text in lines):
                content = b"".join(text + b"\n" for text in lines)
                replace_private(Path(os.fsdecode(turns.failure_file(bytes(pointer)))), content)

    def clear(self) -> None:
        """Remove every pointer; what can't be removed points at nothing."""
        with contextlib.suppress(OSError):
            remove_files(self._folder)

    def _pointer(self, managed_profile: str) -> Path | None:
        """Return the path of a profile's pointer, None where there is no hot path."""
        if sys.platform != "linux":
            return None
        try:
            environ = self._environ()
            name = answer.config_folder_name(environ, answer.config_files(environ)[0])
        except (OSError, ValueError):
            return None
        return self._folder / os.fsdecode(name) / profile_file_name(managed_profile)

    def _lines(
        self, managed_profile: str, session: PointedSession, vault: VaultInfo
    ) -> tuple[bytes, ...] | None:
        if sys.platform != "linux" or vault.kind not in HOT_KINDS:
            return None
        try:
            environ = self._environ()
            inputs = answer.resolution_inputs(environ)
        except (OSError, ValueError):
            return None
        config, settings, *_ = inputs
        if config != session.fingerprint.encode() or settings != self._settings:
            return None
        lines = (
            answer.MAGIC,
            os.fsencode(managed_profile),
            encode_word(session.role_arn).encode(),
            session.key.encode(),
            vault.kind.encode(),
            self._location(session.key, vault, environ),
            b"\0".join(map(os.fsencode, session.absent)),
            *inputs,
        )
        return None if any(b"\n" in line for line in lines) else lines

    def _location(self, key: str, vault: VaultInfo, environ: dict[bytes, bytes]) -> bytes:
        if vault.kind != "secret-service":
            return os.fsencode(vault.place)
        from xswitch.adapters.vault.secret_service import item_path  # noqa: PLC0415 -- lazy

        return item_path(environ, key, answer.secret_service_lock(environ), answer.SECRET_SECONDS)

    def _settings_stamp(self) -> bytes:
        """Return the settings' stamp; b"", which equals none, if they can't be found."""
        if sys.platform != "linux":
            return b""
        try:
            return stamp(os.fsdecode(answer.settings_file(self._environ()))).encode()
        except (OSError, ValueError):
            return b""


def _environ() -> dict[bytes, bytes]:
    return dict(os.environb)
