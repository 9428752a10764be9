"""The private folder of an endpoint: where it is, and what is left of one."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from support.endpoint import REGION, Endpoint
from xswitch.adapters.endpoint.files import EndpointFiles
from xswitch.core.errors import SystemRefusedError
from xswitch.core.model import Secret
from xswitch.core.sessions.container_endpoint import EndpointAddress

ADDRESS = EndpointAddress(1, "/path", Secret("token-value"))


def test_the_files_are_private_and_have_no_newline_after_the_token(endpoint: Endpoint) -> None:
    folder = endpoint.files.folder
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for path in folder.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (folder / "token").read_bytes() == endpoint.server.address.token.reveal().encode()
    assert (folder / "credentials").read_bytes() == b""
    assert (folder / "config").read_text() == f"[default]\nregion = {REGION}\n"
    assert not any("secret" in path.read_text() for path in folder.iterdir())


def test_the_folder_goes_with_the_endpoint(endpoint: Endpoint) -> None:
    folder = endpoint.files.folder
    endpoint.files.remove()
    assert not folder.exists()
    endpoint.files.remove()


def test_a_runtime_folder_that_others_can_use_is_not_used(tmp_path: Path) -> None:
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    shared.chmod(0o755)
    own.mkdir(mode=0o700)
    for folder, used in ((shared, False), (own, True), (tmp_path / "missing", False)):
        files = EndpointFiles(ADDRESS, "", {"XDG_RUNTIME_DIR": str(folder)})
        assert (files.folder.parent == folder) == used
        files.remove()


def test_a_folder_that_cannot_be_created_is_told_with_a_command_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(SystemRefusedError) as caught:
        EndpointFiles(ADDRESS, "", {})
    command = caught.value.next_step.partition(": ")[2]
    shell = f'{command}; printf %s "$XDG_RUNTIME_DIR"'
    made = subprocess.run(
        ["sh", "-c", shell],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    EndpointFiles(ADDRESS, "", {"XDG_RUNTIME_DIR": made.stdout}).remove()


_KILLED = """
import os, sys
from xswitch.adapters.endpoint.files import EndpointFiles
from xswitch.core.model import Secret
from xswitch.core.sessions.container_endpoint import EndpointAddress
files = EndpointFiles(EndpointAddress(1, "/", Secret("x")), "", os.environ)
os.utime(files.folder / "lock", (0, 0))
print(files.folder, flush=True)
sys.stdin.read()
"""


def test_the_folder_of_a_killed_process_is_removed_by_the_next_and_no_living_one(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o700)
    environ = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", _KILLED],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environ,
    ) as process:
        try:
            assert process.stdout is not None
            left = Path(process.stdout.readline().strip())
            assert left.parent == tmp_path
            EndpointFiles(ADDRESS, "", environ).remove()
            assert left.is_dir()
        finally:
            process.kill()
    EndpointFiles(ADDRESS, "", environ).remove()
    assert not left.exists()
