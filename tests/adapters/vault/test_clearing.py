"""Every store lists and deletes its sessions, and names what it can't delete."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import secretstorage
from jeepney.io.blocking import open_dbus_connection

from conftest import find_program, needs_root
from support.vault.keyrings import (
    PATIENT,
    Need,
    SecretService,
    answers,
    failing_service,
    key,
    memory_folder,
    private_bus,
    secret_service,
    short_folder,
)
from xswitch.adapters.state.paths import AppPaths
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.file_store import FileStore
from xswitch.adapters.vault.keyring_process import KEYRING_TIMEOUTS, KeyringTimeouts, clear_keys
from xswitch.adapters.vault.secret_service import SecretServiceStore
from xswitch.adapters.vault.selection import LazyVault, VaultEnvironment
from xswitch.core.errors import SettingsError, VaultLockedError, XswitchError
from xswitch.core.model import Settings
from xswitch.hot import dbus

NOBODY = 65534
ERRORS = VaultErrors("/home/user/.config/xswitch/config.toml")
Reported = list[XswitchError]


@pytest.fixture
def memory() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


# -- files


@pytest.fixture
def folder(memory: Path) -> Path:
    store = FileStore(memory / "xswitch", ERRORS, memory=True)
    for number in range(3):
        store.put(key(number), f"session {number}")
    return memory / "xswitch"


def clear(folder: Path, *, expected: bool = True) -> tuple[frozenset[str], Reported]:
    reported: Reported = []
    store = FileStore(folder, ERRORS, memory=True)
    return store.clear(reported.append, expected=expected), reported


def test_sessions_and_what_killed_writers_left_go_and_other_files_stay(folder: Path) -> None:
    (folder / f".{key(7)}.123.abcdef01").write_text("half a session")
    (folder / f".{key(8)}.123.abcdef01").mkdir()
    for other in ("f" * 64, "a note", "g" * 40, "A" * 40, ".hidden"):
        (folder / other).write_text("not a session")
    assert clear(folder) == (frozenset(map(key, range(3))), [])
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        ["f" * 64, "a note", "g" * 40, "A" * 40, ".hidden"]
    )
    assert clear(folder) == (frozenset(), [])


def test_a_missing_folder_has_nothing(memory: Path) -> None:
    (memory / "file").touch()
    for path in (memory / "none", memory / "none" / "xswitch", memory / "file" / "xswitch"):
        assert clear(path) == (frozenset(), [])


@pytest.mark.parametrize("mode", [0o000, 0o100, 0o400, 0o500, 0o755, 0o777])
def test_every_mode_is_no_obstacle(folder: Path, mode: int) -> None:
    for path in folder.iterdir():
        path.chmod(mode)
    folder.chmod(mode)
    assert clear(folder) == (frozenset(map(key, range(3))), [])


def test_a_second_name_keeps_no_session(folder: Path, memory: Path) -> None:
    (memory / "copy").hardlink_to(folder / key(1))
    (folder / key(1)).chmod(0o400)
    assert clear(folder)[1] == []
    assert (memory / "copy").read_text() == ""


def as_a_link(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.symlink_to("moved")


def as_a_file(folder: Path) -> None:
    folder.rename(folder.with_name("moved"))
    folder.touch()


@pytest.mark.parametrize("spoil", [as_a_link, as_a_file])
def test_what_is_no_folder_is_reported_where_sessions_are_expected(
    folder: Path, spoil: Callable[[Path], None]
) -> None:
    spoil(folder)
    assert clear(folder, expected=False) == (frozenset(), [])
    removed, (error,) = clear(folder)
    assert (removed, error.code) == (frozenset(), "vault_untrusted")
    assert (folder.with_name("moved") / key(0)).exists()


def test_another_users_folder_is_left_alone(folder: Path) -> None:
    needs_root("only root can give a folder away")
    os.chown(folder, NOBODY, NOBODY)
    assert clear(folder) == (frozenset(), [])
    assert len(list(folder.iterdir())) == 3


@pytest.mark.parametrize("number", [1, 5, 13, 28, 30])
def test_what_can_not_be_deleted_is_named_and_the_rest_goes(
    folder: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    real = os.unlink

    def refuse(name: str, *, dir_fd: int | None = None) -> None:
        if name == key(1):
            raise OSError(number, os.strerror(number))
        real(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refuse)
    removed, (error,) = clear(folder)
    assert removed == {key(0), key(2)}
    assert error.what == "1 session is left in the runtime keyring."
    assert os.strerror(number) in error.why
    assert error.next_step == f"rm -r {folder}"
    assert error.code == "vault_left"


# -- the Secret Service


@pytest.fixture(scope="module")
def service() -> Iterator[SecretService]:
    with secret_service(find_program) as service:
        yield service


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[..., SecretServiceStore]]:
    stores = []

    def open_store(
        variables: dict[str, str], *, ask: bool = False, timeouts: KeyringTimeouts = PATIENT
    ) -> SecretServiceStore:
        stores.append(
            SecretServiceStore(variables, ERRORS, lambda: ask, tmp_path / "turns", timeouts)
        )
        return stores[-1]

    yield open_store
    for store in stores:
        store.close()


def add_item(daemon: SecretService, alias: str, **attributes: str) -> None:
    """Store an item in a collection, as another program or an earlier setting does."""
    with closing(open_dbus_connection(bus=daemon.address)) as connection:
        secretstorage.util.add_match_rules(connection)
        collection = secretstorage.collection.get_collection_by_alias(connection, alias)
        collection.create_item("an item", attributes, b"a secret")


def services_of(service: SecretService) -> set[str]:
    """Return the service of every item in every collection."""
    with closing(open_dbus_connection(bus=service.address)) as connection:
        return {
            item.get_attributes().get("service", "")
            for item in secretstorage.search_items(connection, {})
        }


def test_all_sessions_in_all_collections_go_and_other_items_stay(
    service: SecretService, opened: Callable[..., SecretServiceStore]
) -> None:
    store = opened(service.variables)
    for number in range(23):
        store.put(key(number), "a session")
    elsewhere = {"service": f"xswitch:{key(99)}", "username": "session"}
    add_item(service, "session", **elsewhere)
    for foreign in ({"username": "session"}, {"username": "me"}):
        add_item(service, "default", service=f"other:{foreign['username']}", **foreign)
    add_item(service, "default", service=f"xswitch:{key(98)}", username="me")
    reported: Reported = []
    removed = store.clear(reported.append, expected=True)
    assert reported == []
    assert removed == {*map(key, range(23)), key(99)}
    assert services_of(service) == {"other:session", "other:me", f"xswitch:{key(98)}"}
    assert store.clear(reported.append, expected=True) == frozenset()
    assert reported == []


def test_locked_sessions_are_counted_and_an_open_question_is_not_waited_for(
    opened: Callable[..., SecretServiceStore],
) -> None:
    with secret_service(find_program) as service:
        opened(service.variables).put(key(1), "a session")
        add_item(service, "session", service=f"xswitch:{key(2)}", username="session")
        service.lock()
        for ask in (False, True):
            reported: Reported = []
            store = opened(service.variables, ask=ask, timeouts=replace(PATIENT, prompt=1.0))
            removed = store.clear(reported.append, expected=False)
            assert removed == (frozenset() if ask else {key(2)})
            (error,) = reported
            assert type(error) is VaultLockedError
            assert error.what == "1 session is left in the locked keyring (Secret Service)."
            assert "--unlock" in error.next_step
            assert error.next_step.endswith("Then: xswitch forget --all")


def test_sessions_are_counted_after_a_login_that_left_the_keyring_locked(
    opened: Callable[..., SecretServiceStore],
) -> None:
    """Of such a keyring, gnome-keyring only knows what the attributes hash to."""
    with secret_service(find_program) as service:
        opened(service.variables).put(key(1), "a session")
        add_item(service, "default", service="other", username="me")
        add_item(service, "default", service="another", username="session")
        command = ["gnome-keyring-daemon", "--replace", "--components=secrets", "--foreground"]
        with subprocess.Popen(
            command, env=service.variables, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as daemon:
            try:
                until = time.monotonic() + 30
                while answers(service.address) != dbus.LOCKED:
                    assert time.monotonic() < until, "gnome-keyring was not replaced"
                    time.sleep(0.05)
                reported: Reported = []
                store = opened(service.variables)
                assert store.clear(reported.append, expected=False) == frozenset()
                (error,) = reported
                assert error.what.startswith("1 session is left in the locked keyring")
            finally:
                daemon.terminate()


def test_a_locked_keyring_without_sessions_is_no_failure(
    opened: Callable[..., SecretServiceStore],
) -> None:
    with secret_service(find_program) as service:
        add_item(service, "default", service="other", username="session")
        service.lock()
        reported: Reported = []
        assert opened(service.variables).clear(reported.append, expected=True) == frozenset()
        assert reported == []


@pytest.mark.parametrize("manner", ["absent", "no keyring", "mute", "odd"])
def test_a_service_that_can_not_be_asked_is_named_where_sessions_are_expected(
    need: Need, opened: Callable[..., SecretServiceStore], manner: str
) -> None:
    def check(variables: dict[str, str], code: str) -> None:
        hasty = replace(KEYRING_TIMEOUTS, direct=0.3, probe=0.5)
        store = opened(variables, timeouts=hasty if manner == "mute" else PATIENT)
        reported: Reported = []
        assert store.clear(reported.append, expected=False) == frozenset()
        assert reported == []
        assert store.clear(reported.append, expected=True) == frozenset()
        assert [error.code for error in reported] == ([code] if code else [])
        assert all(error.next_step.endswith("xswitch forget --all") for error in reported)

    environ = {"PATH": os.environ["PATH"]}
    if manner == "absent":
        with short_folder() as folder, private_bus(need, folder) as address:
            check({**environ, "DBUS_SESSION_BUS_ADDRESS": address}, "vault_absent")
    elif manner == "no keyring":
        with secret_service(need, unlocked=False) as bare:
            check(bare.variables, "")
    else:
        with failing_service(need, manner) as address:
            code = {"mute": "vault_mute", "odd": "vault_broken"}[manner]
            check({**environ, "DBUS_SESSION_BUS_ADDRESS": address}, code)


# -- stores that list nothing, and all together


class Keyring:
    """A store that can't list its sessions."""

    def __init__(self) -> None:
        self.values = {key(1): "a session", key(2): "another"}
        self.locked = False

    def get(self, key: str) -> str | None:
        if self.locked:
            raise VaultLockedError("Locked.")
        return self.values.get(key)

    def put(self, key: str, value: str) -> None:
        self.values[key] = value

    def delete(self, key: str) -> None:
        self.values.pop(key, None)


