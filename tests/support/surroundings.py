"""A run of each command, and the check that a result is a sentence."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from support.e2e import Ran
from xswitch.cli.commands import COMMANDS

_ACCOUNTS = ("--target-account", "222222222222", "--source-account", "111111111111")
RUNS: dict[str, tuple[str, ...]] = {
    "switch": ("switch", "reader"),
    "exec": ("exec", "reader", "--", "true"),
    "explain": ("explain", "reader"),
    "list": ("list",),
    "status": ("status",),
    "history": ("history",),
    "config": ("config",),
    "doctor": ("doctor",),
    "renew": ("renew", "reader"),
    "forget": ("forget", "reader"),
    "pin": ("pin", "reader"),
    "credential-process": ("credential-process", "reader"),
    "access": ("access", "plan", "Role", *_ACCOUNTS, "--user", "bob", "--format", "json"),
    "console": ("console", "reader"),
    "init": ("init", "bash"),
    "completion": ("completion", "bash"),
    "demo": ("demo", "--code"),
    "complete": ("complete", ""),
    "renew-background": ("renew-background", "reader"),
    "login": ("login", "--help"),
    "logout": ("logout", "--all"),
    "sso": ("sso", "list"),
}
"""For each command, a run that succeeds in an ordinary home (the demo's: that says where it is)."""
assert set(RUNS) == {command.name for command in COMMANDS}
CHANGES = ("switch", "exec", "renew", "forget", "pin", "credential-process")
"""The commands that write xswitch's own files or the config."""
_step = re.compile(r"(?:^  next| Next): ")
SILENT = ("renew-background",)


def faults_of(ran: Ran, *, told: bool = True) -> list[str]:
    """Return what is wrong with a result: a bug, a traceback, or a failure without a sentence."""
    faults = []
    if ran.code in (1, 120) or ran.code < 0:
        faults.append(f"exit code {ran.code}")
    if "Traceback" in ran.err or "bug in xswitch" in ran.err + ran.out:
        faults.append("a bug")
    if ran.code and told and "xswitch: " not in ran.err and not ran.out:
        faults.append("no sentence")
    return [f"{fault}: {ran.err or ran.out}" for fault in faults]


def next_command(ran: Ran) -> str:
    """Return the command in a result's next step: what follows the last colon and blank."""
    step = next((part for line in ran.err.splitlines() for part in _step.split(line)[1:]), "")
    return step.rpartition(": ")[2] if ": " in step else step


def mend(command: str, environ: dict[str, str], folder: Path) -> dict[str, str]:
    """Run a next step as this user, where `sudo` needs none; return the environment after it."""
    shim = folder / "sudo-shim"
    shim.mkdir(exist_ok=True)
    (shim / "sudo").write_text('#!/bin/sh\nexec "$@"\n')
    (shim / "sudo").chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", "-c", f"{command} >&2 && env -0"],
        env={**environ, "PATH": f"{shim}:{environ['PATH']}"},
        cwd="/",
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (command, done.stderr)
    after = dict(part.split("=", 1) for part in os.fsdecode(done.stdout).split("\0") if "=" in part)
    return {**after, "PATH": environ["PATH"]}
