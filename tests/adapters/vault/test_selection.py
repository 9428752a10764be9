from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from support.vault.keyrings import (
    Need,
    failing_service,
    key,
    listener,
    memory_folder,
    private_bus,
    secret_service,
    short_folder,
)
from support.vault.secret_service import fake_secret_service
from xswitch.adapters.state.paths import AppPaths
from xswitch.adapters.vault import open_vault
from xswitch.adapters.vault import selection as module
from xswitch.adapters.vault.errors import VaultErrors
from xswitch.adapters.vault.selection import (
    LazyVault,
    SelectionFile,
    VaultEnvironment,
    select_store,
)
from xswitch.core.errors import VaultAbsentError, VaultBrokenError, VaultError, VaultLockedError
from xswitch.core.model import Settings, VaultInfo

KEY = key(1)


@pytest.fixture
def memory() -> Iterator[Path]:
    with memory_folder() as folder:
        yield folder


@pytest.fixture
def machine(tmp_path: Path, memory: Path) -> VaultEnvironment:
    """A Linux machine without a session bus, with a runtime folder in memory."""
    paths = AppPaths(settings=tmp_path / "config" / "config.toml", state=tmp_path / "state")
    return VaultEnvironment(
        Settings(),
        paths,
        {"PATH": os.environ["PATH"]},
        lambda: False,
        "linux",
        (memory / "xswitch",),
    )


def on_bus(machine: VaultEnvironment, address: str) -> VaultEnvironment:
    return replace(machine, env={**machine.env, "DBUS_SESSION_BUS_ADDRESS": address})


def set_to(machine: VaultEnvironment, kind: str, *, plain: bool = False) -> VaultEnvironment:
    return replace(machine, settings=Settings(vault=kind, allow_plain_files=plain))


def pin(machine: VaultEnvironment) -> Path:
    return machine.paths.state / "vault"


def test_opening_touches_nothing(tmp_path: Path) -> None:
    paths = AppPaths(settings=tmp_path / "config.toml", state=tmp_path / "state")
    open_vault(Settings(), paths, {"DBUS_SESSION_BUS_ADDRESS": "unix:path=/no/such"})
    assert list(tmp_path.iterdir()) == []


