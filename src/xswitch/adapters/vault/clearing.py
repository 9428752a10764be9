"""Empties every store that could have been written, independent of settings and index."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from xswitch.adapters.vault import selection
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.store import Report

_MAX_POINTER_BYTES = 64 * 1024
_LISTING = {
    "macos": "security dump-keychain | grep xswitch:",
    "windows": "cmdkey /list | findstr xswitch:",
}


def clear_stores(
    environment: selection.VaultEnvironment, keys: Iterable[str], report: Report
) -> frozenset[str]:
    """Delete every session in every store, and return the keys of the deleted ones.

    The runtime keyring and plain files are looked for in every folder that was recorded, that an
    environment could have led to, or that a hot pointer names, and list their sessions; so does the
    Secret Service. The keyrings of macOS and Windows don't: there, `keys` are deleted. `report`
    gets what can't be deleted.
    """
    errors = VaultErrors(str(environment.paths.settings))
    native = selection.NATIVE.get(environment.platform)
    if native is not None:
        return _clear_native(native, environment, keys, report)
    from xswitch.adapters.vault import file_store, secret_service  # noqa: PLC0415 -- POSIX only

    removed: set[str] = set()
    for folder, expected in _folders(environment).items():
        store = file_store.FileStore(folder, errors, memory=folder.name != _plain_name(environment))
        removed |= store.clear(report, expected=expected)
    service = secret_service.SecretServiceStore(
        environment.env, errors, environment.may_prompt, environment.paths.secret_service_lock
    )
    try:
        expected = selection.recorded_kind(environment, errors) == "secret-service"
        removed |= service.clear(report, expected=expected)
    finally:
        service.close()
    return frozenset(removed)


def _clear_native(
    kind: str, environment: selection.VaultEnvironment, keys: Iterable[str], report: Report
) -> frozenset[str]:
    from xswitch.adapters.vault.keyring_process import clear_keys  # noqa: PLC0415 -- lazy

    errors = VaultErrors(str(environment.paths.settings))
    settings = replace(environment.settings, vault=kind)
    info, store = selection.select_store(replace(environment, settings=settings))
    removed = clear_keys(store, keys, report)
    report(errors.unlisted(info.label, _LISTING[kind]))
    return removed


def _plain_name(environment: selection.VaultEnvironment) -> str:
    return environment.paths.sessions.name


def _folders(environment: selection.VaultEnvironment) -> dict[Path, bool]:
    """Return the folders that may hold sessions, and whether each one is known to have."""
    from xswitch.adapters.vault.runtime_places import RuntimePlaces  # noqa: PLC0415 -- lazy
    from xswitch.adapters.vault.tmpfs import named_folders  # noqa: PLC0415 -- lazy

    folders = dict.fromkeys(RuntimePlaces(environment.paths).folders(), True)
    folders[environment.paths.sessions] = True
    possible = list(_pointed_at(environment.paths.hot))
    if not environment.alone:
        for candidate in selection.runtime_candidates(environment):
            possible += named_folders(candidate)
        home = environment.env.get("HOME", "")
        if home.startswith("/"):
            possible.append(Path(home, ".local/state/xswitch") / environment.paths.sessions.name)
    for folder in possible:
        folders.setdefault(folder, False)
    return folders


def _pointed_at(hot: Path) -> Iterator[Path]:
    """Yield the folders that hot pointers name, of this version and of earlier ones."""
    from xswitch.adapters.state.private_files import read_file  # noqa: PLC0415 -- lazy

    with suppress(OSError):
        for pointer in hot.rglob("*"):
            with suppress(OSError):
                for line in read_file(pointer, _MAX_POINTER_BYTES).split(b"\n"):
                    path = Path(os.fsdecode(line))
                    if line.startswith(b"/") and path.name.split("-")[0] in {"xswitch", "sessions"}:
                        yield path
