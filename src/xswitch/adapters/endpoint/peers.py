"""Find out which user has the other end of a connection on 127.0.0.1 (Linux).

A TCP socket has no SO_PEERCRED, but the kernel's list of sockets has the owner of each: that of the
caller's own socket is asked for by its addresses (sock_diag(7)), or else read in /proc/net/tcp.
"""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import sys
from pathlib import Path

_NETLINK_SOCK_DIAG = 4
_SOCK_DIAG_BY_FAMILY = 20
_REQUEST = 1
_ANSWER_BYTES = 8192
_SECONDS = 1.0
_HEADER = struct.Struct("=IHHII")
_ASK = struct.Struct("=BBBBI")
_PORTS = struct.Struct("!HH")
_NO_COOKIE = b"\xff" * 8
_ADDRESS_BYTES = 16
_UID_OFFSET = _HEADER.size + 4 + 48 + 12
"""Where `idiag_uid` is: after the family's bytes, the socket's addresses, and three counters."""
_OWNER = struct.Struct("=II")
_TABLE = "/proc/net/tcp"
_COLUMNS = 10

Ends = tuple[tuple[str, int], tuple[str, int]]
"""The address of the caller, and that of the server, both IPv4."""


class PeerUsers:
    """Tells the users of connections, where the system does."""

    def __init__(self) -> None:
        self._known = sys.platform == "linux" and _self_test()

    @property
    def known(self) -> bool:
        """Whether this system tells."""
        return self._known

    def may_call(self, connection: socket.socket) -> bool:
        """Whether the caller is this user, or root, who can read every process anyway.

        True where the system doesn't tell. A caller that has closed its socket has no user.
        """
        if not self._known:
            return True
        try:
            ends = (connection.getpeername(), connection.getsockname())
        except OSError:
            return False
        return owner(ends) in {0, os.geteuid()}


def owner(ends: Ends) -> int | None:
    """Return the user ID of the process that has the caller's socket, None if there is none."""
    with contextlib.suppress(OSError, struct.error):
        return _ask_kernel(ends)
    return owner_in_table(ends)


def _ask_kernel(ends: Ends) -> int | None:
    """Ask for one socket by its addresses. Raises OSError where that isn't possible."""
    (caller, caller_port), (server, server_port) = ends
    addresses = (
        _PORTS.pack(caller_port, server_port)
        + socket.inet_aton(caller).ljust(_ADDRESS_BYTES, b"\0")
        + socket.inet_aton(server).ljust(_ADDRESS_BYTES, b"\0")
        + b"\0" * 4
        + _NO_COOKIE
    )
    body = _ASK.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, 0xFFFFFFFF) + addresses
    head = _HEADER.pack(_HEADER.size + len(body), _SOCK_DIAG_BY_FAMILY, _REQUEST, 1, 0)
    with socket.socket(
        getattr(socket, "AF_NETLINK", -1),
        socket.SOCK_RAW | getattr(socket, "SOCK_CLOEXEC", 0),
        _NETLINK_SOCK_DIAG,
    ) as kernel:
        kernel.settimeout(_SECONDS)
        kernel.sendto(head + body, (0, 0))
        answer = kernel.recv(_ANSWER_BYTES)
    kind = _HEADER.unpack_from(answer)[1]
    if kind != _SOCK_DIAG_BY_FAMILY:
        # Also an error answer: the socket isn't there, or the kernel lacks this kind of question.
        raise OSError("the kernel didn't tell")
    uid, inode = _OWNER.unpack_from(answer, _UID_OFFSET)
    return uid if inode else None


def owner_in_table(ends: Ends, table: str = _TABLE) -> int | None:
    """Do what `owner` does by reading the list of all sockets; None also if it can't be read."""
    wanted = [_hexadecimal(end) for end in ends]
    with contextlib.suppress(OSError), Path(table).open(encoding="ascii", errors="replace") as file:
        for line in file:
            words = line.split()
            if len(words) >= _COLUMNS and words[1:3] == wanted and words[9] != "0":
                return int(words[7]) if words[7].isdigit() else None
    return None


def _hexadecimal(end: tuple[str, int]) -> str:
    """Write an address as the list does: the bytes of the machine's own order."""
    (number,) = struct.unpack("=I", socket.inet_aton(end[0]))
    return f"{number:08X}:{end[1]:04X}"


def _self_test() -> bool:
    """Whether the owner of a connection that this process makes is found.

    False in a sandbox whose list of sockets isn't that of its network.
    """
    try:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(_SECONDS)
            with socket.create_connection(server.getsockname(), _SECONDS) as caller:
                connection, _ = server.accept()
                with connection:
                    return owner((caller.getsockname(), connection.getsockname())) == os.geteuid()
    except OSError:
        return False
