"""Runs xswitch in forks of a warm interpreter: a run costs a tenth of a start.

Reads one job a line from standard input, JSON: `argv`, `env`, `cwd`, `stdin`, `stdout` and `stderr`
("kept", "full", "closed", "gone": a pipe without a reader), `uid` (None: as this process),
`capabilities` (False: without root's), `hot` (True: by the hot path if it can), `strace` (None, or
the options of the strace that watches it). Writes one result a line: `code`, `out`, `err`.
"""

from __future__ import annotations

import contextlib
import ctypes
import encodings
import importlib
import json
import os
import pkgutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import IO, Any

import xswitch
from xswitch.__main__ import run_full_program
from xswitch.hot import answer

_FINAL_FLUSH_FAILED = 120
_NOT_IMPORTED = ("xswitch.credential_process", "xswitch.__main__", "xswitch.demo.process")


def load_everything() -> None:
    """Import what a run could import: another user may not be able to read the installation."""
    for module in pkgutil.walk_packages(xswitch.__path__, "xswitch."):
        if module.name not in _NOT_IMPORTED:
            with contextlib.suppress(ImportError):
                importlib.import_module(module.name)
    for codec in pkgutil.iter_modules(encodings.__path__, "encodings."):
        with contextlib.suppress(ImportError):
            importlib.import_module(codec.name)
    for name in (
        *("botocore.session", "getpass", "grp", "pwd", "difflib", "tomllib"),
        "importlib.readers",  # of the shells' templates
    ):
        importlib.import_module(name)
    sysconfig.get_config_vars()


def drop_capabilities() -> None:
    """Become root without the powers of root, who still owns root's files."""
    libc = ctypes.CDLL(None, use_errno=True)

    class Header(ctypes.Structure):
        _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))

    data = (ctypes.c_uint32 * 6)()
    if libc.capset(ctypes.byref(Header(0x20080522, 0)), data):
        raise OSError(ctypes.get_errno(), "capset")


def redirect(number: int, how: str, kept: IO[bytes]) -> None:
    if how == "kept":
        os.dup2(kept.fileno(), number)
    elif how == "closed":
        os.close(number)
    elif how == "gone":
        reading, writing = os.pipe()
        os.close(reading)
        os.dup2(writing, number)
        os.close(writing)
    else:
        descriptor = os.open("/dev/full", os.O_WRONLY)
        os.dup2(descriptor, number)
        os.close(descriptor)


def in_child(job: dict[str, Any], out: IO[bytes], err: IO[bytes]) -> int:
    os.setsid()
    os.environ.clear()
    os.environ.update(job["env"])
    tempfile.tempdir = None  # it may be another one in this environment
    if job["cwd"] is not None:
        os.chdir(job["cwd"])
        if job.get("cwd_gone"):
            Path(job["cwd"]).rmdir()
    if job["uid"] is not None:
        os.setgroups([])
        os.setgid(job["uid"])
        os.setuid(job["uid"])
    elif not job["capabilities"] and os.geteuid() == 0:
        drop_capabilities()
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    redirect(1, job["stdout"], out)
    redirect(2, job["stderr"], err)
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # type: ignore[misc]  # noqa: SIM115
    sys.stdout = sys.__stdout__ = (  # type: ignore[misc]
        None if job["stdout"] == "closed" else open(1, "w", closefd=False)  # noqa: SIM115
    )
    sys.stderr = sys.__stderr__ = (  # type: ignore[misc]
        None
        if job["stderr"] == "closed"
        else open(2, "w", errors="backslashreplace", closefd=False)  # noqa: SIM115
    )
    sys.argv = ["xswitch", *job["argv"]]
    code = _as_the_program(job["argv"]) if job.get("hot") else run_full_program(job["argv"])
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            code = _FINAL_FLUSH_FAILED
    return code


def _as_the_program(argv: list[str]) -> int:
    code = answer.run(argv, [])
    return run_full_program(argv) if code is None else code


def attach(child: int, words: list[str]) -> subprocess.Popen[bytes]:
    """Start strace on a child that has stopped itself, then let the child go on."""
    os.waitpid(child, os.WUNTRACED)
    tracer = subprocess.Popen(
        ["strace", *words, "-p", str(child)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    assert tracer.stderr is not None
    said = tracer.stderr.readline()
    if b"attached" not in said:
        os.kill(child, signal.SIGKILL)
        raise PermissionError(said.decode())
    os.kill(child, signal.SIGCONT)
    return tracer


def run(job: dict[str, Any]) -> dict[str, Any]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if child == 0:
            code = 99
            try:
                if job["strace"] is not None:
                    os.kill(os.getpid(), signal.SIGSTOP)
                code = in_child(job, out, err)
            except BaseException as error:  # noqa: BLE001 -- a child must not return
                with contextlib.suppress(OSError):
                    os.write(err.fileno(), f"Traceback: {error!r}".encode())
            finally:
                os._exit(code)
        tracer = None if job["strace"] is None else attach(child, job["strace"])
        _, status = os.waitpid(child, 0)
        if tracer is not None:
            tracer.communicate()
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read().decode("utf-8", "replace"))
    return {"code": os.waitstatus_to_exitcode(status), "out": texts[0], "err": texts[1]}


def main() -> None:
    load_everything()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
