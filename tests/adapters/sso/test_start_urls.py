"""Start URLs of a company's own host, followed over HTTPS."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from support.aws.servers import TEST_CERTIFICATE, Received, reply, serve
from support.sso.sign_in import SESSION, START_URL
from xswitch.adapters.sso.start_urls import HttpStartUrls
from xswitch.core.errors import NetworkError, SignInError
from xswitch.core.model import Endpoint, SsoSession


def vanity(url: str, tmp_path: Path) -> SsoSession:
    bundle = tmp_path / "ca.pem"
    bundle.write_text(TEST_CERTIFICATE, encoding="ascii")
    endpoint = Endpoint("eu-west-1", ca_bundle=str(bundle))
    return replace(SESSION, start_url=url, oidc=endpoint)


def redirect(location: str, status: int = 302) -> bytes:
    return f"HTTP/1.1 {status} Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("head", ["head", "no head"])
def test_followed(status: int, head: str, tmp_path: Path) -> None:
    def respond(request: Received) -> bytes:
        if request.method == "HEAD" and head == "no head":
            return reply(405, "")
        assert "authorization" not in request.headers
        assert not request.body
        path = "/sso/" if request.path == "/" else START_URL
        return redirect(path, status)

    with serve(respond, tls=True) as server:
        assert HttpStartUrls().resolve(vanity(f"{server.url}/", tmp_path)) == START_URL


@pytest.mark.parametrize(
    "location", ["https://evil.example/start", "http://corp.awsapps.com/start", "/again"]
)
def test_not_followed(location: str, tmp_path: Path) -> None:
    with (
        serve(lambda _: redirect(location), tls=True) as server,
        pytest.raises(SignInError) as caught,
    ):
        HttpStartUrls().resolve(vanity(f"{server.url}/", tmp_path))
    assert caught.value.code == "sso_start_url"


def test_no_redirect_at_all(tmp_path: Path) -> None:
    with serve(lambda _: reply(200, "hello"), tls=True) as server, pytest.raises(SignInError):
        HttpStartUrls().resolve(vanity(f"{server.url}/", tmp_path))


def test_awss_own_and_a_configured_endpoint_make_no_request() -> None:
    assert HttpStartUrls().resolve(SESSION) == START_URL
    url = "http://127.0.0.1:1/start"
    own = Endpoint("eu-west-1", "http://127.0.0.1:1")
    session = replace(SESSION, start_url=url, oidc=own, portal=own)
    assert HttpStartUrls().resolve(session) == url


def test_an_untrusted_certificate() -> None:
    with serve(lambda _: redirect(START_URL), tls=True) as server, pytest.raises(NetworkError):
        HttpStartUrls().resolve(replace(SESSION, start_url=f"{server.url}/"))
