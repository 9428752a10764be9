"""Secrets of a sign-in in answers of AWS, or of a server in its place, and in bugs of xswitch."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import escape
from typing import Any

import pytest

import xswitch.cli.main as cli
from support.aws.identity_center import approve, endpoint_variables
from support.aws.servers import Received, Response, reply, serve
from support.e2e import Ran
from support.hostile.canary import Canaries, report
from support.reliability.soak import SOAK
from support.sso.corp import Corp, corp
from support.sso.secrets import SignInSecrets
from xswitch.actions.sso.portals import PortalActions
from xswitch.adapters.sso.browser import SystemBrowsers
from xswitch.adapters.sso.callback import LoopbackCallback, LoopbackCallbacks
from xswitch.adapters.sso.oidc import BotoOidc
from xswitch.adapters.sso.portal_clients import PortalClient
from xswitch.adapters.sso.portal_pages import PortalPages
from xswitch.adapters.sso.shared_tokens import SharedTokenFiles
from xswitch.adapters.sso.start_urls import HttpStartUrls
from xswitch.cli.sign_in import CommandLineSignIn
from xswitch.core.sso.sign_in_record import sign_in_key
from xswitch.wiring import build_services

__all__ = ["corp"]

LOGIN, BY_CODE = (
    ("login", "corp", "--force", "--no-browser"),
    ("login", "corp", "--force", "--device-code"),
)
ADMIN = ("credential-process", "work-admin")
CODE_GRANT, REFRESH_GRANT = '"authorization_code"', '"refresh_token"'


@dataclass(frozen=True)
class Operation:
    """An operation: how its requests are known, and what makes them."""

    name: str
    path: str
    commands: tuple[tuple[str, ...], ...]
    body: str = ""
    expired: bool = False
    """Whether the stored token has to have expired."""

    def matches(self, request: Received) -> bool:
        """Whether a request is one for it."""
        return request.path.partition("?")[0] == self.path and self.body in request.body


OPERATIONS = (
    Operation("RegisterClient", "/client/register", (LOGIN, BY_CODE)),
    Operation("CreateToken by code", "/token", (LOGIN, (*LOGIN, "--json")), CODE_GRANT),
    Operation("StartDeviceAuthorization", "/device_authorization", (BY_CODE,)),
    Operation("CreateToken by device code", "/token", (BY_CODE,), ":device_code"),
    Operation("CreateToken by refresh token", "/token", (ADMIN,), REFRESH_GRANT, expired=True),
    Operation("ListAccounts", "/assignment/accounts", (("sso", "refresh", "corp"),)),
    Operation("ListAccountRoles", "/assignment/roles", (("sso", "refresh", "corp", "--json"),)),
    Operation("GetRoleCredentials", "/federation/credentials", (ADMIN, ("explain", "work-admin"))),
    Operation("Logout", "/logout", (("logout", "corp"), ("logout", "--all", "--json"))),
)
_CODES = (
    *("InvalidGrantException", "InvalidClientException", "UnauthorizedClientException"),
    *("AccessDeniedException", "ExpiredTokenException", "InvalidRequestException"),
    *("AuthorizationPendingException", "SlowDownException", "InternalServerException"),
    *("UnauthorizedException", "ForbiddenException", "ResourceNotFoundException"),
    *("TooManyRequestsException", "Odd", ""),
)
_STATUSES = {
    "UnauthorizedException": 401,
    "InvalidClientException": 401,
    "ForbiddenException": 403,
    "ResourceNotFoundException": 404,
    "TooManyRequestsException": 429,
    "InternalServerException": 500,
}


@dataclass(frozen=True)
class Exchange:
    """A request, the good answer to it, and all the secrets of both."""

    request: Received
    good: bytes
    secrets: tuple[str, ...]

    @property
    def text(self) -> str:
        """Everything that the request and its answer say, as a server may repeat it."""
        headers = " ".join(f"{name}: {value}" for name, value in self.request.headers.items())
        request = f"{self.request.method} {self.request.path} {headers} {self.request.body}"
        return f"{' '.join(self.secrets)} {request} {self.body}"

    @property
    def body(self) -> str:
        return self.good.partition(b"\r\n\r\n")[2].decode()

    @property
    def one(self) -> str:
        """One secret, as a whole word."""
        return self.secrets[0] if self.secrets else "none"


def error(code: str) -> Callable[[Exchange], Response]:
    def answer(exchange: Exchange) -> Response:
        data = {
            "error": code,
            "error_description": exchange.text,
            "message": exchange.text,
            "__type": code,
        }
        headers = {"x-amzn-ErrorType": code, "x-amzn-RequestId": "r"}
        return reply(
            _STATUSES.get(code, 400), json.dumps(data), kind="application/json", headers=headers
        )

    return answer


def with_members(exchange: Exchange, **members: Any) -> Response:
    """Return the good answer with other members."""
    data = json.loads(exchange.body or "{}")
    return reply(200, json.dumps({**data, **members}), kind="application/json")


def named(exchange: Exchange) -> Response:
    """Return names and URLs that are a secret, which xswitch would show."""
    data = json.loads(exchange.body or "{}")
    for one in data.get("accountList", []):
        one["accountName"] = exchange.one
    for one in data.get("roleList", []):
        one["roleName"] = exchange.one
    for name in ("clientId", "userCode", "verificationUri", "verificationUriComplete"):
        if name in data:
            data[name] = f"https://corp.example/{exchange.one}" if "Uri" in name else exchange.one
    return reply(200, json.dumps(data), kind="application/json")


ANSWERS: dict[str, Callable[[Exchange], Response]] = {
    **{f"{code} that repeats everything": error(code) for code in _CODES},
    "a code that is a secret": lambda exchange: error(exchange.one)(exchange),
    "names that are a secret": named,
    "a 500 that repeats everything": lambda exchange: reply(500, exchange.text),
    "a page that repeats everything": lambda exchange: reply(
        403, f"<html>{escape(exchange.text)}</html>", kind="text/html"
    ),
    "a captive portal's page": lambda exchange: reply(200, f"<html>{escape(exchange.text)}</html>"),
    "a status line with a secret": (
        lambda exchange: reply(403).replace(b"403 X", f"403 {exchange.one}".encode())
    ),
    "headers with a secret": lambda exchange: reply(
        407, kind=exchange.one, headers={"Location": exchange.one, "Retry-After": exchange.one}
    ),
    "a 429 whose Retry-After is a secret": lambda exchange: reply(
        429, "{}", kind="application/json", headers={"Retry-After": exchange.one}
    ),
    "a redirect with a secret": lambda exchange: reply(
        307, headers={"Location": f"http://127.0.0.1:1/{exchange.one}"}
    ),
    "half an answer": lambda exchange: reply(
        200, exchange.body[: len(exchange.body) // 2], kind="application/json"
    ),
    "an answer cut off": lambda exchange: (
        lambda connection, _closing: connection.sendall(exchange.good[:-20])
    ),
    "JSON of another kind": lambda exchange: reply(
        200, json.dumps([exchange.text]), kind="application/json"
    ),
    "times that are a secret": lambda exchange: with_members(
        exchange,
        expiresIn=exchange.one,
        clientSecretExpiresAt=exchange.one,
        interval=exchange.one,
        roleCredentials={"expiration": exchange.one},
    ),
    "secrets that are lists": lambda exchange: with_members(
        exchange,
        accessToken=[exchange.one],
        clientSecret=[exchange.one],
        deviceCode={"a": exchange.one},
        roleCredentials={"secretAccessKey": [exchange.one]},
        accountList=exchange.one,
        roleList={"a": exchange.one},
    ),
    "bytes that are no text": lambda exchange: exchange.good.replace(b'":"', b'":"\xff\xfe', 1),
}


@dataclass
class Between:
    """A server before the emulated AWS, which answers one operation itself."""

    corp: Corp
    secrets: SignInSecrets
    operation: Operation = OPERATIONS[0]
    mood: Callable[[Exchange], Response] | None = None
    asked: int = 0
    seen: list[str] = field(default_factory=list)
    """The secrets of requests and answers of the operation: none may be shown."""

    def respond(self, request: Received) -> Response:
        """Pass a request on, and its answer back, or another one."""
        good = self._forward(request)
        if self.mood is None or not self.operation.matches(request):
            return good
        self.asked += 1
        body = good.partition(b"\r\n\r\n")[2].decode("utf-8", "replace")
        there = f"{request.path} {request.headers} {request.body} {body}"
        found = tuple(secret for secret in self.secrets.all if secret in there)
        self.seen += found
        return self.mood(Exchange(request, good, found))

    def _forward(self, request: Received) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.corp.aws.port, timeout=20)
        try:
            headers = {
                name: value
                for name, value in request.headers.items()
                if name not in ("content-length", "accept-encoding", "connection")
            }
            connection.request(request.method, request.path, request.body.encode(), headers)
            answer = connection.getresponse()
            given = {
                name: value
                for name, value in answer.getheaders()
                if name.lower() not in ("content-length", "content-type", "date", "connection")
            }
            kind = answer.headers.get("Content-Type", "text/plain")
            text = answer.read().decode("utf-8", "replace")
            return reply(answer.status, text, kind=kind, headers=given)
        finally:
            connection.close()


@pytest.fixture
def secrets(corp: Corp, monkeypatch: pytest.MonkeyPatch) -> SignInSecrets:
    return SignInSecrets.of(corp.aws, monkeypatch)


@pytest.fixture
def between(
    corp: Corp, secrets: SignInSecrets, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Between]:
    found = Between(corp, secrets)
    with serve(found.respond) as server:
        for name, value in endpoint_variables(corp.aws).items():
            corp.home.env[name] = value.replace(corp.aws.endpoint, server.url)
            monkeypatch.setenv(name, corp.home.env[name])
        yield found


@pytest.fixture(autouse=True)
def a_person_approves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Approve each sign-in as soon as its URL is shown; a URL of no page isn't opened."""
    show = CommandLineSignIn.show

    def shown(self: CommandLineSignIn, prompt: Any) -> None:
        show(self, prompt)
        if prompt.url.startswith("http://127.0.0.1:"):
            threading.Thread(target=_approve, args=(prompt.url,), daemon=True).start()

    monkeypatch.setattr(CommandLineSignIn, "show", shown)


