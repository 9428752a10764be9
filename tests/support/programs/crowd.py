"""Runs xswitch many times at once, in forks of a warm interpreter that start together.

Reads one JSON object from standard input: `argv`, `env`, `callers`, `hot` (true: they try the hot
path first, as the program does), and `warm`, a command line that each caller runs before they
start, so that its memory is its own and has what it needs; it may be empty. Writes a list of a
result for each caller: `code`, `out`, `err`, and `seconds` from the start of all to its end.
"""

from __future__ import annotations

import gc
import io
import json
import mmap
import os
import struct
import sys
import tempfile
import time
from contextlib import ExitStack, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import IO, Any

sys.path.insert(0, str(Path(__file__).parents[2]))

import botocore.session  # noqa: F401 -- loaded for the callers

import xswitch.actions.credentials.credential_process
import xswitch.actions.sso.tokens
import xswitch.adapters.providers.sso
import xswitch.adapters.sso.oidc
import xswitch.adapters.sso.portal_clients
import xswitch.cli.commands.sessions
import xswitch.cli.main
import xswitch.hot.turns
import xswitch.wiring  # noqa: F401 -- the same
from support.programs.forked import in_child
from xswitch.__main__ import run_full_program

_END = struct.Struct("d")
_KEPT = {
    "cwd": None,
    "uid": None,
    "capabilities": True,
    "stdout": "kept",
    "stderr": "kept",
    "hot": True,
}


class Crowd:
    """Callers that wait, when they are ready, at a gate: a pipe that their parent holds open."""

    def __init__(self, job: dict[str, Any], files: ExitStack) -> None:
        self._job = {**_KEPT, **job}
        self._ends = mmap.mmap(-1, _END.size * job["callers"])
        self._gate, self._ready = os.pipe(), os.pipe()
        self._texts = [
            (files.enter_context(_file()), files.enter_context(_file()))
            for _ in range(job["callers"])
        ]

    def run(self) -> list[dict[str, Any]]:
        """Start all, let them go at once, and return their results."""
        children = [self._start(number) for number in range(self._job["callers"])]
        for _ in children:
            os.read(self._ready[0], 1)
        began = time.monotonic()
        os.close(self._gate[1])
        codes = [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]
        return [
            {
                "code": code,
                "out": _text(self._texts[number][0]),
                "err": _text(self._texts[number][1]),
                "seconds": _END.unpack_from(self._ends, number * _END.size)[0] - began,
            }
            for number, code in enumerate(codes)
        ]

    def _start(self, number: int) -> int:
        child = os.fork()
        if child:
            return child
        code, (out, err) = 99, self._texts[number]
        try:
            os.close(self._gate[1])
            if self._job["warm"]:
                run_here(self._job["warm"], self._job["env"])
            os.write(self._ready[1], b".")
            os.read(self._gate[0], 1)
            code = in_child(self._job, out, err)
        except BaseException as error:  # noqa: BLE001 -- a child must not return
            with suppress(OSError):
                os.write(err.fileno(), f"Traceback: {error!r}".encode())
        finally:
            _END.pack_into(self._ends, number * _END.size, time.monotonic())
            os._exit(code)


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile()


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "replace")


def run_here(argv: list[str], env: dict[str, str]) -> None:
    """Run xswitch in this process, and drop its output."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(env)
    with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
        run_full_program(argv)
    os.environ.clear()
    os.environ.update(before)


def main() -> None:
    gc.freeze()
    with ExitStack() as files:
        print(json.dumps(Crowd(json.load(sys.stdin), files).run()))  # noqa: T201 -- its answer


if __name__ == "__main__":
    main()
