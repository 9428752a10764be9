"""A command with an endpoint of its own: served while it runs, and nothing left afterward."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import os, sys
from datetime import UTC, datetime
from support.endpoint import REGION, Source
from xswitch.adapters.endpoint.command import run_with_endpoint
from xswitch.adapters.endpoint.renewal import RenewedCredentials
from xswitch.adapters.system.foreground_child import Command, exit_like
source = Source(lambda: datetime.now(UTC))
held = RenewedCredentials(source, source.now, source())
command = Command(sys.argv[1], sys.argv[1:])
status = run_with_endpoint(command, os.environ, REGION, held, source.now)
sys.exit(exit_like(status))
"""
_SHOW = """
import json, os, sys, urllib.request
def ask():
    request = urllib.request.Request(os.environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"])
    with open(os.environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]) as file:
        request.add_header("Authorization", file.read())
    with urllib.request.urlopen(request, timeout=20) as answer:
        return json.load(answer)["AccessKeyId"]
print(json.dumps({"key": ask(), "environ": dict(os.environ)}), flush=True)
for line in sys.stdin:
    print(ask(), flush=True)
"""
_SECONDS = 60
TESTS = Path(__file__).parents[2]


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    """The runtime folder."""
    folder = tmp_path / "runtime"
    folder.mkdir(mode=0o700)
    return folder


def start(runtime: Path, *words: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _PROGRAM, *words],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
        env={
            **os.environ,
            "PYTHONPATH": str(TESTS),
            "XDG_RUNTIME_DIR": str(runtime),
            "AWS_PROFILE": "other",
            "AWS_SECRET_ACCESS_KEY": "other",
        },
    )


def told(process: subprocess.Popen[str]) -> dict[str, str]:
    """The child's environment, after it was served once."""
    assert process.stdout is not None
    shown = json.loads(process.stdout.readline())
    assert shown["key"] == "ASIAENDPOINT1"
    environ: dict[str, str] = shown["environ"]
    return environ


def serves(environ: dict[str, str]) -> bool:
    """Whether anything listens on the port."""
    port = int(environ["AWS_CONTAINER_CREDENTIALS_FULL_URI"].split(":")[2].split("/")[0])
    try:
        socket.create_connection(("127.0.0.1", port), 20).close()
    except ConnectionRefusedError:
        return False
    return True


def test_the_command_is_served_until_it_ends(runtime: Path) -> None:
    with start(runtime, sys.executable, "-c", _SHOW) as process:
        environ = told(process)
        assert serves(environ)
        assert [path.parent for path in runtime.glob("*/token")] == list(runtime.iterdir())
        assert process.communicate("\n", _SECONDS)[0] == "ASIAENDPOINT1\n"
    assert process.returncode == 0
    assert not serves(environ)
    assert not list(runtime.iterdir())


def test_no_secret_and_no_other_identity_is_in_its_environment(runtime: Path) -> None:
    with start(runtime, sys.executable, "-c", _SHOW) as process:
        environ = told(process)
        token = Path(environ["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"]).read_text()
        process.communicate("", _SECONDS)
    for secret in (token, "ASIAENDPOINT1", "secret"):
        assert secret not in environ.values()
    assert token not in "".join(environ.values())
    assert "AWS_PROFILE" not in environ
    assert "AWS_SECRET_ACCESS_KEY" not in environ


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_ends_the_command_and_nothing_is_left(runtime: Path, name: str) -> None:
    with start(runtime, sys.executable, "-c", f"import signal\n{_DEFAULTS}{_SHOW}") as process:
        environ = told(process)
        process.send_signal(signal.Signals[name])
        assert process.wait(_SECONDS) == -signal.Signals[name]
    assert not serves(environ)
    assert not list(runtime.iterdir())


_DEFAULTS = "signal.signal(signal.SIGINT, signal.SIG_DFL)\n"


def test_a_killed_one_serves_nothing_and_its_folder_holds_no_key(runtime: Path) -> None:
    with start(runtime, sys.executable, "-c", _SHOW) as process:
        environ = told(process)
        process.kill()
        process.wait(_SECONDS)
        assert not serves(environ)
        left = [path.read_text() for path in runtime.glob("*/*")]
        assert not any("ASIAENDPOINT" in text for text in left)
        assert process.stdin is not None
        process.stdin.close()  # the child, without an endpoint, ends


def test_a_command_that_is_missing_leaves_nothing(runtime: Path) -> None:
    with start(runtime, "no-such-command") as process:
        process.communicate("", _SECONDS)
    assert process.returncode == 1
    assert not list(runtime.iterdir())
