"""Approving a sign-in to an embedded AWS without a browser."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest

from support.aws.emulator import aws_server
from support.aws.identity_center import (
    CALLBACK,
    DEVICE_GRANT,
    SCOPES,
    START_URL,
    identity_center_state,
    oidc_client,
)
from xswitch.core.errors import UsageError
from xswitch.demo.approval import approve
from xswitch.emulator.server import EmbeddedAws


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(identity_center_state()) as running:
        yield running


def device(aws: EmbeddedAws) -> tuple[str, dict[str, str]]:
    """Return the URL of a sign-in by code, and what its token is asked for with."""
    oidc = oidc_client(aws)
    client = oidc.register_client(clientName="tests", clientType="public", scopes=list(SCOPES))
    known = {"clientId": client["clientId"], "clientSecret": client["clientSecret"]}
    started = oidc.start_device_authorization(**known, startUrl=START_URL)
    return started["verificationUriComplete"], {
        **known,
        "grantType": DEVICE_GRANT,
        "deviceCode": started["deviceCode"],
    }


@pytest.mark.parametrize(("user", "who"), [("", "dana"), ("dana", "dana"), ("eve", "eve")])
def test_a_sign_in_by_code(aws: EmbeddedAws, user: str, who: str) -> None:
    url, asked = device(aws)
    assert approve(url, user) == who
    assert oidc_client(aws).create_token(**asked)["accessToken"]
    with pytest.raises(UsageError) as again:
        approve(url, user)
    assert "answered already" in again.value.why


class Callback(BaseHTTPRequestHandler):
    paths: list[str]

    def do_GET(self) -> None:
        self.paths.append(self.path)
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"You can close this window.")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 -- the library's name
        pass


@pytest.fixture
def listening() -> Iterator[tuple[int, list[str]]]:
    paths: list[str] = []
    handler = type("Handler", (Callback,), {"paths": paths})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, paths
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_sign_in_by_the_browser(aws: EmbeddedAws, listening: tuple[int, list[str]]) -> None:
    port, paths = listening
    client = oidc_client(aws).register_client(
        clientName="tests",
        clientType="public",
        scopes=list(SCOPES),
        grantTypes=["authorization_code", "refresh_token"],
        redirectUris=[CALLBACK],
        issuerUrl=START_URL,
    )
    query = urlencode(
        {
            "response_type": "code",
            "client_id": client["clientId"],
            "redirect_uri": f"http://127.0.0.1:{port}/oauth/callback",
            "state": "5" * 64,
            "code_challenge_method": "S256",
            "scopes": " ".join(SCOPES),
            "code_challenge": "c" * 43,
        }
    )
    assert approve(f"{aws.endpoint}/authorize?{query}") == "dana"
    [path] = paths
    sent = parse_qs(urlsplit(path).query)
    assert sent["state"] == ["5" * 64]
    assert sent["code"]


@pytest.mark.parametrize(
    "url",
    [
        "",
        "no url",
        "https://127.0.0.1/device?user_code=AAAA-BBBB",
        "http://corp.awsapps.com/device?user_code=AAAA-BBBB",
        "http://127.0.0.1:1/elsewhere",
        "file:///etc/passwd",
        "http://127.0.0.1:1/device?user_code=AAAA-BBBB",
        "http://127.0.0.1:bad/device",
    ],
)
def test_other_urls_are_refused(url: str) -> None:
    with pytest.raises(UsageError) as refused:
        approve(url)
    assert refused.value.code == "demo_approval"


def test_a_code_that_is_unknown_and_a_user_that_isnt_there(aws: EmbeddedAws) -> None:
    with pytest.raises(UsageError) as unknown:
        approve(f"{aws.endpoint}/device?user_code=AAAA-BBBB")
    assert "unknown" in unknown.value.why
    url, _ = device(aws)
    with pytest.raises(UsageError) as nobody:
        approve(url, "nobody")
    assert "dana" in nobody.value.why
