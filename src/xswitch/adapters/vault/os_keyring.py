"""The keyrings of macOS and Windows, through the `keyring` package in a child process."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.keyring_process import (
    KEYRING_TIMEOUTS,
    BackendSpec,
    KeyringProcess,
    KeyringTimeouts,
)
from xswitch.adapters.vault.secret_service import raise_for_reply
from xswitch.adapters.vault.store import USER, service_name

MACOS_LABEL = "macOS Keychain"
MACOS = BackendSpec("keyring.backends.macOS", "Keyring")
WINDOWS_LABEL = "Windows Credential Manager"
# Not the library's default, which copies credentials to a domain's servers: a session belongs to
# this machine.
WINDOWS = BackendSpec("keyring.backends.Windows", "WinVaultKeyring", {"persist": "local machine"})


class KeyringEntries:
    """Fits `Entries` over one keyring backend.

    The entry's name is the service, the user is always the same.
    """

    def __init__(
        self,
        child: KeyringProcess,
        label: str,
        sentences: VaultErrors,
        may_ask: Callable[[], bool],
        patience: KeyringTimeouts = KEYRING_TIMEOUTS,
    ) -> None:
        self._child = child
        self._label = label
        self._sentences = sentences
        self._may_ask = may_ask
        self._patience = patience

    def read(self, name: str) -> str | None:
        """The value, None when there is none."""
        return self._ask("get", name)

    def write(self, name: str, value: str) -> None:
        """Replace the value."""
        self._ask("put", name, value)

    def erase(self, name: str) -> None:
        """Drop it; no error when it isn't there."""
        self._ask("delete", name)

    def _ask(self, do: str, name: str, value: str | None = None) -> str | None:
        asked = self._patience.prompt if self._may_ask() else 0
        reply = self._child.ask(do, name, USER, seconds=asked or self._patience.probe, value=value)
        return (
            reply.value
            if reply.word == "ok"
            else raise_for_reply(reply, self._label, self._sentences, asked=asked)
        )


class EntryStore:
    """Fits `Store` where an entry holds any session whole."""

    def __init__(self, keyring_entries: KeyringEntries) -> None:
        self._entries = keyring_entries

    def get(self, key: str) -> str | None:
        """The value, None when there is none."""
        return self._entries.read(service_name(key))

    def put(self, key: str, value: str) -> None:
        """Keep `value`."""
        self._entries.write(service_name(key), value)

    def delete(self, key: str) -> None:
        """Drop it."""
        self._entries.erase(service_name(key))


def keyring_entries(
    backend: BackendSpec,
    label: str,
    env: Mapping[str, str],
    sentences: VaultErrors,
    may_ask: Callable[[], bool],
) -> KeyringEntries:
    """The entries of a backend, each call in a child that starts at the first."""
    return KeyringEntries(KeyringProcess(backend, env), label, sentences, may_ask)
