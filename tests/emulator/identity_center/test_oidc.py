"""Sign-in on the wire: every grant, and every error by its name."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from botocore.exceptions import ClientError

from support.aws.emulator import aws_server
from support.aws.identity_center import (
    CALLBACK,
    DEVICE_GRANT,
    START_URL,
    approve,
    fetch,
    identity_center_state,
    oidc_client,
    portal_client,
    sign_in,
)
from xswitch.emulator.identity_center.sign_ins import challenge_of
from xswitch.emulator.server import EmbeddedAws

VERIFIER = "v" * 64
BACK = "http://127.0.0.1:4711/oauth/callback"
PKCE = {
    "clientName": "botocore-client-corp",
    "clientType": "public",
    "grantTypes": ["authorization_code", "refresh_token"],
    "redirectUris": [CALLBACK],
    "issuerUrl": START_URL,
    "scopes": ["sso:account:access"],
}
DEVICE = {"clientName": "c", "clientType": "public", "scopes": ["sso:account:access"]}


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    with aws_server(identity_center_state()) as server:
        yield server


def error_of(call: Callable[..., object], **parameters: Any) -> tuple[str, str, int]:
    """Return the exception's class, OAuth's word, and the HTTP status."""
    with pytest.raises(ClientError) as caught:
        call(**parameters)
    response: Mapping[str, Any] = caught.value.response
    assert response["Error"]["Code"] == type(caught.value).__name__
    assert response["error_description"]
    return (
        type(caught.value).__name__.removesuffix("Exception"),
        response["error"],
        response["ResponseMetadata"]["HTTPStatusCode"],
    )


def registered(aws: EmbeddedAws, **changes: Any) -> dict[str, str]:
    answer = oidc_client(aws).register_client(**{**PKCE, **changes})
    return {"clientId": answer["clientId"], "clientSecret": answer["clientSecret"]}


def authorize_url(aws: EmbeddedAws, client: Mapping[str, str], **changes: str | None) -> str:
    """Return what a browser would open; a change to None leaves a parameter out."""
    given: dict[str, str | None] = {
        "response_type": "code",
        "client_id": client["clientId"],
        "redirect_uri": BACK,
        "state": "a state & more",
        "code_challenge_method": "S256",
        "scopes": "sso:account:access",
        "code_challenge": challenge_of(VERIFIER),
        **changes,
    }
    query = {name: value for name, value in given.items() if value is not None}
    return f"{aws.endpoint}/authorize?{urlencode(query)}"


def answered(location: str) -> dict[str, str]:
    assert location.startswith(f"{BACK}?")
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def code_request(client: Mapping[str, str], code: str, **changes: Any) -> dict[str, Any]:
    return {
        **client,
        "grantType": "authorization_code",
        "code": code,
        "redirectUri": BACK,
        "codeVerifier": VERIFIER,
        **changes,
    }


def refresh_request(client: Mapping[str, str], token: str) -> dict[str, Any]:
    return {**client, "grantType": "refresh_token", "refreshToken": token}


def device_request(client: Mapping[str, str], code: str) -> dict[str, Any]:
    return {**client, "grantType": DEVICE_GRANT, "deviceCode": code}


def test_the_authorization_code_flow(aws: EmbeddedAws) -> None:
    client = registered(aws)
    back = answered(approve(authorize_url(aws, client)))
    assert back["state"] == "a state & more"
    token = oidc_client(aws).create_token(**code_request(client, back["code"]))
    assert (token["expiresIn"], token["tokenType"]) == (3_600, "Bearer")
    accounts = portal_client(aws).list_accounts(accessToken=token["accessToken"])["accountList"]
    assert len(accounts) == 3
    again = oidc_client(aws).create_token(**refresh_request(client, token["refreshToken"]))
    assert again["accessToken"] != token["accessToken"]
    assert again["refreshToken"] != token["refreshToken"]


def test_the_page_names_client_scope_and_people(aws: EmbeddedAws) -> None:
    client = registered(aws, clientName="<b>me & you</b>")
    page = fetch(authorize_url(aws, client))
    assert "&lt;b&gt;me &amp; you&lt;/b&gt;" in page.text
    assert "<b>" not in page.text
    for part in ("sso:account:access", START_URL, ">dana<", ">eve<", "Approve", "Deny"):
        assert part in page.text


def test_a_denial_comes_back_with_the_state(aws: EmbeddedAws) -> None:
    back = answered(approve(authorize_url(aws, registered(aws)), deny=True))
    assert (back["error"], back["state"]) == ("access_denied", "a state & more")
    assert "code" not in back


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": challenge_of(VERIFIER) + "="}, "invalid_request"),
        ({"scopes": None}, "invalid_scope"),
        ({"scopes": None, "scope": "sso:account:access"}, "invalid_scope"),
        ({"scopes": "sso:account:access openid"}, "invalid_scope"),
    ],
)
def test_requests_that_go_back_with_an_error(
    aws: EmbeddedAws, changes: dict[str, str | None], error: str
) -> None:
    back = answered(fetch(authorize_url(aws, registered(aws), **changes)).location)
    assert (back["error"], back["state"]) == (error, "a state & more")


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        ({"client_id": "other"}, "invalid_client"),
        ({"client_id": None}, "invalid_client"),
        ({"redirect_uri": None}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:4711/oauth/other"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://localhost:4711/oauth/callback"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://evil.example/oauth/callback"}, "invalid_redirect_uri"),
        ({"redirect_uri": "https://127.0.0.1:4711/oauth/callback"}, "invalid_redirect_uri"),
        ({"redirect_uri": f"{BACK}?x=1"}, "invalid_redirect_uri"),
        ({"redirect_uri": f"{BACK}#x"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:99999/oauth/callback"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://me@127.0.0.1:4711/oauth/callback"}, "invalid_redirect_uri"),
    ],
)
def test_requests_that_never_go_back(
    aws: EmbeddedAws, changes: dict[str, str | None], shown: str
) -> None:
    page = fetch(authorize_url(aws, registered(aws), **changes))
    assert (page.status, page.location) == (400, "")
    assert shown in page.text


def test_a_client_of_the_device_flow_cant_authorize(aws: EmbeddedAws) -> None:
    client = registered(aws, grantTypes=[])
    back = answered(fetch(authorize_url(aws, client)).location)
    assert back["error"] == "unauthorized_client"
    asked = code_request(client, "any")
    assert error_of(oidc_client(aws).create_token, **asked)[0] == "UnauthorizedClient"


def test_a_page_is_answered_once(aws: EmbeddedAws) -> None:
    page = fetch(authorize_url(aws, registered(aws)))
    found = re.search(r'name="request" value="([^"]+)"', page.text)
    assert found is not None
    form = {"request": found[1], "user": "dana", "decision": "approve"}
    url = f"{aws.endpoint}/authorize"
    assert fetch(url, form, Origin="http://evil.example").status == 403
    assert fetch(url, form, Origin=aws.endpoint).status == 302
    assert fetch(url, form).status == 400


@pytest.mark.parametrize("form", [{"user": "nobody", "decision": "approve"}, {"user": "dana"}])
def test_answers_that_nobody_could_click(aws: EmbeddedAws, form: dict[str, str]) -> None:
    page = fetch(authorize_url(aws, registered(aws)))
    found = re.search(r'name="request" value="([^"]+)"', page.text)
    assert found is not None
    assert fetch(f"{aws.endpoint}/authorize", {"request": found[1], **form}).status == 400


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"clientType": "confidential"}, ("InvalidClientMetadata", "invalid_client_metadata", 400)),
        ({"clientName": ""}, ("InvalidRequest", "invalid_request", 400)),
        ({"grantTypes": ["password"]}, ("UnsupportedGrantType", "unsupported_grant_type", 400)),
        ({"scopes": ["no scope"]}, ("InvalidScope", "invalid_scope", 400)),
        ({"redirectUris": []}, ("InvalidRedirectUri", "invalid_redirect_uri", 400)),
        (
            {"redirectUris": ["http://example.com/x"]},
            ("InvalidRedirectUri", "invalid_redirect_uri", 400),
        ),
        ({"redirectUris": ["x"]}, ("InvalidRedirectUri", "invalid_redirect_uri", 400)),
        (
            {"issuerUrl": "https://other.awsapps.com/start"},
            ("InvalidRequest", "invalid_request", 400),
        ),
        ({"issuerUrl": None}, ("InvalidRequest", "invalid_request", 400)),
        ({"scopes": [""]}, ("InvalidRequest", "invalid_request", 400)),
        ({"grantTypes": [7]}, ("InvalidRequest", "invalid_request", 400)),
    ],
)
def test_registrations_that_are_refused(
    aws: EmbeddedAws, changes: dict[str, Any], error: tuple[str, str, int]
) -> None:
    given = {key: value for key, value in {**PKCE, **changes}.items() if value is not None}
    assert error_of(oidc_client(aws, validate=False).register_client, **given) == error


def test_a_body_that_is_no_object(aws: EmbeddedAws) -> None:
    for body in ("[]", "{", "7"):
        page = fetch(f"{aws.endpoint}/client/register", {body: ""})
        assert page.status == 400
        assert '"error": "invalid_request"' in page.text


CODE_ERRORS: dict[str, tuple[dict[str, Any], tuple[str, str, int]]] = {
    "an unknown code": ({"code": "x"}, ("InvalidGrant", "invalid_grant", 400)),
    "another verifier": ({"codeVerifier": "w" * 64}, ("InvalidGrant", "invalid_grant", 400)),
    "a short verifier": ({"codeVerifier": "v" * 42}, ("InvalidRequest", "invalid_request", 400)),
    "no verifier": ({"codeVerifier": None}, ("InvalidRequest", "invalid_request", 400)),
    "another redirect": ({"redirectUri": CALLBACK}, ("InvalidGrant", "invalid_grant", 400)),
    "no redirect": ({"redirectUri": None}, ("InvalidRequest", "invalid_request", 400)),
    "an unknown grant": (
        {"grantType": "password"},
        ("UnsupportedGrantType", "unsupported_grant_type", 400),
    ),
    "a grant it isn't registered for": (
        {"grantType": DEVICE_GRANT, "deviceCode": "x"},
        ("UnauthorizedClient", "unauthorized_client", 400),
    ),
    "an unknown client": ({"clientId": "x"}, ("InvalidClient", "invalid_client", 401)),
    "another secret": ({"clientSecret": "x"}, ("InvalidClient", "invalid_client", 401)),
    "no grant": ({"grantType": None}, ("InvalidRequest", "invalid_request", 400)),
    "another scope": ({"scope": ["openid"]}, ("InvalidScope", "invalid_scope", 400)),
}


@pytest.mark.parametrize("name", CODE_ERRORS)
def test_code_exchanges_that_are_refused(aws: EmbeddedAws, name: str) -> None:
    changes, error = CODE_ERRORS[name]
    client = registered(aws)
    code = answered(approve(authorize_url(aws, client)))["code"]
    given = {**code_request(client, code), **changes}
    given = {key: value for key, value in given.items() if value is not None}
    assert error_of(oidc_client(aws, validate=False).create_token, **given) == error


def test_a_code_of_another_client(aws: EmbeddedAws) -> None:
    code = answered(approve(authorize_url(aws, registered(aws))))["code"]
    asked = code_request(registered(aws), code)
    assert error_of(oidc_client(aws).create_token, **asked)[0] == "InvalidGrant"


def test_a_code_expires(aws: EmbeddedAws) -> None:
    client = registered(aws)
    code = answered(approve(authorize_url(aws, client)))["code"]
    aws.clock.advance(601)
    assert error_of(oidc_client(aws).create_token, **code_request(client, code))[0] == (
        "InvalidGrant"
    )


def test_a_code_that_is_used_twice_ends_the_sign_in(aws: EmbeddedAws) -> None:
    client, oidc = registered(aws), oidc_client(aws)
    code = answered(approve(authorize_url(aws, client)))["code"]
    token = oidc.create_token(**code_request(client, code))
    assert error_of(oidc.create_token, **code_request(client, code))[0] == "InvalidGrant"
    refresh = refresh_request(client, token["refreshToken"])
    assert error_of(oidc.create_token, **refresh)[0] == "InvalidGrant"


def test_the_device_flow(aws: EmbeddedAws) -> None:
    oidc = oidc_client(aws)
    answer = oidc.register_client(**DEVICE)
    client = {"clientId": answer["clientId"], "clientSecret": answer["clientSecret"]}
    device = oidc.start_device_authorization(**client, startUrl=f"{START_URL}/#/")
    assert re.fullmatch(r"[A-Z]{4}-[A-Z]{4}", device["userCode"])
    assert device["verificationUriComplete"].startswith(f"{device['verificationUri']}?user_code=")
    assert (device["interval"], device["expiresIn"]) == (1, 600)
    asked = device_request(client, device["deviceCode"])
    pending = ("AuthorizationPending", "authorization_pending", 400)
    assert error_of(oidc.create_token, **asked) == pending
    assert error_of(oidc.create_token, **asked) == pending  # clients ask twice at first
    assert device["userCode"] in fetch(device["verificationUriComplete"]).text
    assert "user_code" in fetch(device["verificationUri"]).text
    approve(device["verificationUriComplete"])
    aws.clock.advance(1)
    token = oidc.create_token(**asked)
    assert token["refreshToken"]
    assert error_of(oidc.create_token, **asked)[0] == "InvalidGrant"


def started(aws: EmbeddedAws) -> tuple[dict[str, str], dict[str, Any]]:
    oidc = oidc_client(aws)
    answer = oidc.register_client(**DEVICE)
    client = {"clientId": answer["clientId"], "clientSecret": answer["clientSecret"]}
    return client, oidc.start_device_authorization(**client, startUrl=START_URL)


def test_who_asks_too_often_must_wait_longer(aws: EmbeddedAws) -> None:
    client, device = started(aws)
    oidc, asked = oidc_client(aws), device_request(client, device["deviceCode"])
    seen = []
    for seconds in (0, 0, 0, 2, 6, 11, 10):
        aws.clock.advance(seconds)
        seen.append(error_of(oidc.create_token, **asked)[1])
    assert seen == [
        "authorization_pending",  # free
        "authorization_pending",
        "slow_down",  # 6 seconds from here
        "slow_down",  # 11
        "slow_down",  # 16
        "slow_down",  # 21
        "slow_down",
    ]
    approve(device["verificationUriComplete"])
    aws.clock.advance(26)
    assert oidc.create_token(**asked)["accessToken"]


def test_a_device_code_is_denied_expires_and_belongs_to_its_client(aws: EmbeddedAws) -> None:
    oidc = oidc_client(aws)
    client, device = started(aws)
    approve(device["verificationUriComplete"], deny=True)
    asked = device_request(client, device["deviceCode"])
    assert error_of(oidc.create_token, **asked) == ("AccessDenied", "access_denied", 400)
    client, device = started(aws)
    other, _ = started(aws)
    asked = device_request(other, device["deviceCode"])
    assert error_of(oidc.create_token, **asked)[0] == "InvalidGrant"
    aws.clock.advance(600)
    asked = device_request(client, device["deviceCode"])
    assert error_of(oidc.create_token, **asked) == ("ExpiredToken", "expired_token", 400)
    assert fetch(device["verificationUriComplete"]).status == 400


def test_an_unknown_start_url(aws: EmbeddedAws) -> None:
    client, _ = started(aws)
    ask = oidc_client(aws).start_device_authorization
    for url in ("https://other.awsapps.com/start", "nonsense"):
        assert error_of(ask, **client, startUrl=url)[0] == "InvalidRequest"
    for url in ("https://d-1234567890.awsapps.com/start", "https://CORP.awsapps.com/start/"):
        assert ask(**client, startUrl=url)["deviceCode"]


def test_the_wrong_region(aws: EmbeddedAws) -> None:
    elsewhere = oidc_client(aws, "us-east-1")
    answer = elsewhere.register_client(**DEVICE)
    client = {"clientId": answer["clientId"], "clientSecret": answer["clientSecret"]}
    ask = elsewhere.start_device_authorization
    assert error_of(ask, **client, startUrl=START_URL)[0] == "InvalidRequest"
    assert error_of(elsewhere.register_client, **PKCE)[0] == "InvalidRequest"
    here = oidc_client(aws, "eu-west-1")
    ask = here.start_device_authorization
    assert error_of(ask, **client, startUrl=START_URL)[0] == "InvalidClient"
    answer = here.register_client(**DEVICE)
    client = {"clientId": answer["clientId"], "clientSecret": answer["clientSecret"]}
    assert (
        "/region/eu-west-1/device?" in ask(**client, startUrl=START_URL)["verificationUriComplete"]
    )


def test_registrations_and_sign_ins_expire(aws: EmbeddedAws) -> None:
    oidc, portal = oidc_client(aws), portal_client(aws)
    token = sign_in(aws)
    client = {"clientId": token.client_id, "clientSecret": token.client_secret}
    refresh = token.refresh_token
    for _ in range(7):
        aws.clock.advance(3_600)
        answer = oidc.create_token(**refresh_request(client, refresh))
        refresh = answer["refreshToken"]
        assert portal.list_accounts(accessToken=answer["accessToken"])["accountList"]
    assert answer["expiresIn"] in (3_599, 3_600)
    aws.clock.advance(3_600)
    asked = refresh_request(client, refresh)
    assert error_of(oidc.create_token, **asked) == ("InvalidGrant", "invalid_grant", 400)
    aws.clock.advance(90 * 86_400)
    assert error_of(oidc.create_token, **asked) == ("InvalidClient", "invalid_client", 401)
    assert "expired" in fetch(authorize_url(aws, client)).text


@pytest.mark.parametrize("rotates", [True, False])
def test_a_refresh_token_is_replaced_or_stays(*, rotates: bool) -> None:
    state = identity_center_state()
    state["identity_center"][0]["rotate_refresh_tokens"] = rotates
    with aws_server(state) as aws:
        token, oidc = sign_in(aws), oidc_client(aws)
        client = {"clientId": token.client_id, "clientSecret": token.client_secret}
        asked = refresh_request(client, token.refresh_token)
        assert (oidc.create_token(**asked)["refreshToken"] == token.refresh_token) is not rotates
        if rotates:
            assert error_of(oidc.create_token, **asked)[0] == "InvalidGrant"
        else:
            assert oidc.create_token(**asked)["accessToken"]


def test_what_ends_a_refresh_token(aws: EmbeddedAws) -> None:
    oidc = oidc_client(aws)
    token, other = sign_in(aws), sign_in(aws, "eve")
    client = {"clientId": token.client_id, "clientSecret": token.client_secret}
    stolen = {"clientId": other.client_id, "clientSecret": other.client_secret}
    asked = refresh_request(stolen, token.refresh_token)
    assert error_of(oidc.create_token, **asked)[0] == "InvalidGrant"
    assert aws.sign_ins.revoke("dana") == 1
    asked = refresh_request(client, token.refresh_token)
    assert error_of(oidc.create_token, **asked)[0] == "InvalidGrant"
    assert oidc.create_token(**refresh_request(stolen, other.refresh_token))["accessToken"]


def test_a_client_without_scopes_has_one_long_token(aws: EmbeddedAws) -> None:
    token = sign_in(aws, scopes=())
    assert not token.refresh_token
    assert 28_790 < (token.expires_at - aws.clock.now()).total_seconds() <= 28_800
    aws.clock.advance(28_000)
    assert portal_client(aws).list_accounts(accessToken=token.access_token)["accountList"]


def test_no_secret_shows_in_a_repr(aws: EmbeddedAws) -> None:
    token = sign_in(aws)
    code = answered(approve(authorize_url(aws, registered(aws))))["code"]
    stored = (aws.sign_ins.clients, aws.sign_ins.devices, aws.sign_ins.requests)
    text = repr([list(one.values()) for one in stored])
    text += repr([list(aws.sign_ins.codes.values()), aws.sign_ins.sign_ins(), aws.calls])
    for secret in (token.access_token, token.refresh_token, token.client_secret, code):
        assert secret not in text


def test_two_instances_side_by_side() -> None:
    state = identity_center_state()
    first = state["identity_center"][0]
    second = {
        **first,
        "start_url": "https://other.awsapps.com/start",
        "aliases": [],
        "redirects": [],
        "region": "us-east-1",
        "assignments": first["assignments"][:1],
    }
    state["identity_center"].append(second)
    with aws_server(state) as aws:
        corp, other = sign_in(aws), sign_in(aws, start_url=second["start_url"])
        portal = portal_client(aws)
        counted = [
            len(portal.list_accounts(accessToken=token.access_token)["accountList"])
            for token in (corp, other)
        ]
        assert counted == [3, 1]
        assert aws.sign_ins.revoke("dana", START_URL) == 1
        assert portal.list_accounts(accessToken=other.access_token)["accountList"]
        arns = [role.arn for account in aws.world.accounts for role in account.roles]
        assert len(arns) == len(set(arns)) == 5
        assert sum("/eu-west-1/" in arn for arn in arns) == 4  # us-east-1 isn't in the path


def test_a_redirect_leads_to_the_start_url(aws: EmbeddedAws) -> None:
    assert fetch(f"{aws.endpoint}/corp").location == START_URL
    assert fetch(f"{aws.endpoint}/other").status == 400


def test_faults_in_the_words_of_the_service(aws: EmbeddedAws) -> None:
    oidc = oidc_client(aws)
    aws.faults.add("throttling", "RegisterClient")
    assert error_of(oidc.register_client, **DEVICE)[0] == "SlowDown"
    aws.faults.add("server_error", "sso-oidc:RegisterClient")
    assert error_of(oidc.register_client, **DEVICE) == ("InternalServer", "server_error", 500)
    aws.faults.add("error", "RegisterClient", code="InvalidClientException")
    assert error_of(oidc.register_client, **DEVICE)[2] == 401
    aws.faults.add("no_expiration", "CreateToken")
    with pytest.raises(KeyError, match="expiresIn"):
        sign_in(aws)
