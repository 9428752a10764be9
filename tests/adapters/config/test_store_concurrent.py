from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from support.config.store import (
    BEFORE,
    KEYS,
    PROCESS,
    XS,
    mode,
    names,
    on_commit,
    refusal,
    writes_late,
)
from xswitch.adapters.config.store import FileConfigStore
from xswitch.core.model import RemoveProfile, SetProfile

# -- concurrent writers


def test_a_concurrent_change_is_read_and_edited_again(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    status = config.stat()

    def same_size_and_time() -> None:
        config.write_bytes(BEFORE.replace("west", "east").encode())
        os.utime(config, ns=(status.st_atime_ns, status.st_mtime_ns))

    def another_file() -> None:
        config.with_name("new").write_bytes(config.read_bytes() + b"output = json\r\n")
        config.with_name("new").replace(config)

    on_commit(monkeypatch, iter([same_size_and_time, another_file, config.unlink]))
    store.apply([XS])
    assert config.read_bytes().decode().startswith("# xswitch")
    config.write_bytes(BEFORE.encode())
    on_commit(monkeypatch, iter([same_size_and_time, another_file]))
    store.apply([XS])
    assert (
        config.read_bytes()
        .decode()
        .startswith("# mine\r\n[default]\r\nregion = eu-east-1\r\noutput = json\r\n\r\n# xswitch")
    )
    assert names(config.parent) == ["config"]


def test_a_file_that_keeps_changing_is_not_written(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touch() -> None:
        config.write_bytes(config.read_bytes() + b"#\r\n")

    on_commit(monkeypatch, iter([touch] * 100))
    refusal(lambda: store.apply([XS]), "config_busy")
    assert b"xs-a" not in config.read_bytes()
    assert names(config.parent) == ["config"]


def test_a_late_write_into_the_old_file_is_not_lost(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes_late(monkeypatch, config, BEFORE.encode() + b"output = json\r\n")
    store.apply([XS])
    assert (
        config.read_bytes().decode()
        == BEFORE
        + "output = json\r\n\r\n# xswitch\r\n[profile xs-a]\r\n"
        + f"credential_process = {PROCESS}\r\nxswitch_role = a\r\n"
    )


def test_truncating_the_old_file_does_not_count_as_a_change(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes_late(monkeypatch, config, b"")
    store.apply([XS])
    assert config.read_bytes().startswith(BEFORE.encode())


def test_a_later_write_replaces_a_late_one(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    writes_late(monkeypatch, config, BEFORE.encode() + b"output = json\r\n")
    on_commit(
        monkeypatch,
        iter([lambda: None, lambda: config.write_bytes(BEFORE.encode() + b"output = text\r\n")]),
    )
    store.apply([XS])
    assert b"output = text\r\n\r\n# xswitch" in config.read_bytes()


def test_an_empty_file_is_read_again(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_bytes(b"")
    real = time.sleep

    def sleep(seconds: float) -> None:
        config.write_bytes(BEFORE.encode())
        real(seconds)

    monkeypatch.setattr(time, "sleep", sleep)
    store.apply([XS])
    assert config.read_bytes().startswith(BEFORE.encode())


def test_waiting_for_another_writer_has_a_time_limit(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xswitch.adapters.config.transaction._LOCK_SECONDS", 0.05)
    with store._writer._locked([str(config)]):
        refusal(lambda: store.apply([XS]), "config_busy")
        refusal(lambda: store.apply([XS, KEYS]), "config_busy")
    store.apply([XS])


def test_no_copy_of_the_config_is_kept(
    store: FileConfigStore, config: Path, clean_world: Path
) -> None:
    config.write_text("[profile a]\ncredential_process = /x --token t0ken\n")
    store.apply([XS])
    store.apply([RemoveProfile("config", "xs-a")])
    assert names(config.parent) == ["config"]
    assert names(clean_world / "state/backups") == ["undo.json"]
    assert b"t0ken" not in (clean_world / "state/backups/undo.json").read_bytes()


# -- undo


def test_undo_restores_every_byte_once(store: FileConfigStore, config: Path) -> None:
    store.apply([XS])
    assert store.undo() == (str(config),)
    assert config.read_bytes().decode() == BEFORE
    assert mode(config) == 0o640
    refusal(store.undo, "nothing_to_undo")


def test_undo_reverts_only_the_last_change(store: FileConfigStore, config: Path) -> None:
    store.apply([XS])
    middle = config.read_bytes()
    store.apply(
        [
            SetProfile("config", "xs-a", {"xswitch_role": "b"}),
            RemoveProfile("config", "default"),
            XS,
        ]
    )
    store.undo()
    assert config.read_bytes() == middle


def test_undo_reverts_both_files_and_removes_new_ones(store: FileConfigStore, config: Path) -> None:
    store.apply([XS, KEYS])
    credentials = config.with_name("credentials")
    assert credentials.exists()
    assert store.undo() == (str(config), str(credentials))
    assert config.read_bytes().decode() == BEFORE
    assert not credentials.exists()
    assert names(config.parent) == ["config"]


def test_undo_of_new_keys_leaves_the_other_keys(store: FileConfigStore, folder: Path) -> None:
    credentials = folder / "credentials"
    credentials.write_text("[default]\naws_secret_access_key = s3cret")
    store.apply([KEYS])
    assert store.undo() == (str(credentials),)
    assert credentials.read_text() == "[default]\naws_secret_access_key = s3cret"


def test_undo_fails_if_a_file_has_changed_since(store: FileConfigStore, config: Path) -> None:
    store.apply([XS, KEYS])
    config.write_bytes(config.read_bytes() + b"#\n")
    before = config.read_bytes(), config.with_name("credentials").read_bytes()
    refusal(store.undo, "undo_changed")
    assert (config.read_bytes(), config.with_name("credentials").read_bytes()) == before


def test_undo_of_replaced_keys_fails(
    store: FileConfigStore, folder: Path, clean_world: Path
) -> None:
    store.apply([KEYS])
    store.apply(
        [
            SetProfile(
                "credentials", "xs-a-static", {**KEYS.properties, "aws_secret_access_key": "n3w"}
            ),
            XS,
        ]
    )
    assert "aren't backed up" in refusal(store.undo, "undo_secret").why
    assert "xs-a" in (folder / "config").read_text()
    store.apply([RemoveProfile("credentials", "xs-a-static")])
    refusal(store.undo, "undo_secret")
    kept = b"".join(
        path.read_bytes()
        for path in clean_world.rglob("*")
        if path.is_file() and path.parent != folder
    )
    assert b"k3y" not in kept
    assert b"n3w" not in kept
    assert b"AKIA" not in kept


@pytest.mark.parametrize(
    "line",
    [
        b"aws_secret_access_key = k3y",
        b"mfa_process = /x k3y",
        b"  k3y",
        b"credential_process = /x k3y",
        b"endpoint_url = https://a:k3y@b/",
    ],
)
def test_a_replaced_secret_is_not_recorded(
    store: FileConfigStore, config: Path, clean_world: Path, line: bytes
) -> None:
    store.apply([XS])
    config.write_bytes(config.read_bytes() + line + b"\r\n")
    store.apply([XS])
    assert b"k3y" not in config.read_bytes()
    refusal(store.undo, "undo_secret")
    assert not any(
        b"k3y" in path.read_bytes() for path in (clean_world / "state").rglob("*") if path.is_file()
    )


def test_undo_after_a_failed_write_has_nothing_to_do(store: FileConfigStore, config: Path) -> None:
    store.apply([XS])
    after = config.read_bytes()
    config.write_bytes(BEFORE.encode())
    refusal(store.undo, "nothing_to_undo")
    config.write_bytes(after)
    assert store.undo() == (str(config),)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", '{"version": 2, "files": []}', '{"version": 1, "files": [{}]}']
)
def test_a_damaged_record_is_not_used(
    store: FileConfigStore, config: Path, clean_world: Path, text: str
) -> None:
    store.apply([XS])
    after = config.read_bytes()
    (clean_world / "state/backups/undo.json").write_text(text)
    refusal(store.undo, "undo_damaged")
    assert config.read_bytes() == after


def test_a_record_of_a_newer_program_stays_and_changes_go_on(
    store: FileConfigStore, config: Path, clean_world: Path
) -> None:
    store.apply([XS])
    record = clean_world / "state/backups/undo.json"
    newer = '{"version": 2, "changes": []}'
    record.write_text(newer)
    before = config.read_bytes()
    store.apply([RemoveProfile("config", XS.name)])
    assert config.read_bytes() != before
    assert record.read_text() == newer
    assert [path.name for path in record.parent.iterdir()] == ["undo.json"]
    assert "newer xswitch" in refusal(store.undo, "undo_damaged").what


def test_a_record_with_another_result_is_not_used(
    store: FileConfigStore, config: Path, clean_world: Path
) -> None:
    store.apply([XS])
    path = clean_world / "state/backups/undo.json"
    record = json.loads(path.read_text())
    record["files"][0]["back"][0][0][0] = 3
    path.write_text(json.dumps(record))
    refusal(store.undo, "undo_damaged")
    assert b"xs-a" in config.read_bytes()


def test_undo_yields_to_a_concurrent_write(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.apply([XS])
    on_commit(monkeypatch, iter([lambda: config.write_bytes(b"# theirs\n")]))
    refusal(store.undo, "undo_changed")
    assert config.read_bytes() == b"# theirs\n"


def test_undo_restores_a_late_write(
    store: FileConfigStore, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.apply([XS, KEYS])
    keys = config.with_name("credentials").read_bytes()
    theirs = config.read_bytes() + b"# theirs\n"
    writes_late(monkeypatch, config, theirs)
    refusal(store.undo, "undo_changed")
    assert config.read_bytes() == theirs
    assert config.with_name("credentials").read_bytes() == keys
    assert names(config.parent) == ["config", "credentials"]
