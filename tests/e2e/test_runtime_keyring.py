"""The runtime keyring through the whole program: other environments, and names that are taken."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from conftest import missing, needs_root
from support.aws.emulator import totp_code
from support.e2e import XSWITCH, Home, run
from support.reliability.soak import count
from support.vault.keyrings import memory_folder
from xswitch.emulator.server import EmbeddedAws

# XDG_RUNTIME_DIR as cron, su, ssh, a service, or a container leaves it; None for unset
ENVIRONMENTS: dict[str, str | None] = {
    "unset, as in cron": None,
    "empty": "",
    "relative": "run",
    "gone": "/run/user/4711",
    "on a disk": "/",
    "a file": "/dev/null",
    "another folder in memory": "ELSEWHERE",
}


@pytest.mark.parametrize("kind", list(ENVIRONMENTS)[:: count(6, 1)])
def test_every_environment_finds_the_same_sessions(home: Home, aws: EmbeddedAws, kind: str) -> None:
    code = totp_code(now=aws.clock.now())
    assert home.run("switch", "admin", "--mfa-code", code).code == 0
    command = home.command("xs-admin")
    with memory_folder() as elsewhere:
        del home.env["XDG_RUNTIME_DIR"]
        value = ENVIRONMENTS[kind]
        if value is not None:
            home.env["XDG_RUNTIME_DIR"] = str(elsewhere) if value == "ELSEWHERE" else value
        shutil.rmtree(home.folder / ".local/state/xswitch/hot")
        served = run(command, home.env)
        assert served.code == 0, served.err
        # The MFA session is found as well
        other = home.run("switch", "deep")
        assert other.code == 0, other.err
        assert aws.count("GetSessionToken") == 1
        assert not (elsewhere / "xswitch").exists()
    assert aws.count("AssumeRole") == 4  # Admin, and the three hops to Deep


def test_a_place_that_is_gone_is_left_and_doctor_says_so(home: Home, aws: EmbeddedAws) -> None:
    assert home.run("switch", "reader").code == 0
    with memory_folder() as elsewhere:
        env = {"XDG_RUNTIME_DIR": str(elsewhere)}
        kept = home.runtime.with_name(f"{home.runtime.name}-kept")
        home.runtime.rename(kept)
        try:
            assert home.run("credential-process", "xs-reader", env=env).code == 0
            assert aws.count("AssumeRole") == 2
            done = home.run("doctor", env=env)
            assert f"{elsewhere}/xswitch works" in done.out + done.err
            assert f"It was moved: {home.runtime}/xswitch can't be used" in done.out + done.err
        finally:
            kept.rename(home.runtime)
        # It stays where it is now
        assert home.run("credential-process", "xs-reader").code == 0
        assert aws.count("AssumeRole") == 2


_PLANTED = """
mount -t tmpfs -o mode=1777 tmpfs /dev/shm || exit 77
mount -t tmpfs -o mode=0755 tmpfs /run || exit 77
cd /dev/shm
eval "$1"
chown -h 65534:65534 /dev/shm/* || exit 77
"$2" switch reader || exit $?
rm -r "$HOME/.local/state/xswitch/hot"
"$2" credential-process xs-reader || exit $?
ls -d /dev/shm/xswitch-0-*
"""


@pytest.mark.parametrize(
    "plant",
    [
        "mkdir xswitch-0",
        "mkdir -m 777 xswitch-0",
        ": >xswitch-0",
        "ln -s nothing xswitch-0",
        "mkdir trap; ln -s trap xswitch-0",
        "mkfifo xswitch-0",
        f"mkdir xswitch-0 xswitch-0-{'0' * 32}",
    ][:: count(6, 1)],
)
def test_another_user_who_takes_the_name_blocks_nothing(
    home: Home, aws: EmbeddedAws, plant: str, need: Callable[[str], str]
) -> None:
    if os.geteuid():
        needs_root("another user plants it")
    del home.env["XDG_RUNTIME_DIR"]
    done = run(
        [need("unshare"), "-m", "/bin/sh", "-c", _PLANTED, "sh", plant, str(XSWITCH)], home.env
    )
    if done.code == 77:
        missing("this machine lets nobody mount")
    assert done.code == 0, done.err
    assert aws.count("AssumeRole") == 1
    folders = [Path(line) for line in done.out.splitlines() if line.startswith("/dev/shm")]
    assert len([folder for folder in folders if not folder.name.endswith("0" * 32)]) == 1
