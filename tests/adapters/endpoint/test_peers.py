"""The user at the other end of a connection."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import needs_root
from xswitch.adapters.endpoint import peers
from xswitch.adapters.endpoint.peers import Ends, PeerUsers, owner, owner_in_table

pytestmark = pytest.mark.skipif(
    not PeerUsers().known, reason="this system doesn't tell the user of a connection"
)
NOBODY = 65534
_CONNECT = """
import socket, sys
with socket.create_connection(("127.0.0.1", int(sys.argv[1])), 20) as client:
    client.recv(1)
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(20)
        yield server


def ends(client: socket.socket, connection: socket.socket) -> Ends:
    return client.getsockname(), connection.getsockname()


def test_an_own_connection_is_known_by_both_means(listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname(), 20) as client:
        connection, _ = listener.accept()
        with connection:
            own = ends(client, connection)
            assert peers._ask_kernel(own) == os.geteuid()
            assert owner_in_table(own) == os.geteuid()
            assert PeerUsers().may_call(connection)


def test_another_users_connection_is_known_by_both_means(listener: socket.socket) -> None:
    needs_root("only root can be another user")
    port = str(listener.getsockname()[1])
    command = ["/usr/bin/env", "python3", "-I", "-c", _CONNECT, port]
    with subprocess.Popen(command, cwd="/", user=NOBODY, group=NOBODY, extra_groups=[]) as process:
        try:
            connection, _ = listener.accept()
            with connection:
                other = (connection.getpeername(), connection.getsockname())
                assert peers._ask_kernel(other) == NOBODY
                assert owner_in_table(other) == NOBODY
                assert not PeerUsers().may_call(connection)
        finally:
            process.kill()


def test_root_may_call(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    users = PeerUsers()
    with socket.create_connection(listener.getsockname(), 20):
        connection, _ = listener.accept()
        with connection:
            monkeypatch.setattr(peers, "owner", lambda _: 0)
            assert users.may_call(connection)
            monkeypatch.setattr(peers, "owner", lambda _: os.geteuid() + 1)
            assert not users.may_call(connection)
            monkeypatch.setattr(peers, "owner", lambda _: None)
            assert not users.may_call(connection)


def test_a_closed_socket_is_nobodys(listener: socket.socket) -> None:
    client = socket.create_connection(listener.getsockname(), 20)
    connection, _ = listener.accept()
    with connection:
        gone = ends(client, connection)
        # A reset leaves nothing of the socket behind.
        client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        client.close()
        assert owner(gone) is None
        assert not PeerUsers().may_call(connection)


def test_where_the_kernel_cannot_be_asked_the_table_is_read(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Ends) -> int | None:
        raise PermissionError

    monkeypatch.setattr(peers, "_ask_kernel", refuse)
    with socket.create_connection(listener.getsockname(), 20) as client:
        connection, _ = listener.accept()
        with connection:
            assert owner(ends(client, connection)) == os.geteuid()


def test_without_kernel_and_table_users_are_not_known(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = (("127.0.0.1", 1), ("127.0.0.1", 2))
    assert owner_in_table(own, str(tmp_path / "missing")) is None
    monkeypatch.setattr(peers, "owner", lambda _: None)
    assert not PeerUsers().known
    monkeypatch.setattr(sys, "platform", "darwin")
    assert not PeerUsers().known
