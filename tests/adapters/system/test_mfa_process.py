from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from xswitch.adapters.system.mfa_process import MfaProcess
from xswitch.adapters.system.processes import (
    CapturedCommand,
    CommandTimeoutError,
    OutputTooLargeError,
    split_command_line,
)
from xswitch.core.errors import ExitCode, MfaNeededError
from xswitch.core.model import MfaChallenge

CHALLENGE = MfaChallenge("arn:aws:iam::111111111111:mfa/dev", "admin")


def run(command: str, seconds: float = 30.0) -> str:
    return MfaProcess(os.environ, seconds).run(command, CHALLENGE)


def refused(command: str, seconds: float = 30.0) -> MfaNeededError:
    with pytest.raises(MfaNeededError) as caught:
        run(command, seconds)
    assert caught.value.code == "mfa_process"
    assert caught.value.exit_code == ExitCode.MFA_NEEDED
    assert caught.value.what == "The mfa_process of profile admin returned no MFA code."
    return caught.value


def python(tmp_path: Path, source: str) -> str:
    script = tmp_path / "my script.py"
    script.write_text(source, encoding="utf-8")
    return f"{sys.executable} '{script}'"


def test_the_code_it_prints(tmp_path: Path) -> None:
    assert run("echo 012345") == "012345"
    assert run("printf '  123456\\r\\n\\n'") == "123456"
    assert run(python(tmp_path, "print('654321')")) == "654321"


def test_no_shell_reads_the_command() -> None:
    assert "other than 6 digits" in refused("echo $HOME `id` ; echo 123456").why
    assert split_command_line("a 'b c' d\\ e $F;") == ["a", "b c", "d e", "$F;"]


@pytest.mark.parametrize(
    "printed", ["", "12345", "1234567", "12345a", "123 456", "name 123456", "١٢٣٤٥٦"]
)
def test_anything_but_six_digits_is_no_code(printed: str) -> None:
    error = refused(f"echo '{printed}'")
    assert not printed or printed not in str(vars(error))


def test_failures_are_reported_without_the_output() -> None:
    assert refused("/no/such/program").why == "It can't be started: no such file or directory."
    assert refused("/dev/null").why == "It can't be started: permission denied."
    assert refused("echo 'open").why == "Its quotes don't match."
    assert refused("").why == "It can't be started: the command is empty."
    error = refused("sh -c 'echo s3cret; echo s3cret >&2; exit 3'")
    assert error.why == "It exited with status 3."
    assert "s3cret" not in str(vars(error))


def test_it_has_no_input_and_no_terminal(tmp_path: Path) -> None:
    source = """
import sys
try:
    open("/dev/tty")
    print("terminal")
except OSError:
    print("123456" if sys.stdin.read() == "" else "input")
"""
    assert run(python(tmp_path, source)) == "123456"


def test_a_hung_command_is_killed_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    error = refused(f"sh -c 'sleep 300 & echo $! > {pid}; wait'", seconds=3.0)
    assert error.why == "It was stopped after 3 seconds."
    child = int(pid.read_text(encoding="ascii"))
    for _ in range(1_000):
        if (
            not Path(f"/proc/{child}").exists()
            or Path(f"/proc/{child}/stat").read_text(encoding="ascii").split()[2] == "Z"
        ):
            break
        time.sleep(0.02)
    else:
        pytest.fail("the child of the hung command still runs")


def test_a_command_that_closes_its_output_and_hangs_is_killed() -> None:
    with pytest.raises(CommandTimeoutError):
        CapturedCommand(["sh", "-c", "exec >&-; sleep 300"], os.environ, 0.3).finish()


def test_too_much_output_stops_the_command() -> None:
    with pytest.raises(OutputTooLargeError):
        CapturedCommand(["yes"], os.environ, 30).finish()
    assert refused("yes").why == "It printed much more than a code."


def test_its_environment_is_the_one_given() -> None:
    _, output = CapturedCommand(["/usr/bin/env"], {"ONLY": "this"}, 30).finish()
    assert output == b"ONLY=this\n"
