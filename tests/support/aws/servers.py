"""Loopback servers that respond wrongly, or as the smaller AWS services do.

with serve(lambda request: reply(200, "<html>…")) as server:   # 127.0.0.1, ephemeral port
    ... Endpoint("eu-west-1", url=server.url) ...
    server.requests[0].path
"""

from __future__ import annotations

import json
import select
import socket
import ssl
import struct
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from xswitch.core.model import Credentials, Endpoint, Secret
from xswitch.threads import Timeouts

REGION = "eu-west-1"
KEYS = Credentials("AKIAEXAMPLEEXAMPLE23", Secret("secretsecretsecretsecretsecretsecret4040"))
SESSION = Credentials(
    "ASIAEXAMPLEEXAMPLE23",
    Secret("anothersecretanothersecretanothersecret40"),
    Secret("tokentokentoken=="),
)
ONCE = Timeouts(connect=3.0, read=10.0, total=20.0, tries=1)
IMPATIENT = Timeouts(connect=3.0, read=0.4, total=20.0, tries=1)

# A self-signed certificate for localhost and 127.0.0.1, valid for a hundred years.
TEST_CERTIFICATE = """\
-----BEGIN CERTIFICATE-----
MIIBmjCCAUGgAwIBAgIUYpSFtRFY3ZYisTToYOXFiDevef0wCgYIKoZIzj0EAwIw
FDESMBAGA1UEAwwJbG9jYWxob3N0MCAXDTI2MTEyMzIzMTIzNFoYDzIxMjYxMDMw
MjMxMjM0WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjO
PQMBBwNCAARlsl/1AwZOLzAvUnlyMtkqu0mW1XIVf715eKxYKhr6KKL8LsDOT86Y
mPeJV27BMEZapFwhR9C4xFMYl35r7Jt3o28wbTAdBgNVHQ4EFgQUp2foKyxtIyFh
Do6t+PlThb8wI2cwHwYDVR0jBBgwFoAUp2foKyxtIyFhDo6t+PlThb8wI2cwDwYD
VR0TAQH/BAUwAwEB/zAaBgNVHREEEzARgglsb2NhbGhvc3SHBH8AAAEwCgYIKoZI
zj0EAwIDRwAwRAIgJ1uIRmWqtuiPtQH4sxrs9MqGrcuRjV0y4ybY2hmG1u8CIFkJ
j/CEBjOlemwY8JqmZRxDWbsLFF5T0PeSs4pm4+IK
-----END CERTIFICATE-----
"""
TEST_KEY = """\
-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgC64ew2WiVoJpoTtF
s383+Y7TIGPvYBp2g7zyjgaDumGhRANCAARlsl/1AwZOLzAvUnlyMtkqu0mW1XIV
f715eKxYKhr6KKL8LsDOT86YmPeJV27BMEZapFwhR9C4xFMYl35r7Jt3
-----END PRIVATE KEY-----
"""


