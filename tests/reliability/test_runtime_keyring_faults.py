"""The runtime keyring when the system denies an operation.

A system call filter, a user namespace, or a planted folder.
"""

from __future__ import annotations

import os
import platform
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import missing, needs_root
from support.e2e import XSWITCH, Home, Ran, run
from support.reliability.soak import tell
from support.vault.seccomp import NUMBERS

TESTS = Path(__file__).parents[1]
_REFUSED = 77


def check_result(home: Home, ran: Ran, what: str) -> None:
    """Check for an error message with no session left readable by others, or for success."""
    faults = []
    if ran.code == 1 or "Traceback" in ran.err or "This is a bug" in ran.err:
        faults.append(f"exit code {ran.code}: {ran.err}")
    if ran.code and "xswitch: " not in ran.err:
        faults.append(f"no sentence: {ran.err}")
    folder = home.runtime / "xswitch"
    if folder.is_dir() and not folder.is_symlink():
        paths = [folder, *folder.iterdir()]
        faults += [
            f"{path.name} is open to others"
            for path in paths
            if stat.S_IMODE(path.stat().st_mode) & 0o077
        ]
    if not ran.code and not (home.run("credential-process", "xs-reader").out.startswith("{")):
        faults.append("it said it worked, and there is no session")
    tell("runtime", what, 1, len(faults), "; ".join(faults) or f"exit code {ran.code}")


@pytest.mark.parametrize("call", NUMBERS)
def test_a_denied_system_call_is_reported(home: Home, call: str) -> None:
    if platform.machine() != "x86_64":
        missing("the numbers of system calls are known for x86-64 alone")
    numbers = ",".join(map(str, NUMBERS[call]))
    words = [
        sys.executable,
        "-m",
        "support.vault.seccomp",
        numbers,
        str(XSWITCH),
        "switch",
        "reader",
    ]
    ran = run(words, {**home.env, "PYTHONPATH": str(TESTS)})
    if ran.code == _REFUSED:
        missing("this kernel takes no seccomp filter")
    check_result(home, ran, f"the system call {call} is denied")


@pytest.mark.parametrize(("option", "what"), [("-U", "as nobody"), ("-Ur", "as its root")])
def test_in_a_user_namespace(
    home: Home, option: str, what: str, need: Callable[[str], str]
) -> None:
    ran = run([need("unshare"), option, str(XSWITCH), "switch", "reader"], home.env)
    if "unshare failed" in ran.err:
        needs_root("only root can make a user namespace here")
        missing("this machine lets nobody make a user namespace")
    check_result(home, ran, f"in a user namespace, {what}")


def test_another_users_folder_is_rejected(home: Home) -> None:
    needs_root("only root can give a folder away")
    folder = home.runtime / "xswitch"
    folder.mkdir(mode=0o700)
    os.chown(folder, 65534, 65534)
    ran = home.run("switch", "reader")
    assert ran.code == 7
    assert list(folder.iterdir()) == []
    tell("runtime", "another user's folder planted first", 1, 0, f"exit code {ran.code}")


def test_a_file_system_that_is_not_in_memory(home: Home, tmp_path: Path) -> None:
    place = tmp_path / "disk"
    place.mkdir(mode=0o700)
    ran = home.run("switch", "reader", env={"XDG_RUNTIME_DIR": str(place)})
    kept = [path for path in place.rglob("*") if path.is_file()]
    faults = [f"{path} is on the disk" for path in kept]
    tell(
        "runtime",
        "XDG_RUNTIME_DIR is on a disk",
        1,
        len(faults),
        "; ".join(faults) or f"exit code {ran.code}, nothing written there",
    )