def _approve(url: str) -> None:
    try:
        approve(url, follow=True)
    except (AssertionError, OSError, KeyError):  # the page is an error's
        return


@pytest.fixture(autouse=True)
def a_short_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sign-in and no listing waits for long for what won't come."""
    monkeypatch.setattr("xswitch.actions.sso.sign_in.APPROVAL_SECONDS", 3.0)
    # It would be another process, which holds the lock of a listing
    monkeypatch.setattr(PortalActions, "start_refresh", lambda *_: None)
    monkeypatch.setattr("xswitch.actions.sso.discovery._SILENCE_SECONDS", 1.0)
    monkeypatch.setattr("xswitch.actions.sso.discovery._RETRY_SECONDS", 0.1)


def ran(words: tuple[str, ...], corp: Corp, capsys: pytest.CaptureFixture[str]) -> Ran:
    """Run a command in this process."""
    capsys.readouterr()
    code = cli.main(["--debug", *words], corp.home.env)
    captured = capsys.readouterr()
    return Ran(code, captured.out, captured.err)


def prepared(corp: Corp, capsys: pytest.CaptureFixture[str], *, expired: bool) -> None:
    """Sign in without a session of a role, and let the token expire if that is needed."""
    done = ran(LOGIN, corp, capsys)
    assert done.code == 0, done.err
    services = build_services(corp.home.env)
    storage = services.ports.storage
    for other, entry in storage.index.entries().items():
        if entry.kind != "sso_token":
            storage.vault.delete(other)
    if expired:
        key = sign_in_key(services.actions.sso.labeled("corp"))
        data = json.loads(storage.vault.get(key) or "")
        data["token"]["expiresAt"] = 1_700_000_000
        storage.vault.put(key, json.dumps(data))


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.name)
def test_no_answer_to_a_sign_in_reveals_a_secret(
    operation: Operation, between: Between, corp: Corp, capsys: pytest.CaptureFixture[str]
) -> None:
    between.operation = operation
    faults: list[str] = []
    tried = 0
    names = list(ANSWERS)
    number = OPERATIONS.index(operation)
    for name in names if SOAK else [names[(3 * number) % len(names)]]:
        for words in operation.commands if SOAK else operation.commands[:1]:
            between.mood = None
            known = set(between.secrets.all)
            prepared(corp, capsys, expired=operation.expired)
            between.mood, between.asked = ANSWERS[name], 0
            done = ran(words, corp, capsys)
            canaries = Canaries(one for one in between.secrets.all if one not in known)
            tried += 1
            about = f"{operation.name}, {name}, {' '.join(words)}"
            if not between.asked:
                faults.append(f"{about}: not asked: {done.err}")
            found = canaries.in_text(done.err, _without_answer(done, words))
            faults += [f"{about}: {one} in {done.out}{done.err}" for one in found]
            if done.code == 1 or "Traceback" in done.err:
                faults.append(f"{about}: {done.code} {done.err}")
            faults += [f"{about}: {one}" for one in canaries.in_files(corp.home.folder)]
    assert between.seen or operation.name == "RegisterClient" or faults, faults
    report("answers to the operations of a sign-in that hold one", faults, tried)


