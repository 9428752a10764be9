"""The four answers of the Secret Service.

Each its own sentence, within 3 seconds (the bound here only catches a hang).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from conftest import find_program
from support.vault.keyrings import (
    HANG_GUARD,
    PASSWORD,
    PATIENT,
    Need,
    SecretService,
    end,
    failing_service,
    key,
    listener,
    private_bus,
    secret_service,
    short_folder,
)
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.keyring_process import KEYRING_TIMEOUTS, KeyringTimeouts
from xswitch.adapters.vault.secret_service import SecretServiceStore
from xswitch.core.errors import VaultAbsentError, VaultBrokenError, VaultError, VaultLockedError

ERRORS = VaultErrors("/home/user/.config/xswitch/config.toml")
KEY = key(1)
VALUE = "xswitch1 canary-4711"


def opened(
    address: str, tmp_path: Path, *, ask: bool = False, timeouts: KeyringTimeouts = KEYRING_TIMEOUTS
) -> SecretServiceStore:
    env = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)} | (
        {"DBUS_SESSION_BUS_ADDRESS": address} if address else {}
    )
    return SecretServiceStore(env, ERRORS, lambda: ask, tmp_path / "turns", timeouts)


def answer(store: SecretServiceStore, error: type[VaultError]) -> VaultError:
    """Return the error of every call; check its time, its next step, and that it has no secret."""
    uses: tuple[Callable[[], object], ...] = (
        store.probe,
        lambda: store.get(KEY),
        lambda: store.put(KEY, VALUE),
        lambda: store.delete(KEY),
    )
    messages = set()
    for use in uses:
        before = time.monotonic()
        with pytest.raises(error) as caught:
            use()
        assert time.monotonic() - before < HANG_GUARD
        assert type(caught.value) is error
        assert caught.value.why or error is VaultLockedError
        assert caught.value.next_step
        assert VALUE not in f"{caught.value} {caught.value.next_step}"
        messages.add(caught.value.what)
    store.close()
    assert len(messages) == 1
    return caught.value


@pytest.fixture(scope="module")
def find() -> Need:
    return find_program


@pytest.fixture
def service(find: Need) -> Iterator[SecretService]:
    with secret_service(find) as service:
        yield service


def test_locked_is_locked_until_it_is_unlocked_as_we_say(
    service: SecretService, tmp_path: Path
) -> None:
    keeping = opened(service.address, tmp_path, timeouts=PATIENT)
    keeping.put(KEY, VALUE)
    keeping.close()
    service.lock()
    store = opened(service.address, tmp_path)
    error = answer(store, VaultLockedError)
    assert error.code == "vault_locked"
    command = "gnome-keyring-daemon --replace --unlock --components=secrets"
    assert command in error.next_step
    again = subprocess.Popen(
        [*command.split(), "--foreground"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=service.variables,
    )
    try:
        assert again.stdin is not None
        again.stdin.write(PASSWORD.encode())
        again.stdin.close()
        until = time.monotonic() + 20
        value = None
        while value is None and time.monotonic() < until:
            try:
                value = store.get(KEY)
            except VaultError:
                time.sleep(0.02)
        assert value == VALUE
    finally:
        store.close()
        end(again)


def test_no_default_keyring_is_neither_absent_nor_locked(find: Need, tmp_path: Path) -> None:
    with secret_service(find, unlocked=False) as service:
        error = answer(opened(service.address, tmp_path), VaultBrokenError)
    assert error.code == "vault_no_keyring"
    assert 'vault = "runtime"' in error.next_step


def test_where_a_person_can_answer_the_prompt_it_is_waited_for_and_then_locked(
    service: SecretService, tmp_path: Path
) -> None:
    store = opened(service.address, tmp_path, ask=True, timeouts=replace(PATIENT, prompt=1.0))
    store.put(KEY, VALUE)
    service.lock()
    with pytest.raises(VaultLockedError) as caught:
        store.get(KEY)
    store.close()
    assert caught.value.next_step


def test_no_bus_is_absent(tmp_path: Path) -> None:
    error = answer(opened("", tmp_path), VaultAbsentError)
    assert "No session bus is set." in error.why
    assert 'vault = "runtime"' in error.next_step


def test_a_missing_bus_is_absent(tmp_path: Path) -> None:
    assert (
        "isn't running"
        in answer(opened(f"unix:path={tmp_path}/none", tmp_path), VaultAbsentError).why
    )
    (tmp_path / "dead").touch()
    answer(opened(f"unix:path={tmp_path}/dead", tmp_path), VaultAbsentError)


def test_a_bus_without_the_service_is_absent(find: Need, tmp_path: Path) -> None:
    with short_folder() as folder, private_bus(find, folder) as address:
        error = answer(opened(address, tmp_path), VaultAbsentError)
    assert "No service on the session bus" in error.why


def test_a_service_that_can_not_be_started_is_broken(find: Need, tmp_path: Path) -> None:
    for number, command in enumerate(("/bin/false", "/no/such/program")):
        with short_folder() as folder, private_bus(find, folder, command) as address:
            error = answer(opened(address, tmp_path / str(number)), VaultBrokenError)
        assert "could not start it" in error.why


def check_unresponsive(address: str, tmp_path: Path) -> None:
    before = time.monotonic()
    with pytest.raises(VaultBrokenError) as caught:
        opened(address, tmp_path).get(KEY)
    assert time.monotonic() - before < HANG_GUARD
    assert caught.value.code == "vault_mute"
    assert "does not answer" in caught.value.what
    assert "2.0 seconds" in caught.value.why
    hasty = replace(KEYRING_TIMEOUTS, direct=0.2)  # saves time in the other calls
    assert answer(opened(address, tmp_path, timeouts=hasty), VaultBrokenError).code == "vault_mute"


def test_an_unresponsive_service_is_broken_in_time(find: Need, tmp_path: Path) -> None:
    with failing_service(find, "mute") as address:
        check_unresponsive(address, tmp_path)


def test_an_unresponsive_bus_is_broken_in_time(tmp_path: Path) -> None:
    with listener() as address:
        check_unresponsive(address, tmp_path)


@pytest.mark.parametrize("manner", ["error", "odd"])
def test_a_service_that_answers_wrongly_is_broken(find: Need, tmp_path: Path, manner: str) -> None:
    with failing_service(find, manner) as address:
        error = answer(opened(address, tmp_path), VaultBrokenError)
    assert error.code == "vault_broken"
    assert "a text that is never shown" not in error.why


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (b"REJECTED DBUS_COOKIE_SHA1\r\n", b""),
        (b"HTTP/1.1 400 Bad Request\r\n", b""),
        (b"x" * 9000, b""),
        (b"OK 1234\r\n", b"\0" * 64),
        (b"OK 1234\r\n", b"l\x02\0\x01" + b"\xff" * 60),
        (b"OK 1234\r\n", b"l\x02\0\x01" + b"\0\0\0\0\x01\0\0\0\x08\0\0\0\x05\x01x\0\0\0\0\0"),
    ],
    ids=["refuses", "http", "noise", "zeros", "huge", "malformed"],
)
def test_something_else_at_the_buss_address_is_broken_and_never_absent(
    tmp_path: Path, first: bytes, then: bytes
) -> None:
    with listener(first, then=then) as address:
        answer(opened(address, tmp_path), VaultBrokenError)


def test_a_bus_over_the_network_is_not_absent(tmp_path: Path) -> None:
    answer(opened("tcp:host=127.0.0.1,port=1", tmp_path), VaultBrokenError)


READERS = """
import sys
from xswitch.hot import secret_service
address, service, lock_path = (word.encode() for word in sys.argv[1:])
replies = {
    secret_service.read_secret(address, service, b"session", 10.0, lock_path) for _ in range(60)
}
print(replies == {("ok", b"x")}, flush=True)
"""


def test_many_readers_at_once_all_get_it_and_the_daemon_lives(
    service: SecretService, tmp_path: Path
) -> None:
    store = opened(service.address, tmp_path)
    store.put(KEY, "x")
    command = [
        sys.executable,
        "-c",
        READERS,
        service.address,
        f"xswitch:{KEY}",
        str(tmp_path / "turns"),
    ]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE) for _ in range(6)]
    try:
        for number in range(5):
            store.put(key(2), f"{number}")
        assert [reader.communicate(timeout=60)[0] for reader in readers] == [b"True\n"] * 6
        assert store.get(KEY) == "x"
    finally:
        store.close()
        for reader in readers:
            end(reader)
