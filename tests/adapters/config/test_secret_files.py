"""Keys are only ever written to a file that no other user can read, or not at all."""

from __future__ import annotations

import itertools
import os
import struct
import subprocess
from pathlib import Path

import pytest

from conftest import missing, needs_root
from support.config.store import KEYS, XS, mode, names, refusal
from xswitch.adapters.config import atomic_replace
from xswitch.adapters.config.store import FileConfigStore

OLD = "[default]\naws_secret_access_key = 0ld\n"
STRANGER = 54321
_OWNER, _USER, _GROUP, _NAMED_GROUP, _MASK, _OTHER = 1, 2, 4, 8, 16, 32


def access_list(*entries: tuple[int, int, int]) -> bytes:
    """An access list as the kernel stores it: acl(5), `posix_acl_xattr.h`."""
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def plain(tag: int, permissions: int) -> tuple[int, int, int]:
    return (tag, permissions, 0xFFFFFFFF)


LISTS = {
    "no list": b"",
    "a stranger may read": access_list(
        plain(_OWNER, 6), (_USER, 4, STRANGER), plain(_GROUP, 0), plain(_MASK, 4), plain(_OTHER, 0)
    ),
    "a group may write": access_list(
        plain(_OWNER, 6),
        plain(_GROUP, 0),
        (_NAMED_GROUP, 6, STRANGER),
        plain(_MASK, 6),
        plain(_OTHER, 0),
    ),
    "a stranger is masked": access_list(
        plain(_OWNER, 6), (_USER, 6, STRANGER), plain(_GROUP, 0), plain(_MASK, 0), plain(_OTHER, 0)
    ),
}


def give(path: Path, name: str, content: bytes) -> None:
    if content:
        try:
            os.setxattr(path, name, content)
        except OSError:
            missing("the file system of the temporary folder has no access lists")


def has_list(path: Path) -> bool:
    return any(name.startswith("system.posix_acl") for name in os.listxattr(path))


@pytest.fixture
def credentials(folder: Path) -> Path:
    path = folder / "credentials"
    path.write_text(OLD)
    return path


@pytest.mark.parametrize("kind", LISTS)
def test_a_file_with_keys_is_closed_to_others_whatever_it_was(
    store: FileConfigStore, credentials: Path, kind: str
) -> None:
    """Every mode of group and others, with each list."""
    modes = range(0o100) if not LISTS[kind] else (0o00, 0o40, 0o66)
    for others in modes:
        credentials.unlink()
        credentials.write_text(OLD)
        credentials.chmod(0o600 | others)
        give(credentials, "system.posix_acl_access", LISTS[kind])
        exposed = mode(credentials) & 0o077
        notes = store.apply([KEYS])
        assert mode(credentials) == 0o600
        assert not has_list(credentials)
        assert credentials.read_text().startswith(OLD)
        assert [note.code for note in notes] == ["credentials_tightened"] * bool(exposed)
        assert all(str(credentials) in note.message for note in notes)


def test_the_list_that_a_folder_gives_its_files_is_not_taken(
    store: FileConfigStore, folder: Path
) -> None:
    give(folder, "system.posix_acl_default", LISTS["a stranger may read"])
    store.apply([KEYS])
    assert mode(folder / "credentials") == 0o600
    assert not has_list(folder / "credentials")


def test_a_change_without_keys_leaves_mode_and_list(store: FileConfigStore, config: Path) -> None:
    give(config, "system.posix_acl_access", LISTS["a stranger may read"])
    config.chmod(0o664)
    assert store.apply([XS]) == ()
    assert mode(config) == 0o664
    assert has_list(config)


@pytest.mark.parametrize("bits", [0o770, 0o777, 0o722, 0o702, 0o720])
def test_no_keys_are_written_where_others_can_replace_the_file(
    store: FileConfigStore, credentials: Path, bits: int
) -> None:
    credentials.parent.chmod(bits)
    if not bits & 0o002:
        needs_root("only root can give a folder to a group of others")
        os.chown(credentials.parent, -1, STRANGER)
    refused = refusal(lambda: store.apply([XS, KEYS]), "credentials_exposed")
    assert credentials.read_text() == OLD
    assert names(credentials.parent) == ["credentials"]
    subprocess.run(["/bin/sh", "-c", refused.next_step], check=True)
    store.apply([XS, KEYS])
    assert mode(credentials) == 0o600


def test_a_shared_folder_with_the_sticky_bit_is_fine(
    store: FileConfigStore, credentials: Path
) -> None:
    credentials.parent.chmod(0o1777)
    store.apply([KEYS])
    assert mode(credentials) == 0o600


def test_another_users_file_is_refused(
    store: FileConfigStore, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    credentials.chmod(0o666)
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    refused = refusal(lambda: store.apply([KEYS]), "config_not_writable")
    assert f"{credentials} belongs to" in refused.why
    assert "Run xswitch as" in refused.next_step
    assert credentials.read_text() == OLD


def test_a_file_system_without_permissions_is_refused(
    store: FileConfigStore, credentials: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a Windows disk in WSL, where every file shows mode 0777."""
    monkeypatch.setattr(os, "fchmod", lambda *_: None)
    monkeypatch.setattr(atomic_replace, "_check_folder", lambda *_: None)
    real = os.fstat

    def all_open(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        return os.stat_result([status.st_mode | 0o777, *status[1:]], {"st_mtime_ns": 0})

    monkeypatch.setattr(os, "fstat", all_open)
    refused = refusal(lambda: store.apply([KEYS]), "credentials_exposed")
    assert refused.next_step.startswith("export AWS_SHARED_CREDENTIALS_FILE=")
    assert credentials.read_text() == OLD
    assert names(credentials.parent) == ["credentials"]


@pytest.mark.parametrize(
    ("umask", "start"), list(itertools.product([0, 0o022, 0o777], [None, 0o600, 0o644]))
)
def test_no_umask_opens_a_file_with_keys(
    store: FileConfigStore, folder: Path, umask: int, start: int | None
) -> None:
    path = folder / "credentials"
    if start is not None:
        path.write_text(OLD)
        path.chmod(start)
    before = os.umask(umask)
    try:
        store.apply([KEYS])
    finally:
        os.umask(before)
    assert mode(path) == 0o600
