"""The callback: on 127.0.0.1 only, one answer, no secret in a page, nothing left listening."""

from __future__ import annotations

import errno
import http.client
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from support.actions import CANARY
from support.sso.sign_in import SESSION
from xswitch.adapters.sso.callback import LoopbackCallback, LoopbackCallbacks, _Server
from xswitch.core.errors import SignInError
from xswitch.core.model import Secret
from xswitch.core.sso.authorization import AnswerKind

STATE = Secret(f"{CANARY}-state")
CODE = f"code={CANARY}-code&state={CANARY}-state"


def get(callback: LoopbackCallback, target: str, method: str = "GET") -> tuple[int, str]:
    port = urlsplit(callback.redirect_uri).port
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request(method, target)
        response = connection.getresponse()
        body = response.read().decode()
        headers = "".join(map(str, response.getheaders()))
    finally:
        connection.close()
    assert CANARY not in body + headers
    return response.status, body


@pytest.fixture
def callback() -> Iterator[LoopbackCallback]:
    with LoopbackCallbacks().listen(SESSION, STATE) as listening:
        yield listening


def sockets(port: int, state: str) -> list[str]:
    """Return the local addresses that listen (0A) on a port, as the kernel lists them."""
    found = []
    for table in ("tcp", "tcp6"):
        lines = Path(f"/proc/net/{table}").read_text(encoding="ascii").splitlines()[1:]
        for line in lines:
            _, local, _, found_state, *_ = line.split()
            if local.endswith(f":{port:04X}") and found_state == state:
                found.append(local)
    return found


def test_an_answer(callback: LoopbackCallback) -> None:
    assert callback.wait(0) is None
    status, body = get(callback, f"/oauth/callback?{CODE}")
    assert status == 200
    assert "close this window" in body
    answer = callback.wait(5)
    assert answer is not None
    assert (answer.kind, answer.code) == (AnswerKind.CODE, Secret(f"{CANARY}-code"))


@pytest.mark.parametrize(
    ("target", "status", "kind"),
    [
        (f"/oauth/callback?code={CANARY}&state=wrong", 400, AnswerKind.WRONG_STATE),
        (f"/oauth/callback?error={CANARY}", 200, AnswerKind.ERROR),
        ("/favicon.ico", 404, None),
        ("/oauth/callback", 404, None),
        (f"/oauth/callback/?{CODE}", 404, None),
        (f"/?{CODE}", 404, None),
        ("//[bad/oauth/callback", 404, None),
    ],
)
def test_what_isnt_the_answer(
    callback: LoopbackCallback, target: str, status: int, kind: AnswerKind | None
) -> None:
    assert get(callback, target)[0] == status
    answer = callback.wait(0.2 if kind is None else 5)
    assert (None if answer is None else answer.kind) is kind


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS"])
def test_only_get_is_answered(callback: LoopbackCallback, method: str) -> None:
    assert get(callback, f"/oauth/callback?{CODE}", method)[0] == 501
    assert callback.wait(0.1) is None


def test_a_second_answer_has_its_own_page(callback: LoopbackCallback) -> None:
    get(callback, f"/oauth/callback?{CODE}")
    status, body = get(callback, f"/oauth/callback?{CODE}")
    assert (status, callback.repeated) == (409, 1)
    assert "already been answered" in body
    assert callback.wait(5) is not None
    assert callback.wait(0.1) is None


def test_a_silent_client_holds_up_nobody(callback: LoopbackCallback) -> None:
    port = urlsplit(callback.redirect_uri).port
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.sendall(b"GET /oauth")
        get(callback, f"/oauth/callback?{CODE}")
        assert callback.wait(5) is not None


@pytest.mark.skipif(not os.path.exists("/proc/net/tcp"), reason="needs Linux")  # noqa: PTH110
def test_it_listens_on_the_loopback_only_and_not_after() -> None:
    with LoopbackCallbacks().listen(SESSION, STATE) as callback:
        port = urlsplit(callback.redirect_uri).port or 0
        assert [address.partition(":")[0] for address in sockets(port, "0A")] == ["0100007F"]
    assert not sockets(port, "0A")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_nothing_listens_after_an_error() -> None:
    opened: list[LoopbackCallback] = []

    def fail() -> None:
        with LoopbackCallbacks().listen(SESSION, STATE) as callback:
            opened.append(callback)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    port = urlsplit(opened[0].redirect_uri).port
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))


def test_a_port_that_is_taken_is_tried_again() -> None:
    tries = []

    def taken_at_first(*arguments: Any) -> Any:
        tries.append(arguments[0])
        if len(tries) < 3:
            raise OSError(errno.EADDRINUSE, "Address already in use")
        return _Server(*arguments)

    with LoopbackCallbacks(taken_at_first).listen(SESSION, STATE) as callback:
        get(callback, f"/oauth/callback?{CODE}")
    assert tries == [("127.0.0.1", 0)] * 3


@pytest.mark.parametrize("number", [errno.EADDRINUSE, errno.EACCES, errno.EMFILE])
def test_no_port_is_free(number: int) -> None:
    def taken(*_: Any) -> Any:
        raise OSError(number, os.strerror(number))

    with (
        pytest.raises(SignInError) as caught,
        LoopbackCallbacks(taken).listen(SESSION, STATE),
    ):
        raise AssertionError
    assert caught.value.code == "sso_no_port"
    assert caught.value.next_step == "xswitch login --device-code corp"
