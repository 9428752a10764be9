"""The runtime keyring as a backend: the `keyring` package's own tests, and the vault's sessions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from keyring.backends import fail
from keyring.errors import KeyringError, PasswordDeleteError, PasswordSetError
from keyring.testing.backend import BackendBasicTests

from support.vault.keyrings import key, memory_folder
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.file_store import FileStore
from xswitch.adapters.vault.runtime_keyring import RuntimeKeyring


@pytest.fixture
def store() -> Iterator[FileStore]:
    with memory_folder() as folder:
        yield FileStore(folder / "xswitch", VaultErrors(""), memory=True)


class TestAsKeyringSeesIt(BackendBasicTests):
    @pytest.fixture(autouse=True)
    def _init_properties(self, store: FileStore) -> Iterator[None]:
        self.keyring = RuntimeKeyring(store)
        self.credentials_created: set[tuple[str, str]] = set()
        yield
        self.cleanup()  # type: ignore[no-untyped-call]  # keyring ships its suite without types


def test_it_holds_what_the_vault_holds(store: FileStore) -> None:
    keyring = RuntimeKeyring(store)
    store.put(key(1), "x")
    assert keyring.get_password(f"xswitch:{key(1)}", "session") == "x"
    assert keyring.get_password(f"xswitch:{key(1)}", "somebody") is None
    keyring.set_password(f"xswitch:{key(2)}", "session", "y")
    assert store.get(key(2)) == "y"
    keyring.set_password("xswitch:../../etc/passwd", "session", "z")
    assert keyring.get_password("xswitch:../../etc/passwd", "session") == "z"
    assert {len(path.name) for path in store.folder.iterdir()} == {40, 64}


def test_nothing_chooses_it_by_itself() -> None:
    assert RuntimeKeyring.priority < fail.Keyring.priority


def test_refusals_are_keyrings_own_errors(store: FileStore) -> None:
    keyring = RuntimeKeyring(store)
    keyring.set_password("a", "b", "c")
    store.folder.chmod(0o755)
    with pytest.raises(KeyringError, match="can't be trusted"):
        keyring.get_password("a", "b")
    with pytest.raises(PasswordSetError):
        keyring.set_password("a", "b", "c")
    with pytest.raises(PasswordDeleteError):
        keyring.delete_password("a", "b")


def test_by_itself_it_finds_the_vaults_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with memory_folder() as folder:
        monkeypatch.setenv("XDG_RUNTIME_DIR", str(folder))
        FileStore(folder / "xswitch", VaultErrors(""), memory=True).put(key(1), "x")
        assert RuntimeKeyring().get_password(f"xswitch:{key(1)}", "session") == "x"
