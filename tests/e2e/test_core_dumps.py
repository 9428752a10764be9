"""No core dumps while secrets are in memory, and children with the limit of before."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.aws.emulator import MFA_SERIAL
from support.e2e import XSWITCH, Home
from support.processes import ending
from support.sso.corp import Corp

_SOFT = 65_536


@pytest.fixture
def soft() -> int:
    """A soft limit that children of a test can have."""
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    if hard == 0:
        pytest.skip("the hard limit of core dumps is 0 here")
    return _SOFT if hard == resource.RLIM_INFINITY else min(_SOFT, hard)


def _limited(soft: int) -> list[str]:
    """Return how to start a program with a soft limit of core dumps."""
    script = "import os,resource,sys; r=resource.RLIMIT_CORE; "
    script += f"resource.setrlimit(r, ({soft}, resource.getrlimit(r)[1])); "
    script += "os.execv(sys.argv[1], sys.argv[1:])"
    return [sys.executable, "-c", script]


def _soft_limit(pid: int) -> int:
    return resource.prlimit(pid, resource.RLIMIT_CORE)[0]


def _in_blocks(soft: int) -> set[str]:
    """Return a limit as shells print it: in blocks of 512 or 1024 bytes."""
    return {str(soft // 512), str(soft // 1024)}


def _with_mfa_process(home: Home, command: str) -> None:
    text = home.config.read_text(encoding="utf-8")
    home.config.write_text(
        text.replace(
            f"mfa_serial = {MFA_SERIAL}", f"mfa_serial = {MFA_SERIAL}\nmfa_process = {command}", 1
        ),
        encoding="utf-8",
    )


def _until_limited(pid: int) -> None:
    """Wait until the program has started the process: it has its old limit for that moment."""
    for _ in range(600):
        if _soft_limit(pid) == 0:
            return
        time.sleep(0.05)
    pytest.fail("core dumps are allowed while the process runs")


def _until(path: Path) -> None:
    for _ in range(600):
        if path.exists() and path.read_text():
            return
        time.sleep(0.05)
    pytest.fail(f"{path} isn't written")


@pytest.mark.parametrize("fatal", [signal.SIGABRT, signal.SIGSEGV, signal.SIGQUIT])
def test_no_core_is_dumped_during_an_mfa_process(
    fatal: signal.Signals, home: Home, tmp_path: Path, soft: int
) -> None:
    told, tool = tmp_path / "told", tmp_path / "codes"
    tool.write_text(
        f"#!/bin/sh\n{{ ulimit -S -c; echo $$; }} > {told}.new && mv {told}.new {told}\n"
        "exec sleep 60\n"
    )
    tool.chmod(0o755)
    _with_mfa_process(home, str(tool))
    with (
        subprocess.Popen(
            [*_limited(soft), str(XSWITCH), "switch", "admin"],
            env=home.env,
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as program,
        ending(program),
    ):
        _until(told)
        _until_limited(program.pid)
        os.kill(program.pid, fatal)
        assert program.wait(30) == -fatal
    limit, tool_pid = told.read_text().split()
    os.kill(int(tool_pid), signal.SIGKILL)  # it has its own session
    assert limit in _in_blocks(soft)
    assert not list(tmp_path.glob("core*"))


@pytest.mark.parametrize("fatal", [signal.SIGABRT, signal.SIGQUIT])
def test_no_core_is_dumped_during_a_sign_in(
    fatal: signal.Signals, corp: Corp, tmp_path: Path, soft: int
) -> None:
    told, browser = tmp_path / "told", tmp_path / "browser"
    browser.write_text(
        f"#!/bin/sh\n{{ ulimit -S -c; echo $$; }} > {told}.new && mv {told}.new {told}\n"
        "exec sleep 60\n"
    )
    browser.chmod(0o755)
    with (
        subprocess.Popen(
            [*_limited(soft), str(XSWITCH), "login", "corp"],
            env={**corp.home.env, "BROWSER": str(browser)},
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        ) as program,
        ending(program),
    ):
        _until(told)
        limit, browser_pid = told.read_text().split()
        try:
            assert _soft_limit(program.pid) == 0
            os.kill(program.pid, fatal)
            assert program.wait(30) == -fatal
        finally:
            os.kill(int(browser_pid), signal.SIGKILL)  # it has its own session
    assert limit in _in_blocks(soft)
    assert not list(tmp_path.glob("core*"))


def _limit_in_credential_process(home: Home, tmp_path: Path, soft: int) -> str:
    """Return the soft limit in a source's `credential_process`; the switch starts with `soft`."""
    told = tmp_path / "told"
    tool = tmp_path / "keys"
    tool.write_text(f"#!/bin/sh\nulimit -S -c > {told}\nexit 3\n")
    tool.chmod(0o755)
    with home.config.open("a", encoding="utf-8") as config:
        config.write(
            f"\n[profile base]\ncredential_process = {tool}\n[profile of]\n"
            "role_arn = arn:aws:iam::222222222222:role/Reader\nsource_profile = base\n"
        )
    done = subprocess.run(
        [*_limited(soft), str(XSWITCH), "switch", "of"],
        env=home.env,
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 6, done.stderr
    return told.read_text().strip()


def test_a_credential_process_has_the_limit_of_before(
    home: Home, tmp_path: Path, soft: int
) -> None:
    assert _limit_in_credential_process(home, tmp_path, soft) in _in_blocks(soft)


def test_a_limit_of_zero_stays_zero(home: Home, tmp_path: Path) -> None:
    assert _limit_in_credential_process(home, tmp_path, 0) == "0"
