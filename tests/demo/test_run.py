"""The demo as a whole: child process, folders, clock, shells."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from support.aws.emulator import default_state
from support.processes import ending
from xswitch.core.errors import NetworkError, SettingsError, UsageError
from xswitch.demo import inside, run, scenario, shells
from xswitch.demo.process import FOLDER_PREFIX
from xswitch.emulator import totp

SOURCE = Path(__file__).resolve().parents[2] / "src"
WHO = """
import sys, botocore.session
session = botocore.session.Session(profile=sys.argv[1])
if len(sys.argv) > 2:
    resolver = session.get_component("credential_provider")
    resolver.get_provider("assume-role")._prompter = lambda text: sys.argv[2]
print(session.create_client("sts").get_caller_identity()["Arn"])
"""


def run_python(code: str, env: Mapping[str, str], *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(
        command,
        env={**env, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def vanish(*folders: Path) -> bool:
    for _ in range(1_000):
        if not any(folder.exists() for folder in folders):
            return True
        time.sleep(0.01)
    return False


@pytest.fixture
def fake_xswitch(tmp_path: Path) -> tuple[str, ...]:
    """A stand-in for xswitch whose `init` and `completion` print a line when evaluated."""
    script = tmp_path / "fake.py"
    script.write_text(
        "import sys\nprint(f'echo loaded-{sys.argv[1]}-{sys.argv[2]}' + '-prompt' * ('--prompt' in"
        " sys.argv))\n"
    )
    return (sys.executable, str(script))


@pytest.fixture
def demo(fake_xswitch: tuple[str, ...]) -> Iterator[run.Demo]:
    environ = {**os.environ, "AWS_PROFILE": "mine", "SHELL": "/bin/bash"}
    with run.start(environ, fake_xswitch) as started:
        yield started


def test_a_client_in_the_demo_gets_the_demos_identities(demo: run.Demo) -> None:
    assert run_python(WHO, demo.env, "payments-dev-developer").startswith(
        "arn:aws:sts::333333333333:assumed-role/Developer/"
    )
    code = run.current_code(demo.env).code
    assert run_python(WHO, demo.env, "payments-prod-admin", code).startswith(
        "arn:aws:sts::222222222222:assumed-role/Admin/"
    )
    assert demo.endpoint in demo.banner
    assert run.is_demo(demo.env)
    assert run.notice(demo.env).startswith("DEMO")


def test_everything_is_gone_afterwards(fake_xswitch: tuple[str, ...]) -> None:
    with run.start(os.environ, fake_xswitch) as demo:
        folders = (demo.home, Path(demo.env["XDG_RUNTIME_DIR"]))
        assert demo.home.stat().st_mode & 0o777 == 0o700
        assert all(FOLDER_PREFIX in str(folder) for folder in folders)
    assert not any(folder.exists() for folder in folders)
    assert demo._child.returncode == 0
    demo.close()


def test_it_is_gone_too_when_its_parent_is_killed() -> None:
    code = """
import os, sys, time
from xswitch.demo import run
demo = run.start(os.environ, ["/bin/true"])
print(demo.home, demo.env["XDG_RUNTIME_DIR"], flush=True)
time.sleep(60)
"""
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    with (
        subprocess.Popen(
            [sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True
        ) as parent,
        ending(parent),
    ):
        assert parent.stdout is not None
        folders = [Path(word) for word in parent.stdout.readline().split()]
        assert len(folders) == 2
        assert all(folder.is_dir() for folder in folders if folder.parent != folders[0])
    assert vanish(*folders)


def test_time_can_pass(demo: run.Demo) -> None:
    clock = run.demo_clock(demo.env)
    assert clock is not None
    before = run.current_code(demo.env)
    assert run.advance(demo.env, 3_600) == 3_600
    assert run.advance(demo.env, 0.5) == 3_600.5
    assert clock.offset_seconds() == 3_600.5
    after = run.current_code(demo.env)
    assert after.code != before.code
    assert after.code == totp.code(scenario.TOTP_SECRET, clock.now())
    assert 1 <= after.seconds_left <= 30
    who = run_python(WHO, demo.env, "hub-network", after.code)
    assert who.startswith("arn:aws:sts::444444444444:assumed-role/NetworkAdmin/")
    for wrong in (-1, float("nan")):
        with pytest.raises(UsageError):
            run.advance(demo.env, wrong)


def test_a_session_ends_when_its_time_has_passed(demo: run.Demo) -> None:
    code = """
import sys, botocore.session
from xswitch.demo import run
import os
session = botocore.session.Session(profile="payments-dev-developer")
client = session.create_client("sts")
client.get_caller_identity()
run.advance(os.environ, 3500)
client.get_caller_identity()
run.advance(os.environ, 100)
try:
    client.get_caller_identity()
except client.exceptions.ClientError as error:
    print(error.response["Error"]["Code"])
