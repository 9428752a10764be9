"""Which requests a container credential endpoint serves, and what it says."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from http import HTTPStatus

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from xswitch.core.errors import MfaNeededError
from xswitch.core.model import Credentials, Secret
from xswitch.core.sessions import container_endpoint as endpoint
from xswitch.core.sessions.container_endpoint import (
    AcceptedRequest,
    EndpointAddress,
    Refusal,
    ServedCredentials,
    judge_request,
)

TOKEN = "tOkEn-0123456789_abcdefghijklmnopqrstuvwxyz"
PATH = "/pAtH-0123456789_abcdefghijklmnopqrstuvwxyz0"
ADDRESS = EndpointAddress(43210, PATH, Secret(TOKEN))
NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
HEADERS = (("Host", "127.0.0.1:43210"), ("Accept", "application/json"), ("Authorization", TOKEN))


def head(
    headers: tuple[tuple[str, str], ...] = HEADERS, first: str = f"GET {PATH} HTTP/1.1"
) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def replaced(name: str, *values: str) -> tuple[tuple[str, str], ...]:
    others = tuple(header for header in HEADERS if header[0] != name)
    return (*others, *((name, value) for value in values))


def refused(request: bytes) -> Refusal:
    judged = judge_request(request, ADDRESS)
    assert isinstance(judged, Refusal)
    assert judged.status >= HTTPStatus.BAD_REQUEST
    text = endpoint.refusal_response(judged).decode()
    assert TOKEN not in text
    assert PATH not in text
    return judged


@pytest.mark.parametrize("host", ["127.0.0.1:43210", "localhost:43210"])
@pytest.mark.parametrize("name", ["authorization", "AUTHORIZATION", "Authorization"])
def test_a_request_with_path_host_and_token_is_served(host: str, name: str) -> None:
    request = head((("hOsT", host), (name, TOKEN)))
    assert judge_request(request, ADDRESS) == AcceptedRequest(keep_alive=True)


@pytest.mark.parametrize(
    ("first", "connection"),
    [
        (f"GET {PATH} HTTP/1.1", "close"),
        (f"GET {PATH} HTTP/1.1", "TE, Close"),
        (f"GET {PATH} HTTP/1.0", "keep-alive"),
    ],
)
def test_a_connection_ends_when_the_client_wants_that(first: str, connection: str) -> None:
    request = head((*HEADERS, ("Connection", connection)), first)
    assert judge_request(request, ADDRESS) == AcceptedRequest(keep_alive=False)


@given(st.text(st.characters(codec="latin-1"), max_size=60))
def test_no_other_token_is_served(token: str) -> None:
    assume(token.lstrip(" \t") != TOKEN)
    refused(head(replaced("Authorization", token)))


@given(st.integers(0, len(TOKEN)), st.text(st.characters(codec="latin-1"), max_size=3), st.data())
def test_no_changed_token_is_served(at: int, new: str, data: st.DataObject) -> None:
    until = data.draw(st.integers(at, len(TOKEN)))
    token = TOKEN[:at] + new + TOKEN[until:]
    assume(token.lstrip(" \t") != TOKEN)
    refused(head(replaced("Authorization", token)))


@pytest.mark.parametrize(
    "tokens",
    [
        (),
        ("",),
        (f"{TOKEN}\n",),
        (f"{TOKEN}\r\n",),
        (f"{TOKEN}\r",),
        (f"{TOKEN} ",),
        (f"{TOKEN}\t",),
        (f"{TOKEN}\0",),
        (f"Bearer {TOKEN}",),
        (f"{TOKEN},{TOKEN}",),
        (TOKEN, TOKEN),
        (TOKEN, "other"),
        ("other", TOKEN),
        (TOKEN.upper(),),
        (f"{TOKEN}\r\n folded",),
    ],
)
def test_a_token_that_is_absent_doubled_or_ends_otherwise_is_refused(
    tokens: tuple[str, ...],
) -> None:
    # A CRLF in the value ends the header, and so the head, which the server reads no further.
    request = head(replaced("Authorization", *tokens))
    if tokens == (f"{TOKEN}\r\n",):
        assert isinstance(judge_request(request, ADDRESS), Refusal)
        return
    refused(request)


def test_the_token_and_path_of_an_earlier_endpoint_are_refused() -> None:
    later = EndpointAddress(43210, "/other-path", Secret("other-token"))
    for headers, path in (
        (HEADERS, "/other-path"),
        (replaced("Authorization", "other-token"), PATH),
        (HEADERS, PATH),
    ):
        judged = judge_request(head(headers, f"GET {path} HTTP/1.1"), later)
        assert judged in (endpoint.NOT_AUTHORIZED, endpoint.NOT_FOUND)


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        ("",),
        ("127.0.0.1",),
        ("localhost",),
        ("127.0.0.1:43211",),
        ("127.0.0.1:043210",),
        ("127.0.0.1:43210.",),
        ("rebound.example:43210",),
        ("127.0.0.1.rebound.example:43210",),
        ("localhost.:43210",),
        ("LOCALHOST:43210",),
        ("user@127.0.0.1:43210",),
        ("[::1]:43210",),
        ("127.1:43210",),
        ("127.0.0.1:43210 ",),
        ("127.0.0.1:43210", "127.0.0.1:43210"),
        ("127.0.0.1:43210", "rebound.example"),
        ("127.0.0.1:43210,rebound.example",),
    ],
)
def test_every_other_host_is_refused(hosts: tuple[str, ...]) -> None:
    assert refused(head(replaced("Host", *hosts))) == endpoint.WRONG_HOST


@given(st.text(st.characters(codec="latin-1"), max_size=60))
def test_no_generated_host_is_served(host: str) -> None:
    assume(host.lstrip(" \t") not in {"127.0.0.1:43210", "localhost:43210"})
    refused(head(replaced("Host", host)))


@pytest.mark.parametrize(
    "target",
    [
        f"http://127.0.0.1:43210{PATH}",
        f"//127.0.0.1:43210{PATH}",
        f"{PATH}/",
        f"{PATH}?",
        f"{PATH}#x",
        f"/.{PATH}",
        f"/{PATH}",
        PATH[:-1],
        PATH.lower(),
        PATH.replace("p", "%70", 1),
        "/",
        "*",
    ],
)
def test_only_the_exact_path_is_served(target: str) -> None:
    assert refused(head(first=f"GET {target} HTTP/1.1")) == endpoint.NOT_FOUND


@pytest.mark.parametrize(
    "first",
    [
        f"GET {PATH}",
        f"GET  {PATH} HTTP/1.1",
        f"GET {PATH} HTTP/2.0",
        f"GET {PATH} HTTP/1.1 ",
        f" GET {PATH} HTTP/1.1",
        f"GET\t{PATH} HTTP/1.1",
        f"GET {PATH} http/1.1",
        f"GET {PATH}\xff HTTP/1.1",
        "",
    ],
)
def test_a_malformed_first_line_is_refused(first: str) -> None:
    assert refused(head(first=first)) == endpoint.BAD_REQUEST


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS", "CONNECT", "get", "G"])
def test_every_other_method_is_refused(method: str) -> None:
    assert refused(head(first=f"{method} {PATH} HTTP/1.1")) == endpoint.WRONG_METHOD


@pytest.mark.parametrize(
    "header",
    [
        ("Content-Length", "5"),
        ("Content-Length", "00"),
        ("Content-Length", "-1"),
        ("Transfer-Encoding", "chunked"),
        ("Name with spaces", "x"),
        ("", "x"),
    ],
)
def test_a_body_and_a_malformed_header_are_refused(header: tuple[str, str]) -> None:
    assert refused(head((*HEADERS, header))) == endpoint.BAD_REQUEST


def test_lines_that_end_otherwise_are_refused() -> None:
    assert refused(head().replace(b"\r\n", b"\n")) == endpoint.BAD_REQUEST
    assert refused(head()[:-2]) == endpoint.BAD_REQUEST
    assert refused(head((*HEADERS, ("X", "a\n\nb")))) == endpoint.BAD_REQUEST


def test_http_1_0_without_a_host_is_refused() -> None:
    assert refused(head(replaced("Host"), f"GET {PATH} HTTP/1.0")) == endpoint.WRONG_HOST


@given(st.binary(max_size=200), st.integers(0, 300), st.integers(0, 40))
def test_no_damaged_request_is_served_unless_it_is_whole(junk: bytes, at: int, cut: int) -> None:
    request = head()
    damaged = request[:at] + junk + request[at + cut :]
    judged = judge_request(damaged, ADDRESS)
    if isinstance(judged, AcceptedRequest):
        assert damaged.startswith(f"GET {PATH} HTTP/1.".encode())
        assert damaged.lower().count(b"\r\nauthorization:") == 1
        assert f"{TOKEN}\r\n".encode() in damaged


@given(st.binary(max_size=400))
def test_no_random_bytes_are_served(request: bytes) -> None:
    assert isinstance(judge_request(request + endpoint.HEAD_END, ADDRESS), Refusal)


def test_a_head_over_the_limit_is_refused() -> None:
    assert refused(head((*HEADERS, ("X", "x" * endpoint.MAX_HEAD_BYTES)))) == endpoint.BAD_REQUEST


def served(minutes: float = 60, *, token: str = "session", account: str = "") -> ServedCredentials:
    keys = Credentials("ASIA1", Secret("secret"), Secret(token), NOW + timedelta(minutes=minutes))
    return ServedCredentials(keys, NOW, account)


def test_the_body_is_what_the_sdks_read_with_an_end_a_minute_early() -> None:
    assert json.loads(endpoint.credentials_body(served(account="111122223333"), NOW)) == {
        "AccessKeyId": "ASIA1",
        "SecretAccessKey": "secret",
        "Token": "session",
        "Expiration": "2026-12-01T12:59:00Z",
        "AccountId": "111122223333",
    }
    assert "AccountId" not in json.loads(endpoint.credentials_body(served(), NOW))


def test_credentials_without_an_end_are_asked_for_again_in_an_hour() -> None:
    keys = ServedCredentials(Credentials("AKIA1", Secret("secret")), NOW)
    body = json.loads(endpoint.credentials_body(keys, NOW + timedelta(days=1)))
    assert (body["Token"], body["Expiration"]) == ("", "2026-12-02T13:00:00Z")
    assert keys.usable_at(NOW + timedelta(days=1))
    assert keys.renew_at is None


def test_a_session_is_renewed_25_minutes_ahead_and_usable_until_its_last_minute() -> None:
    assert served().renew_at == NOW + timedelta(minutes=35)
    assert served().usable_at(NOW + timedelta(minutes=58, seconds=59))
    assert not served().usable_at(NOW + timedelta(minutes=59))


def test_only_credentials_that_last_longer_renew() -> None:
    assert endpoint.renews(None, served())
    assert endpoint.renews(served(), served(61))
    assert not endpoint.renews(served(), served())
    assert not endpoint.renews(served(), served(59))


@given(st.integers(1, 10_000))
def test_retries_wait_longer_each_time_up_to_five_minutes(failures: int) -> None:
    delays = [endpoint.retry_delay(failures), endpoint.retry_delay(failures + 1)]
    assert delays == sorted(delays)
    assert timedelta(seconds=15) <= delays[0] <= timedelta(minutes=5)


def test_a_failure_names_its_code_and_the_command() -> None:
    error = MfaNeededError("An MFA code is needed.", next_step="xswitch renew dev\x1b[2J")
    refusal = endpoint.failure(error)
    text = endpoint.refusal_response(refusal)
    body = json.loads(text.partition(b"\r\n\r\n")[2])
    assert refusal.status is HTTPStatus.SERVICE_UNAVAILABLE
    assert body["code"] == "mfa_needed"
    assert body["message"].startswith("An MFA code is needed. next: xswitch renew dev")
    assert "\x1b" not in body["message"]


def test_the_private_config_has_a_region_or_nothing() -> None:
    assert endpoint.private_config("eu-west-1") == "[default]\nregion = eu-west-1\n"
    assert not endpoint.private_config("")


def test_the_child_is_led_to_the_endpoint_in_its_region_and_nowhere_else() -> None:
    around = {
        "PATH": "/bin",
        "AWS_PROFILE": "other",
        "AWS_ACCESS_KEY_ID": "AKIAOTHER",
        "AWS_WEB_IDENTITY_TOKEN_FILE": "/token",
        "AWS_VAULT": "other",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/other",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN": "other",
        "AWS_CONFIG_FILE": "/other",
        "AWS_REGION": "us-east-2",
    }
    url = f"http://127.0.0.1:43210{PATH}"
    files = (("AWS_CONFIG_FILE", "/f"),)
    environ = endpoint.child_environment(around, ADDRESS, files, "eu-west-1")
    assert environ == {
        "PATH": "/bin",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI": url,
        "AWS_CONFIG_FILE": "/f",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }
    without = endpoint.child_environment(around, ADDRESS, files, "")
    assert without.get("AWS_REGION") == "us-east-2"
    assert "AWS_DEFAULT_REGION" not in without
    assert TOKEN not in repr(ADDRESS)
    assert TOKEN not in repr(environ)


def test_responses_may_not_be_stored() -> None:
    text = endpoint.response(HTTPStatus.OK, b"{}", keep_alive=True)
    assert b"\r\nCache-Control: no-store\r\n" in text
    assert text.endswith(
        b"\r\nContent-Length: 2\r\nCache-Control: no-store\r\nConnection: keep-alive\r\n\r\n{}"
    )