@dataclass(frozen=True)
class Received:
    """One HTTP request; header names are lowercase."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: str


ConnectionHandler = Callable[[socket.socket, threading.Event], None]
"""Handles the connection instead of a well-formed response; the event says the server closes."""

Response = bytes | ConnectionHandler


@dataclass
class Server:
    """A running server, with the requests it has received."""

    port: int
    scheme: str = "http"
    requests: list[Received] = field(default_factory=list)
    connections: int = 0

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> Endpoint:
        return Endpoint(REGION, url=self.url)


@contextmanager
def serve(respond: Callable[[Received], Response], *, tls: bool = False) -> Iterator[Server]:
    """Run a server that passes every request to `respond`.

    Connections are kept open after well-formed responses.
    """
    closing = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))
    server = Server(listener.getsockname()[1], "https" if tls else "http")
    context = _tls_context() if tls else None
    threads: list[threading.Thread] = []

    def handle(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            if context is None:
                converse(connection)
            else:
                with context.wrap_socket(connection, server_side=True) as wrapped:
                    converse(wrapped)

    def converse(connection: socket.socket) -> None:
        while (request := _read(connection, closing)) is not None:
            server.requests.append(request)
            response = respond(request)
            if callable(response):
                response(connection, closing)
                return
            connection.sendall(response)

    def accept() -> None:
        while not closing.is_set():
            if not select.select([listener], [], [], 0.05)[0]:
                continue
            connection, _ = listener.accept()
            server.connections += 1
            threads.append(threading.Thread(target=handle, args=(connection,), daemon=True))
            threads[-1].start()

    acceptor = threading.Thread(target=accept, daemon=True)
    acceptor.start()
    try:
        yield server
    finally:
        closing.set()
        acceptor.join(5)
        for thread in threads:
            thread.join(5)
        listener.close()


def reply(
    status: int,
    body: str = "",
    *,
    date: datetime | None = None,
    kind: str = "text/xml",
    headers: Mapping[str, str] | None = None,
) -> bytes:
    """Return a well-formed HTTP response with a Date header."""
    lines = [
        f"HTTP/1.1 {status} X",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body.encode())}",
        f"Date: {format_datetime(date or datetime.now(UTC), usegmt=True)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


def json_reply(status: int, data: Any, headers: Mapping[str, str] | None = None) -> bytes:
    return reply(status, json.dumps(data), kind="application/json", headers=headers)


def refusal(code: str, text: str, status: int = 403, date: datetime | None = None) -> bytes:
    """Return an error response of STS."""
    body = (
        '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        f"<Code>{code}</Code><Message>{text}</Message></Error><RequestId>r-1</RequestId></ErrorResponse>"
    )
    return reply(status, body, date=date)


def good(
    operation: str,
    extra: str = "",
    *,
    expiration: str | None = None,
    secret: str = "newsecret",
    key_id: str = "ASIANEW",
) -> bytes:
    """Return a response of STS with credentials; `expiration` "" omits the element."""
    when = (
        (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        if expiration is None
        else expiration
    )
    expires = f"<Expiration>{when}</Expiration>" if when else ""
    credentials = (
        f"<Credentials><AccessKeyId>{key_id}</AccessKeyId><SecretAccessKey>{secret}</SecretAccessKey>"
        f"<SessionToken>newtoken</SessionToken>{expires}</Credentials>"
    )
    body = (
        f'<{operation}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{operation}Result>{credentials}{extra}'
        f"</{operation}Result><ResponseMetadata><RequestId>r-1</RequestId></ResponseMetadata></{operation}Response>"
    )
    return reply(200, body)


def assumed(arn: str = "arn:aws:sts::222222222222:assumed-role/Admin/me") -> bytes:
    """Return a valid AssumeRole response."""
    return good(
        "AssumeRole",
        f"<AssumedRoleUser><AssumedRoleId>AROA:me</AssumedRoleId><Arn>{arn}</Arn></AssumedRoleUser>",
    )


def altered(response: bytes, old: str, new: str) -> bytes:
    """Replace text in the body of a well-formed response."""
    status = int(response.split(b" ", 2)[1])
    body = response.partition(b"\r\n\r\n")[2].decode()
    assert old in body
    return reply(status, body.replace(old, new))


def reset(connection: socket.socket, closing: threading.Event) -> None:
    """Reset the connection."""
    del closing
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def hang(connection: socket.socket, closing: threading.Event) -> None:
    """Never respond."""
    del connection
    closing.wait(60)


def drip(connection: socket.socket, closing: threading.Event) -> None:
    """Send single bytes without end, faster than any read timeout."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    while not closing.wait(0.05):
        connection.sendall(b"<")


def promise_more(connection: socket.socket, closing: threading.Event) -> None:
    """Send half of a valid response, then close."""
    del closing
    connection.sendall(assumed()[:-200])


def tunnel(respond: Callable[[Received], bytes]) -> ConnectionHandler:
    """Handle a CONNECT as a proxy does, leading to a TLS server that calls `respond`."""

    def handle(connection: socket.socket, closing: threading.Event) -> None:
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        connection.settimeout(10)
        with _tls_context().wrap_socket(connection, server_side=True) as inner:
            while (request := _read(inner, closing)) is not None:
                inner.sendall(respond(request))

    return handle


def closed_port() -> int:
    """Return a port of 127.0.0.1 that refuses connections."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def _read(connection: socket.socket, closing: threading.Event) -> Received | None:
    connection.settimeout(0.05)
    data = b""
    while b"\r\n\r\n" not in data:
        if (part := _receive(connection, closing)) is None:
            return None
        data += part
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {
        name.strip().lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines)
    }
    if headers.get("expect", "").lower() == "100-continue":
        connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
    while len(body) < int(headers.get("content-length", "0")):
        if (part := _receive(connection, closing)) is None:
            return None
        body += part
    method, path, _ = first.split(" ", 2)
    return Received(method, path, headers, body.decode())


def _receive(connection: socket.socket, closing: threading.Event) -> bytes | None:
    while not closing.is_set():
        with suppress(TimeoutError):
            return connection.recv(65536) or None
    return None


def _tls_context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "both.pem"
        file.write_text(TEST_CERTIFICATE + TEST_KEY, encoding="ascii")
        context.load_cert_chain(file)
    return context
