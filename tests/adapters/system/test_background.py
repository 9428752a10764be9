from __future__ import annotations

import ast
import os
import shlex
import sys
import time
from pathlib import Path

import pytest

from xswitch.adapters.system.background import DetachedRenewals

REPORT = """
import os, sys
out = sys.argv[1]
with open(out + ".part", "w") as file:
    files = [os.readlink(f"/proc/self/fd/{fd}") for fd in (0, 1, 2)]
    file.write(repr((sys.argv[2:], os.getsid(0), files, os.getppid())))
os.rename(out + ".part", out)
"""


def wait_for(path: Path) -> str:
    deadline = time.monotonic() + 20
    while not path.exists():
        assert time.monotonic() < deadline, "the renewal never ran"
        time.sleep(0.01)
    return path.read_text()


@pytest.mark.parametrize(
    "profile", ["xs-payments", "x; touch pwned", "$(touch pwned)", "-x", "a b"]
)
def test_the_renewal_runs_in_a_new_session_without_inherited_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, profile: str
) -> None:
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "out"
    DetachedRenewals(lambda: (sys.executable, "-c", REPORT, str(out))).renew(profile)
    words, session, files, parent = ast.literal_eval(wait_for(out))
    assert words == ["renew-background", profile]
    assert session != os.getsid(0)
    assert files == ["/dev/null"] * 3
    assert parent != os.getpid()
    assert not (tmp_path / "pwned").exists()


def test_the_caller_does_not_wait_for_it(tmp_path: Path) -> None:
    fifo, out = tmp_path / "fifo", tmp_path / "out"
    os.mkfifo(fifo)
    script = f"read line < {shlex.quote(str(fifo))}; echo done > {shlex.quote(str(out))}"
    DetachedRenewals(lambda: ("/bin/sh", "-c", script)).renew("x")
    assert not out.exists()
    fifo.write_text("go\n")
    assert wait_for(out) == "done\n"


def test_failures_do_not_reach_the_caller(tmp_path: Path) -> None:
    def broken() -> tuple[str, ...]:
        raise RuntimeError("no command")

    DetachedRenewals(broken).renew("x")
    DetachedRenewals(lambda: (str(tmp_path / "missing"),)).renew("x")
    DetachedRenewals(lambda: ("/bin/true",)).renew("nul\0")
