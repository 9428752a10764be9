"""The user's commands that an xswitch is waiting for, told to their own children.

A `credential_process` or an `mfa_process` may start xswitch again, through any number of scripts.
If that one needs the same command, both would wait for each other. So each command's environment
names the commands that are running above it: `DIGEST:PID`, the digest of the command's purpose and
the xswitch that waits for it. A process that a command leaves behind keeps the variable, which no
longer counts once that xswitch has ended.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from xswitch.core.model import CredentialSource
from xswitch.core.sessions.keys import key_digest

VARIABLE = "XSWITCH_RUNNING"
_MAX_DEPTH = 32
_DIGEST_LENGTH = 16


def credential_process_digest(base: CredentialSource) -> str:
    """Identify a source's `credential_process`."""
    return key_digest(running="credential", profile=base.profile, identity=base.identity)[
        :_DIGEST_LENGTH
    ]


def mfa_process_digest(serial: str) -> str:
    """Identify the `mfa_process` of an MFA device."""
    return key_digest(running="mfa", serial=serial)[:_DIGEST_LENGTH]


def child_environment(environment: Mapping[str, str], digest: str, pid: int) -> dict[str, str]:
    """Return the environment of a command that process `pid` waits for."""
    above = environment.get(VARIABLE, "").split()[-_MAX_DEPTH:]
    return {**environment, VARIABLE: " ".join([*above, f"{digest}:{pid}"])}


def running_commands(environment: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """Return the digests of the commands above this process, and who waits for each."""
    for word in environment.get(VARIABLE, "").split():
        digest, _, pid = word.partition(":")
        if digest and pid.isascii() and pid.isdecimal():
            yield digest, int(pid)