"""
    assert run_python(code, demo.env) == "ExpiredToken"


def test_a_code_of_each_device(demo: run.Demo) -> None:
    dana, other = run.current_code(demo.env), run.current_code(demo.env, who="SwitchUser")
    assert (dana.serial, other.serial) == (scenario.MFA_SERIAL, scenario.PEOPLE[-1].mfa_serial)
    assert run.current_code(demo.env, who=other.serial).serial == other.serial
    with pytest.raises(UsageError, match="no MFA device of ida"):
        run.current_code(demo.env, who="ida")
    assert len(inside.code_shown(demo.env, other.serial)) == 6
    assert inside.code_shown(demo.env, "arn:aws:iam::111111111111:mfa/ida") == ""


def test_the_command_prints_the_code_of_a_user(demo: run.Demo) -> None:
    command = [
        str(Path(sys.executable).with_name("xswitch")),
        "demo",
        "--code",
        "--user",
        "SwitchUser",
    ]
    done = subprocess.run(
        command, env=dict(demo.env), capture_output=True, text=True, timeout=60, check=True
    )
    assert re.fullmatch(r"\d{6}\n", done.stdout)
    assert "mfa/SwitchUser" in done.stderr


def test_outside_of_a_demo_there_is_no_code_and_no_clock(tmp_path: Path) -> None:
    assert run.demo_clock({"XSWITCH_DEMO_CLOCK": "/x"}) is None
    assert run.notice({}) == ""
    for call in (run.current_code, lambda env: run.advance(env, 1)):
        with pytest.raises(UsageError, match="inside the demo"):
            call({})
        gone = str(tmp_path / "gone" / "file")
        ended = {"XSWITCH_DEMO": "1", "XSWITCH_DEMO_CLOCK": gone, "XSWITCH_DEMO_TOTP": gone}
        with pytest.raises(UsageError, match="ended"):
            call(ended)


def test_a_child_that_does_not_come_up_is_said(
    fake_xswitch: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(NetworkError, match="did not start"):
        run.start(os.environ, fake_xswitch)


def test_no_place_for_temporary_files_is_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "none"))
    with pytest.raises(SettingsError, match="temporary files"):
        run.start(os.environ, ("/bin/true",))


@pytest.fixture
def stub_aws(tmp_path: Path) -> Path:
    stub = tmp_path / "bin" / "aws"
    stub.parent.mkdir()
    stub.write_text('#!/bin/sh\necho "aws:$*:$AWS_PROFILE"\n')
    stub.chmod(0o700)
    return stub.parent


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_shell_loads_the_hook_and_gives_aws_the_endpoint(
    demo: run.Demo, need: Callable[[str], str], stub_aws: Path, shell: str
) -> None:
    env = {
        **demo.env,
        "AWS_PROFILE": "xs-x",
        "PATH": f"{demo.home}/demo/bin:{stub_aws}:{os.environ['PATH']}",
    }
    argv = run.shell_command(env, need(shell))
    typed = "aws sts get-caller-identity\nexit\n"
    done = subprocess.run(
        argv, env=env, input=typed, capture_output=True, text=True, check=False, timeout=60
    )
    assert f"loaded-init-{shell}-prompt" in done.stdout
    assert f"loaded-completion-{shell}" in done.stdout
    assert f"aws:--endpoint-url {demo.endpoint} sts get-caller-identity:xs-x" in done.stdout
    assert "xswitch demo --advance" in done.stdout


def test_which_shell(demo: run.Demo) -> None:
    bash = ["--rcfile", str(demo.home / "demo/bashrc"), "-i"]
    assert run.shell_command(demo.env) == ["/bin/bash", *bash]
    assert run.shell_command(demo.env, "dash")[1:] == bash
    assert run.shell_command(demo.env, "no-such-shell")[1:] == bash
    assert run.shell_command({"HOME": "/h", "PATH": "/nowhere"}) == ["/bin/sh", "-i"]
    assert shells.start_files()


# -- the AWS alone


def test_serving_alone_until_interrupted(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    state.write_text(json.dumps(default_state()))
    code = (
        "import sys, pathlib\nfrom xswitch.demo import"
        " run\nrun.serve(pathlib.Path(sys.argv[1]))\nprint('done')"
    )
    env = {**os.environ, "PYTHONPATH": str(SOURCE)}
    words = [sys.executable, "-c", code, str(state)]
    with (
        subprocess.Popen(words, env=env, stdout=subprocess.PIPE, text=True) as server,
        ending(server),
    ):
        assert server.stdout is not None
        endpoint = server.stdout.readline().strip()
        assert endpoint.startswith("http://127.0.0.1:")
        keys = default_state()["accounts"][0]["users"][0]["access_keys"][0]
        client = {
            "AWS_ACCESS_KEY_ID": keys["id"],
            "AWS_SECRET_ACCESS_KEY": keys["secret"],
            "AWS_ENDPOINT_URL": endpoint,
        }
        who = (
            "import botocore.session;"
            " print(botocore.session.Session().create_client('sts').get_caller_identity()['Arn'])"
        )
        assert run_python(
            who, {**os.environ, **client, "AWS_DEFAULT_REGION": "eu-west-1"}
        ).endswith("user/dev")
        server.send_signal(signal.SIGINT)
        assert server.communicate(timeout=60)[0] == "done\n"
    assert server.returncode == 0


def test_a_state_or_a_port_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="can't be read"):
        run.serve(tmp_path / "none.json")
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(SettingsError, match="can't be read"):
        run.serve(tmp_path / "bad.json")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(NetworkError, match=f"Port {port} of"):
            run.serve(port=port)


def test_who_serves_may_announce_it_their_way(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    hints: list[str] = []
    monkeypatch.setattr("xswitch.emulator.server.EmbeddedAws.serve", lambda _self: None)
    run.serve(announce=said.append, hint=hints.append)
    assert said[0].startswith("http://127.0.0.1:")
    (line,) = hints
    assert line.startswith("sso_start_url = https://acorn.awsapps.com/start, sso_region = eu-w")
