"""The tests that every store passes; a new store is a subclass with a `store` fixture."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from conftest import find_program
from support.vault.keyrings import (
    PATIENT,
    SecretService,
    TinyEntries,
    TinyKeyring,
    key,
    memory_folder,
    secret_service,
)
from xswitch.adapters.state.locks import FileLocks
from xswitch.adapters.vault.chunks import ChunkedStore
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.file_store import FileStore
from xswitch.adapters.vault.keyring_process import BackendSpec, KeyringEntries, KeyringProcess
from xswitch.adapters.vault.secret_service import SecretServiceStore
from xswitch.adapters.vault.store import Store

UNICODE = "ключ 鍵 🔑 \u00e9\u0301\u200b\u2028 \x7f"
ERRORS = VaultErrors("/home/user/.config/xswitch/config.toml")


def value(letter: str, length: int) -> str:
    """Return a text that shows if it was mixed with another."""
    return letter * length


class Compliance:
    """The contract of a store.

    `again` opens the same store a second time, as another process would.
    """

    writers = 3
    rounds = 8
    large = 40_000
    many = 30

    @pytest.fixture
    def again(self, store: Store) -> Callable[[], Store]:
        return lambda: store

    def test_what_was_never_kept_is_not_there(self, store: Store) -> None:
        assert store.get(key(1)) is None

    def test_stores_and_returns_a_value(self, store: Store) -> None:
        store.put(key(2), "one line\n{}")
        assert store.get(key(2)) == "one line\n{}"

    def test_keeps_it_for_the_next_process(self, store: Store, again: Callable[[], Store]) -> None:
        store.put(key(3), "kept")
        assert again().get(key(3)) == "kept"

    def test_replaces(self, store: Store) -> None:
        store.put(key(4), "first, and longer than the second")
        store.put(key(4), "second")
        assert store.get(key(4)) == "second"

    def test_drops(self, store: Store) -> None:
        store.put(key(5), "x")
        store.put(key(6), "y")
        store.delete(key(5))
        assert store.get(key(5)) is None
        assert store.get(key(6)) == "y"

    def test_deleting_a_missing_value_does_nothing(self, store: Store) -> None:
        store.delete(key(7))
        store.delete(key(7))
        assert store.get(key(7)) is None

    def test_keeps_any_text(self, store: Store) -> None:
        store.put(key(8), UNICODE)
        assert store.get(key(8)) == UNICODE

    def test_keeps_the_empty_text_apart_from_nothing(self, store: Store) -> None:
        store.put(key(9), "")
        assert store.get(key(9)) == ""

    def test_keeps_large_values_and_shrinks_and_grows_again(self, store: Store) -> None:
        for length in (self.large, 10, 1_199, 1_200, 1_201, self.large, 2_500):
            text = value("a", length - 1) + "z"
            store.put(key(10), text)
            assert store.get(key(10)) == text
        store.delete(key(10))
        assert store.get(key(10)) is None

    def test_keeps_large_values_beyond_the_basic_plane(self, store: Store) -> None:
        text = "x" + "🔑" * 3_000
        store.put(key(11), text)
        assert store.get(key(11)) == text

    def test_keeps_many_apart(self, store: Store) -> None:
        numbers = range(100, 100 + self.many)
        for number in numbers:
            store.put(key(number), f"value {number}")
        assert [store.get(key(number)) for number in numbers] == [
            f"value {number}" for number in numbers
        ]

    def test_a_reader_never_sees_a_mix_while_several_write(
        self, store: Store, again: Callable[[], Store]
    ) -> None:
        letters = "abcdefgh"[: self.writers]
        whole = {value(letter, 3_000 + at) for at, letter in enumerate(letters)}
        store.put(key(12), min(whole))
        failures: list[BaseException] = []

        def write(text: str) -> None:
            try:
                mine = again()
                for _ in range(self.rounds):
                    mine.put(key(12), text)
            except Exception as error:  # noqa: BLE001 -- the test reports it
                failures.append(error)

        threads = [threading.Thread(target=write, args=(text,)) for text in whole]
        for thread in threads:
            thread.start()
        seen = set()
        reader = again()
        while any(thread.is_alive() for thread in threads):
            seen.add(reader.get(key(12)))
        for thread in threads:
            thread.join(60)
        assert not failures
        assert seen <= whole
        assert store.get(key(12)) in whole


class TestRuntime(Compliance):
    @pytest.fixture
    def store(self) -> Iterator[Store]:
        with memory_folder() as folder:
            yield FileStore(folder / "xswitch", ERRORS, memory=True)


class TestPlainFiles(Compliance):
    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        return FileStore(tmp_path / "state" / "sessions", ERRORS, memory=False)


class TestShortEntries(Compliance):
    """Entries of at most 2,560 bytes of UTF-16 in this process, as on Windows."""

    @pytest.fixture
    def store(self, tmp_path: Path) -> Store:
        (tmp_path / "entries").mkdir()
        return ChunkedStore(TinyEntries(tmp_path / "entries"), FileLocks(tmp_path / "locks").hold)


class TestShortEntriesInAChild(Compliance):
    """Short entries through the child process; each opened store starts its own."""

    large = 20_000
    many = 10
    rounds = 3

    @pytest.fixture
    def children(self) -> Iterator[list[KeyringProcess]]:
        children: list[KeyringProcess] = []
        yield children
        for child in children:
            child.close()

    @pytest.fixture
    def again(self, tmp_path: Path, children: list[KeyringProcess]) -> Callable[[], Store]:
        (tmp_path / "entries").mkdir(exist_ok=True)

        def opened() -> Store:
            backend = BackendSpec(
                TinyKeyring.__module__, TinyKeyring.__name__, {"folder": str(tmp_path / "entries")}
            )
            child = KeyringProcess(backend, {})
            children.append(child)
            entries = KeyringEntries(child, "Tiny", ERRORS, lambda: True, PATIENT)
            return ChunkedStore(entries, FileLocks(tmp_path / "locks").hold)

        return opened

    @pytest.fixture
    def store(self, again: Callable[[], Store]) -> Store:
        return again()


@pytest.fixture(scope="class")
def gnome_keyring() -> Iterator[SecretService]:
    with secret_service(find_program) as service:
        yield service


class LibraryReader(SecretServiceStore):
    """Reads as the `keyring` package does, to compare with reading over D-Bus."""

    def get(self, key: str) -> str | None:
        return self._use_package("get", key, self._look_up(key))


class TestSecretService(Compliance):
    large = 20_000
    many = 10
    rounds = 3
    reader: type[SecretServiceStore] = SecretServiceStore

    @pytest.fixture
    def stores(self) -> Iterator[list[SecretServiceStore]]:
        stores: list[SecretServiceStore] = []
        yield stores
        for store in stores:
            store.close()

    @pytest.fixture
    def again(
        self, gnome_keyring: SecretService, stores: list[SecretServiceStore]
    ) -> Callable[[], Store]:
        def opened() -> Store:
            stores.append(
                self.reader(
                    gnome_keyring.variables,
                    ERRORS,
                    lambda: False,
                    gnome_keyring.folder / "lock",
                    PATIENT,
                )
            )
            return stores[-1]

        return opened

    @pytest.fixture
    def store(self, again: Callable[[], Store]) -> Store:
        return again()


class TestSecretServiceByTheLibrary(TestSecretService):
    reader = LibraryReader

    def test_both_ways_of_reading_agree(self, store: LibraryReader) -> None:
        texts = ["", "x", UNICODE, value("a", 20_000), "line\nline", None]
        for number, text in enumerate(texts, start=200):
            if text is not None:
                store.put(key(number), text)
            assert (
                SecretServiceStore.get(store, key(number))
                == LibraryReader.get(store, key(number))
                == text
            )
