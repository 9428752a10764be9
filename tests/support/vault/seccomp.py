"""Runs a program for which the kernel denies some system calls.

`python -m support.vault.seccomp NUMBER,NUMBER PROGRAM WORDS...` (x86-64 only).
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys

NUMBERS = {
    "flock": (73,),
    "fchmod": (91,),
    "rename": (82, 264, 316),
    "mkdir": (83, 258),
    "statfs": (137, 138),
    "unlink": (87, 263),
}
"""The numbers of these calls on x86-64."""

_NO_NEW_PRIVILEGES, _SECCOMP, _FILTER = 38, 22, 2
_LOAD, _EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _ERRNO, _EPERM = 0x7FFF0000, 0x00050000, 1


def _program(numbers: list[int]) -> bytes:
    """Return a BPF program that fails these calls with EPERM."""
    steps = [struct.pack("HBBI", _LOAD, 0, 0, 0)]
    steps += [
        struct.pack("HBBI", _EQUAL, len(numbers) - place, 0, number)
        for place, number in enumerate(numbers)
    ]
    steps += [
        struct.pack("HBBI", _RETURN, 0, 0, _ALLOW),
        struct.pack("HBBI", _RETURN, 0, 0, _ERRNO | _EPERM),
    ]
    return b"".join(steps)


def main() -> None:
    numbers = [int(number) for number in sys.argv[1].split(",")]
    code = ctypes.create_string_buffer(_program(numbers))
    filters = ctypes.create_string_buffer(
        struct.pack("HxxxxxxQ", len(numbers) + 3, ctypes.addressof(code))
    )
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    if prctl(_NO_NEW_PRIVILEGES, 1, 0, 0, 0) or prctl(
        _SECCOMP, _FILTER, ctypes.byref(filters), 0, 0
    ):
        sys.exit(77)
    os.execv(sys.argv[2], sys.argv[2:])


if __name__ == "__main__":
    main()
