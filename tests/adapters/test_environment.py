from __future__ import annotations

import getpass
import os
import socket
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from xswitch.adapters.environment import ProcessEnvironment


def test_variables_are_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = ProcessEnvironment()
    monkeypatch.setenv("AWS_PROFILE", "one")
    assert environment.variables()["AWS_PROFILE"] == "one"
    monkeypatch.delenv("AWS_PROFILE")
    assert "AWS_PROFILE" not in environment.variables()


def test_user_at_host_asks_no_name_server(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a look-up")

    for name in ("getaddrinfo", "gethostbyname", "gethostbyaddr", "getfqdn"):
        monkeypatch.setattr(socket, name, refuse)
    monkeypatch.setenv("LOGNAME", "dana")
    assert ProcessEnvironment().user_at_host() == f"dana@{socket.gethostname()}"


def test_a_user_without_a_name_and_a_host_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody() -> str:
        raise KeyError("uid not found")

    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr(socket, "gethostname", lambda: "")
    assert ProcessEnvironment().user_at_host() == f"uid-{os.getuid()}@localhost"


def test_the_command_is_the_console_script_beside_this_interpreter() -> None:
    command = ProcessEnvironment().command()
    assert command == (str(Path(sysconfig.get_path("scripts")) / "xswitch"),)
    assert subprocess.run([*command, "--version"], stdin=subprocess.DEVNULL, capture_output=True, check=False, cwd="/").returncode == 0


def script(folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "xswitch"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_user_installation_beside_the_system_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = script(tmp_path / "user" / "bin")
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)

    def paths(_name: str, scheme: str | None = None) -> str:
        return str(tmp_path / "system") if scheme is None else str(path.parent)

    monkeypatch.setattr(sysconfig, "get_path", paths)
    assert ProcessEnvironment().command() == (str(path),)


def test_the_script_that_was_started_counts_when_no_scheme_knows_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = script(tmp_path / "odd")
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["odd/xswitch"])
    assert ProcessEnvironment().command() == (str(path),)


def test_without_any_script_the_interpreter_runs_the_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["/somewhere/__main__.py"])
    command = ProcessEnvironment().command()
    assert command == (sys.executable, "-m", "xswitch")
    assert Path(command[0]).is_absolute()


def test_an_environment_made_by_venv_keeps_its_own_path(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
    scripts = tmp_path / "v" / "bin"
    (scripts / "xswitch").write_text("#!/bin/sh\n")
    (scripts / "xswitch").chmod(0o755)
    code = "from xswitch.adapters.environment import ProcessEnvironment; print(ProcessEnvironment().command()[0])"
    source = Path(__file__).parents[2] / "src"
    found = subprocess.run([scripts / "python", "-c", code], env={"PYTHONPATH": str(source)}, capture_output=True, text=True, check=True)
    assert found.stdout == f"{scripts / 'xswitch'}\n"