def test_opening_imports_neither_keyring_nor_subprocess() -> None:
    import subprocess  # noqa: PLC0415 -- for this test only

    program = (
        "import sys, xswitch.adapters.vault\n"
        "heavy = 'keyring subprocess socket _socket jeepney cryptography asyncio'.split()\n"
        "print(sorted(set(heavy) & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout == "[]\n"


def test_without_a_secret_service_the_runtime_keyring_is_chosen_and_recorded(
    machine: VaultEnvironment, memory: Path
) -> None:
    vault = LazyVault(machine)
    assert vault.info() == VaultInfo("runtime", "runtime keyring", str(memory / "xswitch"))
    vault.put(KEY, "x")
    assert (memory / "xswitch" / KEY).read_text() == "x"
    assert LazyVault(machine).get(KEY) == "x"
    vault.delete(KEY)
    assert vault.get(KEY) is None
    assert pin(machine).read_text() == "runtime\n"
    assert pin(machine).stat().st_mode & 0o777 == 0o600
    assert machine.paths.state.stat().st_mode & 0o777 == 0o700


def test_a_bus_without_the_service_counts_as_none(need: Need, machine: VaultEnvironment) -> None:
    with short_folder() as folder, private_bus(need, folder) as address:
        assert select_store(on_bus(machine, address))[0].kind == "runtime"


@pytest.mark.parametrize(
    "address", ["disabled:", "/dev/null", "", "autolaunch:", "unix:path=", "unix:path=/dev/null/x"]
)
def test_an_address_that_leads_to_no_bus_counts_as_none(
    machine: VaultEnvironment, address: str
) -> None:
    assert select_store(on_bus(machine, address))[0].kind == "runtime"


def test_the_secret_service_is_selected_recorded_and_never_replaced(
    need: Need, machine: VaultEnvironment
) -> None:
    with secret_service(need) as service:
        on_service = on_bus(machine, service.address)
        vault = LazyVault(on_service)
        vault.put(KEY, "x")
        assert vault.info() == VaultInfo("secret-service", "Secret Service")
        assert pin(machine).read_text() == "secret-service\n"
        service.lock()
        with pytest.raises(VaultLockedError):
            LazyVault(on_service).get(KEY)
    with pytest.raises(VaultAbsentError) as caught:
        LazyVault(on_service).get(KEY)
    assert str(machine.paths.settings) in caught.value.next_step
    assert pin(machine).read_text() == "secret-service\n"
    assert select_store(set_to(on_service, "runtime"))[0].kind == "runtime"


def test_once_the_runtime_keyring_is_recorded_a_secret_service_changes_nothing(
    need: Need, machine: VaultEnvironment
) -> None:
    LazyVault(machine).put(KEY, "x")
    with secret_service(need) as service:
        assert LazyVault(on_bus(machine, service.address)).get(KEY) == "x"


def test_a_locked_service_at_first_use_is_locked_and_nothing_is_chosen(
    need: Need, machine: VaultEnvironment
) -> None:
    with secret_service(need) as service:
        service.lock()
        vault = LazyVault(on_bus(machine, service.address))
        with pytest.raises(VaultLockedError):
            vault.put(KEY, "x")
        assert not machine.paths.state.exists()
        assert not (machine.runtime_candidates or ())[0].exists()


@pytest.mark.parametrize("manner", ["mute", "error", "odd"])
def test_a_service_that_is_not_well_at_first_use_is_broken_and_nothing_is_chosen(
    need: Need, machine: VaultEnvironment, manner: str
) -> None:
    with failing_service(need, manner) as address, pytest.raises(VaultBrokenError):
        LazyVault(on_bus(machine, address)).get(KEY)
    assert not pin(machine).exists()


@pytest.mark.parametrize(
    "mood",
    [
        *(f"dies after {method}" for method in ("ReadAlias", "Get")),
        *(
            f"says org.freedesktop.DBus.Error.ServiceUnknown at {method}"
            for method in ("Get", "SearchItems")
        ),
        "no keyring; dies after ReadAlias",
    ],
)
def test_a_service_that_reports_absence_or_ends_early_is_not_absent(
    need: Need, machine: VaultEnvironment, mood: str
) -> None:
    with fake_secret_service(need) as service:
        service.set_mode(mood)
        with pytest.raises(VaultBrokenError):
            LazyVault(on_bus(machine, service.address)).get(KEY)
    assert not pin(machine).exists()
    assert not (machine.runtime_candidates or ())[0].exists()


def test_another_users_bus_at_first_use_is_broken_and_nothing_is_chosen(
    machine: VaultEnvironment,
) -> None:
    with (
        listener(b"REJECTED EXTERNAL\r\n") as address,
        pytest.raises(VaultBrokenError, match="another user's"),
    ):
        LazyVault(on_bus(machine, address)).get(KEY)
    assert not pin(machine).exists()


def test_no_memory_at_first_use_is_refused_and_nothing_is_chosen(
    machine: VaultEnvironment, tmp_path: Path
) -> None:
    with pytest.raises(VaultBrokenError) as caught:
        select_store(replace(machine, runtime_candidates=(tmp_path / "none" / "xswitch",)))
    assert "allow_plain_files = true" in caught.value.next_step
    assert not pin(machine).exists()


def test_plain_files_need_both_settings(machine: VaultEnvironment) -> None:
    with pytest.raises(VaultBrokenError) as caught:
        select_store(set_to(machine, "file"))
    assert caught.value.code == "vault_not_allowed"
    info, store = select_store(set_to(machine, "file", plain=True))
    assert info.kind == "file"
    store.put(KEY, "x")
    file = machine.paths.state / "sessions" / KEY
    assert file.read_text() == "x"
    assert file.stat().st_mode & 0o777 == 0o600
    assert file.parent.stat().st_mode & 0o777 == 0o700
    assert not pin(machine).exists()


@pytest.mark.parametrize("kind", ["null", "fail", "chainer", "keyring.backends.null.Keyring", ""])
def test_unknown_stores_are_rejected_by_name(machine: VaultEnvironment, kind: str) -> None:
    with pytest.raises(VaultBrokenError) as caught:
        select_store(set_to(machine, kind))
    assert "secret-service" in caught.value.why


def test_the_configuration_of_keyring_has_no_effect(need: Need, machine: VaultEnvironment) -> None:
    with secret_service(need) as service:
        config = service.folder / ".config" / "python_keyring"
        config.mkdir(parents=True)
        (config / "keyringrc.cfg").write_text(
            "[backend]\ndefault-keyring=keyring.backends.null.Keyring\n"
        )
        env = {
            **service.variables,
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "KEYRING_PROPERTY_SCHEME": "KeePassXC",
            "KEYRING_PROPERTY_PREFERRED_COLLECTION": "/org/freedesktop/secrets/collection/session",
            "XDG_CONFIG_HOME": str(service.folder / ".config"),
        }
        vault = LazyVault(replace(machine, env=env))
        vault.put(KEY, "x")
        assert LazyVault(on_bus(machine, service.address)).get(KEY) == "x"
        vault.delete(KEY)
        assert vault.get(KEY) is None


def test_other_systems_have_their_own_and_need_no_choice(machine: VaultEnvironment) -> None:
    assert select_store(replace(machine, platform="darwin"))[0] == VaultInfo(
        "macos", "macOS Keychain"
    )
    assert select_store(replace(machine, platform="win32"))[0] == VaultInfo(
        "windows", "Windows Credential Manager"
    )
    assert not machine.paths.state.exists()


@pytest.mark.parametrize(
    ("platform", "kind"),
    [("linux", "macos"), ("linux", "windows"), ("darwin", "windows"), ("win32", "runtime")],
)
def test_another_systems_store_is_absent(
    machine: VaultEnvironment, platform: str, kind: str
) -> None:
    with pytest.raises(VaultAbsentError, match=kind):
        select_store(set_to(replace(machine, platform=platform), kind))


@pytest.mark.parametrize(
    "content", ["", "null\n", "runtime secret-service\n", "\x00" * 200, "file\n"]
)
def test_a_damaged_record_is_named_and_never_chosen_over(
    machine: VaultEnvironment, content: str
) -> None:
    machine.paths.state.mkdir()
    pin(machine).write_text(content)
    with pytest.raises(VaultBrokenError) as caught:
        select_store(machine)
    assert f"rm -rf {pin(machine)}" in caught.value.next_step
    assert pin(machine).read_text() == content


def test_a_record_that_can_not_be_written_is_named(machine: VaultEnvironment) -> None:
    machine.paths.state.parent.mkdir(exist_ok=True)
    machine.paths.state.write_text("a file in the folder's place")
    with pytest.raises(VaultBrokenError) as caught:
        select_store(machine)
    assert caught.value.code == "vault_pin"


def test_of_many_first_users_all_make_one_choice(machine: VaultEnvironment) -> None:
    words = ["runtime", "secret-service"] * 8
    chosen: list[str] = []
    start = threading.Barrier(len(words))

    def first(word: str) -> None:
        start.wait()
        chosen.append(
            SelectionFile(pin(machine), ("secret-service", "runtime"), VaultErrors("")).write(word)
        )

    threads = [threading.Thread(target=first, args=(word,)) for word in words]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(chosen) == {pin(machine).read_text().strip()}
    assert [path.name for path in machine.paths.state.iterdir()] == ["vault"]


def test_a_failed_choice_is_tried_again(machine: VaultEnvironment, memory: Path) -> None:
    vault = LazyVault(machine)
    (memory / "xswitch").write_text("planted")
    with pytest.raises(VaultError):
        vault.put(KEY, "x")
    (memory / "xswitch").unlink()
    vault.put(KEY, "x")
    assert vault.get(KEY) == "x"


class Stream:
    def __init__(self, *, terminal: bool) -> None:
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


@pytest.mark.parametrize(
    ("env", "platform", "terminal", "expected"),
    [
        ({}, "linux", True, False),
        ({"DISPLAY": ":0"}, "linux", True, True),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "linux", True, True),
        ({"DISPLAY": ":0"}, "linux", False, False),
        ({}, "darwin", True, True),
        ({}, "win32", False, False),
    ],
)
def test_a_person_needs_a_terminal_and_a_display(
    monkeypatch: pytest.MonkeyPatch,
    env: dict[str, str],
    platform: str,
    *,
    terminal: bool,
    expected: bool,
) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    monkeypatch.setattr(sys, "stderr", Stream(terminal=terminal))
    assert module._person_present(env, platform)() is expected
