"""Which store a machine uses: as set, else as chosen at first use, else chosen now and recorded."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from xswitch.adapters.state.paths import AppPaths
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.store import Store, validate_key
from xswitch.core.errors import VaultAbsentError
from xswitch.core.model import Settings, VaultInfo

VAULT_KINDS = ("auto", "secret-service", "runtime", "macos", "windows", "file")
_RECORDED_KINDS = ("secret-service", "runtime")
_NATIVE = {"darwin": "macos", "win32": "windows"}
_DISPLAYS = ("WAYLAND_DISPLAY", "DISPLAY")


def open_vault(
    settings: Settings,
    places: AppPaths,
    env: Mapping[str, str],
    *,
    may_ask: Callable[[], bool] | None = None,
    platform: str = sys.platform,
) -> LazyVault:
    """The vault of this machine; nothing is imported, probed or written until it is first used.

    `may_ask` tells whether a person can answer an unlock prompt of the desktop; by default: a
    terminal is attached, and on Linux a display is known. Where nobody can, a locked keyring is
    VaultLockedError at once.
    """
    return LazyVault(
        VaultEnvironment(settings, places, env, may_ask or _person_present(env, platform), platform)
    )


@dataclass(frozen=True, slots=True)
class VaultEnvironment:
    """All that decides which store it is; see `open_vault`."""

    settings: Settings
    places: AppPaths
    env: Mapping[str, str]
    may_ask: Callable[[], bool]
    platform: str = sys.platform
    runtime_candidates: tuple[Path, ...] | None = None

    @property
    def lock_path(self) -> Path:
        """The file by which xswitch's processes take turns with the Secret Service.

        `hot.answer.py` knows its name.
        """
        return self.places.state / "secret-service.turn"


class LazyVault:
    """Fits the port `Vault`.

    Chooses its store at the first call, and is safe to use from several threads.
    """

    def __init__(self, machine: VaultEnvironment) -> None:
        self._machine = machine
        self._lock = threading.Lock()
        self._chosen: tuple[VaultInfo, Store] | None = None

    def info(self) -> VaultInfo:
        """Which store this is (choosing and recording it at first use)."""
        return self._choose()[0]

    def get(self, key: str) -> str | None:
        """The value kept under a session key (40 lower-case hex digits), None when there is none."""
        return self._choose()[1].get(validate_key(key))

    def put(self, key: str, value: str) -> None:
        """Keep `value` under `key`, replacing what was there."""
        self._choose()[1].put(validate_key(key), value)

    def delete(self, key: str) -> None:
        """Drop `key`; no error when it isn't there."""
        self._choose()[1].delete(validate_key(key))

    def _choose(self) -> tuple[VaultInfo, Store]:
        with self._lock:
            if self._chosen is None:
                self._chosen = select_store(self._machine)
            return self._chosen


def select_store(machine: VaultEnvironment) -> tuple[VaultInfo, Store]:
    """The store to use, and its name for people.

    Raises the vault's errors; a store that is locked or broken is never passed over.
    """
    sentences = VaultErrors(str(machine.places.settings))
    kind = machine.settings.vault
    if kind not in VAULT_KINDS:
        raise sentences.unknown(kind, VAULT_KINDS)
    if kind == "auto":
        kind = _NATIVE.get(machine.platform) or _select_at_first_use(machine, sentences)
    return _open_store(kind, machine, sentences)


def _select_at_first_use(machine: VaultEnvironment, sentences: VaultErrors) -> str:
    # The same
    from xswitch.adapters.vault.secret_service import SecretServiceStore  # noqa: PLC0415

    # Only where there is a choice
    from xswitch.adapters.vault.selection_file import SelectionFile  # noqa: PLC0415

    pin = SelectionFile(machine.places.state / "vault", _RECORDED_KINDS, sentences)
    pinned = pin.read()
    if pinned is not None:
        return pinned
    try:
        SecretServiceStore(machine.env, sentences, machine.may_ask, machine.lock_path).probe()
    except VaultAbsentError:
        _runtime_folder(
            machine, sentences
        )  # raises where there is none, and then nothing is recorded
        return pin.write("runtime")
    return pin.write("secret-service")


def _open_store(
    kind: str, machine: VaultEnvironment, sentences: VaultErrors
) -> tuple[VaultInfo, Store]:
    if kind in _NATIVE.values():
        return _native(kind, machine, sentences)
    if machine.platform == "win32":
        raise sentences.elsewhere(kind)
    if kind == "secret-service":
        # One store is loaded, the one in use
        from xswitch.adapters.vault import secret_service  # noqa: PLC0415

        store = secret_service.SecretServiceStore(
            machine.env, sentences, machine.may_ask, machine.lock_path
        )
        return VaultInfo(kind, secret_service.LABEL), store
    from xswitch.adapters.vault import file_store  # noqa: PLC0415 -- the same

    if kind == "runtime":
        folder = _runtime_folder(machine, sentences)
        return VaultInfo(kind, file_store.RUNTIME_LABEL, str(folder)), file_store.FileStore(
            folder, sentences, memory=True
        )
    if not machine.settings.allow_plain_files:
        raise sentences.not_allowed()
    folder = machine.places.state / "sessions"
    return VaultInfo(kind, file_store.PLAIN_LABEL, str(folder)), file_store.FileStore(
        folder, sentences, memory=False
    )


def _native(
    kind: str, machine: VaultEnvironment, sentences: VaultErrors
) -> tuple[VaultInfo, Store]:
    if _NATIVE.get(machine.platform) != kind:
        raise sentences.elsewhere(kind)
    # One store is loaded, the one in use
    from xswitch.adapters.vault import os_keyring  # noqa: PLC0415

    if kind == "macos":
        entries = os_keyring.keyring_entries(
            os_keyring.MACOS, os_keyring.MACOS_LABEL, machine.env, sentences, machine.may_ask
        )
        return VaultInfo(kind, os_keyring.MACOS_LABEL), os_keyring.EntryStore(entries)
    # Only Windows' short entries need turns
    from xswitch.adapters.state.locks import FileLocks  # noqa: PLC0415
    from xswitch.adapters.vault.chunks import ChunkedStore  # noqa: PLC0415 -- the same

    entries = os_keyring.keyring_entries(
        os_keyring.WINDOWS, os_keyring.WINDOWS_LABEL, machine.env, sentences, machine.may_ask
    )
    return VaultInfo(kind, os_keyring.WINDOWS_LABEL), ChunkedStore(
        entries, FileLocks(machine.places.locks).hold
    )


def _runtime_folder(machine: VaultEnvironment, sentences: VaultErrors) -> Path:
    import os  # noqa: PLC0415 -- geteuid exists on POSIX only

    from xswitch.adapters.vault.tmpfs import runtime_folder, runtime_folder_candidates  # noqa: PLC0415 -- one store is loaded, the one in use

    places = machine.runtime_candidates
    return runtime_folder(
        runtime_folder_candidates(machine.env, os.geteuid()) if places is None else places,
        sentences,
    )


def _person_present(env: Mapping[str, str], platform: str) -> Callable[[], bool]:
    """A person is there: a terminal, and a screen for the prompt to appear on."""

    def answer() -> bool:
        if platform not in _NATIVE and not any(env.get(name) for name in _DISPLAYS):
            return False
        for stream in (sys.stdin, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                if stream.isatty():
                    return True
        return False

    return answer
