"""Takes all requests of botocore before they reach a network, and answers each with everything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.httpsession import URLLib3Session

_ANSWER = {
    "clientId": "client",
    "clientSecret": "CANARY-new-client-secret",
    "clientSecretExpiresAt": 4_000_000_000,
    "deviceCode": "CANARY-new-device-code",
    "userCode": "ABCD-EFGH",
    "verificationUri": "https://corp.example/device",
    "verificationUriComplete": "https://corp.example/device?c=ABCD-EFGH",
    "expiresIn": 3_600,
    "interval": 1,
    "accessToken": "CANARY-new-access-token",
    "refreshToken": "CANARY-new-refresh-token",
    "accountList": [],
    "roleList": [],
    "roleCredentials": {
        "accessKeyId": "ASIAEXAMPLE",
        "secretAccessKey": "CANARY-role-secret",
        "sessionToken": "CANARY-role-token",
        "expiration": 4_000_000_000_000,
    },
}
"""The response to each operation of both services; a parser takes the members that it knows."""


class _Raw:
    """The body of a response, as urllib3 gives it."""

    def stream(self, *_: object, **__: object) -> Iterator[bytes]:
        yield json.dumps(_ANSWER).encode()

    def close(self) -> None:
        """There is nothing to close."""


@dataclass(frozen=True)
class Sent:
    """One request: its URL, and all of its text."""

    url: str
    text: str

    @property
    def host(self) -> str:
        return (urlsplit(self.url).hostname or "").lower()


@dataclass
class Network:
    """Answers every request, and keeps it."""

    sent: list[Sent] = field(default_factory=list)

    def with_secrets(self, mark: str) -> list[Sent]:
        """Return the requests whose text has the mark that all secrets of a test have."""
        return [one for one in self.sent if mark in one.text]

    def send(self, request: Any) -> AWSResponse:
        """Take a request in place of botocore's connections."""
        body = request.body or b""
        text = body.decode() if isinstance(body, bytes) else str(body)
        headers = "".join(f"{name}: {value}\n" for name, value in request.headers.items())
        self.sent.append(Sent(request.url, f"{request.url}\n{headers}\n{text}"))
        kind = HTTPHeaders.from_dict({"Content-Type": "application/json"})
        return AWSResponse(request.url, 200, kind, _Raw())


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> Network:
    """No request of botocore leaves the test."""
    found = Network()
    monkeypatch.setattr(URLLib3Session, "send", lambda _, request: found.send(request))
    return found
