"""A Secret Service whose state changes between the first read and the write."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.vault.keyrings import Need, key
from support.vault.secret_service import FakeSecretService, fake_secret_service
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.keyring_process import KEYRING_TIMEOUTS, KeyringTimeouts
from xswitch.adapters.vault.secret_service import SecretServiceStore
from xswitch.core.errors import VaultBrokenError, VaultLockedError

KEY, VALUE = key(1), "xswitch1 canary-4711"


class Stores:
    """Stores on one service; with `ask`, a person can answer a prompt."""

    def __init__(self, service: FakeSecretService, folder: Path) -> None:
        self.service = service
        self._env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "DBUS_SESSION_BUS_ADDRESS": service.address,
        }
        self._lock_path = folder / "lock"
        self._opened: list[SecretServiceStore] = []

    def opened(
        self, *, ask: bool = False, timeouts: KeyringTimeouts = KEYRING_TIMEOUTS
    ) -> SecretServiceStore:
        self._opened.append(
            SecretServiceStore(
                self._env, VaultErrors(""), lambda: ask, self._lock_path, timeouts=timeouts
            )
        )
        return self._opened[-1]

    def close(self) -> None:
        for store in self._opened:
            store.close()


@pytest.fixture
def stores(need: Need, tmp_path: Path) -> Iterator[Stores]:
    with fake_secret_service(need) as service:
        stores = Stores(service, tmp_path)
        try:
            stores.opened().put(KEY, VALUE)
            yield stores
        finally:
            stores.close()


def test_without_a_person_no_window_is_opened(stores: Stores) -> None:
    store, service = stores.opened(), stores.service
    for mood in ("prompts", "locks", "locked; odd at ReadAlias"):
        service.restart(mood)
        with pytest.raises(VaultLockedError):
            store.put(KEY, VALUE)
        service.restart(mood)
        with pytest.raises(VaultLockedError):
            store.delete(KEY)
    service.restart("odd at ReadAlias")
    assert store.get(KEY) == VALUE
    assert service.prompts == []


@pytest.mark.parametrize("mood", ["prompts", "locks"])
def test_with_a_person_a_write_waits_for_its_prompt(stores: Stores, mood: str) -> None:
    stores.service.restart(mood)
    with pytest.raises(VaultLockedError) as caught:
        stores.opened(ask=True, timeouts=KeyringTimeouts(prompt=3.0)).put(KEY, VALUE)
    assert "its prompt wasn't answered" in caught.value.why.lower()
    assert stores.service.prompts[-1] == "Prompt"


def test_a_service_that_ends_during_a_request_is_broken(stores: Stores) -> None:
    store, service = stores.opened(), stores.service
    for mood in ("dies at CreateItem", "dies after GetSecret", "dies after CreateItem"):
        service.restart(mood)
        with pytest.raises(VaultBrokenError):
            store.put(KEY, VALUE)
    service.restart("dies at Delete")
    with pytest.raises(VaultBrokenError) as caught:
        store.delete(KEY)
    assert caught.value.why == "It ended during the request."


def test_a_write_denied_as_locked_is_locked(stores: Stores) -> None:
    store, service = stores.opened(), stores.service
    service.restart("says org.freedesktop.Secret.Error.IsLocked at CreateItem")
    with pytest.raises(VaultLockedError):
        store.put(KEY, VALUE)
    service.restart("says org.freedesktop.Secret.Error.IsLocked at Delete")
    with pytest.raises(VaultLockedError):
        store.delete(KEY)


@pytest.mark.parametrize("method", ["SearchItems", "OpenSession"])
def test_a_keyring_that_is_not_found_is_not_taken_for_a_session_that_is_not(
    stores: Stores, method: str
) -> None:
    store, service = stores.opened(), stores.service
    service.restart(f"says org.freedesktop.Secret.Error.NoSuchObject at {method}")
    with pytest.raises(VaultBrokenError, match="can't be used") as caught:
        store.get(KEY)
    assert "NoSuchObject" in caught.value.why
    if method == "SearchItems":
        with pytest.raises(VaultBrokenError):
            store.delete(KEY)
    service.restart("well")
    assert store.get(KEY) == VALUE
