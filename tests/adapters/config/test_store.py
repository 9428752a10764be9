from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from conftest import FixedClock, needs_root
from support.config.store import BEFORE, KEYS, PROCESS, XS, mode, names, refusal, store_at
from xswitch.actions.ports import ConfigStore
from xswitch.adapters.config.store import FileConfigStore
from xswitch.core.model import RemoveProfile, SetProfile

# -- reading


def test_it_implements_the_port(store: FileConfigStore) -> None:
    port: ConfigStore = store
    assert port.paths().config.endswith("/.aws/config")


def test_missing_files_and_folders_are_empty(store: FileConfigStore) -> None:
    assert store.read().profiles == {}
    assert store.fingerprint() == "-,-"


def test_both_files_are_read(store: FileConfigStore, config: Path) -> None:
    config.with_name("credentials").write_text("[default]\nregion = x\n[b]\n")
    view = store.read()
    assert view.profiles["default"].get("region") == "x"
    assert set(view.profiles) == {"default", "b"}
    assert view.paths == store.paths()


def test_the_null_device_is_an_empty_file_and_is_not_written(
    clean_world: Path, clock: FixedClock
) -> None:
    store = store_at(clean_world, clock, config=os.devnull)
    assert store.read().profiles == {}
    assert "device" in refusal(lambda: store.apply([XS]), "config_not_writable").why


def test_other_file_types_are_rejected_at_once(store: FileConfigStore, folder: Path) -> None:
    path = folder / "config"
    path.mkdir()
    assert "a folder" in refusal(store.read, "config_not_a_file").what
    path.rmdir()
    os.mkfifo(path)
    assert "a pipe" in refusal(store.read, "config_not_a_file").what
    refusal(lambda: store.apply([XS]), "config_not_a_file")
    path.unlink()
    path.symlink_to("config")
    assert "symlink" in refusal(store.read, "config_symlink_loop").what
    refusal(lambda: store.apply([XS]), "config_symlink_loop")


def test_a_file_that_is_too_large_is_not_read(store: FileConfigStore, config: Path) -> None:
    before = config.read_bytes()
    with config.open("ab") as file:
        file.truncate(1 << 40)
    assert "too large" in refusal(store.read, "config_too_large").what
    refusal(lambda: store.apply([XS]), "config_too_large")
    with config.open("rb") as file:
        assert file.read(len(before)) == before


def test_other_devices_are_refused(clean_world: Path, clock: FixedClock) -> None:
    assert (
        "a device"
        in refusal(store_at(clean_world, clock, config="/dev/zero").read, "config_not_a_file").what
    )


def test_a_path_that_is_too_long_is_refused(clean_world: Path, clock: FixedClock) -> None:
    refusal(store_at(clean_world, clock, config="x" * 5000).read, "config_path_too_long")


def test_a_folder_that_is_a_file_means_a_missing_config(
    clean_world: Path, store: FileConfigStore
) -> None:
    (clean_world / ".aws").write_text("")
    assert store.read().profiles == {}
    refusal(lambda: store.apply([XS]), "config_not_writable")


