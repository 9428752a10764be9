"""Secrets stay hidden in exceptions of bugs, in verbose logs, and after a crash of the screen."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from typing import get_type_hints

import pytest

from support.aws.emulator import totp_code
from support.e2e import XSWITCH, Home
from support.forked import Forks
from support.hostile.canary import LONG_TERM, Canaries, has_code, issued, report
from support.hostile.canary_lines import lines, with_debug
from support.programs.canary import CANARY
from support.reliability.soak import SOAK, count
from support.tui.watched import watched
from xswitch.actions.ports import Ports
from xswitch.emulator.server import EmbeddedAws

TESTS = Path(__file__).parents[1]
PROGRAM = [sys.executable, str(TESTS / "support/programs/canary.py")]
_QUICK = {"switch", "list", "renew", "config", "credential-process"}


def in_program(home: Home) -> dict[str, str]:
    """Return an environment in which programs find the tests' modules."""
    return {**home.env, "PYTHONPATH": str(TESTS)}


BUGS = [
    port.name
    for group in get_type_hints(Ports).values()
    for port in fields(group)
    if not port.name.startswith("private_")
]


@pytest.mark.parametrize("bug", ["none", *BUGS] if SOAK else ["none", "sts"])
def test_no_crash_and_no_log_reveals_a_secret(
    bug: str, home: Home, aws: EmbeddedAws, tmp_path: Path, warm: Forks
) -> None:
    home.warm = warm
    begun = home.run("switch", "admin", "--mfa-code", totp_code(now=aws.clock.now()))
    assert begun.code == 0, begun.err
    assert home.run("switch", "reader").code == 0
    every = [
        words
        for words in lines("000000", aws.port)
        if words
        and words[0] not in ("demo", "init", "completion", "--version")
        and "--help" not in words
    ]
    tried = [words for words in every if SOAK or words[0] in _QUICK][: count(8, 200)]
    # Commands that return secrets or would prompt are left out.
    tried = [
        words for words in tried if words[0] != "access" or "--yes" in words or words[1] != "apply"
    ]
    asked = "".join(json.dumps(words) + "\n" for words in with_debug(tried))
    shutil.copy(home.credentials, tmp_path / "before")
    done = subprocess.run(
        [*PROGRAM, bug, "-"],
        env=in_program(home),
        input=asked,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=False,
        timeout=300,
        start_new_session=True,
    )
    canaries = Canaries([CANARY, *LONG_TERM, *issued(aws)])
    codes = [int(line[3:]) for line in done.stdout.splitlines() if line.startswith("== ")]
    faults = canaries.in_text(done.stdout, done.stderr) + canaries.in_files(
        home.folder, [home.credentials]
    )
    if "Traceback" in done.stderr or len(codes) != len(tried):
        faults.append(f"{len(codes)} of {len(tried)} ended as they should: {done.stderr[-500:]}")
    if bug == "none" and 1 in codes:
        faults.append(f"a bug of its own: {done.stderr[-500:]}")
    # An OSError is the system's, not a bug
    crashed = codes.count(1) + codes.count(8)
    assert crashed or bug in ("none", "mfa_process", "background", "new_id", "sleep")
    what = (
        "commands with every log at its loudest"
        if bug == "none"
        else "commands with a bug in a port"
    )
    report(what, [f"{bug}: {one}" for one in faults], len(tried))


@pytest.mark.parametrize(
    "bug",
    [
        "tick",
        "row",
        "sts",
        "vault",
        "source_credentials",
        "files",
        "index",
        "usage",
        "settings",
        "iam",
    ]
    if SOAK
    else ["tick"],
)
def test_no_crash_of_the_screen_reveals_a_secret(
    bug: str, home: Home, aws: EmbeddedAws, tmp_path: Path
) -> None:
    log = tmp_path / "textual.log"
    environ = {
        **in_program(home),
        "COLORTERM": "truecolor",
        "TEXTUAL_LOG": str(log),
        "TEXTUAL": "debug",
    }
    with watched([*PROGRAM, bug, "--debug"], environ) as one:
        one.until(b"reader", b"bug", b"xswitch: ", b"next")
        if one.read(1.0):
            one.child.send("reader\r")
            one.read(3.0)
            one.child.send("\x03")
        code = one.ended()
    canaries = Canaries([CANARY, *LONG_TERM, *issued(aws)])
    faults = (
        canaries.in_bytes(one.written)
        + canaries.in_files(home.folder, [home.credentials])
        + canaries.in_files(tmp_path)
    )
    if b"Traceback" in one.written or code is None:
        faults.append(f"{bug}: it ended with {code}: {one.written[-300:]!r}")
    if b"debug: " not in one.written:
        faults.append(f"{bug}: nothing is told of what went on")
    if bug in ("tick", "row"):
        assert b"This is a bug in xswitch" in one.written
        assert code == 1
    report("crashes of the screen", [f"{bug}: {one}" for one in faults], 1)


def test_a_typed_code_is_not_logged(home: Home, aws: EmbeddedAws, tmp_path: Path) -> None:
    log = tmp_path / "textual.log"
    environ = {**home.env, "COLORTERM": "truecolor", "TEXTUAL_LOG": str(log), "TEXTUAL": "debug"}
    code = totp_code(now=aws.clock.now())
    with watched([str(XSWITCH)], environ) as one:
        one.until(b"admin")
        one.child.send("admin")
        one.until(b"1 of 11")
        one.child.send("\r")
        one.until(b"MFA code")
        one.read(0.5)
        one.child.send(code + "\r")
        assert one.ended() == 0
    canaries = Canaries([*LONG_TERM, *issued(aws)])
    assert issued(aws)
    faults = (
        canaries.in_bytes(one.written)
        + canaries.in_files(home.folder, [home.credentials])
        + canaries.in_files(tmp_path)
    )
    files = [
        file
        for folder in (home.folder, home.runtime, tmp_path)
        for file in folder.rglob("*")
        if file.is_file()
    ]
    faults += [f"the MFA code is in {file}" for file in files if has_code(file, code)]
    report("MFA codes typed on the screen", faults, 1)
