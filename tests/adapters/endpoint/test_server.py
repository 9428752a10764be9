"""The endpoint over real HTTP: who is served, and that it stays within its bounds."""

from __future__ import annotations

import concurrent.futures
import contextlib
import http.client
import json
import socket
import subprocess
import threading

import pytest

from conftest import needs_root
from support.endpoint import SECONDS, Endpoint, Source
from xswitch.adapters.endpoint.peers import PeerUsers
from xswitch.adapters.endpoint.renewal import RenewedCredentials
from xswitch.adapters.endpoint.server import EndpointServer
from xswitch.core.errors import MfaNeededError
from xswitch.core.sessions.container_endpoint import MAX_HEAD_BYTES

NOBODY = 65534


def test_the_token_and_path_get_the_credentials(endpoint: Endpoint) -> None:
    status, body = endpoint.get()
    assert status == 200
    told = json.loads(body)
    assert (told["AccessKeyId"], told["AccountId"]) == ("ASIAENDPOINT1", "111122223333")
    assert set(told) == {"AccessKeyId", "SecretAccessKey", "Token", "Expiration", "AccountId"}


def test_only_the_loopback_interface_listens(endpoint: Endpoint) -> None:
    assert endpoint.server._server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("token", [None, "", "wrong", "{}x", "Bearer {}", "{} "])
def test_another_token_gets_nothing(endpoint: Endpoint, token: str | None) -> None:
    own = endpoint.server.address.token.reveal()
    headers = {} if token is None else {"Authorization": token.format(own)}
    status, body = endpoint.get(headers)
    assert status == 401
    assert set(json.loads(body)) == {"code", "message"}
    assert b"ASIAENDPOINT" not in body


def test_hostile_requests_get_nothing(endpoint: Endpoint) -> None:
    address = endpoint.server.address
    path, port, token = address.path, address.port, address.token.reveal()
    good = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAuthorization: {token}\r\n\r\n"
    assert b"ASIAENDPOINT" in endpoint.send(good.encode())
    host = f"Host: 127.0.0.1:{port}"
    for old, new in (
        (host, "Host: rebound.example"),
        (host, f"Host: rebound.example:{port}"),
        (host, f"{host}\r\nHost: rebound.example"),
        (f"{host}\r\n", ""),
        ("HTTP/1.1\r\n" + host, "HTTP/1.0"),
        (f"GET {path}", f"GET http://127.0.0.1:{port}{path}"),
        (f"GET {path}", f"POST {path}"),
        (f"GET {path}", "GET /"),
        (token, f"{token}\n"),
        (token, f"{token}\r\n"),
        ("\r\n\r\n", f"\r\n\r\n{good}"),
        (token, f"{token}\r\nAuthorization: {token}"),
        (token, f"{token}\r\nContent-Length: 4"),
        ("\r\n", "\n"),
        ("\r\n\r\n", "\r\n"),
    ):
        hostile = good.replace(old, new, 1 if old != "\r\n" else -1)
        assert hostile != good
        answer = endpoint.send(hostile.encode())
        assert b"ASIAENDPOINT" not in answer, new
        assert answer.startswith(b"HTTP/1.1 4"), (new, answer)
        assert token.encode() not in answer


def test_an_earlier_endpoints_token_and_path_get_nothing(endpoint: Endpoint) -> None:
    earlier = EndpointServer(endpoint.credentials, endpoint.source.now)
    try:
        token, path = earlier.address.token.reveal(), earlier.address.path
    finally:
        earlier._server.server_close()
    assert endpoint.get({"Authorization": token})[0] == 401
    own = {"Authorization": endpoint.server.address.token.reveal()}
    assert endpoint.get(own, path)[0] == 404


def test_a_head_that_is_too_large_is_refused(endpoint: Endpoint) -> None:
    start = f"GET {endpoint.server.address.path} HTTP/1.1\r\nX: ".encode()
    answer = endpoint.send(start + b"x" * MAX_HEAD_BYTES * 2)
    assert answer.startswith(b"HTTP/1.1 431 ")


def test_one_connection_serves_many_requests_and_a_refusal_ends_it(endpoint: Endpoint) -> None:
    address = endpoint.server.address
    client = http.client.HTTPConnection("127.0.0.1", address.port, timeout=SECONDS)
    try:
        for _ in range(5):
            client.request("GET", address.path, headers={"Authorization": address.token.reveal()})
            answer = client.getresponse()
            assert (answer.status, answer.getheader("Connection")) == (200, "keep-alive")
            answer.read()
        client.request("GET", address.path)
        answer = client.getresponse()
        assert (answer.status, answer.getheader("Connection")) == (401, "close")
    finally:
        client.close()


