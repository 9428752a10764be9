"""Selects the store: as set, else as recorded at first use, else the first available one."""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from xswitch.adapters.ownership import repair
from xswitch.adapters.state.paths import AppPaths
from xswitch.adapters.state.private_files import (
    UntrustedFileError,
    keep_private,
    read_trusted,
)
from xswitch.adapters.state.versions import other_version
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.store import Report, Store, validate_key
from xswitch.core.errors import SettingsError, VaultAbsentError, VaultError
from xswitch.core.model import Settings, VaultInfo
from xswitch.core.model.settings import VAULT_KINDS

_RECORDED_KINDS = ("secret-service", "runtime")
NATIVE = {"darwin": "macos", "win32": "windows"}
_MAX_RECORD_BYTES = 100
_DISPLAYS = ("WAYLAND_DISPLAY", "DISPLAY")


def open_vault(  # noqa: PLR0913 -- what decides about the store
    settings: Settings | Callable[[], Settings],
    paths: AppPaths,
    env: Mapping[str, str],
    *,
    may_prompt: Callable[[], bool] | None = None,
    platform: str = sys.platform,
    alone: bool = False,
) -> LazyVault:
    """Return this machine's vault; nothing is imported, probed or written until its first use.

    `settings` are the settings, or what reads them at first use. With `alone`, as in the demo,
    clearing the vault leaves alone what this user's other sessions may have written.

    `may_prompt` tells whether a person can answer the desktop's unlock prompt. By default that
    takes a terminal and, on Linux, a display. Without it, a locked keyring raises VaultLockedError
    at once.
    """
    may_prompt = may_prompt or _person_present(env, platform)
    read = None if isinstance(settings, Settings) else settings
    known = settings if isinstance(settings, Settings) else Settings()
    return LazyVault(VaultEnvironment(known, paths, env, may_prompt, platform, alone=alone), read)


@dataclass(frozen=True, slots=True)
class VaultEnvironment:
    """Everything that decides which store is used; see `open_vault`."""

    settings: Settings
    paths: AppPaths
    env: Mapping[str, str]
    may_prompt: Callable[[], bool]
    platform: str = sys.platform
    runtime_candidates: tuple[Path, ...] | None = None
    alone: bool = False


class LazyVault:
    """Implements the port `Vault` over the store selected at the first call. Thread-safe.

    `read_settings` replaces the environment's settings then.
    """

    def __init__(
        self,
        environment: VaultEnvironment,
        read_settings: Callable[[], Settings] | None = None,
    ) -> None:
        self._environment = environment
        self._read_settings = read_settings
        self._lock = threading.Lock()
        self._selected: tuple[VaultInfo, Store] | None = None

    def info(self) -> VaultInfo:
        """Name the store, selecting and recording it at first use."""
        return self._select()[0]

    def get(self, key: str) -> str | None:
        """Return the value stored under a session key (40 lowercase hex digits), or None."""
        return self._select()[1].get(validate_key(key))

    def put(self, key: str, value: str) -> None:
        """Store `value` under `key`, replacing any earlier one."""
        self._select()[1].put(validate_key(key), value)

    def delete(self, key: str) -> None:
        """Delete the value of `key`, if there is one."""
        self._select()[1].delete(validate_key(key))

    def clear(self, keys: Sequence[str], report: Report) -> frozenset[str]:
        """Delete every session in every store that could have been written; see `clearing`."""
        from xswitch.adapters.vault.clearing import clear_stores  # noqa: PLC0415 -- lazy

        environment = self._environment
        with contextlib.suppress(SettingsError):  # they only say which store is in use
            environment = self._with_settings()
        return clear_stores(environment, keys, report)

    def _select(self) -> tuple[VaultInfo, Store]:
        with self._lock:
            if self._selected is None:
                self._selected = select_store(self._with_settings())
            return self._selected

    def _with_settings(self) -> VaultEnvironment:
        if self._read_settings is None:
            return self._environment
        return replace(self._environment, settings=self._read_settings())


def select_store(environment: VaultEnvironment) -> tuple[VaultInfo, Store]:
    """Return the store to use, and its description.

    Raises the vault's errors. A locked or broken store is never replaced by another one: that would
    be a silent downgrade.
    """
    errors = VaultErrors(str(environment.paths.settings))
    kind = environment.settings.vault
    if kind not in VAULT_KINDS:
        raise errors.unknown(kind, VAULT_KINDS)
    if kind == "auto":
        kind = NATIVE.get(environment.platform) or _select_at_first_use(environment, errors)
    return _open_store(kind, environment, errors)


def recorded_kind(environment: VaultEnvironment, errors: VaultErrors) -> str:
    """Return the store that is set or recorded, "" if there is none yet."""
    if environment.settings.vault != "auto":
        return environment.settings.vault
    with contextlib.suppress(VaultError):
        return SelectionFile(environment.paths.vault, _RECORDED_KINDS, errors).read() or ""
    return ""


def _select_at_first_use(environment: VaultEnvironment, errors: VaultErrors) -> str:
    from xswitch.adapters.vault.secret_service import SecretServiceStore  # noqa: PLC0415 -- lazy

    record = SelectionFile(environment.paths.vault, _RECORDED_KINDS, errors)
    recorded = record.read()
    if recorded is not None:
        return recorded
    try:
        SecretServiceStore(
            environment.env,
            errors,
            environment.may_prompt,
            environment.paths.secret_service_lock,
        ).probe()
    except VaultAbsentError:
        # Raises where there is no folder in memory, before anything is recorded
        _runtime_folder(environment)
        return record.write("runtime")
    return record.write("secret-service")


