"""The embedded AWS as an HTTP server: loopback only, one thread per connection, standard library only."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl

from xswitch.demo import sts, xml
from xswitch.demo.answers import AwsAnswerError
from xswitch.demo.callers import Call, authenticate
from xswitch.demo.clock import Clock, MovableClock, ShiftedClock, SystemClock
from xswitch.demo.faults import Fault, FaultKind, Faults
from xswitch.demo.http import HOST, Answer, HttpServer, new_request_id
from xswitch.demo.sessions import SessionStore
from xswitch.demo.sigv4 import HttpRequest
from xswitch.demo.state import World

ADMIN_PATH = "/_xswitch/"
_KEY_ID = re.compile(r"Credential=([^/,\s]+)")
_ACCOUNT = re.compile(rb"\b[0-9]{12}\b")
_EXPIRATION = re.compile(rb"<Expiration>[^<]*</Expiration>")
_PAGE = b"<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Please accept the terms of this network.</p></body></html>\n"


@dataclass(frozen=True, slots=True)
class Recorded:
    """A request that came in, and what became of it; `error` is AWS's code, "" for a good answer, or the fault's name."""

    action: str
    access_key_id: str
    role_arn: str
    time: datetime
    region: str = ""
    error: str = ""


class EmbeddedAws:
    """A strict STS on 127.0.0.1. Use it as a context manager, or call `start` and `close`.

    `clock` judges sessions and MFA codes (default: the machine's, shifted by the world's `clock_offset`, and movable); `wall` judges
    signatures and makes the Date header, because clients sign by their own clock. `admin` opens the control paths of docs/demo.md.
    """

    def __init__(  # noqa: PLR0913 -- what a test may set, each with a default
        self,
        world: World,
        *,
        clock: MovableClock | None = None,
        wall: Clock | None = None,
        faults: Faults | None = None,
        port: int = 0,
        admin: bool = False,
    ) -> None:
        self.world = world
        self.clock: MovableClock = clock or ShiftedClock(offset_seconds=world.clock_offset)
        self.wall: Clock = wall or SystemClock()
        self.faults = faults or Faults()
        self.store = SessionStore()
        self.admin = admin
        self._recorded: list[Recorded] = []
        self._lock = threading.Lock()
        self._http = HttpServer(port, self.answer, self.wall)
        self._thread: threading.Thread | None = None

    @property
    def port(self) -> int:
        """The port it listens on, chosen when it was made."""
        return int(self._http.server_address[1])

    @property
    def endpoint(self) -> str:
        """Its URL, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    @property
    def calls(self) -> list[Recorded]:
        """Every request so far, oldest first."""
        with self._lock:
            return list(self._recorded)

    def count(self, action: str) -> int:
        """How many requests for an action came, refused ones and retries included."""
        return sum(call.action == action for call in self.calls)

    def start(self) -> Self:
        """Serve in a thread of this process."""
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        self._thread.start()
        return self

    def serve(self) -> None:
        """Serve in the calling thread until `shutdown` is called from another, or KeyboardInterrupt."""
        self._http.serve_forever(poll_interval=0.1)

    def close(self) -> None:
        """Stop listening, drop every connection, end delays."""
        self.faults.released.set()
        if self._thread is not None:
            self._http.shutdown()
            self._thread.join()
            self._thread = None
        self._http.server_close()
        self._http.drop_connections()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def answer(self, request: HttpRequest, source_ip: str = HOST) -> Answer | None:
        """The answer to a request, faults included; None for a connection to be torn down."""
        request_id = new_request_id()
        if request.path.startswith(ADMIN_PATH):
            return self._administer(request, request_id)
        parameters = dict(parse_qsl(request.query, keep_blank_values=True))
        if request.method == "POST":
            parameters |= dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        faults = self.faults.take(parameters.get("Action", ""))
        for fault in faults:
            if fault.kind is FaultKind.DELAY:
                self.faults.released.wait(fault.seconds)
        broken = next((fault for fault in faults if fault.kind in _REPLACING), None)
        if broken is not None:
            self._record(request, parameters, "", broken.kind.value)
            return _broken(broken, request_id)
        region = ""
        try:
            action = sts.known(parameters)
            caller, claim = authenticate(request, self.world, self.store, now=self.clock.now(), wall=self.wall.now())
            region = claim.region
            user_agent = request.headers.get("user-agent", "")
            call = Call(action, parameters, caller, region, self.clock.now(), source_ip, user_agent)
            body = xml.answer(action, sts.perform(call, self.world, self.store), request_id)
        except AwsAnswerError as refusal:
            self._record(request, parameters, region, refusal.code)
            return Answer(refusal.status, xml.error(refusal, request_id), request_id)
        self._record(request, parameters, region, "")
        for fault in faults:
            body = _spoilt(fault, body)
        return Answer(HTTPStatus.OK, body, request_id)

    def _record(self, request: HttpRequest, parameters: Mapping[str, str], region: str, error: str) -> None:
        found = _KEY_ID.search(request.headers.get("authorization", ""))
        key_id = found[1] if found else parameters.get("X-Amz-Credential", "").partition("/")[0]
        entry = Recorded(parameters.get("Action", ""), key_id, parameters.get("RoleArn", ""), self.clock.now(), region, error)
        with self._lock:
            self._recorded.append(entry)

    def _administer(self, request: HttpRequest, request_id: str) -> Answer:
        """The control paths; 404 unless they were opened."""
        name = request.path.removeprefix(ADMIN_PATH)
        if not self.admin or (request.method, name) not in (("POST", "clock"), ("GET", "clock"), ("GET", "calls")):
            return Answer(HTTPStatus.NOT_FOUND, b"{}\n", request_id, "application/json")
        if request.method == "POST":
            try:
                seconds = float(json.loads(request.body)["advance"])
            except (ValueError, KeyError, TypeError):
                problem = b'{"error": "send {\\"advance\\": seconds}"}\n'
                return Answer(HTTPStatus.BAD_REQUEST, problem, request_id, "application/json")
            self.clock.advance(seconds)
        data: dict[str, Any] = {"now": self.clock.now().isoformat()}
        if name == "calls":
            data = {"calls": [{"action": call.action, "role_arn": call.role_arn, "error": call.error} for call in self.calls]}
        return Answer(HTTPStatus.OK, json.dumps(data).encode() + b"\n", request_id, "application/json")


