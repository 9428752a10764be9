"""A command that xswitch waits for behaves as if it ran alone: signals, job control, exit code."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pexpect
import pytest

_PROGRAM = """
import os, sys
from xswitch.adapters.system.foreground_child import Command, Foreground, exit_like
with Foreground() as foreground:
    status = foreground.run(Command(sys.argv[1], sys.argv[1:]), os.environ)
open(os.environ["CLEANED"], "w").close()
sys.exit(exit_like(status))
"""
_SECONDS = 30
# Tells each signal it gets, and ends after SIGTERM or at the end of its input.
_TELLER = """
import os, signal, sys, time
def told(number, frame):
    os.write(1, f"got {signal.Signals(number).name}\\n".encode())
    if number == signal.SIGTERM:
        sys.exit(3)
for name in ("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGWINCH"):
    signal.signal(getattr(signal, name), told)
os.write(1, f"ready {os.getpid()}\\n".encode())
for line in sys.stdin:
    os.write(1, f"read {line.strip()}\\n".encode())
os.write(1, b"over\\n")
sys.exit(5)
"""


@pytest.fixture
def environ(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    cleaned = tmp_path / "cleaned"
    monkeypatch.setenv("CLEANED", str(cleaned))
    return cleaned


def command(*words: str) -> list[str]:
    return [sys.executable, "-c", _PROGRAM, *words]


@contextmanager
def teller(environ: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """The program with a teller as its child, both without a terminal, and the child's id."""
    del environ
    words = command(sys.executable, "-c", _TELLER)
    with subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield process, int(process.stdout.readline().split()[1])
        finally:
            process.kill()


@pytest.mark.parametrize("code", [0, 1, 2, 7, 126, 127, 128, 130, 255])
def test_the_exit_code_is_the_commands(environ: Path, code: int) -> None:
    ran = subprocess.run(command("sh", "-c", f"exit {code}"), check=False, timeout=_SECONDS)
    assert ran.returncode == code
    assert environ.exists()


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGKILL", "SIGHUP", "SIGSEGV", "SIGPIPE"])
def test_a_death_by_signal_is_the_commands(environ: Path, name: str) -> None:
    number = signal.Signals[name]
    words = command("sh", "-c", f"kill -{number.value} $$")
    ran = subprocess.run(words, check=False, timeout=_SECONDS, start_new_session=True)
    assert ran.returncode == -number
    assert environ.exists()


def test_a_command_that_is_missing_raises(environ: Path) -> None:
    ran = subprocess.run(
        command("no-such-command"), capture_output=True, text=True, check=False, timeout=_SECONDS
    )
    assert "FileNotFoundError" in ran.stderr
    assert not environ.exists()


def test_input_and_output_are_the_commands(environ: Path) -> None:
    del environ
    ran = subprocess.run(
        command("cat"), input=b"a\0b\n", capture_output=True, check=False, timeout=_SECONDS
    )
    assert (ran.stdout, ran.stderr, ran.returncode) == (b"a\0b\n", b"", 0)


@pytest.mark.parametrize("name", ["SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1"])
def test_a_signal_to_this_process_alone_is_passed_on(environ: Path, name: str) -> None:
    with teller(environ) as (process, _):
        assert process.stdout is not None
        process.send_signal(signal.Signals[name])
        assert process.stdout.readline() == f"got {name}\n"
        process.send_signal(signal.SIGTERM)
        assert process.stdout.readline() == "got SIGTERM\n"
        assert process.wait(_SECONDS) == 3
    assert environ.exists()


def test_a_signal_that_is_ignored_from_the_start_stays_ignored(environ: Path) -> None:
    script = 'trap "" HUP; exec "$@"'
    child = ["sh", "-c", "kill -HUP $$; kill -HUP $PPID; echo lives"]
    ran = subprocess.run(
        ["sh", "-c", script, "sh", *command(*child)],
        capture_output=True,
        text=True,
        check=False,
        timeout=_SECONDS,
        start_new_session=True,
    )
    assert (ran.stdout, ran.returncode) == ("lives\n", 0), ran.stderr
    assert environ.exists()


@pytest.mark.parametrize("number", [signal.SIGSTOP])
def test_without_a_terminal_a_stopped_command_can_be_continued_alone(
    environ: Path, number: signal.Signals
) -> None:
    with teller(environ) as (process, child):
        assert process.stdin is not None
        assert process.stdout is not None
        os.kill(child, number)
        os.kill(child, signal.SIGCONT)
        process.stdin.write("on\n")
        process.stdin.close()
        assert process.stdout.read() == "read on\nover\n"
        assert process.wait(_SECONDS) == 5
        process.stdin = None