def _open_store(
    kind: str, environment: VaultEnvironment, errors: VaultErrors
) -> tuple[VaultInfo, Store]:
    """Open the store, importing no other one's modules."""
    if kind in NATIVE.values():
        return _open_native(kind, environment, errors)
    if environment.platform == "win32":
        raise errors.elsewhere(kind)
    if kind == "secret-service":
        from xswitch.adapters.vault import secret_service  # noqa: PLC0415 -- lazy

        return VaultInfo(kind, secret_service.LABEL), secret_service.SecretServiceStore(
            environment.env,
            errors,
            environment.may_prompt,
            environment.paths.secret_service_lock,
        )
    from xswitch.adapters.vault import file_store  # noqa: PLC0415 -- lazy

    if kind == "runtime":
        folder, left = _runtime_folder(environment)
        return VaultInfo(kind, file_store.RUNTIME_LABEL, str(folder), left), file_store.FileStore(
            folder, errors, memory=True
        )
    if not environment.settings.allow_plain_files:
        raise errors.not_allowed()
    folder = environment.paths.sessions
    return VaultInfo(kind, file_store.PLAIN_LABEL, str(folder)), file_store.FileStore(
        folder, errors, memory=False
    )


def _open_native(
    kind: str, environment: VaultEnvironment, errors: VaultErrors
) -> tuple[VaultInfo, Store]:
    if NATIVE.get(environment.platform) != kind:
        raise errors.elsewhere(kind)
    from xswitch.adapters.vault import keyring_process as keyring  # noqa: PLC0415 -- lazy

    backend, label = (
        (keyring.MACOS, keyring.MACOS_LABEL)
        if kind == "macos"
        else (keyring.WINDOWS, keyring.WINDOWS_LABEL)
    )
    child = keyring.KeyringProcess(backend, environment.env)
    entries = keyring.KeyringEntries(child, label, errors, environment.may_prompt)
    if kind == "macos":
        return VaultInfo(kind, label), keyring.EntryStore(entries)
    from xswitch.adapters.state.locks import FileLocks  # noqa: PLC0415 -- lazy
    from xswitch.adapters.vault.chunks import ChunkedStore  # noqa: PLC0415 -- lazy

    locks = FileLocks(environment.paths.locks)
    return VaultInfo(kind, label), ChunkedStore(entries, locks.hold)


def runtime_candidates(environment: VaultEnvironment) -> tuple[Path, ...]:
    """Return the possible folders of the runtime keyring in this environment, best first."""
    from xswitch.adapters.vault.tmpfs import runtime_folder_candidates  # noqa: PLC0415 -- lazy

    if environment.runtime_candidates is not None:
        return environment.runtime_candidates
    return runtime_folder_candidates(environment.env, os.geteuid())


def _runtime_folder(environment: VaultEnvironment) -> tuple[Path, str]:
    """Return the runtime keyring's folder, and why it isn't the one before it."""
    from xswitch.adapters.vault.runtime_places import RuntimePlaces  # noqa: PLC0415 -- lazy

    places = RuntimePlaces(environment.paths)
    return places.choose(runtime_candidates(environment)), places.note


def _person_present(env: Mapping[str, str], platform: str) -> Callable[[], bool]:
    """Return a check for a person: a terminal, and a display for a prompt to appear on."""

    def check() -> bool:
        if platform not in NATIVE and not any(env.get(name) for name in _DISPLAYS):
            return False
        for stream in (sys.stdin, sys.stderr):
            with contextlib.suppress(OSError, ValueError, AttributeError):
                if stream.isatty():
                    return True
        return False

    return check


class SelectionFile:
    """The record of the store selected at first use: one word, one of `kinds`.

    That is its version 1. A newer xswitch may have written any other content, which is therefore
    never replaced.
    """

    def __init__(self, path: Path, kinds: tuple[str, ...], errors: VaultErrors) -> None:
        self._path = path
        self._kinds = kinds
        self._errors = errors

    def read(self) -> str | None:
        """Return the recorded kind, or None. Raises VaultBrokenError for any other content."""
        try:
            word = read_trusted(self._path, _MAX_RECORD_BYTES).decode("utf-8", "replace").strip()
        except FileNotFoundError:
            return None
        except UntrustedFileError as error:
            raise self._errors.bad_record(
                str(self._path), f"another user could have written it: {error.strerror}"
            ) from None
        except OSError as error:
            raise self._record_error(error) from None
        version = other_version(word.encode())
        if version:
            raise self._errors.newer_record(str(self._path), version)
        if word not in self._kinds:
            raise self._errors.bad_record(
                str(self._path), f"it names no store of this machine ({word[:20]!r})"
            )
        return word

    def write(self, kind: str) -> str:
        """Record a kind unless another process was first; return the recorded one.

        Raises VaultBrokenError.
        """
        try:
            created = keep_private(self._path, f"{kind}\n".encode())
        except OSError as error:
            raise self._record_error(error) from None
        return kind if created else self.read() or kind

    def _record_error(self, error: OSError) -> Exception:
        found = repair(self._path, error)
        return self._errors.bad_record(str(self._path), found.why, found.next_step)
