"""HTTP for the embedded AWS: loopback only, one thread per connection, standard library only."""

from __future__ import annotations

import contextlib
import secrets
import socket
import socketserver
import struct
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from xswitch.emulator.clock import EmulatorClock
from xswitch.emulator.sigv4 import HttpRequest

HOST = "127.0.0.1"
_MAX_BODY = 1_000_000
_IDLE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An HTTP response."""

    status: int
    body: bytes
    request_id: str
    content_type: str = "text/xml"
    location: str = ""
    headers: tuple[tuple[str, str], ...] = ()


RequestHandler = Callable[[HttpRequest, str], HttpResponse | None]
"""(request, client address) → the response, or None to reset the connection."""


def new_request_id() -> str:
    """A new request ID in UUID form."""
    text = secrets.token_hex(16)
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


class HttpServer(ThreadingHTTPServer):
    """An HTTP server on 127.0.0.1 that calls `respond`; `clock` gives the Date header."""

    daemon_threads = True
    request_queue_size = 256

    def __init__(self, port: int, respond: RequestHandler, clock: EmulatorClock) -> None:
        self.respond = respond
        self.clock = clock
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()
        super().__init__((HOST, port), _Handler)

    def server_bind(self) -> None:
        """Bind without HTTPServer's host name lookup, which can take seconds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread and track it."""
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection and stop tracking it."""
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore clients that disconnected; show anything else, which is a bug of this server."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError | ValueError):
            super().handle_error(request, client_address)

    def drop_connections(self) -> None:
        """Close every open connection."""
        with self._open_lock:
            left = list(self._open)
        for connection in left:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = _IDLE_SECONDS
    disable_nagle_algorithm = True
    server: HttpServer

    def do_GET(self) -> None:
        self._handle(b"")

    def do_HEAD(self) -> None:
        self._handle(b"")

    def do_POST(self) -> None:
        length = self.headers.get("Content-Length", "")
        if not length.isascii() or not length.isdigit() or int(length) > _MAX_BODY:
            self.close_connection = True
            self._send(
                HttpResponse(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE if length else HTTPStatus.LENGTH_REQUIRED,
                    b"",
                    new_request_id(),
                )
            )
            return
        self._handle(self.rfile.read(int(length)))

    def _handle(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        headers = {name.lower(): ",".join(self.headers.get_all(name, [])) for name in self.headers}
        answer = self.server.respond(
            HttpRequest(self.command, path, query, headers, body), self.client_address[0]
        )
        if answer is None:
            # With a linger of zero, the kernel sends RST instead of FIN.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.close_connection = True
            self.connection.close()
            return
        self._send(answer)

    def _send(self, answer: HttpResponse) -> None:
        lines = [
            f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
            f"x-amzn-RequestId: {answer.request_id}",
            f"Content-Type: {answer.content_type}",
            f"Content-Length: {len(answer.body)}",
            f"Date: {format_datetime(self.server.clock.now(), usegmt=True)}",
        ]
        if answer.location:
            lines.append(f"Location: {answer.location}")
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if self.close_connection:
            lines.append("Connection: close")
        body = b"" if self.command == "HEAD" else answer.body
        self.wfile.write("\r\n".join([*lines, "", ""]).encode("latin-1") + body)

    # The overridden method's own name
    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Log nothing: stderr belongs to the host program."""
