"""Closed, full, and unread standard streams never change the exit code to the interpreter's 120."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pexpect
import pytest

from support.e2e import XSWITCH, Home
from support.homes import aws, home
from support.hot import LAUNCHER

__all__ = ["aws", "home"]

PROGRAMS = {
    "help": [str(XSWITCH), "--help"],
    "version": [sys.executable, "-m", "xswitch", "--version"],
    "data": [str(XSWITCH), "init", "bash"],
    "an envelope": [str(XSWITCH), "list", "--json"],
    "an error": [str(XSWITCH), "swich"],
    "an error in an envelope": [str(XSWITCH), "switch", "--json", "nobody"],
    "an error on one line": [sys.executable, "-I", "-S", str(LAUNCHER), "nobody"],
}
STDOUT = ["1>/dev/full", "1>&-", "1>&3"]
STDERR = ["2>/dev/full", "2>&-", "2>&3"]


def ended(
    words: list[str], where: str, environ: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program with redirected streams; descriptor 3 is a pipe without a reader."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        script = f'exec 3>&{writing}; exec "$@" 4>&1 {where} 3>&-'
        return subprocess.run(
            ["bash", "-c", script, "bash", *words],
            pass_fds=[writing],
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **environ},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)


@pytest.mark.parametrize("kind", PROGRAMS)
def test_streams_that_take_nothing_do_not_decide_the_exit_code(
    kind: str, clean_world: Path
) -> None:
    environ = {"HOME": str(clean_world)}
    meant = ended(PROGRAMS[kind], "", environ)
    wrong = []
    for where in (
        *STDOUT,
        *STDERR,
        "1>/dev/full 2>/dev/full",
        "1>&- 2>&-",
        "1>&3 2>&3",
        "0<&- 1>&- 2>&-",
    ):
        done = ended(PROGRAMS[kind], where, environ)
        # A full or closed stdout loses the output; a reader that left has what it wanted.
        lost = "1>" in where and "1>&3" not in where and not meant.returncode
        told = "2>" in where or done.stderr == (
            "" if "1>&3" in where and not meant.returncode else done.stderr
        )
        good = (
            done.returncode == (1 if lost else meant.returncode)
            and "Traceback" not in done.stderr
            and told
        )
        if (
            not good
            or ("1>" not in where and done.stdout != meant.stdout)
            or (lost and "2>" not in where and not done.stderr)
        ):
            wrong.append((where, meant.returncode, done.returncode, done.stdout[:100], done.stderr))
    assert not wrong


@pytest.mark.parametrize("where", STDERR)
def test_a_launcher_without_its_package_that_can_tell_nobody(where: str, tmp_path: Path) -> None:
    launcher = tmp_path / "share" / "xswitch" / LAUNCHER.name
    launcher.parent.mkdir(parents=True)
    shutil.copy(LAUNCHER, launcher)
    assert ended([sys.executable, "-I", "-S", str(launcher), "reader"], where, {}).returncode == 1


@pytest.mark.parametrize("where", STDERR)
def test_a_switch_whose_words_nobody_reads_is_a_switch(home: Home, where: str) -> None:
    done = ended([str(XSWITCH), "switch", "reader"], where, home.env)
    assert (done.returncode, done.stdout) == (0, "xs-reader\n")


def test_a_closed_stream_is_never_the_next_file_that_is_opened(home: Home) -> None:
    done = ended([str(XSWITCH), "switch", "reader"], "0<&- 1>&- 2>&-", home.env)
    assert done.returncode == 1
    lines = [
        line
        for path in home.folder.rglob("*")
        # A hot pointer names its profile
        if path.is_file() and path.parent.name != "hot"
        for line in path.read_bytes().split(b"\n")
    ]
    assert b"xs-reader" not in lines


@pytest.mark.parametrize("captured", ["", "out=$"], ids=["uncaptured", "captured"])
def test_the_picker_whose_terminal_goes_away_is_130(
    home: Home, captured: str, tmp_path: Path
) -> None:
    told = tmp_path / "told"
    script = f'trap : HUP; {captured}("$@"); echo $? >{told}.new; mv {told}.new {told}'
    child: Any = pexpect.spawn(
        "bash",
        ["-c", script, "bash", str(XSWITCH), "switch"],
        env=home.env,
        dimensions=(30, 110),
        timeout=20,
    )
    child.expect_exact("roles")
    child.ptyproc.fileobj.close()
    until = time.monotonic() + 20
    while not told.exists() and time.monotonic() < until:
        time.sleep(0.02)
    child.close(force=True)
    assert told.read_text() == "130\n"
