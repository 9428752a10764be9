"""The sign-in service over HTTP: what is sent, and what each error becomes."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from support.actions import CANARY, FakeClock
from support.aws.servers import ONCE, Received, closed_port, json_reply, reply, serve
from support.sso.sign_in import SESSION, START_URL, a_token
from xswitch.adapters.sso.clients import SsoClients
from xswitch.adapters.sso.oidc import BotoOidc
from xswitch.adapters.sso.portal_clients import PortalClient
from xswitch.core.errors import NetworkError, SignInError, XswitchError
from xswitch.core.model import DevicePoll, Endpoint, Secret, SsoRegistration, SsoSession, SsoToken

CLOCK = FakeClock()
END = datetime(2026, 6, 1, tzinfo=UTC)
SECRET = Secret(f"{CANARY}-client-secret")
REGISTERED = {
    "clientId": "client",
    "clientSecret": SECRET.reveal(),
    "clientSecretExpiresAt": int(END.timestamp()),
}
GRANTED = {
    "accessToken": f"{CANARY}-access",
    "expiresIn": 3600,
    "refreshToken": f"{CANARY}-refresh",
}
DEVICE = {
    "deviceCode": f"{CANARY}-device",
    "userCode": "ABCD-EFGH",
    "verificationUri": "https://corp.example/device",
    "verificationUriComplete": "https://corp.example/device?c=ABCD-EFGH",
    "expiresIn": 600,
    "interval": 1,
}


def oidc() -> BotoOidc:
    return BotoOidc(CLOCK.now, ONCE)


def at(url: str) -> SsoSession:
    return replace(SESSION, oidc=Endpoint("eu-west-1", url), portal=Endpoint("eu-west-1", url))


def registration(grant: Any = "authorization_code") -> SsoRegistration:
    return SsoRegistration(grant, "client", SECRET, END, START_URL, SESSION.scopes)


def answered(
    response: bytes, call: Callable[[BotoOidc, SsoSession], Any]
) -> tuple[Any, list[Received]]:
    with serve(lambda _: response) as server:
        result = call(oidc(), at(server.url))
        return result, server.requests


def refused(response: bytes, call: Callable[[BotoOidc, SsoSession], Any]) -> XswitchError:
    with pytest.raises(XswitchError) as caught:
        answered(response, call)
    assert CANARY not in "".join(traceback.format_exception(caught.value))
    return caught.value


def test_registrations_are_those_of_the_aws_cli() -> None:
    found, [sent] = answered(
        json_reply(200, REGISTERED),
        lambda service, session: service.register(session, "authorization_code", START_URL),
    )
    assert found == registration()
    body = json.loads(sent.body)
    assert (sent.path, body["grantTypes"], body["redirectUris"], body["issuerUrl"]) == (
        "/client/register",
        ["authorization_code", "refresh_token"],
        ["http://127.0.0.1/oauth/callback"],
        START_URL,
    )
    assert body["scopes"] == ["sso:account:access"]
    assert "authorization" not in sent.headers
    found, [sent] = answered(
        json_reply(200, REGISTERED),
        lambda service, session: service.register(session, "device_code", START_URL),
    )
    assert found == registration("device_code")
    assert not {"grantTypes", "redirectUris", "issuerUrl"} & set(json.loads(sent.body))


def test_tokens() -> None:
    expected = SsoToken(
        Secret(f"{CANARY}-access"),
        CLOCK.now() + timedelta(hours=1),
        "client",
        SECRET,
        END,
        Secret(f"{CANARY}-refresh"),
    )
    found, [sent] = answered(
        json_reply(200, GRANTED),
        lambda service, session: service.token_by_code(
            session, registration(), Secret("code"), Secret("v" * 64), "http://127.0.0.1:1/x"
        ),
    )
    assert found == expected
    assert json.loads(sent.body) == {
        "clientId": "client",
        "clientSecret": SECRET.reveal(),
        "grantType": "authorization_code",
        "code": "code",
        "codeVerifier": "v" * 64,
        "redirectUri": "http://127.0.0.1:1/x",
    }
    found, [sent] = answered(
        json_reply(200, GRANTED),
        lambda service, session: service.token_by_device_code(
            session, registration("device_code"), Secret("device")
        ),
    )
    assert found == expected
    assert json.loads(sent.body)["grantType"].endswith(":device_code")


@pytest.mark.parametrize("rotates", ["keeps", "rotates"])
def test_a_refresh_keeps_a_refresh_token_that_isnt_replaced(rotates: str) -> None:
    old = a_token(CLOCK)
    data = (
        GRANTED
        if rotates == "rotates"
        else {k: v for k, v in GRANTED.items() if k != "refreshToken"}
    )
    found, [sent] = answered(
        json_reply(200, data), lambda service, session: service.refresh(session, old)
    )
    assert json.loads(sent.body)["refreshToken"] == f"{CANARY}-refresh-first"
    assert found.refresh_token == Secret(
        f"{CANARY}-refresh" if rotates == "rotates" else f"{CANARY}-refresh-first"
    )
    assert (found.client_id, found.client_secret) == (old.client_id, old.client_secret)
    assert found.registration_expires_at == old.registration_expires_at


def test_a_device_authorization() -> None:
    found, [sent] = answered(
        json_reply(200, DEVICE),
        lambda service, session: service.start_device(
            session, registration("device_code"), START_URL
        ),
    )
    assert (found.user_code, found.interval_seconds) == ("ABCD-EFGH", 1)
    assert found.expires_at == CLOCK.now() + timedelta(minutes=10)
    assert json.loads(sent.body)["startUrl"] == START_URL


def error(kind: str, status: int = 400) -> bytes:
    data = {"error": "e", "error_description": f"AWS says {CANARY}-access-first."}
    return json_reply(status, data, {"x-amzn-ErrorType": kind})


def by_code(service: BotoOidc, session: SsoSession) -> Any:
    return service.token_by_code(
        session,
        registration(),
        Secret(f"{CANARY}-access-first"),
        Secret(f"{CANARY}-{'v' * 50}"),
        "http://127.0.0.1:1/x",
    )


def by_device(service: BotoOidc, session: SsoSession) -> Any:
    return service.token_by_device_code(
        session, registration("device_code"), Secret(f"{CANARY}-access-first")
    )


def by_refresh(service: BotoOidc, session: SsoSession) -> Any:
    return service.refresh(session, a_token(CLOCK))


ERRORS = {
    "InvalidGrantException": ("sso_grant", "sso_grant"),
    "InvalidClientException": ("sso_client", "sso_client"),
    "UnauthorizedClientException": ("sso_client", "sso_client"),
    "ExpiredTokenException": ("sso_grant", "sso_code_expired"),
    "AccessDeniedException": ("sso_grant", "sso_not_approved"),
    "InvalidRequestException": ("sso_callback", "sso_callback"),
    "InvalidScopeException": ("sso_callback", "sso_callback"),
    "UnsupportedGrantTypeException": ("sso_callback", "sso_callback"),
}


@pytest.mark.parametrize("kind", ERRORS)
def test_errors(kind: str) -> None:
    codes = ERRORS[kind]
    assert refused(error(kind), by_code).code == codes[0]
    assert refused(error(kind), by_refresh).code == codes[0]
    found = refused(error(kind), by_device)
    assert found.code == codes[1]
    assert isinstance(found, SignInError)


@pytest.mark.parametrize(
    ("kind", "poll"),
    [
        ("AuthorizationPendingException", DevicePoll.PENDING),
        ("SlowDownException", DevicePoll.SLOW_DOWN),
    ],
)
def test_no_token_yet(kind: str, poll: DevicePoll) -> None:
    assert answered(error(kind), by_device)[0] is poll


@pytest.mark.parametrize(
    ("response", "code"),
    [
        (error("InternalServerException", 500), "aws_internal"),
        (reply(200, "<html>sign in</html>", kind="text/html"), None),
        (json_reply(200, {"accessToken": "x"}), "incomplete_answer"),
        (json_reply(200, {"accessToken": "", "expiresIn": 3600}), "incomplete_answer"),
        (json_reply(200, {"accessToken": "a\nb", "expiresIn": 3600}), "incomplete_answer"),
        (json_reply(200, {}), "incomplete_answer"),
    ],
)
def test_answers_that_arent_the_services(response: bytes, code: str | None) -> None:
    for call in (by_code, by_refresh, by_device):
        found = refused(response, call)
        assert isinstance(found, NetworkError)
        assert code in {None, found.code}


def test_nobody_listens() -> None:
    with pytest.raises(NetworkError) as caught:
        by_code(oidc(), at(f"http://127.0.0.1:{closed_port()}"))
    assert caught.value.code == "refused"


def test_throttled_registrations() -> None:
    found = refused(
        json_reply(400, {}, {"x-amzn-ErrorType": "SlowDownException"}),
        lambda service, session: service.register(session, "device_code", START_URL),
    )
    assert (type(found), found.code) == (NetworkError, "throttled")


def test_the_base_of_the_url_for_the_browser() -> None:
    assert oidc().authorization_base(SESSION) == "https://oidc.eu-west-1.amazonaws.com"
    start_url = "https://start.home.awsapps.cn/directory/d-1"
    china = replace(SESSION, start_url=start_url, region="cn-north-1")
    assert oidc().authorization_base(china) == "https://oidc.cn-north-1.amazonaws.com.cn"
    assert oidc().authorization_base(at("http://127.0.0.1:1/base/")) == "http://127.0.0.1:1/base"


def test_a_request_to_another_host_isnt_sent() -> None:
    with serve(lambda _: json_reply(200, GRANTED)) as server:
        clients = SsoClients("sso-oidc", ONCE)

        def send(client: Any) -> Any:
            def elsewhere(params: dict[str, Any], **_: Any) -> None:
                params["url"] = f"{server.url}/token"

            client.meta.events.register("before-call.sso-oidc", elsewhere)
            return client.create_token(clientId="c", clientSecret="s", grantType="refresh_token")

        for session in (SESSION, at("http://127.0.0.1:1")):
            with pytest.raises(SignInError) as caught:
                clients.call(session, session.oidc_endpoint, "CreateToken", send)
            assert caught.value.code == "sso_start_url"
        assert not server.requests


@pytest.mark.parametrize("response", [json_reply(200, {}), error("UnauthorizedException", 401)])
def test_sign_out(response: bytes) -> None:
    with serve(lambda _: response) as server:
        PortalClient(ONCE).sign_out(at(server.url), a_token(CLOCK))
        [sent] = server.requests
    assert (sent.method, sent.path) == ("POST", "/logout")
    assert sent.headers["x-amz-sso_bearer_token"] == f"{CANARY}-access-first"


def test_sign_out_without_a_portal() -> None:
    with pytest.raises(NetworkError):
        PortalClient(ONCE).sign_out(at(f"http://127.0.0.1:{closed_port()}"), a_token(CLOCK))
