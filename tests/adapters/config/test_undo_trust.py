"""A record that another user could have written undoes nothing, and a command fixes that."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import needs_root
from support.config.store import BEFORE, XS, refusal
from xswitch.adapters.config.store import FileConfigStore

STRANGER = 54321
PLACES = ("state/backups/undo.json", "state/backups", "state", ".")


def run(command: str, folder: Path) -> None:
    """Run a next step, where `sudo` is any program: root has none to ask."""
    shim = folder / "bin"
    shim.mkdir(exist_ok=True)
    (shim / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (shim / "sudo").chmod(0o755)
    environ = {**os.environ, "PATH": f"{shim}:{os.environ['PATH']}"}
    subprocess.run(["/bin/sh", "-c", command], check=True, env=environ)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("others", [0o002, 0o020, 0o022, 0o006, 0o007, 0o070])
def test_a_record_that_others_could_change_is_not_used(
    store: FileConfigStore, config: Path, clean_world: Path, place: str, others: int
) -> None:
    store.apply([XS])
    changed = config.read_bytes()
    path = clean_world / place
    path.chmod(path.stat().st_mode | others)
    if others & 0o022 == 0o020 and not os.geteuid():
        os.chown(path, -1, STRANGER)
    if others & 0o022 == 0o020 and os.geteuid():
        needs_root("only root can give a file a group of others")
    refused = refusal(store.undo, "state_untrusted")
    assert str(path.resolve()) in refused.why
    assert config.read_bytes() == changed
    run(refused.next_step, clean_world)
    if path.name == "undo.json":  # which others may have written: it is gone
        refusal(store.undo, "nothing_to_undo")
    else:
        store.undo()
        assert config.read_bytes().decode() == BEFORE


@pytest.mark.parametrize("place", PLACES[:-1])
def test_a_record_of_another_user_is_not_used(
    store: FileConfigStore,
    config: Path,
    clean_world: Path,
    place: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    needs_root("only root can give a file away")
    store.apply([XS])
    changed = config.read_bytes()
    path = clean_world / place
    for one in (clean_world, *clean_world.rglob("*")):
        os.chown(one, STRANGER, STRANGER)
    os.chown(path, 54322, -1)
    monkeypatch.setattr(os, "geteuid", lambda: STRANGER)
    monkeypatch.setattr(os, "getegid", lambda: STRANGER)
    refused = refusal(store.undo, "state_untrusted")
    assert config.read_bytes() == changed
    run(refused.next_step, clean_world)
    if path.name == "undo.json":
        refusal(store.undo, "nothing_to_undo")
    else:
        assert refused.next_step.startswith("sudo chown -R ")
        store.undo()
        assert config.read_bytes().decode() == BEFORE


@pytest.mark.parametrize("user", [0, STRANGER])
def test_another_users_home_is_never_taken_over(
    store: FileConfigStore, clean_world: Path, user: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As `sudo -E`, and as another user with this HOME."""
    store.apply([XS])
    if clean_world.stat().st_uid == user:
        user += 1
    monkeypatch.setattr(os, "geteuid", lambda: user)
    refused = refusal(store.undo, "state_untrusted")
    assert "chown" not in refused.next_step


@pytest.mark.parametrize(
    ("place", "change"),
    [
        (".", lambda path: path.chmod(0o755)),
        ("state", lambda path: path.chmod(0o711)),
        ("state/backups/undo.json", lambda path: path.chmod(0o644)),
    ],
)
def test_what_others_can_only_read_is_used(
    store: FileConfigStore,
    config: Path,
    clean_world: Path,
    place: str,
    change: Callable[[Path], object],
) -> None:
    store.apply([XS])
    change(clean_world / place)
    store.undo()
    assert config.read_bytes().decode() == BEFORE


def test_a_planted_record_writes_nothing(
    store: FileConfigStore, config: Path, clean_world: Path
) -> None:
    """The attack: a folder that others can write, and a record with a process of theirs."""
    store.apply([XS])
    changed = config.read_bytes()
    record = clean_world / "state/backups/undo.json"
    text = record.read_text().replace('"after"', '"after" ')
    (clean_world / "state/backups").chmod(0o777)
    record.unlink()
    record.write_text(text)
    record.chmod(0o600)
    refusal(store.undo, "state_untrusted")
    assert config.read_bytes() == changed