@contextmanager
def shell() -> Iterator[pexpect.spawn[str]]:
    """An interactive bash with job control in a pty."""
    process = pexpect.spawn(
        "bash",
        ["--norc", "--noprofile", "-i"],
        env={
            **os.environ,
            "PS1": "prompt$ ",
            "TERM": "dumb",
            "BASH_SILENCE_DEPRECATION_WARNING": "1",
        },
        encoding="utf-8",
        timeout=_SECONDS,
        echo=False,
    )
    try:
        process.expect_exact("prompt$ ")
        yield process
    finally:
        process.close(force=True)


def script(folder: Path) -> str:
    """A file that runs the program with a teller."""
    path = folder / "run.sh"
    (folder / "program.py").write_text(_PROGRAM)
    (folder / "teller.py").write_text(_TELLER)
    path.write_text(
        f"exec {sys.executable} {folder}/program.py {sys.executable} {folder}/teller.py\n"
    )
    return f"sh {path}"


def test_ctrl_c_reaches_the_command_once(environ: Path, tmp_path: Path) -> None:
    with shell() as bash:
        bash.sendline(script(tmp_path))
        bash.expect("ready [0-9]+")
        for _ in range(2):
            bash.send("\x03")
            bash.expect_exact("got SIGINT")
        bash.sendline("typed")
        bash.expect_exact("read typed")
        assert "SIGINT" not in str(bash.before)
        bash.send("\x04")
        bash.expect_exact("over")
        bash.sendline("echo code $?")
        bash.expect_exact("code 5")
    assert environ.exists()


def test_ctrl_z_stops_and_fg_continues(environ: Path, tmp_path: Path) -> None:
    with shell() as bash:
        bash.sendline(script(tmp_path))
        bash.expect("ready [0-9]+")
        for turn in range(3):
            bash.send("\x1a")
            bash.expect_exact("Stopped")
            bash.expect_exact("prompt$ ")
            bash.sendline("fg")
            bash.sendline(f"line {turn}")
            bash.expect_exact(f"read line {turn}")
        bash.send("\x04")
        bash.expect_exact("over")
        bash.sendline("echo code $?")
        bash.expect_exact("code 5")
    assert environ.exists()


def test_ctrl_z_and_bg_let_it_go_on(environ: Path, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(_PROGRAM)
    go, done = tmp_path / "go", tmp_path / "done"
    words = f"echo re''ady; while ! test -e {go}; do sleep 0.1; done; echo over > {done}"
    with shell() as bash:
        bash.sendline(f'{sys.executable} {tmp_path}/program.py sh -c "{words}"')
        bash.expect_exact("ready")
        bash.send("\x1a")
        bash.expect_exact("Stopped")
        bash.expect_exact("prompt$ ")
        bash.sendline("bg")
        bash.expect_exact("prompt$ ")
        go.touch()
        bash.sendline("wait; echo code $?")
        bash.expect_exact("code 0")
    assert done.read_text() == "over\n"
    assert environ.exists()


def test_a_command_that_stops_itself_gives_the_prompt_back(environ: Path, tmp_path: Path) -> None:
    del environ
    (tmp_path / "program.py").write_text(_PROGRAM)
    run = f"{sys.executable} {tmp_path}/program.py"
    with shell() as bash:
        bash.sendline(f"{run} sh -c 'kill -STOP $$; echo went on'")
        bash.expect_exact("Stopped")
        bash.expect_exact("prompt$ ")
        bash.sendline("fg")
        bash.expect("\r\nwent on")


def test_the_window_size_and_its_change_reach_the_command(environ: Path, tmp_path: Path) -> None:
    del environ
    with shell() as bash:
        bash.sendline(script(tmp_path))
        bash.expect("ready [0-9]+")
        bash.setwinsize(31, 97)
        bash.expect_exact("got SIGWINCH")
        bash.send("\x04")
        bash.expect_exact("over")
        bash.expect_exact("prompt$ ")
        bash.sendline(f"{sys.executable} {tmp_path}/program.py stty size")
        bash.expect_exact("31 97")


def test_a_hangup_of_the_terminal_reaches_the_command(environ: Path, tmp_path: Path) -> None:
    told = tmp_path / "told"
    (tmp_path / "program.py").write_text(_PROGRAM)
    words = f"trap 'echo hung up > {told}; exit 0' HUP; echo re''ady; while :; do sleep 0.1; done"
    process = pexpect.spawn(
        sys.executable,
        [str(tmp_path / "program.py"), "sh", "-c", words],
        encoding="utf-8",
        timeout=_SECONDS,
        env=dict(os.environ),
    )
    try:
        process.expect_exact("ready")
        os.close(process.child_fd)
        process.closed = True
        process.child_fd = -1
        assert process.pid is not None
        found, status = os.waitpid(process.pid, 0)
    finally:
        if process.child_fd != -1:
            process.close(force=True)
    assert found == process.pid
    assert os.waitstatus_to_exitcode(status) == 0
    assert re.fullmatch("hung up\n", told.read_text())
    assert environ.exists()
