"""xswitch, whose N-th change of a file fails or ends the process.

`faulty_writes.py N FAULT WORDS...`: FAULT is `kill`, or the name of an error such as ENOSPC. With
N = 0, all changes succeed, and their number is the last line of stderr.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from typing import Any

_CHANGES = frozenset(
    (
        "os.chmod",
        "os.link",
        "os.mkdir",
        "os.remove",
        "os.rename",
        "os.rmdir",
        "os.truncate",
        "os.utime",
    )
)
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC


class Changes:
    """Counts the changes, and makes one of them fail."""

    def __init__(self, number: int, fault: str) -> None:
        self.count = 0
        self._number = number
        self._fault = fault

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path, _, flags = args
            if not isinstance(flags, int) or not flags & _WRITING or str(path).startswith("/dev/"):
                return
        elif event not in _CHANGES:
            return
        self.count += 1
        if self.count != self._number:
            return
        if self._fault == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        code = getattr(errno, self._fault)
        raise OSError(code, os.strerror(code))


if __name__ == "__main__":
    sys.dont_write_bytecode = True
    changes = Changes(int(sys.argv[1]), sys.argv[2])
    from xswitch.__main__ import run_full_program

    sys.addaudithook(changes)
    result = run_full_program(sys.argv[3:])
    os.write(2, f"{changes.count}\n".encode())
    raise SystemExit(result)