def test_a_store_that_lists_nothing_deletes_the_named_sessions() -> None:
    keyring, reported = Keyring(), Reported()
    assert clear_keys(keyring, [key(1), key(3)], reported.append) == {key(1)}
    assert (list(keyring.values), reported) == ([key(2)], [])
    keyring.locked = True
    assert clear_keys(keyring, [key(2), key(3)], reported.append) == frozenset()
    assert [error.code for error in reported] == ["vault_locked"]


@pytest.fixture
def machine(tmp_path: Path, memory: Path) -> VaultEnvironment:
    paths = AppPaths(settings=tmp_path / "config.toml", state=tmp_path / "state")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    candidates = (memory / "login" / "xswitch", memory / "shm" / "xswitch-7")
    return VaultEnvironment(Settings(), paths, environ, lambda: False, "linux", candidates)


def places(machine: VaultEnvironment) -> list[Path]:
    """Return every folder that may hold sessions of this machine."""
    login, shared = machine.runtime_candidates or ()
    return [
        login,
        shared,
        shared.with_name(f"{shared.name}-{'ab' * 16}"),
        machine.paths.sessions,
        Path(machine.env["HOME"]) / ".local/state/xswitch/sessions",
    ]


def test_every_place_is_cleared(machine: VaultEnvironment) -> None:
    for number, place in enumerate(places(machine)):
        place.mkdir(parents=True)
        (place / key(number)).write_text("a session")
    reported: Reported = []
    removed = LazyVault(machine).clear([], reported.append)
    assert removed == {key(number) for number in range(5)}
    assert reported == []


def test_the_demo_leaves_alone_what_is_not_its_own(machine: VaultEnvironment) -> None:
    for number, place in enumerate(places(machine)):
        place.mkdir(parents=True)
        (place / key(number)).write_text("a session")
    demo = LazyVault(replace(machine, alone=True))
    assert demo.clear([], lambda _: None) == {key(3)}


def test_unreadable_settings_stop_no_deletion(machine: VaultEnvironment) -> None:
    def unreadable() -> Settings:
        raise SettingsError("The settings can't be read.")

    place = places(machine)[0]
    place.mkdir(parents=True)
    (place / key(1)).write_text("a session")
    vault = LazyVault(machine, unreadable)
    assert vault.clear([], lambda _: None) == {key(1)}
    with pytest.raises(SettingsError):
        vault.get(key(1))