def test_missing_read_permission_is_reported(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    assert "Permission denied" in refusal(store.read, "config_unreadable").why
    assert str(config) in refusal(store.read, "config_unreadable").what


@pytest.mark.parametrize("text", [b"[default]\nx = \xe4\n", b"\xff\xfe[\0d\0", b"\n\xed\xa0\x80\n"])
def test_text_that_is_not_utf8_is_rejected_and_not_written(
    store: FileConfigStore, config: Path, text: bytes
) -> None:
    config.write_bytes(text)
    assert f"{config}:{1 if text[0] == 255 else 2} " in refusal(store.read, "config_not_utf8").what
    refusal(lambda: store.apply([XS]), "config_not_utf8")
    assert config.read_bytes() == text


def test_the_fingerprint_is_size_time_and_inode(store: FileConfigStore, config: Path) -> None:
    status = config.stat()
    times = f"{status.st_mtime_ns}:{status.st_ctime_ns}"
    expected = f"{len(BEFORE)}:{times}:{status.st_ino}:{status.st_dev},-"
    assert store.fingerprint(settle=True) == expected
    link = config.with_name("credentials")
    link.symlink_to(config)
    assert store.fingerprint().split(",")[1] == store.fingerprint().split(",")[0]


# -- writing


def test_other_bytes_and_the_mode_stay(store: FileConfigStore, config: Path) -> None:
    store.apply([XS])
    assert (
        config.read_bytes().decode()
        == BEFORE
        + "\r\n# xswitch\r\n[profile xs-a]\r\n"
        + f"credential_process = {PROCESS}\r\nxswitch_role = a\r\n"
    )
    assert mode(config) == 0o640
    assert names(config.parent) == ["config"]
    store.apply([RemoveProfile("config", "xs-a")])
    assert config.read_bytes().decode() == BEFORE


def test_nothing_is_written_when_nothing_changes(
    store: FileConfigStore, config: Path, clean_world: Path
) -> None:
    before = config.stat()
    store.apply([])
    store.apply([RemoveProfile("config", "xs-a"), RemoveProfile("credentials", "xs-a")])
    store.apply([SetProfile("config", "default", {"region": "eu-west-1"})])
    assert (config.stat().st_mtime_ns, config.stat().st_ino) == (before.st_mtime_ns, before.st_ino)
    assert not (clean_world / "state/backups").exists()


@pytest.mark.parametrize(
    "change", [RemoveProfile("config", "dev"), SetProfile("config", "dev", {"region": "eu-west-1"})]
)
def test_an_edit_without_changes_is_rejected_if_the_aws_cli_reads_otherwise(
    store: FileConfigStore, config: Path, change: RemoveProfile | SetProfile
) -> None:
    own = "" if isinstance(change, RemoveProfile) else "[profile dev]\nregion = eu-west-1\n"
    text = f"{own}[profile 'dev']\nregion = us-east-1\n"
    config.write_text(text)
    assert "AWS CLI would" in refusal(lambda: store.apply([change]), "edit_unsafe").why
    assert config.read_text() == text


def test_new_files_and_folders_are_private_whatever_the_umask(
    store: FileConfigStore, clean_world: Path
) -> None:
    old = os.umask(0)
    try:
        store.apply([XS, KEYS])
    finally:
        os.umask(old)
    assert mode(clean_world / ".aws") == 0o700
    assert mode(clean_world / ".aws/config") == 0o600
    assert mode(clean_world / ".aws/credentials") == 0o600
    assert mode(clean_world / "state/backups") == 0o700
    assert {mode(path) for path in (clean_world / "state/backups").iterdir()} == {0o600}
    os.umask(0o777)
    try:
        (clean_world / ".aws/config").unlink()
        store.apply([XS])
    finally:
        os.umask(old)
    assert mode(clean_world / ".aws/config") == 0o600


def test_a_symlink_stays_and_its_target_is_replaced(
    store: FileConfigStore, folder: Path, clean_world: Path
) -> None:
    dotfiles = clean_world / "dotfiles"
    dotfiles.mkdir()
    (dotfiles / "aws").write_text(BEFORE)
    (dotfiles / "link").symlink_to("aws")
    (folder / "config").symlink_to("../dotfiles/link")
    store.apply([XS])
    assert (folder / "config").readlink() == Path("../dotfiles/link")
    assert (dotfiles / "link").is_symlink()
    assert "xs-a" in (dotfiles / "aws").read_text()
    assert names(folder) == ["config"]
    assert names(dotfiles) == ["aws", "link"]


def test_a_symlink_to_nothing_gets_its_target(
    store: FileConfigStore, folder: Path, clean_world: Path
) -> None:
    (folder / "config").symlink_to("../dotfiles/aws")
    store.apply([XS])
    assert (folder / "config").is_symlink()
    assert "xs-a" in (clean_world / "dotfiles/aws").read_text()


def test_other_hard_links_are_refused(store: FileConfigStore, config: Path) -> None:
    os.link(config, config.with_name("twin"))
    refused = refusal(lambda: store.apply([XS]), "config_not_writable")
    assert "hard links" in refused.why
    assert config.read_bytes().decode() == BEFORE
    step = refused.next_step.partition(": ")[2]
    subprocess.run(["/bin/sh", "-c", step], check=True)
    store.apply([XS])
    assert config.with_name("twin").read_bytes().decode() == BEFORE


def test_a_group_that_cannot_be_kept_loses_its_permissions(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    if os.geteuid():
        needs_root("only root can give a file another group")
    os.chown(config, -1, 54321)
    monkeypatch.setattr(os, "fchown", refuse)
    store.apply([XS])
    assert mode(config) == 0o600


def test_another_owner_is_refused(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: config.stat().st_uid + 1)
    assert f"{config} belongs to" in refusal(lambda: store.apply([XS]), "config_not_writable").why


def test_a_read_only_file_is_refused(store: FileConfigStore, config: Path) -> None:
    config.chmod(0o400)
    assert (
        f"chmod u+w {config}" in refusal(lambda: store.apply([XS]), "config_not_writable").next_step
    )


def test_extended_attributes_stay(store: FileConfigStore, config: Path) -> None:
    try:
        os.setxattr(config, "user.note", b"mine")
    except OSError:
        pytest.skip("the file system of the temporary folder knows no extended attributes")
    store.apply([XS])
    assert os.getxattr(config, "user.note") == b"mine"


def test_a_full_disk_changes_nothing(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    store.apply([XS])
    before = config.read_bytes()
    monkeypatch.setattr(os, "fsync", full)
    assert (
        "No space left"
        in refusal(
            lambda: store.apply([RemoveProfile("config", "xs-a")]), "config_not_writable"
        ).why
    )
    assert config.read_bytes() == before
    assert names(config.parent) == ["config"]


def test_a_backup_that_cannot_be_written_stops_the_write(
    store: FileConfigStore, config: Path, clean_world: Path
) -> None:
    (clean_world / "state").mkdir()
    (clean_world / "state/backups").write_text("in the way")
    refusal(lambda: store.apply([XS]), "state_folder")
    assert config.read_bytes().decode() == BEFORE


def test_if_the_second_file_cannot_be_replaced_the_first_is_restored(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.replace

    def replace(source: str, target: str) -> None:
        if str(target).endswith("credentials"):
            raise PermissionError(1, "Operation not permitted")
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    refusal(lambda: store.apply([XS, KEYS]), "config_not_writable")
    assert config.read_bytes().decode() == BEFORE
    assert mode(config) == 0o640
    assert names(config.parent) == ["config"]


def test_an_edit_that_is_not_safe_changes_neither_file(
    store: FileConfigStore, config: Path
) -> None:
    config.write_text("[profile xs-a]\nxswitch_role: a\n")
    edit = SetProfile("config", "xs-a", {"xswitch_role": "a"}, exact=False)
    refusal(lambda: store.apply([KEYS, edit]), "edit_unsafe")
    assert names(config.parent) == ["config"]


def test_a_file_that_the_cli_rejects_can_be_edited(store: FileConfigStore, config: Path) -> None:
    config.write_text("[profile a]\nx = 1\n[profile a]\ny = 1\n")
    store.apply([XS])
    assert store.read().profiles["xs-a"].get("xswitch_role") == "a"
    assert store.read().profiles["a"].get("x") == "1"


def test_other_profiles_in_the_credentials_file_are_not_changed(
    store: FileConfigStore, folder: Path
) -> None:
    credentials = folder / "credentials"
    credentials.write_text("[xs-a-static]\naws_access_key_id = mine\n")
    refusal(lambda: store.apply([KEYS]), "not_ours")
    refusal(lambda: store.apply([RemoveProfile("credentials", "xs-a-static")]), "not_ours")
    assert credentials.read_text() == "[xs-a-static]\naws_access_key_id = mine\n"