_REPLACING = frozenset(FaultKind) - {FaultKind.DELAY, FaultKind.TRUNCATED, FaultKind.NO_EXPIRATION, FaultKind.WRONG_ACCOUNT}


def _broken(fault: Fault, request_id: str) -> Answer | None:
    match fault.kind:
        case FaultKind.RESET:
            return None
        case FaultKind.SERVER_ERROR:
            refusal = AwsAnswerError(
                "InternalFailure", "The request processing has failed because of an unknown error.", 500, kind="Receiver"
            )
        case FaultKind.UNAVAILABLE:
            refusal = AwsAnswerError("ServiceUnavailable", "Service is unable to handle request.", 503, kind="Receiver")
        case FaultKind.THROTTLING:
            refusal = AwsAnswerError("Throttling", "Rate exceeded", 400)
        case FaultKind.EMPTY:
            return Answer(HTTPStatus.OK, b"", request_id)
        case FaultKind.REDIRECT:
            return Answer(HTTPStatus.FOUND, b"", request_id, location="/elsewhere")
        case _:
            status = HTTPStatus.OK if fault.kind is FaultKind.HTML_OK else HTTPStatus.FORBIDDEN
            return Answer(status, _PAGE, request_id, "text/html; charset=utf-8")
    return Answer(refusal.status, xml.error(refusal, request_id), request_id)


def _spoilt(fault: Fault, body: bytes) -> bytes:
    match fault.kind:
        case FaultKind.TRUNCATED:
            return body[: len(body) // 2]
        case FaultKind.NO_EXPIRATION:
            return _EXPIRATION.sub(b"", body)
        case FaultKind.WRONG_ACCOUNT:
            return _ACCOUNT.sub(b"999999999999", body)
        case _:
            return body
