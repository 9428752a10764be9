r"""The runtime keyring as a backend of the `keyring` package, for inspection with its command.

    keyring --keyring-backend xswitch.adapters.vault.runtime_keyring.RuntimeKeyring \
        get xswitch:KEY session

It isn't registered as a plug-in, and its priority is below that of keyring's own "no keyring", so
it is never selected automatically.
"""

from __future__ import annotations

import hashlib
import os

from keyring.backend import KeyringBackend
from keyring.errors import InitError, KeyringError, PasswordDeleteError, PasswordSetError

from xswitch.adapters.state.paths import user_paths
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.file_store import FileStore
from xswitch.adapters.vault.runtime_places import RuntimePlaces
from xswitch.adapters.vault.store import SERVICE_PREFIX, USER, validate_key
from xswitch.adapters.vault.tmpfs import runtime_folder_candidates
from xswitch.core.errors import VaultError, XswitchError


class RuntimeKeyring(KeyringBackend):
    """The files of xswitch's runtime keyring, as passwords."""

    priority = -1.0

    def __init__(self, store: FileStore | None = None) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # keyring's own
        self._opened = store

    def get_password(self, service: str, username: str) -> str | None:
        """Return the password, or None. Raises KeyringError."""
        try:
            data = self._store().read(_file_name(service, username))
        except VaultError as error:
            raise KeyringError(str(error)) from None
        return None if data is None else data.decode("utf-8", "replace")

    def set_password(self, service: str, username: str, password: str) -> None:
        """Store a password. Raises PasswordSetError."""
        try:
            self._store().write(_file_name(service, username), password.encode("utf-8"))
        except VaultError as error:
            raise PasswordSetError(str(error)) from None

    def delete_password(self, service: str, username: str) -> None:
        """Delete a password. Raises PasswordDeleteError, also if there is none."""
        try:
            removed = self._store().remove(_file_name(service, username))
        except VaultError as error:
            raise PasswordDeleteError(str(error)) from None
        if not removed:
            raise PasswordDeleteError("there is no such password")

    def _store(self) -> FileStore:
        if self._opened is not None:
            return self._opened
        try:
            paths = user_paths(os.environ)
            candidates = runtime_folder_candidates(os.environ, os.geteuid())
            folder = RuntimePlaces(paths).choose(candidates)
            return FileStore(folder, VaultErrors(str(paths.settings)), memory=True)
        except XswitchError as error:
            raise InitError(str(error)) from None


def _file_name(service: str, username: str) -> str:
    """Return an entry's file: the key for a session, else a digest, which is longer."""
    prefix, key = service[: len(SERVICE_PREFIX)], service[len(SERVICE_PREFIX) :]
    if prefix == SERVICE_PREFIX and username == USER:
        try:
            return validate_key(key)
        except ValueError:
            pass
    return hashlib.sha256(f"{len(service)}:{service}{username}".encode()).hexdigest()
