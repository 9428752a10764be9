from __future__ import annotations

import getpass
import os
import socket
import subprocess
import sys
import sysconfig
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from xswitch.adapters.system import environment as module
from xswitch.adapters.system.environment import OsFileInspector, ProcessEnvironment, SystemClock
from xswitch.core.model import FileInfo


def test_variables_are_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = ProcessEnvironment()
    monkeypatch.setenv("AWS_PROFILE", "one")
    assert environment.variables()["AWS_PROFILE"] == "one"
    monkeypatch.delenv("AWS_PROFILE")
    assert "AWS_PROFILE" not in environment.variables()


def test_user_at_host_makes_no_network_lookup(monkeypatch: pytest.MonkeyPatch) -> None:
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
    monkeypatch.setattr(os, "uname", lambda: SimpleNamespace(nodename=""))
    assert ProcessEnvironment().user_at_host() == f"uid-{os.getuid()}@localhost"


def test_the_command_is_the_console_script_beside_this_interpreter() -> None:
    command = ProcessEnvironment().command()
    assert command == (str(Path(sysconfig.get_path("scripts")) / "xswitch"),)
    assert (
        subprocess.run(
            [*command, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            cwd="/",
        ).returncode
        == 0
    )


def script(folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "xswitch"
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_a_user_installation_beside_the_system_python(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = script(tmp_path / "user" / "bin")
    monkeypatch.setattr(sys, "base_prefix", sys.prefix)

    def paths(_name: str, scheme: str | None = None) -> str:
        return str(tmp_path / "system") if scheme is None else str(path.parent)

    monkeypatch.setattr(sysconfig, "get_path", paths)
    assert ProcessEnvironment().command() == (str(path),)


def test_the_script_that_was_started_counts_when_no_scheme_knows_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = script(tmp_path / "odd")
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path / "nowhere"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["odd/xswitch"])
    assert ProcessEnvironment().command() == (str(path),)


def test_without_any_script_the_interpreter_runs_the_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path))
    monkeypatch.setattr(sys, "argv", ["/somewhere/__main__.py"])
    command = ProcessEnvironment().command()
    assert command == (sys.executable, "-P", "-m", "xswitch")
    assert Path(command[0]).is_absolute()


@pytest.mark.parametrize("planted", ["xswitch/__init__.py", "xswitch/__main__.py", "xswitch.py"])
def test_that_command_never_runs_code_of_the_current_folder(
    planted: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sysconfig, "get_path", lambda *_: str(tmp_path / "nowhere"))
    monkeypatch.setattr(sys, "argv", ["/somewhere/__main__.py"])
    file = tmp_path / "folder" / planted
    file.parent.mkdir(parents=True)
    file.write_text("raise SystemExit('planted')\n")
    for words in (ProcessEnvironment().command(), ProcessEnvironment().credential_process()):
        done = subprocess.run(
            [*words, "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            cwd=tmp_path / "folder",
        )
        assert "planted" not in done.stderr + done.stdout, words


def test_an_environment_made_by_venv_keeps_its_own_path(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "v")], check=True)
    scripts = tmp_path / "v" / "bin"
    (scripts / "xswitch").write_text("#!/bin/sh\n")
    (scripts / "xswitch").chmod(0o755)
    code = (
        "from xswitch.adapters.system.environment import ProcessEnvironment as E\n"
        "print(E().command()[0])"
    )
    source = Path(__file__).parents[3] / "src"
    found = subprocess.run(
        [scripts / "python", "-c", code],
        env={"PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout == f"{scripts / 'xswitch'}\n"


# -- the credential_process command

VERSIONED = f"python3.{sys.version_info[1]}"


def launcher(folder: Path) -> Path:
    folder.mkdir(parents=True)
    path = folder / "credential_process.py"
    path.write_text("")
    return path


@pytest.mark.parametrize("packages", ["site-packages", "dist-packages"])
def test_the_launcher_of_an_installation_is_below_its_prefix(tmp_path: Path, packages: str) -> None:
    place = tmp_path / "lib" / VERSIONED / packages
    launcher(place / "xswitch")
    assert module._launcher_path(place) is None
    assert module._launcher_path(place) != launcher(tmp_path / "share" / "xswitch")
    assert module._launcher_path(place) == tmp_path / "share" / "xswitch" / "credential_process.py"


def test_the_launcher_of_a_source_tree_is_in_the_package(tmp_path: Path) -> None:
    assert module._launcher_path(tmp_path / "src") is None
    path = launcher(tmp_path / "src" / "xswitch")
    assert module._launcher_path(tmp_path / "src") == path


@pytest.mark.parametrize(
    "place",
    [
        "lib/python3.0/site-packages",
        f"{VERSIONED}/src",
        "share",
        f"lib64/{VERSIONED}/site-packages",
    ],
)
def test_a_path_that_upgrades_change_has_no_launcher(tmp_path: Path, place: str) -> None:
    launcher(tmp_path / place / "xswitch")
    assert module._launcher_path(tmp_path / place) is None


def test_without_a_launcher_it_is_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_launcher_path", lambda _: None)
    assert ProcessEnvironment().credential_process() == (
        *ProcessEnvironment().command(),
        "credential-process",
    )


@pytest.mark.parametrize(
    ("attribute", "value"), [("platform", "darwin"), ("platform", "win32"), ("executable", "")]
)
def test_off_linux_or_without_an_interpreter_it_is_the_command(
    monkeypatch: pytest.MonkeyPatch, attribute: str, value: str
) -> None:
    monkeypatch.setattr(ProcessEnvironment, "command", lambda _: ("/c",))
    monkeypatch.setattr(sys, attribute, value)
    assert ProcessEnvironment().credential_process() == ("/c", "credential-process")


def test_the_interpreter_is_named_without_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = tmp_path / VERSIONED
    real.write_text("")
    monkeypatch.setattr(sys, "executable", str(real))
    assert module._unversioned_interpreter() == str(real)
    (tmp_path / "python3").write_text("another one")
    (tmp_path / "python").symlink_to(real)
    assert module._unversioned_interpreter() == str(tmp_path / "python")
    (tmp_path / "python3").unlink()
    (tmp_path / "python3").symlink_to(real)
    assert module._unversioned_interpreter() == str(tmp_path / "python3")


def test_now_is_now_in_utc() -> None:
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert abs(now - datetime.now(UTC)) < timedelta(seconds=30)


def test_file_info(tmp_path: Path) -> None:
    look = OsFileInspector().inspect
    program = tmp_path / "program"
    program.write_text("", encoding="utf-8")
    program.chmod(0o750)
    plain = tmp_path / "plain"
    plain.write_text("", encoding="utf-8")
    plain.chmod(0o604)
    folder = tmp_path / "folder"
    folder.mkdir()
    folder.chmod(0o700)
    link = tmp_path / "link"
    link.symlink_to(plain)
    dangling = tmp_path / "dangling"
    dangling.symlink_to(tmp_path / "nowhere")
    assert look(str(program)) == FileInfo(str(program), exists=True, mode=0o750, executable=True)
    assert look(str(plain)) == FileInfo(str(plain), exists=True, mode=0o604)
    assert look(str(folder)) == FileInfo(str(folder), exists=True, folder=True, mode=0o700)
    assert look(str(link)) == FileInfo(str(link), exists=True, mode=0o604)
    for absent in (
        str(dangling),
        str(tmp_path / "nowhere"),
        str(plain / "below"),
        "\0",
        "x" * 5000,
    ):
        assert look(absent) == FileInfo(absent, exists=False)
