from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.vault.keyrings import HANG_GUARD, PATIENT, SECRET, TinyKeyring, key
from xswitch.adapters.vault import keyring_process
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.keyring_process import BackendSpec, KeyringProcess, KeyringTimeouts
from xswitch.adapters.vault.no_prompt import NoPromptKeyring, PromptingKeyring
from xswitch.adapters.vault.secret_service import NO_PROMPT_BACKEND, PROMPTING_BACKEND
from xswitch.core.errors import VaultAbsentError, VaultBrokenError, VaultError, VaultLockedError

ERRORS = VaultErrors("/home/user/.config/xswitch/config.toml")
Start = Callable[..., KeyringProcess]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    started: list[KeyringProcess] = []

    def begin(env: dict[str, str] | None = None, **properties: str) -> KeyringProcess:
        backend = BackendSpec(
            TinyKeyring.__module__, TinyKeyring.__name__, {"folder": str(tmp_path), **properties}
        )
        started.append(KeyringProcess(backend, env or {}))
        return started[-1]

    yield begin
    for child in started:
        child.close()


def ask(
    child: KeyringProcess, do: str = "get", value: str | None = None, seconds: float = 20
) -> tuple[str, str | None]:
    reply = child.ask(do, "service", "user", seconds=seconds, value=value)
    return reply.status, reply.value


def test_asks_one_child_again_and_again(start: Start) -> None:
    child = start()
    assert ask(child) == ("ok", None)
    process = child._process
    assert ask(child, "put", SECRET) == ("ok", None)
    assert ask(child) == ("ok", SECRET)
    assert ask(child, "delete") == ("ok", None)
    assert ask(child, "delete") == ("ok", None)
    assert ask(child, "load") == ("ok", None)
    assert child._process is process


def test_secrets_go_through_pipes_only(start: Start) -> None:
    child = start(
        {
            "PATH": os.environ["PATH"],
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "KEYRING_PROPERTY_X": "1",
            "PYTHONSTARTUP": "x",
        }
    )
    ask(child, "put", SECRET)
    assert child._process is not None
    proc = Path(f"/proc/{child._process.pid}")
    if proc.exists():
        seen = (proc / "cmdline").read_bytes() + (proc / "environ").read_bytes()
        assert SECRET.encode() not in seen
        assert b"KEYRING_PROPERTY" not in seen
        assert b"PYTHONSTARTUP" not in seen
    assert SECRET not in repr(child.ask("get", "service", "user", seconds=20))


def test_an_unresponsive_backend_is_killed_and_the_next_request_starts_a_child(
    start: Start,
) -> None:
    child = start(mood="silent")
    ask(child, "load")
    process = child._process
    assert process is not None
    assert ask(child, seconds=0.3)[0] == "unresponsive"
    assert process.poll() is not None
    assert child._process is None
    assert ask(child, "load") == ("ok", None)


def test_a_backend_that_dies_prints_or_fails_gives_a_reply(start: Start) -> None:
    assert ask(start(mood="dying"))[0] == "broken"
    assert ask(start(mood="noisy")) == ("ok", None)
    assert ask(start(mood="locked"))[0] == "locked"
    reply = start(mood="chatty").ask("get", "service", "user", seconds=20)
    assert (reply.status, reply.why) == ("broken", "KeyringError: the keychain says no")


def test_the_text_of_an_unknown_error_is_not_repeated(start: Start) -> None:
    reply = start(mood="leaky").ask("put", "service", "user", seconds=20, value=SECRET)
    assert (reply.status, reply.why) == ("broken", "ValueError")


def test_a_failed_deletion_is_reported(start: Start, tmp_path: Path) -> None:
    child = start()
    ask(child, "put", "x")
    assert ask(child) == ("ok", "x")
    refusing = KeyringProcess(
        BackendSpec("support.vault.keyrings", "UndeletableKeyring", {"folder": str(tmp_path)}), {}
    )
    try:
        assert ask(refusing, "delete")[0] == "broken"
    finally:
        refusing.close()


