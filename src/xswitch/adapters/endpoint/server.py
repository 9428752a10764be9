"""The container credential endpoint's server: 127.0.0.1 only, standard library only."""

from __future__ import annotations

import contextlib
import secrets
import socket
import socketserver
import threading
import time
from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus
from typing import Any

from xswitch.adapters.endpoint.peers import PeerUsers
from xswitch.adapters.endpoint.renewal import RenewedCredentials
from xswitch.core.errors import SystemRefusedError, XswitchError
from xswitch.core.model import Secret
from xswitch.core.sessions.container_endpoint import (
    HEAD_END,
    HOST,
    MAX_HEAD_BYTES,
    OTHER_USER,
    TOO_LARGE,
    EndpointAddress,
    Refusal,
    credentials_body,
    failure,
    judge_request,
    refusal_response,
    response,
)

_RANDOM_BYTES = 32
_REQUEST_SECONDS = 5.0
"""The time for a whole head, and that of a connection without a request."""
_MAX_CONNECTIONS = 128
_CHUNK_BYTES = 4096
_POLL_SECONDS = 0.2


class EndpointServer:
    """Serves credentials to the processes of this user that know path and token."""

    def __init__(
        self,
        credentials: RenewedCredentials,
        now: Callable[[], datetime],
        peers: PeerUsers | None = None,
        max_connections: int = _MAX_CONNECTIONS,
    ) -> None:
        self._credentials = credentials
        self._now = now
        try:
            self._server = _Server(self._converse, peers or PeerUsers(), max_connections)
        except OSError as error:
            raise SystemRefusedError(
                f"The system doesn't let xswitch serve on {HOST}.",
                why=str(error.strerror or error),
                next_step="xswitch doctor",
            ) from None
        self.address = EndpointAddress(
            port=int(self._server.server_address[1]),
            path=f"/{secrets.token_urlsafe(_RANDOM_BYTES)}",
            token=Secret(secrets.token_urlsafe(_RANDOM_BYTES)),
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever,
            args=(_POLL_SECONDS,),
            name="xswitch-endpoint",
            daemon=True,
        )

    def start(self) -> None:
        """Start to serve."""
        self._credentials.start()
        self._thread.start()

    def stop(self) -> None:
        """Stop to serve, and close the port and every connection."""
        self._credentials.stop()
        self._server.drop_connections()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.server_close()
        self._server.drop_connections()

    def _converse(self, connection: socket.socket, crowded: Callable[[], bool]) -> None:
        """Serve the requests of one connection."""
        while data := _read_head(connection):
            if len(data) > MAX_HEAD_BYTES:
                _refuse(connection, TOO_LARGE)
                return
            judged = judge_request(data, self.address)
            if isinstance(judged, Refusal):
                _refuse(connection, judged)
                return
            keep_alive = judged.keep_alive and not crowded()
            try:
                body = credentials_body(self._credentials.current(), self._now())
            except XswitchError as error:
                _refuse(connection, failure(error))
                return
            connection.settimeout(_REQUEST_SECONDS)
            connection.sendall(response(HTTPStatus.OK, body, keep_alive=keep_alive))
            if not keep_alive:
                return


def _read_head(connection: socket.socket) -> bytes:
    """Read a head and what came with it, or what there is of one in time and size.

    No SDK sends anything after a head before it has the answer. Raises OSError.
    """
    deadline = time.monotonic() + _REQUEST_SECONDS
    data = b""
    while HEAD_END not in data and len(data) <= MAX_HEAD_BYTES:
        connection.settimeout(max(0.001, deadline - time.monotonic()))
        try:
            chunk = connection.recv(_CHUNK_BYTES)
        except TimeoutError:
            break
        if not chunk:
            break
        data += chunk
        if time.monotonic() > deadline:
            break
    return data


def _refuse(connection: socket.socket, refusal: Refusal) -> None:
    """Send a refusal so that the client gets it, although it may still be sending."""
    connection.settimeout(_REQUEST_SECONDS)
    connection.sendall(refusal_response(refusal))
    # Closing with unread bytes resets the connection, and the client would lose the answer.
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(0.5)
    left = MAX_HEAD_BYTES * 4
    while left > 0 and (chunk := connection.recv(_CHUNK_BYTES)):
        left -= len(chunk)


class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    daemon_threads = True
    block_on_close = False
    allow_reuse_address = False
    request_queue_size = 256

    def __init__(
        self,
        converse: Callable[[socket.socket, Callable[[], bool]], None],
        peers: PeerUsers,
        max_connections: int,
    ) -> None:
        self._converse = converse
        self._peers = peers
        self._slots = threading.BoundedSemaphore(max_connections)
        self._max = max_connections
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((HOST, 0), socketserver.BaseRequestHandler)

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002
        """Refuse other users before a thread is spent on them."""
        if self._peers.may_call(request):
            return True
        with contextlib.suppress(OSError):
            request.settimeout(0)
            request.sendall(refusal_response(OTHER_USER))
        return False

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread; wait for one that ends where there are too many.

        Each ends within its bounds of time.
        """
        self._slots.acquire()
        with self._open_lock:
            self._open.add(request)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # the system has no thread left
            self._release(request)
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and give its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._release(request)

    def finish_request(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Serve the requests of a connection."""
        request.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._converse(request, self._crowded)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients break off, and a traceback could hold what they sent."""

    def drop_connections(self) -> None:
        """Close every connection."""
        with self._open_lock:
            left = list(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _crowded(self) -> bool:
        """Whether connections shouldn't stay open for a next request."""
        with self._open_lock:
            return len(self._open) > self._max // 2

    def _release(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        self._slots.release()
