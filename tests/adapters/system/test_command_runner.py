from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from xswitch.adapters.system.command_runner import run_command


def python(code: str, seconds: float = 30, **variables: str) -> tuple[int | None, str, str]:
    output = run_command([sys.executable, "-c", code], variables, seconds)
    return output.code, output.stdout, output.stderr


def test_output_exit_code_and_variables() -> None:
    code = "import os, sys; print(os.environ['X']); sys.stderr.write('\\udcff'); sys.exit(3)"
    assert python(code, X="one") == (3, "one\n", "\\udcff")
    assert python("print(input())")[0] == 1  # there is no input
    assert "secret" not in repr(run_command(["/bin/echo", "secret"], {}, 30))


def test_a_command_that_cannot_start() -> None:
    assert run_command(["/no/such"], {}, 1).code == 127
    assert run_command(["/etc/passwd"], {}, 1).code == 127
    assert run_command(["a\0b"], {}, 1).code == 127


def test_it_is_killed_with_its_children(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    code = (
        "import subprocess; child = subprocess.Popen(['sleep', '60'])\n"
        f"open({str(pid)!r}, 'w').write(str(child.pid))\nchild.wait()"
    )
    assert python(code, seconds=2)[0] is None
    until = time.monotonic() + 20
    while Path(f"/proc/{pid.read_text()}/status").exists() and time.monotonic() < until:
        status = Path(f"/proc/{pid.read_text()}/status").read_text()
        if "State:\tZ" in status:
            break
        time.sleep(0.05)
    else:
        assert not os.path.exists(f"/proc/{pid.read_text()}")  # noqa: PTH110