def test_a_backend_that_can_not_be_loaded_is_absent_or_broken() -> None:
    for module, name, word in (
        ("no.such.module", "X", "absent"),
        ("json", "NoSuchClass", "broken"),
    ):
        child = KeyringProcess(BackendSpec(module, name), {})
        try:
            assert ask(child)[0] == word
        finally:
            child.close()


def test_an_interpreter_that_can_not_be_started_is_broken(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/no/such/python")
    reply = start().ask("get", "service", "user", seconds=5)
    assert reply.status == "broken"
    assert "No such file" in reply.why


def test_several_threads_share_a_child(start: Start) -> None:
    child, found = start(), []
    ask(child, "put", "x")
    threads = [threading.Thread(target=lambda: found.append(ask(child))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(HANG_GUARD)
    assert found == [("ok", "x")] * 8


def test_the_child_ends_with_what_owns_it() -> None:
    child = KeyringProcess(BackendSpec("json", "JSONDecoder"), {})
    ask(child, "load")
    process = child._process
    assert process is not None
    del child
    assert process.wait(HANG_GUARD) is not None


def test_large_values_pass_both_ways(tmp_path: Path) -> None:
    child = KeyringProcess(
        BackendSpec("support.vault.keyrings", "RoomyKeyring", {"folder": str(tmp_path)}), {}
    )
    try:
        text = "é" * 300_000
        assert ask(child, "put", text) == ("ok", None)
        assert ask(child) == ("ok", text)
    finally:
        child.close()


@pytest.mark.parametrize(
    ("mood", "error", "words"),
    [
        ("locked", VaultLockedError, "is locked"),
        ("dying", VaultBrokenError, "can't be used"),
        ("chatty", VaultBrokenError, "says no"),
    ],
)
def test_entries_turn_answers_into_sentences(
    start: Start, mood: str, error: type[VaultError], words: str
) -> None:
    entries = keyring_process.KeyringEntries(
        start(mood=mood), "Tiny", ERRORS, lambda: False, PATIENT
    )
    with pytest.raises(error, match=words) as caught:
        entries.read("x")
    assert caught.value.next_step
    assert "Tiny" in caught.value.what


def test_an_unresponsive_keyring_is_broken_and_an_unanswered_prompt_means_locked(
    start: Start,
) -> None:
    hasty = KeyringTimeouts(probe=0.3, prompt=0.4)
    with pytest.raises(VaultBrokenError) as unresponsive:
        keyring_process.KeyringEntries(
            start(mood="silent"), "Tiny", ERRORS, lambda: False, hasty
        ).read("x")
    assert unresponsive.value.code == "vault_mute"
    with pytest.raises(VaultLockedError, match="Its prompt wasn't answered"):
        keyring_process.KeyringEntries(
            start(mood="silent"), "Tiny", ERRORS, lambda: True, hasty
        ).read("x")


def test_a_keyring_of_another_system_is_absent() -> None:
    child = KeyringProcess(keyring_process.WINDOWS, {})
    try:
        with pytest.raises((VaultAbsentError, VaultBrokenError)):
            keyring_process.KeyringEntries(
                child, keyring_process.WINDOWS_LABEL, ERRORS, lambda: False
            ).read("x")
    finally:
        child.close()


def test_backends_are_the_systems_keyrings() -> None:
    named = {
        f"{backend.module}.{backend.name}"
        for backend in (
            PROMPTING_BACKEND,
            NO_PROMPT_BACKEND,
            keyring_process.MACOS,
            keyring_process.WINDOWS,
        )
    }
    assert named == {
        f"{PromptingKeyring.__module__}.{PromptingKeyring.__name__}",
        f"{NoPromptKeyring.__module__}.{NoPromptKeyring.__name__}",
        "keyring.backends.macOS.Keyring",
        "keyring.backends.Windows.WinVaultKeyring",
    }
    assert keyring_process.WINDOWS.properties == {"persist": "local machine"}
    assert key(1)
