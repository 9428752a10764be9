"""xswitch in forks of a warm interpreter (`support.programs.forked`), and homes for many runs."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from support.e2e import Ran

_PROGRAM = Path(__file__).parent / "programs" / "forked.py"


class Forks:
    """Runs command lines, each in a fork."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._lock = threading.Lock()

    def run(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        *,
        cwd: Path | None = None,
        cwd_gone: bool = False,
        stdout: str = "kept",
        stderr: str = "kept",
        uid: int | None = None,
        capabilities: bool = True,
        strace: Sequence[str] | None = None,
    ) -> Ran:
        """Run `xswitch ARGV`; `cwd_gone` removes the current folder `cwd` first."""
        job = {
            "argv": list(argv),
            "env": dict(env),
            "cwd": None if cwd is None else str(cwd),
            "cwd_gone": cwd_gone,
            "stdout": stdout,
            "stderr": stderr,
            "uid": uid,
            "capabilities": capabilities,
            "strace": None if strace is None else list(strace),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
            answer = json.loads(self._process.stdout.readline())
        return Ran(answer["code"], answer["out"], answer["err"])


@contextmanager
def forks() -> Iterator[Forks]:
    """Start the warm interpreter."""
    process = subprocess.Popen(
        [sys.executable, str(_PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        yield Forks(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        process.wait(timeout=20)
        assert process.stdout is not None
        process.stdout.close()
