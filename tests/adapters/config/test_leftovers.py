"""The next change removes the files that killed writers left, and nothing else."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from support.config.store import KEYS, XS, names
from support.config.writers import in_child
from xswitch.adapters.config import atomic_replace
from xswitch.adapters.config.store import FileConfigStore
from xswitch.adapters.state import private_files
from xswitch.core.model import RemoveProfile

HEX = "0123456789abcdef"
OTHERS = (
    ".credentials.xswitch-0123456789abcde.tmp",
    ".credentials.xswitch-0123456789abcdeg.tmp",
    f".credentials.xswitch-{HEX}.tmp.old",
    f".credentialsxswitch-{HEX}.tmp",
    f"credentials.xswitch-{HEX}.tmp",
    f".other.xswitch-{HEX}.tmp",
    f".credentials.{HEX}.tmp",
    ".credentials.swp",
    ".credentials.tmp",
    "credentials.xswitch-original",
)
OURS = (f".credentials.xswitch-{HEX}.tmp", f".config.xswitch-{HEX}.tmp")


def killed(work: Callable[[], object]) -> None:
    """Run `work` in a child that kills itself."""
    _, status = os.waitpid(in_child(work), 0)
    assert os.WIFSIGNALED(status)


@contextmanager
def killed_at(monkeypatch: pytest.MonkeyPatch, module: object, name: str) -> Iterator[None]:
    """Kill the process that calls a function."""
    with monkeypatch.context() as patched:
        patched.setattr(module, name, lambda *_: os.kill(os.getpid(), signal.SIGKILL))
        yield


@pytest.mark.parametrize(
    "then",
    [
        lambda store: store.apply([KEYS]),
        lambda store: store.apply([RemoveProfile("credentials", "nothing")]),
        lambda store: store.remove_leftovers(),
        lambda store: store.apply([XS, KEYS]),
    ],
)
def test_a_killed_writers_file_is_gone_with_the_next_change(
    store: FileConfigStore,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    then: Callable[[FileConfigStore], object],
) -> None:
    (folder / "credentials").write_text("[default]\naws_secret_access_key = s3cret\n")
    with killed_at(monkeypatch, atomic_replace, "commit"):
        killed(lambda: store.apply([KEYS]))
    left = [name for name in names(folder) if name.endswith(".tmp")]
    assert len(left) == 1
    then(store)
    assert not [name for name in names(folder) if name.endswith(".tmp")]
    assert "s3cret" in (folder / "credentials").read_text()


def test_the_record_of_a_killed_writer_is_gone_too(
    store: FileConfigStore, clean_world: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with killed_at(monkeypatch, atomic_replace, "commit"):
        killed(lambda: store.apply([XS]))
    assert len(names(clean_world / "state/backups")) == 1
    store.apply([XS])
    assert names(clean_world / "state/backups") == ["undo.json"]


def test_nothing_of_other_programs_is_removed(store: FileConfigStore, folder: Path) -> None:
    for name in (*OTHERS, *OURS):
        (folder / name).write_text("x")
    (folder / f".config.xswitch-{HEX[::-1]}.tmp").mkdir()
    (folder / f".config.xswitch-{HEX[1:]}0.tmp").symlink_to("/etc/passwd")
    removed = store.remove_leftovers()
    assert sorted(Path(path).name for path in removed) == sorted(OURS)
    assert set(OTHERS) <= set(names(folder))
    assert (folder / f".config.xswitch-{HEX[1:]}0.tmp").is_symlink()


def test_another_users_file_is_left(
    store: FileConfigStore, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / OURS[0]).write_text("x")
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    assert store.remove_leftovers() == ()
    assert names(folder) == [OURS[0]]


def test_a_running_writers_file_is_left(store: FileConfigStore, folder: Path) -> None:
    """Also by a writer with other lock files, as with another XDG_STATE_HOME."""
    descriptor = private_files.open_private(folder / OURS[0])
    assert store.remove_leftovers() == ()
    os.close(descriptor)
    assert store.remove_leftovers() == (str(folder / OURS[0]),)


def test_copies_of_earlier_versions_are_removed(store: FileConfigStore, clean_world: Path) -> None:
    backups = clean_world / "state/backups"
    backups.mkdir(mode=0o700, parents=True)
    (backups / "config.0123456789ab.original").write_text("credential_process = /x --token t0ken")
    (backups / "mine.original").write_text("")
    store.apply([XS])
    assert names(backups) == ["mine.original", "undo.json"]
