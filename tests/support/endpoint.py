"""A container credential endpoint that serves over real HTTP, and its client."""

from __future__ import annotations

import http.client
import os
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from xswitch.adapters.endpoint.files import EndpointFiles
from xswitch.adapters.endpoint.renewal import RenewedCredentials
from xswitch.adapters.endpoint.server import EndpointServer
from xswitch.core.errors import XswitchError
from xswitch.core.model import Credentials, Secret
from xswitch.core.sessions.container_endpoint import ServedCredentials, child_environment

SECONDS = 20.0
"""The bound of every wait; a test that needs it has failed."""
REGION = "eu-west-1"


@dataclass
class Source:
    """Gives numbered sessions of an hour, or fails."""

    now: Callable[[], datetime]
    calls: int = 0
    failure: XswitchError | None = None
    minutes: float = 60
    before: Callable[[], None] = field(default=lambda: None)

    def __call__(self) -> ServedCredentials:
        self.calls += 1
        self.before()
        if self.failure is not None:
            raise self.failure
        now = self.now()
        keys = Credentials(
            f"ASIAENDPOINT{self.calls}",
            Secret("secret"),
            Secret("session"),
            now + timedelta(minutes=self.minutes),
        )
        return ServedCredentials(keys, now, "111122223333")


@dataclass
class Endpoint:
    """A running endpoint."""

    server: EndpointServer
    files: EndpointFiles
    source: Source
    credentials: RenewedCredentials

    def environ(self, around: Mapping[str, str]) -> dict[str, str]:
        """The environment of a child, in surroundings."""
        return child_environment(around, self.server.address, self.files.variables, REGION)

    def get(
        self, headers: Mapping[str, str] | None = None, path: str | None = None
    ) -> tuple[int, bytes]:
        """Send a request with the standard library's client, by default the right one."""
        address = self.server.address
        client = http.client.HTTPConnection("127.0.0.1", address.port, timeout=SECONDS)
        try:
            client.request(
                "GET",
                path or address.path,
                headers={"Authorization": address.token.reveal()} if headers is None else headers,
            )
            answer = client.getresponse()
            return answer.status, answer.read()
        finally:
            client.close()

    def send(self, data: bytes) -> bytes:
        """Send bytes, and return what comes back until the server closes the connection."""
        port = self.server.address.port
        with socket.create_connection(("127.0.0.1", port), SECONDS) as client:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            received = b""
            while chunk := client.recv(65536):
                received += chunk
            return received


@contextmanager
def serving(source: Source) -> Iterator[Endpoint]:
    """An endpoint that serves for the block."""
    credentials = RenewedCredentials(source, source.now, source())
    server = EndpointServer(credentials, source.now)
    files = EndpointFiles(server.address, REGION, os.environ)
    server.start()
    try:
        yield Endpoint(server, files, source, credentials)
    finally:
        server.stop()
        files.remove()
