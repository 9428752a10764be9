"""The terminfo database of this machine, and what xswitch makes of its terminals."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from xswitch.tui.startup.full_screen import supports_full_screen

_TESTS = Path(__file__).parents[2]
_FOLDERS = ("/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo")


def names_in_terminfo() -> list[str]:
    """Every name that the database knows, sorted."""
    return sorted(
        {
            entry.name
            for folder in _FOLDERS
            for entry in Path(folder).glob("*/*")
            if entry.parent.name[0] == entry.name[0]
        }
    )


def decide(environ: Mapping[str, str]) -> bool:
    """Return `supports_full_screen`, asked in a process of its own.

    curses reads one terminal per process.
    """
    child = os.fork()
    if not child:
        os._exit(int(supports_full_screen(environ)))
    return bool(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


def decide_all(names: Sequence[str]) -> list[bool]:
    """Return what `decide` says of each name, from a small process, whose forks cost little."""
    ran = subprocess.run(
        [sys.executable, "-m", __name__],
        cwd=_TESTS,
        input="".join(f"{name}\n" for name in names),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    decisions = [line == "1" for line in ran.stdout.split()]
    assert len(decisions) == len(names)
    return decisions


if __name__ == "__main__":
    for line in sys.stdin:
        print(int(decide({"TERM": line.rstrip("\n")})), flush=True)  # noqa: T201 -- its answer
