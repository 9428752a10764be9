"""AWS Sign-In: the page of `aws login`, its codes, refreshes, and proofs."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from conftest import FixedClock
from support.aws.emulator import (
    DEV,
    allow,
    aws_server,
    default_state,
    iam_client,
    refusal,
    sts_client,
    totp_code,
)
from support.aws.identity_center import fetch
from support.aws.login import (
    CALLBACK,
    CROSS_DEVICE,
    SAME_DEVICE,
    USER,
    ConsoleLogin,
    ProofKey,
    answer_page,
    approve_login,
    authorize_url,
    code_for,
    mfa_code,
    sign_in_to_console,
    token_request,
)
from xswitch.emulator.jwt import read_token
from xswitch.emulator.server import EmbeddedAws
from xswitch.emulator.state import AwsState

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
PLAIN = f"arn:aws:iam::{DEV}:user/plain"
REMOTE = f"arn:aws:iam::{DEV}:user/remote"
CHALLENGE = "c" * 43
SIGN_IN = ["signin:AuthorizeOAuth2Access", "signin:CreateOAuth2Token"]


def state() -> dict[str, Any]:
    """Return a state where `remote` may sign in for another device alone, and `plain` nowhere."""
    made = default_state()
    users = made["accounts"][0]["users"]
    resource = "arn:aws:signin:us-east-1:*:oauth2/public-client/remote"
    users.append({"name": "remote", "policies": {"in": allow(Action=SIGN_IN, Resource=resource)}})
    return made


@pytest.fixture
def aws() -> Iterator[EmbeddedAws]:
    # The clients of botocore sign by the machine's time, and proofs are compared to the second
    wall = FixedClock(datetime.now(UTC).replace(microsecond=0))
    with aws_server(state(), clock=FixedClock(NOW), wall=wall) as server:
        yield server


def refused(aws: EmbeddedAws, login: ConsoleLogin, **changed: Any) -> tuple[int, str]:
    body = {**login.refresh, **changed}
    body = {name: value for name, value in body.items() if value is not None}
    status, answer = token_request(aws, login.key, body)
    assert answer["message"]
    assert aws.calls[-1].error == answer["error"]
    return status, answer["error"]


def session(aws: EmbeddedAws, answer: dict[str, Any]) -> Any:
    keys = answer["accessToken"]
    return sts_client(
        aws,
        {
            "AccessKeyId": keys["accessKeyId"],
            "SecretAccessKey": keys["secretAccessKey"],
            "SessionToken": keys["sessionToken"],
        },
    )


def test_a_sign_in_gives_the_users_own_keys_for_a_quarter_of_an_hour(aws: EmbeddedAws) -> None:
    login = sign_in_to_console(aws)
    assert (login.answer["tokenType"], login.answer["expiresIn"]) == ("aws_sigv4", 900)
    claims = read_token(login.answer["idToken"]).claims
    assert (claims["sub"], claims["aud"]) == (USER, SAME_DEVICE)
    client = session(aws, dict(login.answer))
    identity = client.get_caller_identity()
    assert (identity["Arn"], identity["Account"]) == (USER, DEV)
    asked = [call for call in aws.calls if call.service == "signin"]
    assert [call.action for call in asked] == [
        "AuthorizeOAuth2Access",
        "AuthorizeOAuth2Access",
        "CreateOAuth2Token",
    ]
    aws.clock.advance(900)
    assert refusal(client.get_caller_identity)[0] == "ExpiredToken"


def test_the_keys_may_do_what_the_user_may(aws: EmbeddedAws) -> None:
    login = sign_in_to_console(aws)
    client = session(aws, dict(login.answer))
    admin = client.assume_role(  # whose trust policy demands MFA
        RoleArn="arn:aws:iam::222222222222:role/Admin", RoleSessionName="me"
    )
    assert admin["AssumedRoleUser"]["Arn"].endswith("assumed-role/Admin/me")
    assert client.get_access_key_info(AccessKeyId="AKIAQRSTUVWXYZ234567")["Account"] == DEV
    assert refusal(client.get_session_token)[0] == "AccessDenied"
    keys = login.answer["accessToken"]
    iam = iam_client(
        aws,
        {
            "AccessKeyId": keys["accessKeyId"],
            "SecretAccessKey": keys["secretAccessKey"],
            "SessionToken": keys["sessionToken"],
        },
    )
    assert iam.get_user()["User"]["Arn"] == USER


def test_each_refresh_gives_new_keys_and_a_new_token(aws: EmbeddedAws) -> None:
    login = sign_in_to_console(aws)
    seen = {login.answer["accessToken"]["accessKeyId"]}
    token = login.answer["refreshToken"]
    for _ in range(3):
        aws.clock.advance(600)
        status, answer = token_request(aws, login.key, {**login.refresh, "refreshToken": token})
        assert (status, answer["expiresIn"], "idToken" in answer) == (200, 900, False)
        assert answer["refreshToken"] != token
        token = answer["refreshToken"]
        seen.add(answer["accessToken"]["accessKeyId"])
        assert session(aws, answer).get_caller_identity()["Arn"] == USER
    assert len(seen) == 4


def test_a_refresh_token_gives_the_same_again_while_its_keys_live(aws: EmbeddedAws) -> None:
    login = sign_in_to_console(aws)
    _, first = token_request(aws, login.key, login.refresh)
    aws.clock.advance(300)
    _, second = token_request(aws, login.key, login.refresh)
    assert 540 < second["expiresIn"] <= 600  # the clock goes on by itself
    assert second == {**first, "expiresIn": second["expiresIn"]}
    aws.clock.advance(600)
    assert refused(aws, login) == (401, "TOKEN_EXPIRED")
    newest = {**login.refresh, "refreshToken": first["refreshToken"]}
    assert token_request(aws, login.key, newest)[0] == 200


def test_a_login_ends_after_twelve_hours_and_its_keys_with_it(aws: EmbeddedAws) -> None:
    login = sign_in_to_console(aws)
    aws.clock.advance(43_200 - 60)
    status, answer = token_request(aws, login.key, login.refresh)
    assert status == 200
    assert 0 < answer["expiresIn"] <= 60
    aws.clock.advance(60)
    assert refused(aws, login) == (401, "TOKEN_EXPIRED")
    assert refused(aws, login, refreshToken=answer["refreshToken"]) == (401, "TOKEN_EXPIRED")


def test_a_revoked_login_is_not_refreshed(aws: EmbeddedAws) -> None:
    login = sign_in_to_console(aws)
    assert (aws.logins.revoke(PLAIN), aws.logins.revoke(USER), aws.logins.revoke(USER)) == (0, 1, 0)
    assert refused(aws, login) == (401, "TOKEN_EXPIRED")


def _without_user(data: dict[str, Any]) -> None:
    data["accounts"][0]["users"] = data["accounts"][0]["users"][1:]


def _recreated(data: dict[str, Any]) -> None:
    data["accounts"][0]["users"][0]["unique_id"] = "AIDAOTHEROTHEROTHER01"


def _without_permission(data: dict[str, Any]) -> None:
    deny = {"Effect": "Deny", "Action": SIGN_IN[1], "Resource": "*"}
    data["accounts"][0]["users"][0]["policies"]["deny"] = {"Statement": deny}


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (_without_user, "USER_CREDENTIALS_CHANGED"),
        (_recreated, "USER_CREDENTIALS_CHANGED"),
        (_without_permission, "INSUFFICIENT_PERMISSIONS"),
    ],
)
def test_a_user_who_changed_is_not_refreshed(
    aws: EmbeddedAws, change: Callable[[dict[str, Any]], None], code: str
) -> None:
    login = sign_in_to_console(aws)
    changed = state()
    change(changed)
    aws.world = AwsState.from_json(json.dumps(changed))
    assert refused(aws, login) == (403, code)


@pytest.mark.parametrize(
    "changed",
    [
        {"clientId": None},
        {"clientId": "arn:aws:signin:::devtools/other"},
        {"clientId": CROSS_DEVICE},
        {"clientId": 1},
        {"grantType": None},
        {"grantType": "password"},
        {"refreshToken": None},
        {"refreshToken": ""},
        {"refreshToken": "aorunknown"},
        {"refreshToken": "a" * 2_049},
    ],
    ids=str,
)
def test_refreshes_that_are_refused(aws: EmbeddedAws, changed: dict[str, Any]) -> None:
    assert refused(aws, sign_in_to_console(aws), **changed) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("body", ["", "[]", "{", "null", b"\xff"])
def test_bodies_that_are_no_object(aws: EmbeddedAws, body: str | bytes) -> None:
    status, answer = token_request(aws, ProofKey(), body)
    assert (status, answer["error"]) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("code", "aocunknown"),
        ("code", None),
        ("clientId", CROSS_DEVICE),
        ("redirectUri", None),
        ("redirectUri", CALLBACK.replace("4711", "4712")),
        ("redirectUri", CALLBACK + "/"),
        ("codeVerifier", None),
        ("codeVerifier", "v" * 42),
        ("codeVerifier", "v" * 64),
        ("codeVerifier", "v" * 129),
        ("codeVerifier", "!" * 64),
    ],
)
def test_codes_that_are_refused(aws: EmbeddedAws, name: str, value: str | None) -> None:
    body = {**code_for(aws), name: value}
    given = {key: one for key, one in body.items() if one is not None}
    status, answer = token_request(aws, ProofKey(), given)
    assert (status, answer["error"]) == (400, "INVALID_REQUEST")


def test_a_code_works_once_and_its_second_use_ends_the_login(aws: EmbeddedAws) -> None:
    body, key = code_for(aws), ProofKey()
    status, answer = token_request(aws, key, body)
    assert status == 200
    assert token_request(aws, key, body)[1]["error"] == "INVALID_REQUEST"
    refresh = {
        "clientId": SAME_DEVICE,
        "grantType": "refresh_token",
        "refreshToken": answer["refreshToken"],
    }
    assert token_request(aws, key, refresh)[1]["error"] == "TOKEN_EXPIRED"


def test_a_code_expires(aws: EmbeddedAws) -> None:
    body = code_for(aws)
    aws.clock.advance(600)
    status, answer = token_request(aws, ProofKey(), body)
    assert (status, answer["error"]) == (401, "AUTHCODE_EXPIRED")


# -- proofs

URL = "http://127.0.0.1/v1/token"
PROOFS: dict[str, Callable[[ProofKey, str, datetime], str]] = {
    "none": lambda _key, _url, _now: "",
    "text": lambda _key, _url, _now: "proof",
    "two": lambda key, url, now: ",".join([key.proof(url, now)] * 2),
    "kind": lambda key, url, now: key.proof(url, now, {"typ": "JWT"}),
    "algorithm": lambda key, url, now: key.proof(url, now, {"alg": "none"}),
    "other algorithm": lambda key, url, now: key.proof(url, now, {"alg": "ES384"}),
    "no key": lambda key, url, now: key.proof(url, now, {"jwk": None}),
    "another's key": lambda key, url, now: key.proof(url, now, {"jwk": ProofKey().jwk}),
    "private key": lambda key, url, now: key.proof(url, now, {"jwk": {**key.jwk, "d": "AAAA"}}),
    "method": lambda key, url, now: key.proof(url, now, htm="GET"),
    "no method": lambda key, url, now: key.proof(url, now, htm=None),
    "path": lambda key, url, now: key.proof(url + "s", now),
    "scheme": lambda key, url, now: key.proof(url.replace("http:", "https:"), now),
    "host": lambda key, url, now: key.proof(url.replace("127.0.0.1", "localhost"), now),
    "port": lambda key, _url, now: key.proof(URL, now),
    "bad port": lambda key, _url, now: key.proof("http://127.0.0.1:x/v1/token", now),
    "no url": lambda key, url, now: key.proof(url, now, htu=None),
    "old": lambda key, url, now: key.proof(url, now - timedelta(seconds=301)),
    "young": lambda key, url, now: key.proof(url, now + timedelta(seconds=301)),
    "no time": lambda key, url, now: key.proof(url, now, iat=None),
    "time": lambda key, url, now: key.proof(url, now, iat="now"),
    "no name": lambda key, url, now: key.proof(url, now, jti=None),
    "empty name": lambda key, url, now: key.proof(url, now, jti=""),
    "another key": lambda _key, url, now: ProofKey().proof(url, now),
}


@pytest.mark.parametrize("case", PROOFS)
def test_proofs_that_are_refused(aws: EmbeddedAws, case: str) -> None:
    login = sign_in_to_console(aws)
    proof = PROOFS[case](login.key, f"{aws.endpoint}/v1/token", aws.wall.now())
    status, answer = token_request(aws, login.key, login.refresh, proof)
    assert (status, answer["error"]) == (400, "INVALID_REQUEST")
    assert token_request(aws, login.key, login.refresh)[0] == 200


@pytest.mark.parametrize("seconds", [-300, 300])
def test_proofs_that_are_just_right(aws: EmbeddedAws, seconds: int) -> None:
    login = sign_in_to_console(aws)
    url = f"{aws.endpoint}/v1/token?with=query#and-fragment"
    proof = login.key.proof(
        url.replace("http", "HTTP"), aws.wall.now() + timedelta(seconds=seconds)
    )
    assert token_request(aws, login.key, login.refresh, proof)[0] == 200


def test_a_proof_belongs_to_one_request_which_may_be_sent_again(aws: EmbeddedAws) -> None:
    login = sign_in_to_console(aws)
    proof = login.key.proof(f"{aws.endpoint}/v1/token", aws.wall.now())
    _, first = token_request(aws, login.key, login.refresh, proof)
    assert token_request(aws, login.key, login.refresh, proof) == (200, first)
    other = {**login.refresh, "refreshToken": first["refreshToken"]}
    assert token_request(aws, login.key, other, proof)[1]["error"] == "INVALID_REQUEST"


def test_a_proof_is_for_the_url_that_the_client_uses(aws: EmbeddedAws) -> None:
    login = sign_in_to_console(aws)
    base = f"{aws.endpoint}/region/eu-west-1"
    assert token_request(aws, login.key, login.refresh, base=base)[0] == 200
    assert aws.calls[-1].region == "eu-west-1"
    proof = login.key.proof(f"{aws.endpoint}/v1/token", aws.wall.now())
    assert token_request(aws, login.key, login.refresh, proof, base=base)[0] == 400


# -- the page


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"client_id": None}, "invalid_client"),
        ({"client_id": "arn:aws:signin:::devtools/other"}, "invalid_client"),
        ({"redirect_uri": None}, "invalid_redirect_uri"),
        ({"redirect_uri": "https://127.0.0.1:4711/oauth/callback"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1/oauth/callback"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://localhost:4711/oauth/callback"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://example.com:4711/oauth/callback"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://me@127.0.0.1:4711/oauth/callback"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:4711/oauth"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:4711/oauth/callback?a=b"}, "invalid_redirect_uri"),
        ({"redirect_uri": "http://127.0.0.1:x/oauth/callback"}, "invalid_redirect_uri"),
        ({"client_id": CROSS_DEVICE}, "invalid_redirect_uri"),
    ],
    ids=str,
)
def test_requests_that_lead_nowhere(
    aws: EmbeddedAws, given: dict[str, str | None], problem: str
) -> None:
    shown = fetch(authorize_url(aws, CHALLENGE, **given))
    assert (shown.status, shown.location) == (400, "")
    assert problem in shown.text


@pytest.mark.parametrize(
    "given",
    [
        {"response_type": None},
        {"response_type": "token"},
        {"scope": None},
        {"scope": "openid profile"},
        {"code_challenge_method": None},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": "S256"},
        {"code_challenge": None},
        {"code_challenge": "c" * 42},
        {"state": None},
    ],
    ids=str,
)
def test_requests_that_lead_back_with_an_error(
    aws: EmbeddedAws, given: dict[str, str | None]
) -> None:
    shown = fetch(authorize_url(aws, CHALLENGE, **given))
    assert shown.status == 302
    assert shown.location.startswith(f"{CALLBACK}?error=invalid_request&")


def test_denying_leads_back_with_an_error(aws: EmbeddedAws) -> None:
    answered = answer_page(authorize_url(aws, CHALLENGE), USER, decision="deny")
    query = parse_qs(urlsplit(answered.location).query)
    assert (query["error"], query["state"]) == (["access_denied"], ["the-state"])


def test_the_page_wants_an_mfa_code_of_who_has_a_device(aws: EmbeddedAws) -> None:
    url = authorize_url(aws, CHALLENGE)
    used = mfa_code(aws)
    assert answer_page(url, USER, used).location
    old = totp_code(now=NOW - timedelta(hours=1))
    for code in ("", "000000", old, used):
        answered = answer_page(url, USER, code)
        assert (answered.status, answered.location) == (400, "")
        assert "MFA code" in answered.text


def test_a_page_is_answered_once_and_by_itself(aws: EmbeddedAws) -> None:
    url = f"{aws.endpoint}/v1/authorize"
    shown = fetch(authorize_url(aws, CHALLENGE)).text
    request = shown.partition('name="request" value="')[2].partition('"')[0]
    form = {"request": request, "user": USER, "decision": "approve", "code": mfa_code(aws)}
    assert fetch(url, form, Origin="http://example.com").status == 403
    assert fetch(url, {**form, "decision": "maybe"}).status == 400
    assert fetch(url, {**form, "user": "arn:aws:iam::111111111111:user/nobody"}).status == 400
    assert fetch(url, form, Origin=aws.endpoint).status == 302
    assert fetch(url, {**form, "code": mfa_code(aws)}).status == 400


@pytest.mark.parametrize("user", [PLAIN, REMOTE])
@pytest.mark.parametrize("client_id", [SAME_DEVICE, CROSS_DEVICE])
def test_a_user_needs_the_permission_for_the_client(
    aws: EmbeddedAws, user: str, client_id: str
) -> None:
    allowed = (user, client_id) == (REMOTE, CROSS_DEVICE)
    uri = CALLBACK if client_id == SAME_DEVICE else f"{aws.endpoint}/v1/sessions/confirmation"
    url = authorize_url(aws, CHALLENGE, client_id=client_id, redirect_uri=uri)
    query = parse_qs(urlsplit(approve_login(aws, url, user)).query)
    assert ("code" in query) == allowed
    if not allowed:
        assert query["error"] == ["access_denied"]
        assert "signin:AuthorizeOAuth2Access" in query["error_description"][0]


def test_the_code_for_another_device_is_shown_with_the_state(aws: EmbeddedAws) -> None:
    uri = f"{aws.endpoint}/v1/sessions/confirmation"
    url = authorize_url(aws, CHALLENGE, client_id=CROSS_DEVICE, redirect_uri=uri)
    back = approve_login(aws, url, REMOTE)
    shown = fetch(back).text.partition("<code id=code>")[2].partition("<")[0]
    query = parse_qs(urlsplit(back).query)
    copied = parse_qs(base64.b64decode(shown).decode())
    assert copied == {"state": query["state"], "code": query["code"]}
    refused_page = fetch(f"{uri}?error=access_denied&error_description=No")
    assert (refused_page.status, "access_denied: No" in refused_page.text) == (400, True)
    assert fetch(uri).status == 400


@pytest.mark.parametrize(
    ("kind", "more", "status", "code"),
    [
        ("throttling", {}, 429, "INVALID_REQUEST"),
        ("server_error", {}, 500, "server_error"),
        ("unavailable", {}, 503, "server_error"),
        ("error", {"code": "TOKEN_EXPIRED"}, 401, "TOKEN_EXPIRED"),
        ("error", {"code": "INSUFFICIENT_PERMISSIONS"}, 403, "INSUFFICIENT_PERMISSIONS"),
    ],
)
def test_faults(aws: EmbeddedAws, kind: str, more: dict[str, Any], status: int, code: str) -> None:
    login = sign_in_to_console(aws)
    aws.faults.add(kind, "signin:CreateOAuth2Token", **more)
    found, answer = token_request(aws, login.key, login.refresh)
    assert (found, answer["error"]) == (status, code)
    assert token_request(aws, login.key, login.refresh)[0] == 200


def test_a_client_with_iams_permission_is_not_a_public_one(aws: EmbeddedAws) -> None:
    login = sign_in_to_console(aws)
    before = aws.count("CreateOAuth2Token")
    path = f"{aws.endpoint}/v1/token?x-amz-client-auth-method=iam"
    assert fetch(path, {"a": "b"}).status != 200
    assert aws.count("CreateOAuth2Token") == before
    assert token_request(aws, login.key, login.refresh)[0] == 200
