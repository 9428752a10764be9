"""A credential_process or mfa_process that leads back to its own role ends in a sentence."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.e2e import XSWITCH, Home
from xswitch.adapters.system.environment import ProcessEnvironment
from xswitch.core.sessions.running_commands import VARIABLE

WRAPPERS = {
    "a script": f'exec {XSWITCH} credential-process "$1"\n',
    "a script that hides the error": f'{XSWITCH} credential-process "$1" 2>/dev/null || exit 3\n',
    "a script in a script": f'sh -c "{XSWITCH} credential-process $1" || exit 9\n',
    "a switch": f'{XSWITCH} switch "$1" >/dev/null && exit 4\nexit 5\n',
    "a script that clears the environment": 'exec env -i HOME="$HOME" PATH="$PATH" '
    'XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL" '
    f'{XSWITCH} credential-process "$1"\n',
    "a script that clears the environment, in a script": 'env -i HOME="$HOME" PATH="$PATH" '
    'XDG_RUNTIME_DIR="$XDG_RUNTIME_DIR" AWS_ENDPOINT_URL="$AWS_ENDPOINT_URL" '
    f'{XSWITCH} credential-process "$1" || exit 3\n',
    "Python": f'exec {sys.executable} -m xswitch credential-process "$1"\n',
}


def looped(home: Home, tmp_path: Path, wrapper: str, target: str) -> None:
    script = tmp_path / "wrapper"
    script.write_text(f"#!/bin/sh\n{wrapper}")
    script.chmod(0o700)
    text = home.config.read_text()
    reader = text.partition("[profile reader]\n")[2].partition("\n\n")[0]
    lines = [line for line in reader.splitlines() if not line.startswith("source_profile")]
    home.config.write_text(
        text
        + f"\n[profile wrapped]\ncredential_process = {script} {target}\n"
        + "\n[profile p]\nsource_profile = wrapped\n"
        + "\n".join(lines)
        + "\n\n[profile xs-p]\ncredential_process = "
        + f"{XSWITCH} credential-process xs-p\nxswitch_role = p\n"
    )


@pytest.mark.parametrize(
    ("wrapper", "target"),
    list(zip(WRAPPERS.values(), itertools.cycle(["p", "xs-p"]), strict=False)),
    ids=WRAPPERS,
)
def test_a_wrapper_that_leads_back_is_told_at_once(
    home: Home, tmp_path: Path, wrapper: str, target: str
) -> None:
    looped(home, tmp_path, wrapper, target)
    # Each waits 45 s for a lock, and 60 s for a process, if it isn't noticed
    done = subprocess.run(
        [str(XSWITCH), "credential-process", "xs-p"],
        env=home.env,
        capture_output=True,
        text=True,
        timeout=40,
        check=False,
        start_new_session=True,
    )
    assert done.returncode == 8, done.stderr
    assert done.stdout == ""
    assert "The credential_process of wrapped needs the session that it is to provide." in (
        done.stderr
    )


def test_a_command_line_that_leads_back_is_told_without_running_it(
    home: Home, tmp_path: Path
) -> None:
    looped(home, tmp_path, f"touch {tmp_path}/ran\n", "p")
    home.config.write_text(
        home.config.read_text().replace(f"{tmp_path}/wrapper p", f"{XSWITCH} credential-process p")
    )
    done = home.run("switch", "p")
    assert done.code == 8
    assert "form a loop: wrapped → p → wrapped" in done.err
    assert not (tmp_path / "ran").exists()


def test_a_command_no_longer_counts_when_its_xswitch_has_ended(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    monkeypatch.setenv(VARIABLE, f"one:{ended.pid} two:{os.getpid()} three:1 four:{2**70}")
    assert ProcessEnvironment().running_commands() == {"two", "three"}