def _without_answer(done: Ran, words: tuple[str, ...]) -> str:
    """Return stdout, which a credential_process that succeeds has its keys in."""
    return "" if words[0] == "credential-process" and done.code == 0 else done.out


# -- bugs

PORTS = (
    BotoOidc,
    PortalClient,
    PortalPages,
    LoopbackCallbacks,
    LoopbackCallback,
    SystemBrowsers,
    SharedTokenFiles,
    HttpStartUrls,
)


@dataclass(frozen=True)
class Bug:
    """A method that raises what no code expects."""

    port: type
    method: str

    def __str__(self) -> str:
        return f"{self.port.__name__}.{self.method}"


METHODS = [
    Bug(port, name)
    for port in PORTS
    for name, method in vars(port).items()
    if callable(method) and not name.startswith("_")
]
COMMANDS: Mapping[str, tuple[str, ...]] = {
    "browser": ("login", "corp", "--force"),
    "browser by hand": LOGIN,
    "code": BY_CODE,
    "renewal": ADMIN,
    "listing": ("sso", "refresh", "corp"),
    "shared": (*LOGIN, "--share"),
    "end": ("logout", "corp"),
}


@contextmanager
def broken(port: type, name: str, secrets: SignInSecrets) -> Iterator[list[str]]:
    """Let a method do what it does, and then raise a bug that quotes every secret."""
    real, raised = getattr(port, name), list[str]()

    def bug(*positional: Any, **named: Any) -> Any:
        local = [*secrets.all, *map(repr, positional), *map(repr, named.values())]
        if port is not LoopbackCallbacks:  # a context
            local.append(repr(real(*positional, **named)))
        raised.append(name)
        raise ValueError(" ".join([*secrets.all, *local]))

    patch = pytest.MonkeyPatch()
    patch.setattr(port, name, bug)
    try:
        yield raised
    finally:
        patch.undo()