def test_silent_connections_keep_nobody_from_being_served(source: Source) -> None:
    """More silent connections than there are places: each loses its place in time."""
    credentials = RenewedCredentials(source, source.now, source())
    server = EndpointServer(credentials, source.now, max_connections=4)
    server.start()
    try:
        port = server.address.port
        with contextlib.ExitStack() as stack:
            for _ in range(6):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), SECONDS))
            client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
            stack.callback(client.close)
            headers = {"Authorization": server.address.token.reveal()}
            client.request("GET", server.address.path, headers=headers)
            assert client.getresponse().status == 200
    finally:
        server.stop()


def test_a_stopped_endpoint_serves_nothing(endpoint: Endpoint) -> None:
    address = endpoint.server.address
    with socket.create_connection(("127.0.0.1", address.port), SECONDS) as kept:
        assert endpoint.get()[0] == 200
        endpoint.server.stop()
        with contextlib.suppress(ConnectionError):
            assert kept.recv(1) == b""
        with pytest.raises(ConnectionError):
            endpoint.get()


def test_a_failure_tells_its_code_and_next_step(source: Source) -> None:
    source.failure = MfaNeededError("An MFA code is needed.", next_step="xswitch renew dev")
    credentials = RenewedCredentials(source, source.now)
    server = EndpointServer(credentials, source.now)
    server.start()
    try:
        client = http.client.HTTPConnection("127.0.0.1", server.address.port, timeout=SECONDS)
        with contextlib.closing(client):
            headers = {"Authorization": server.address.token.reveal()}
            client.request("GET", server.address.path, headers=headers)
            answer = client.getresponse()
            assert answer.status == 503
            assert json.loads(answer.read()) == {
                "code": "mfa_needed",
                "message": "An MFA code is needed. next: xswitch renew dev",
            }
    finally:
        server.stop()


def test_many_callers_beside_renewals_are_all_served(endpoint: Endpoint) -> None:
    """Bounded stress: each request is answered while sessions are replaced."""
    endpoint.source.minutes = 120
    done = threading.Event()

    def renew() -> None:
        while not done.is_set():
            endpoint.source.minutes += 1
            endpoint.credentials.renew()
            done.wait(0.005)

    renewing = threading.Thread(target=renew)
    renewing.start()
    try:
        with concurrent.futures.ThreadPoolExecutor(8) as crowd:
            answers = list(crowd.map(lambda _: endpoint.get(), range(400)))
    finally:
        done.set()
        renewing.join(SECONDS)
    assert {status for status, _ in answers} == {200}
    assert len({json.loads(body)["AccessKeyId"] for _, body in answers}) > 1


_CALL = """
import socket, sys
port, request = int(sys.argv[1]), sys.stdin.buffer.read()
with socket.create_connection(("127.0.0.1", port), 20) as client:
    try:
        client.sendall(request)
        answer = b""
        while chunk := client.recv(65536):
            answer += chunk
    except ConnectionError:
        pass
    sys.stdout.buffer.write(answer)
"""


def test_another_user_gets_nothing_even_with_the_token(endpoint: Endpoint) -> None:
    needs_root("only root can be another user")
    address = endpoint.server.address
    request = (
        f"GET {address.path} HTTP/1.1\r\nHost: 127.0.0.1:{address.port}\r\n"
        f"Authorization: {address.token.reveal()}\r\nConnection: close\r\n\r\n"
    ).encode()
    command = ["/usr/bin/env", "python3", "-I", "-c", _CALL, str(address.port)]
    own = subprocess.run(command, input=request, capture_output=True, check=False, timeout=60)
    assert b"ASIAENDPOINT" in own.stdout, own.stderr
    other = subprocess.run(
        command,
        input=request,
        capture_output=True,
        check=False,
        timeout=60,
        cwd="/",
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
    )
    assert b"ASIAENDPOINT" not in other.stdout
    assert b"OtherUser" in other.stdout or not other.stdout, other.stderr


def test_another_user_cannot_read_the_files(endpoint: Endpoint) -> None:
    needs_root("only root can be another user")
    token = endpoint.files.folder / "token"
    read = subprocess.run(
        ["cat", str(token)],
        capture_output=True,
        check=False,
        timeout=60,
        cwd="/",
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
    )
    assert read.returncode
    assert not read.stdout


def test_where_the_system_does_not_tell_users_the_token_decides(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("xswitch.adapters.endpoint.peers._self_test", lambda: False)
    peers = PeerUsers()
    assert not peers.known
    credentials = RenewedCredentials(source, source.now, source())
    server = EndpointServer(credentials, source.now, peers)
    server.start()
    try:
        client = http.client.HTTPConnection("127.0.0.1", server.address.port, timeout=SECONDS)
        with contextlib.closing(client):
            headers = {"Authorization": server.address.token.reveal()}
            client.request("GET", server.address.path, headers=headers)
            assert client.getresponse().status == 200
            client.close()
            client.request("GET", server.address.path)
            assert client.getresponse().status == 401
    finally:
        server.stop()
