"""Many callers at once: forks of a warm interpreter, or whole processes."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from support.e2e import Ran

_PROGRAM = Path(__file__).parents[1] / "programs" / "crowd.py"


@dataclass(frozen=True)
class Caller:
    """The result of one caller, and the seconds that it took."""

    ran: Ran
    seconds: float


def forked(
    argv: Sequence[str],
    env: Mapping[str, str],
    callers: int,
    warm: Sequence[str] = (),
    *,
    hot: bool = True,
) -> list[Caller]:
    """Run `xswitch ARGV` in so many forks at once; each has run `warm` before, if it's given.

    With `hot` they try the hot path first, as the program does.
    """
    done = subprocess.run(
        [sys.executable, str(_PROGRAM)],
        input=json.dumps(
            {
                "argv": list(argv),
                "env": dict(env),
                "callers": callers,
                "warm": list(warm),
                "hot": hot,
            }
        ),
        capture_output=True,
        text=True,
        check=True,
        timeout=300,
    )
    return [
        Caller(Ran(one["code"], one["out"], one["err"]), one["seconds"])
        for one in json.loads(done.stdout)
    ]


def started(argv: Sequence[str], env: Mapping[str, str], callers: int) -> list[Ran]:
    """Run so many processes of a command at once."""
    processes = [
        subprocess.Popen(
            list(argv),
            env=dict(env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        for _ in range(callers)
    ]
    try:
        texts = [process.communicate(timeout=300) for process in processes]
    finally:
        for process in processes:
            process.kill()
            process.wait()
    return [Ran(process.returncode, *text) for process, text in zip(processes, texts, strict=True)]