@pytest.mark.parametrize("bug", METHODS if SOAK else METHODS[::5], ids=str)
def test_no_bug_in_a_sign_in_reveals_a_secret(
    bug: Bug, corp: Corp, secrets: SignInSecrets, capsys: pytest.CaptureFixture[str]
) -> None:
    port, method = bug.port, bug.method
    faults: list[str] = []
    reached = 0
    corp.home.env["BROWSER"] = "true"
    for name, words in COMMANDS.items():
        prepared(corp, capsys, expired=name == "renewal")
        with broken(port, method, secrets) as raised:
            done = ran(words, corp, capsys)
        reached += bool(raised)
        about = f"{port.__name__}.{method}, {' '.join(words)}"
        canaries = Canaries(secrets.all)
        faults += [
            f"{about}: {found} in {done.out}{done.err}"
            for found in canaries.in_text(done.out if done.code else "", done.err)
        ]
        if "Traceback" in done.err or (raised and done.code not in (0, 1, 6, 8, 9)):
            faults.append(f"{about}: {done.code} {done.err}")
        shared = list((corp.home.folder / ".aws/sso/cache").glob("*"))
        faults += [f"{about}: {one}" for one in canaries.in_files(corp.home.folder, shared)]
        for file in shared:
            file.unlink()
    assert reached
    report("bugs in what a sign-in uses", faults, reached)
